/**
 * What the caller has heard of the agent, as sound with a place in time. Twilio plays what it is sent in its order, says by marks how far it
 * has come, and forgets the rest when it is told to `clear`; this mirrors its buffer: audio and marks lie in line until a mark comes back,
 * and what lay before it has been heard just now. What was cleared was heard as far as the clock says since the last mark, and no further.
 *
 * All positions count bytes (8 are a millisecond) from the beginning of the recording.
 */
type Entry =
  | { readonly kind: "audio"; readonly bytes: Uint8Array; readonly sentAt: number }
  | { readonly kind: "mark"; readonly name: string };

/** Twilio takes at most 20 s unplayed of us; a minute that no mark comes back for is thrown away. */
const MAX_WAITING_BYTES = 60 * 8_000;

export class HeardAudio {
  readonly #write: (at: number, audio: Uint8Array) => void;
  #line: Entry[] = [];
  #waitingBytes = 0;
  /** Where what is known to be heard ends. */
  #end = 0;
  /** More lay in line then: Twilio has gone on without a pause, whenever the next mark comes back. */
  #goesOn = false;

  /** @param write gets what was heard, in its order and without overlap. */
  constructor(write: (at: number, audio: Uint8Array) => void) {
    this.#write = write;
  }

  sent(bytes: Uint8Array, at: number): void {
    if (this.#waitingBytes + bytes.length > MAX_WAITING_BYTES) this.#drop();
    this.#line.push({ kind: "audio", bytes, sentAt: at });
    this.#waitingBytes += bytes.length;
  }

  awaits(name: string): void {
    this.#line.push({ kind: "mark", name });
  }

  /** A mark came back: everything before it was heard, and ended now. Marks that were cleared are unknown here. */
  marked(name: string, at: number): void {
    const index = this.#line.findIndex((entry) => entry.kind === "mark" && entry.name === name);
    if (index < 0) return;
    const heard = this.#line.splice(0, index + 1).flatMap((entry) => (entry.kind === "audio" ? [entry] : []));
    const length = heard.reduce((sum, { bytes }) => sum + bytes.length, 0);
    this.#waitingBytes -= length;
    this.#place(heard, at - length, length);
    this.#goesOn = this.#waitingBytes > 0;
  }

  /** Twilio forgets what it has not played; so does this. Also at the end of the stream. */
  cleared(at: number): void {
    const waiting = this.#line.flatMap((entry) => (entry.kind === "audio" ? [entry] : []));
    const first = waiting[0];
    this.#drop();
    if (first === undefined) return;
    const from = this.#goesOn ? this.#end : Math.max(this.#end, first.sentAt);
    this.#place(waiting, from, Math.max(0, at - from));
    this.#goesOn = false;
  }

  #place(heard: readonly { readonly bytes: Uint8Array }[], from: number, length: number): void {
    let at = this.#goesOn ? this.#end : Math.max(this.#end, from);
    let left = length;
    for (const { bytes } of heard) {
      const part = bytes.subarray(0, Math.min(bytes.length, left));
      if (part.length > 0) this.#write(at, part);
      at += part.length;
      left -= part.length;
    }
    this.#end = at;
  }

  #drop(): void {
    this.#line = [];
    this.#waitingBytes = 0;
  }
}
