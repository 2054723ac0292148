import { BYTES_PER_MS } from "@struere/protocol/twilio";

/** After which audio a mark was sent: so many bytes of an item, or of nothing that counts as one. */
export interface MarkPlace<Item> {
  readonly item: Item;
  readonly itemBytes: number;
}

/**
 * How much audio lies at Twilio that has not been played, as far as returned marks tell, and when it is over, as far as the clock does. Marks
 * come back in the order they were sent.
 */
export class Unplayed<Item> {
  #sentBytes = 0;
  #playedBytes = 0;
  #playsUntil = 0;
  #marks: { readonly name: string; readonly sentBytes: number; readonly place: MarkPlace<Item> | null }[] = [];

  get bytes(): number {
    return this.#sentBytes - this.#playedBytes;
  }

  /** On the clock: when all that was sent is over, if it is played as soon as it can be. */
  get playsUntil(): number {
    return this.#playsUntil;
  }

  sent(audioBytes: number, at: number): void {
    this.#sentBytes += audioBytes;
    this.#playsUntil = Math.max(this.#playsUntil, at) + audioBytes / BYTES_PER_MS;
  }

  /** A mark of this name was sent after all that has been sent so far. */
  awaits(name: string, place: MarkPlace<Item> | null): void {
    this.#marks.push({ name, sentBytes: this.#sentBytes, place });
  }

  /** Everything before the mark has been played: where that is, or undefined if the mark is not one that was awaited. */
  marked(name: string): MarkPlace<Item> | null | undefined {
    const marks = this.#marks;
    // Almost always the first.
    const index = marks[0]?.name === name ? 0 : marks.findIndex((mark) => mark.name === name);
    if (index < 0) return undefined;
    for (let before = 0; before < index; before++) marks.shift();
    const mark = marks.shift();
    if (mark === undefined) return undefined;
    this.#playedBytes = mark.sentBytes;
    return mark.place;
  }

  /** Nothing lies there any more, and marks of before are not awaited. */
  clear(): void {
    this.#playedBytes = this.#sentBytes;
    this.#playsUntil = 0;
    this.#marks = [];
  }
}
