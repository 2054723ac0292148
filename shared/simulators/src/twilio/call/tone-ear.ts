/**
 * Hears keys that are pressed at the other end as tones (ITU-T Q.23 and Q.24): two frequencies, found by Goertzel's algorithm in each frame
 * of 20 ms. A key counts once it has sounded for 40 ms, and again only after a pause.
 */
import { FRAME_BYTES, mulawToLinear, rms, VOICED_RMS } from "../../speech-mulaw.ts";

const ROWS = [697, 770, 852, 941] as const;
const COLUMNS = [1_209, 1_336, 1_477, 1_633] as const;
const KEYS = "123A456B789C*0#D";
const SAMPLE_RATE = 8_000;
const FRAMES = 2;
/** Of the frame's energy, so much must be in the two frequencies: speech spreads it. */
const SHARE = 0.7;

export class ToneEar {
  #key: string | null = null;
  #frames = 0;

  /** @param frame 20 ms, or null for silence. @returns a key that has now sounded for long enough, once. */
  hear(frame: Uint8Array | null): string | null {
    const key = frame === null ? null : keyOf(frame);
    this.#frames = key !== null && key === this.#key ? this.#frames + 1 : 1;
    this.#key = key;
    return key !== null && this.#frames === FRAMES ? key : null;
  }
}

function keyOf(frame: Uint8Array): string | null {
  if (frame.length < FRAME_BYTES || rms(frame) < VOICED_RMS) return null;
  const samples = Float64Array.from(frame, mulawToLinear);
  const energy = samples.reduce((sum, sample) => sum + sample * sample, 0);
  const row = loudest(samples, ROWS);
  const column = loudest(samples, COLUMNS);
  // A sine of amplitude a has the energy n·a²/2, and Goertzel's power n²·a²/4.
  const share = ((row.power + column.power) * 2) / (samples.length * energy);
  if (share < SHARE || row.power > column.power * 8 || column.power > row.power * 8) return null;
  return KEYS.charAt(row.index * 4 + column.index);
}

function loudest(samples: Float64Array, frequencies: readonly number[]): { readonly index: number; readonly power: number } {
  const powers = frequencies.map((frequency) => goertzel(samples, frequency));
  const power = Math.max(...powers);
  return { index: powers.indexOf(power), power };
}

function goertzel(samples: Float64Array, frequency: number): number {
  const coefficient = 2 * Math.cos((2 * Math.PI * frequency) / SAMPLE_RATE);
  let last = 0;
  let beforeLast = 0;
  for (const sample of samples) {
    const next = sample + coefficient * last - beforeLast;
    beforeLast = last;
    last = next;
  }
  return last * last + beforeLast * beforeLast - coefficient * last * beforeLast;
}
