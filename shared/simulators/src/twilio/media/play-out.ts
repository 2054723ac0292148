/**
 * Twilio's play-out buffer of one stream: audio is played in the order received at 8 bytes per millisecond, a mark comes back when
 * everything before it has been played, `clear` empties the buffer and sends all outstanding marks back
 * (twilio.com/docs/voice/media-streams/websocket-messages). Pure: the stream's 20 ms step drives it.
 */
import { BYTES_PER_MS, FRAME_BYTES, SILENCE_BYTE } from "../../speech.ts";

type Entry = Buffer | { readonly mark: string };

export type PlayOutOptions = {
  /** Audio held at most; see `Switches.playOutLimitMs`. */
  readonly limitMs: () => number;
  /** A mark has been reached, or was discarded by `clear`. */
  readonly onMark: (name: string) => void;
};

export class PlayOut {
  readonly #options: PlayOutOptions;
  #queue: Entry[] = [];
  /** Bytes of the first entry that have been played. */
  #offset = 0;
  #bufferedBytes = 0;
  /** A frame was handed out in the last step: it is being heard until the next one. */
  #sounding = false;

  constructor(options: PlayOutOptions) {
    this.#options = options;
  }

  /** Audio that has not begun to play. */
  get bufferedMs(): number {
    return this.#bufferedBytes / BYTES_PER_MS;
  }

  /** Takes audio of any size. False: it did not fit and was discarded. */
  push(audio: Buffer): boolean {
    if (audio.length === 0) return true;
    if ((this.#bufferedBytes + audio.length) / BYTES_PER_MS > this.#options.limitMs()) return false;
    this.#queue.push(audio);
    this.#bufferedBytes += audio.length;
    return true;
  }

  mark(name: string): void {
    if (this.#queue.length === 0 && !this.#sounding) this.#options.onMark(name);
    else this.#queue.push({ mark: name });
  }

  /** Drops what has not been played; what is sounding sounds to the end of its frame. */
  clear(): void {
    const dropped = this.#queue;
    this.#queue = [];
    this.#offset = 0;
    this.#bufferedBytes = 0;
    for (const entry of dropped) if (!Buffer.isBuffer(entry)) this.#options.onMark(entry.mark);
  }

  /** One step of 20 ms: the marks reached come back, then the next frame is handed out, or null when there is nothing to play. */
  step(): Buffer | null {
    this.#sounding = false;
    this.#returnMarks();
    if (this.#bufferedBytes === 0) return null;
    this.#sounding = true;
    return this.#take(FRAME_BYTES);
  }

  #returnMarks(): void {
    let first = this.#queue[0];
    while (first !== undefined && !Buffer.isBuffer(first)) {
      this.#queue.shift();
      this.#options.onMark(first.mark);
      first = this.#queue[0];
    }
  }

  /**
   * The next `size` bytes. A mark in the middle of them (audio before it that is no multiple of a frame) comes back with the next step:
   * the frame is the unit of hearing. Audio that ends within the frame is filled up with silence, as a phone would.
   */
  #take(size: number): Buffer {
    const first = this.#queue[0];
    if (Buffer.isBuffer(first) && first.length - this.#offset >= size) {
      const frame = first.subarray(this.#offset, this.#offset + size);
      this.#advance(first, size);
      return frame;
    }
    const frame = Buffer.alloc(size, SILENCE_BYTE);
    const passed: Entry[] = [];
    let filled = 0;
    while (filled < size) {
      const entry = this.#queue[0];
      if (entry === undefined) break;
      if (!Buffer.isBuffer(entry)) {
        passed.push(entry);
        this.#queue.shift();
        continue;
      }
      const count = Math.min(size - filled, entry.length - this.#offset);
      entry.copy(frame, filled, this.#offset, this.#offset + count);
      filled += count;
      this.#advance(entry, count);
    }
    if (passed.length > 0) {
      // Passed marks go before what is left; the rest of a half-played entry keeps its offset by being cut.
      const head = this.#queue[0];
      if (Buffer.isBuffer(head) && this.#offset > 0) {
        this.#queue[0] = head.subarray(this.#offset);
        this.#offset = 0;
      }
      this.#queue.unshift(...passed);
    }
    return frame;
  }

  #advance(entry: Buffer, count: number): void {
    this.#offset += count;
    this.#bufferedBytes -= count;
    if (this.#offset < entry.length) return;
    this.#queue.shift();
    this.#offset = 0;
  }
}
