/**
 * Records one call: what came from the caller, and what the caller has heard of the agent, side by side on one clock. The lanes hand it their
 * audio as it stands on the wire, and only when there is a recorder at all. Bounded: two parts of ten seconds and what Twilio has not played.
 */
import type { Clock } from "@struere/kernel";
import { BYTES_PER_MS } from "@struere/protocol/twilio";
import type { LaneTap } from "../lane/index.ts";
import { HeardAudio } from "./heard-audio.ts";
import { type Part, Parts } from "./parts.ts";

/** Twilio sends without a pause; when it comes this much later than it should, something was lost on the way. 400 ms. */
const GAP_BYTES = 400 * BYTES_PER_MS;

export class CallRecorder implements LaneTap {
  readonly #clock: Clock;
  readonly #startedAt: number;
  readonly #parts: Parts;
  readonly #heard: HeardAudio;
  #callerEnd = -1;
  #over = false;

  constructor({ clock, onPart }: { readonly clock: Clock; readonly onPart: (part: Part) => void }) {
    this.#clock = clock;
    this.#startedAt = clock.now();
    this.#parts = new Parts(onPart);
    this.#heard = new HeardAudio((at, audio) => this.#parts.write(1, at, audio));
  }

  fromCaller(base64: Buffer): void {
    if (this.#over) return;
    const audio = decoded(base64);
    const now = this.#position();
    // Frames follow each other; when they arrive says little about when they were spoken.
    const at =
      this.#callerEnd < 0
        ? Math.max(0, now - audio.length)
        : now - audio.length - this.#callerEnd > GAP_BYTES
          ? now - audio.length
          : this.#callerEnd;
    this.#parts.write(0, at, audio);
    this.#callerEnd = at + audio.length;
    this.#parts.reached(now);
  }

  toCaller(base64: Buffer): void {
    if (!this.#over) this.#heard.sent(decoded(base64), this.#position());
  }

  awaits(mark: string): void {
    if (!this.#over) this.#heard.awaits(mark);
  }

  marked(mark: string): void {
    if (!this.#over) this.#heard.marked(mark, this.#position());
  }

  cleared(): void {
    if (!this.#over) this.#heard.cleared(this.#position());
  }

  /** The stream has ended: what Twilio had not played by now was not heard. */
  finish(): void {
    if (this.#over) return;
    this.#heard.cleared(this.#position());
    this.#over = true;
    this.#parts.finish();
  }

  #position(): number {
    return Math.max(0, Math.round((this.#clock.now() - this.#startedAt) * BYTES_PER_MS));
  }
}

const decoded = (base64: Buffer): Uint8Array => Buffer.from(base64.toString("latin1"), "base64");
