/**
 * What the way from the caller's mouth to Twilio does to speech: sound behind it, frames that drown in it, frames that are lost. Everything
 * is decided by the seed and by the frame's place in what is said, not by the clock: the same words over the same line arrive the same.
 *
 * Simulated speech carries its text in its low bits, which bear no noise. So noise is heard between utterances, below what a detector
 * takes for speech, and in the share of frames that drown: there the text is gone, as words are on a real line.
 */
import { seededRandom } from "../../openai/random.ts";
import { FRAME_BYTES, linearToMulaw, mulawToLinear } from "../../speech-mulaw.ts";

export interface LineCondition {
  readonly noise: "none" | "office" | "street" | "crowd";
  /** Share of the caller's frames that never arrive, 0 to 1. */
  readonly loss: number;
  readonly seed: number;
}

const NOISES = {
  none: { level: 0, drowned: 0 },
  office: { level: 80, drowned: 0 },
  street: { level: 180, drowned: 0.03 },
  crowd: { level: 320, drowned: 0.08 },
} as const;
/** As loud as the speech itself. */
const DROWNING_LEVEL = 6_000;
/** Frames are lost and drowned in runs, as networks and passing lorries do. */
const RUN_FRAMES = 3;

export class Line {
  readonly #condition: LineCondition;
  readonly #hiss: () => number;
  #decide: () => number;
  #utterances = 0;
  #lostLeft = 0;
  #drownedLeft = 0;

  constructor(condition: LineCondition) {
    this.#condition = condition;
    this.#hiss = seededRandom(condition.seed + 1);
    this.#decide = seededRandom(condition.seed);
  }

  /** The next frames belong to another utterance. */
  begin(): void {
    this.#decide = seededRandom(this.#condition.seed * 7_919 + ++this.#utterances);
    this.#lostLeft = 0;
    this.#drownedLeft = 0;
  }

  /** A frame of speech as it arrives, null when it does not. */
  carry(frame: Uint8Array): Uint8Array | null {
    const { loss, noise } = this.#condition;
    if (this.#struck(loss, "lost")) return null;
    return this.#struck(NOISES[noise].drowned, "drowned") ? mixed(frame, DROWNING_LEVEL, this.#hiss) : frame;
  }

  /** What is heard while nobody speaks. */
  quiet(): Uint8Array | null {
    const { level } = NOISES[this.#condition.noise];
    if (level === 0) return null;
    // A sum of two is softer than white noise of the same peak; its root mean square is 0.41 of it.
    return Uint8Array.from({ length: FRAME_BYTES }, () => linearToMulaw((this.#hiss() + this.#hiss() - 1) * level * 2.4));
  }

  #struck(share: number, what: "lost" | "drowned"): boolean {
    const left = what === "lost" ? this.#lostLeft : this.#drownedLeft;
    const next = left > 0 ? left - 1 : this.#decide() < share / RUN_FRAMES ? RUN_FRAMES : 0;
    if (what === "lost") this.#lostLeft = next;
    else this.#drownedLeft = next;
    return next > 0;
  }
}

/** Frames of speech, of which a share is mumbled away. */
export function mumbled(audio: Uint8Array, options: { readonly share: number; readonly seed: number }): Uint8Array {
  const random = seededRandom(options.seed);
  const result = Uint8Array.from(audio);
  for (let at = 0; at < result.length; at += FRAME_BYTES * RUN_FRAMES) {
    const run = result.subarray(at, at + FRAME_BYTES * RUN_FRAMES);
    if (random() < options.share) run.set(mixed(run, DROWNING_LEVEL / 2, random));
  }
  return result;
}

function mixed(frame: Uint8Array, level: number, random: () => number): Uint8Array {
  return frame.map((byte) => linearToMulaw(mulawToLinear(byte) + (random() + random() - 1) * level));
}
