/**
 * Frames of a caller who says nothing, waiting for one another so that one write takes them all: most of a call is somebody listening, and
 * a system call costs more than the frame it carries. Kept as base64 payloads, in one piece of memory that a call has once.
 */

/** The fifth frame takes four with it: the first has waited for 80 ms then. */
const MAX_FRAMES = 4;
/** Of audio. Frames of another length than Twilio's must not make more of it wait: 100 ms. */
const MAX_AUDIO_BYTES = 800;
/** What so much is in base64, each frame padded. */
const MAX_BYTES = Math.ceil(MAX_AUDIO_BYTES / 3) * 4 + MAX_FRAMES * 4;

export class QuietFrames {
  #bytes: Buffer | undefined;
  #length = 0;
  /** Where each of them ends in `#bytes`. */
  readonly #ends: number[] = Array.from({ length: MAX_FRAMES }, () => 0);
  #audioBytes = 0;

  get length(): number {
    return this.#length;
  }

  /** Keeps a copy of `bytes[start, end)`. False when there is no room for it: it is time to send what waits, and it. */
  push(bytes: Buffer, start: number, end: number, audioBytes: number): boolean {
    const length = this.#length;
    if (length === MAX_FRAMES || this.#audioBytes + audioBytes >= MAX_AUDIO_BYTES) return false;
    const used = length === 0 ? 0 : (this.#ends[length - 1] ?? 0);
    // Not from Node's pool: it stays as long as the call.
    this.#bytes ??= Buffer.allocUnsafeSlow(MAX_BYTES);
    bytes.copy(this.#bytes, used, start, end);
    this.#ends[length] = used + end - start;
    this.#length = length + 1;
    this.#audioBytes += audioBytes;
    return true;
  }

  /** Hands out each frame's payload, oldest first, as places in memory that is valid until the next `push`; and forgets them. */
  takeAll(take: (bytes: Buffer, start: number, end: number) => void): void {
    const bytes = this.#bytes;
    if (bytes === undefined) return;
    let start = 0;
    for (let frame = 0; frame < this.#length; frame++) {
      const end = this.#ends[frame] ?? start;
      take(bytes, start, end);
      start = end;
    }
    this.#length = 0;
    this.#audioBytes = 0;
  }
}
