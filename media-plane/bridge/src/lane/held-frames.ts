/** Caller audio that may not flow yet: the newest `maxBytes` of it, as base64 payloads in the order in which they came. */
export class HeldFrames {
  readonly #maxBytes: number;
  #frames: { readonly payload: Buffer; readonly audioBytes: number }[] = [];
  #audioBytes = 0;

  /** @param maxBytes of audio, decoded. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Keeps a copy of `bytes[start, end)`. Answers how many of the oldest frames had to go. */
  push(bytes: Buffer, start: number, end: number, audioBytes: number): number {
    this.#frames.push({ payload: Buffer.from(bytes.subarray(start, end)), audioBytes });
    this.#audioBytes += audioBytes;
    let dropped = 0;
    while (this.#audioBytes > this.#maxBytes) {
      this.#audioBytes -= this.#frames.shift()?.audioBytes ?? 0;
      dropped++;
    }
    return dropped;
  }

  /** Hands out everything, oldest first, and forgets it. */
  takeAll(): readonly { readonly payload: Buffer; readonly audioBytes: number }[] {
    const frames = this.#frames;
    this.#frames = [];
    this.#audioBytes = 0;
    return frames;
  }
}
