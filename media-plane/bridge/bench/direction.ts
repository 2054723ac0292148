/** What became of the audio in one direction, over all calls of a generator. */
import { Histogram } from "./histogram.ts";
import { monotonicMs } from "./monotonic.ts";
import { hasStamp, isSpeech, stampedMs, stampedSequence } from "./stamp.ts";

export interface DirectionFigures {
  readonly received: number;
  readonly lost: number;
  /** Frames that came after a later one, or twice. */
  readonly disordered: number;
  /** Of frames in which somebody speaks, as a histogram. */
  readonly latency: readonly number[];
  /** Of the others: a subject may let them wait for one another. */
  readonly silenceLatency: readonly number[];
}

export class Direction {
  readonly #latency = new Histogram();
  readonly #silenceLatency = new Histogram();
  #received = 0;
  #lost = 0;
  #disordered = 0;

  clear(): void {
    this.#latency.clear();
    this.#silenceLatency.clear();
    this.#received = 0;
    this.#lost = 0;
    this.#disordered = 0;
  }

  /** Takes a frame whose stamp is at `at`, of a call that expects number `expected` next. Answers which one it expects now. */
  take(bytes: Uint8Array, at: number, expected: number): number {
    const sequence = stampedSequence(bytes, at);
    this.#received++;
    (isSpeech(bytes, at) ? this.#latency : this.#silenceLatency).add(monotonicMs() - stampedMs(bytes, at));
    if (sequence < expected) {
      this.#disordered++;
      return expected;
    }
    // A call's first frames may go before anybody listens.
    if (expected > 0) this.#lost += sequence - expected;
    return sequence + 1;
  }

  figures(): DirectionFigures {
    return {
      received: this.#received,
      lost: this.#lost,
      disordered: this.#disordered,
      latency: this.#latency.toJSON(),
      silenceLatency: this.#silenceLatency.toJSON(),
    };
  }
}

/** Where the stamp of an audio message is, tried at `guess` first; -1 when it has none. */
export function findStamp(bytes: Buffer, start: number, end: number, guess: number, key: Buffer): number {
  if (hasStamp(bytes, start + guess)) return start + guess;
  const found = bytes.indexOf(key, start);
  if (found < 0 || found >= end) return -1;
  const at = found + key.length;
  return hasStamp(bytes, at) ? at : -1;
}
