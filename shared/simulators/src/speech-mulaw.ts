/** G.711 mu-law at 8 kHz, as the telephone network carries it (ITU-T G.711): one byte a sample, 8 bytes a millisecond. */

export const FRAME_BYTES = 160;
export const FRAME_MS = 20;
export const BYTES_PER_MS = 8;
/** The byte of perfect silence. */
export const SILENCE_BYTE = 0xff;

const BIAS = 0x84;
const CLIP = 32_635;

/** Mu-law byte to linear sample, -32124..32124. */
export const MULAW_TO_LINEAR: Int16Array = Int16Array.from({ length: 256 }, (_, byte) => {
  const code = ~byte & 0xff;
  const magnitude = ((((code & 0x0f) << 3) + BIAS) << ((code >> 4) & 7)) - BIAS;
  return code & 0x80 ? -magnitude : magnitude;
});

/** Linear sample (index: sample + 32768, halved twice for a smaller table) to mu-law byte. */
const LINEAR_TO_MULAW: Uint8Array = Uint8Array.from({ length: 16_384 }, (_, index) => encodeSample((index << 2) - 32_768));

const SQUARE: Float64Array = Float64Array.from(MULAW_TO_LINEAR, (sample) => sample * sample);

/** Root mean square that a frame must exceed to count as speech: server_vad's threshold 0.5. Line noise stays far below. */
export const VOICED_RMS = 500;

export function linearToMulaw(sample: number): number {
  const clamped = Math.max(-32_768, Math.min(32_767, Math.round(sample)));
  return LINEAR_TO_MULAW[(clamped + 32_768) >> 2] ?? SILENCE_BYTE;
}

export function mulawToLinear(byte: number): number {
  return MULAW_TO_LINEAR[byte & 0xff] ?? 0;
}

/** Loudness of mu-law audio as the root mean square of its samples, 0..32124. */
export function rms(audio: Uint8Array): number {
  if (audio.length === 0) return 0;
  let sum = 0;
  for (let index = 0; index < audio.length; index++) sum += SQUARE[audio[index] ?? 0] ?? 0;
  return Math.sqrt(sum / audio.length);
}

/** Whether a frame carries speech, by energy alone. `threshold` is server_vad's, 0..1. */
export function isVoiced(frame: Uint8Array, threshold = 0.5): boolean {
  return rms(frame) > threshold * 2 * VOICED_RMS;
}

export function silence(ms: number): Uint8Array {
  return new Uint8Array(Math.round(ms * BYTES_PER_MS)).fill(SILENCE_BYTE);
}

function encodeSample(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0;
  const magnitude = Math.min(Math.abs(sample), CLIP) + BIAS;
  const exponent = 24 - Math.clz32(magnitude);
  const mantissa = (magnitude >> (exponent + 3)) & 0x0f;
  return ~(sign | (exponent << 4) | mantissa) & 0xff;
}
