export interface Piece<Item> {
  readonly item: Item;
  /** Base64. */
  readonly payload: Buffer;
  readonly audioBytes: number;
}

/** Agent audio that waits for the caller to hear what was sent before: first in, first out. Its bound is kept by the lane. */
export class WaitingAudio<Item> {
  #pieces: Piece<Item>[] = [];
  #next = 0;
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  push(piece: Piece<Item>): void {
    this.#pieces.push(piece);
    this.#bytes += piece.audioBytes;
  }

  peek(): Piece<Item> | undefined {
    return this.#pieces[this.#next];
  }

  shift(): void {
    this.#bytes -= this.#pieces[this.#next]?.audioBytes ?? 0;
    this.#next++;
    // Moves the rest only when half of the array is gone: each piece is moved about once.
    if (this.#next * 2 >= this.#pieces.length) {
      this.#pieces = this.#pieces.slice(this.#next);
      this.#next = 0;
    }
  }

  bytesOf(item: Item): number {
    let bytes = 0;
    for (let index = this.#next; index < this.#pieces.length; index++) {
      const piece = this.#pieces[index];
      if (piece !== undefined && piece.item === item) bytes += piece.audioBytes;
    }
    return bytes;
  }

  clear(): void {
    this.#pieces = [];
    this.#next = 0;
    this.#bytes = 0;
  }
}
