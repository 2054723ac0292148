/**
 * Keys as sound: the two frequencies of each (ITU-T Q.23), 100 ms long and 100 ms apart, in mu-law. Twilio's media streams can not send
 * DTMF as messages, only receive it (https://www.twilio.com/docs/voice/media-streams/websocket-messages), so it goes in the band.
 */
const SAMPLES_PER_MS = 8;
const TONE_MS = 100;
const GAP_MS = 100;
const PAUSE_MS = 500;
const ROWS = [697, 770, 852, 941];
const COLUMNS = [1_209, 1_336, 1_477, 1_633];
const KEYS = "123A456B789C*0#D";
/** Of each of the two, of 32,767: about -9 dBm0, as telephones have it. */
const AMPLITUDE = 8_000;
const SILENCE = 0xff;

/** The longest row of keys; what is beyond it is not played. */
export const TONE_KEYS_MAX = 64;

/** @param digits of `0-9 * # A-D`, and `w` for half a second. Others are left out. */
export function tonesOf(digits: string): Buffer {
  return Buffer.concat(Array.from(digits.slice(0, TONE_KEYS_MAX), toneOf));
}

function toneOf(digit: string): Buffer {
  if (digit === "w") return silence(PAUSE_MS);
  const key = KEYS.indexOf(digit);
  const low = ROWS[Math.floor(key / 4)];
  const high = COLUMNS[key % 4];
  if (key < 0 || low === undefined || high === undefined) return Buffer.alloc(0);
  const tone = Buffer.alloc(TONE_MS * SAMPLES_PER_MS);
  for (let sample = 0; sample < tone.length; sample++) {
    const seconds = sample / (SAMPLES_PER_MS * 1_000);
    tone[sample] = toMulaw(AMPLITUDE * (Math.sin(2 * Math.PI * low * seconds) + Math.sin(2 * Math.PI * high * seconds)));
  }
  return Buffer.concat([tone, silence(GAP_MS)]);
}

function silence(ms: number): Buffer {
  return Buffer.alloc(ms * SAMPLES_PER_MS, SILENCE);
}

const BIAS = 0x84;
const CLIP = 32_635;

/** ITU-T G.711. */
function toMulaw(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0;
  const magnitude = Math.min(Math.abs(Math.round(sample)), CLIP) + BIAS;
  const exponent = 24 - Math.clz32(magnitude);
  const mantissa = (magnitude >> (exponent + 3)) & 0x0f;
  return ~(sign | (exponent << 4) | mantissa) & 0xff;
}
