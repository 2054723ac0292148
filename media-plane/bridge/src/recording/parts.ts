/** A recording in parts of ten seconds, both sides interleaved: caller, agent. Nothing is kept of a part once it is sealed. */
import { MULAW_SILENCE } from "@struere/protocol/twilio";

/** Samples of one side; 8 are a millisecond. */
export const PART_SAMPLES = 80_000;
/** What was heard of the agent is known by then. */
const SEAL_AFTER_SAMPLES = 8_000 * 2;

export type Side = 0 | 1;

export interface Part {
  readonly number: number;
  readonly audio: Uint8Array;
}

export class Parts {
  readonly #open = new Map<number, Uint8Array>();
  readonly #seal: (part: Part) => void;
  #sealed = 0;
  #length = 0;

  constructor(seal: (part: Part) => void) {
    this.#seal = seal;
  }

  /** Samples that came for a part that was sealed already are lost. */
  write(side: Side, at: number, audio: Uint8Array): void {
    for (let done = 0; done < audio.length; ) {
      const position = at + done;
      const number = Math.floor(position / PART_SAMPLES);
      const inPart = position - number * PART_SAMPLES;
      const count = Math.min(audio.length - done, PART_SAMPLES - inPart);
      if (number >= this.#sealed) interleave(this.#part(number), side, inPart, audio.subarray(done, done + count));
      done += count;
    }
    this.#length = Math.max(this.#length, at + audio.length);
  }

  /** It is so late: what is old enough is sealed, empty parts included. */
  reached(at: number): void {
    while ((this.#sealed + 1) * PART_SAMPLES + SEAL_AFTER_SAMPLES <= at) this.#sealNext(PART_SAMPLES);
  }

  /** The recording ends here. */
  finish(): void {
    while (this.#sealed * PART_SAMPLES < this.#length) this.#sealNext(Math.min(PART_SAMPLES, this.#length - this.#sealed * PART_SAMPLES));
  }

  #part(number: number): Uint8Array {
    let part = this.#open.get(number);
    if (part === undefined) {
      part = new Uint8Array(PART_SAMPLES * 2).fill(MULAW_SILENCE);
      this.#open.set(number, part);
    }
    return part;
  }

  #sealNext(samples: number): void {
    const number = this.#sealed++;
    const part = this.#open.get(number);
    this.#open.delete(number);
    // A part in which nobody was heard is silence where it is missing.
    if (part) this.#seal({ number, audio: part.subarray(0, samples * 2) });
  }
}

function interleave(part: Uint8Array, side: Side, from: number, audio: Uint8Array): void {
  for (let index = 0; index < audio.length; index++) part[(from + index) * 2 + side] = audio[index] ?? MULAW_SILENCE;
}
