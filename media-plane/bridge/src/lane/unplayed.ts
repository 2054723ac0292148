/** How much audio lies at Twilio that has not been played, as far as returned marks tell. Marks come back in the order they were sent. */
export class Unplayed {
  #sentBytes = 0;
  #playedBytes = 0;
  #marks: { readonly name: string; readonly sentBytes: number }[] = [];

  get bytes(): number {
    return this.#sentBytes - this.#playedBytes;
  }

  sent(audioBytes: number): void {
    this.#sentBytes += audioBytes;
  }

  /** A mark of this name was sent after all that has been sent so far. */
  awaits(name: string): void {
    this.#marks.push({ name, sentBytes: this.#sentBytes });
  }

  /** Whether the mark was one of ours; then everything before it has been played. */
  marked(name: string): boolean {
    const index = this.#marks.findIndex((mark) => mark.name === name);
    const mark = this.#marks[index];
    if (mark === undefined) return false;
    this.#playedBytes = mark.sentBytes;
    this.#marks.splice(0, index + 1);
    return true;
  }

  /** Nothing lies there any more, and marks of before are not awaited. */
  clear(): void {
    this.#playedBytes = this.#sentBytes;
    this.#marks = [];
  }
}
