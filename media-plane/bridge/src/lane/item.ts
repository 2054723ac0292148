import { BYTES_PER_MS } from "@struere/protocol/twilio";

/** So much of an item has its marks more closely: the greeting's shield goes down by them, and callers who cut in do it early. */
const EARLY_BYTES = 1_080 * BYTES_PER_MS;
const EARLY_MARK_BYTES = 360 * BYTES_PER_MS;
const MARK_BYTES = 720 * BYTES_PER_MS;

/** One item of the agent's speech, as far as the lane has seen it. Counted in bytes of audio. */
export class Item {
  readonly id: string;
  readonly responseId: string;
  readonly generation: number;
  /** JSON spells the id as it is. */
  readonly hasPlainId: boolean;
  generatedBytes = 0;
  sentBytes = 0;
  markedBytes = 0;
  /** When what was sent is over, on the clock; see Unplayed. */
  playsUntil = 0;
  /** The model has said that there is no more. */
  complete = false;
  changed = true;
  /** When any of these last changed, on the clock. */
  changedAt = 0;
  /** Of the response and of the item, side by side: they are compared for each frame. */
  readonly #ids: Buffer;
  readonly #responseIdBytes: number;

  constructor(id: string, responseId: string, generation: number) {
    this.id = id;
    this.hasPlainId = JSON.stringify(id) === `"${id}"`;
    this.#ids = Buffer.from(`${responseId}${id}`);
    this.#responseIdBytes = Buffer.byteLength(responseId);
    this.responseId = responseId;
    this.generation = generation;
  }

  /** Whether these are the ids of the response and of the item. */
  isCalled(bytes: Uint8Array, responseStart: number, responseEnd: number, itemStart: number, itemEnd: number): boolean {
    const ids = this.#ids;
    const split = this.#responseIdBytes;
    if (responseEnd - responseStart !== split || itemEnd - itemStart !== ids.length - split) return false;
    for (let index = 0; index < split; index++) if (bytes[responseStart + index] !== ids[index]) return false;
    for (let index = split; index < ids.length; index++) if (bytes[itemStart + index - split] !== ids[index]) return false;
    return true;
  }

  get finished(): boolean {
    return this.complete && this.sentBytes === this.generatedBytes;
  }

  /** So much was sent since the last mark, or all of it, that it is time for one. */
  get isMarkDue(): boolean {
    const unmarked = this.sentBytes - this.markedBytes;
    if (this.finished) return unmarked > 0;
    return unmarked >= (this.markedBytes < EARLY_BYTES ? EARLY_MARK_BYTES : MARK_BYTES);
  }
}
