/**
 * What a full mailbox does with one more item: `refuse` it (push says false), drop the oldest or the newest, or `throw` a
 * resource_exhausted fault at the sender.
 */
import { Fault } from "@struere/kernel";

export type OverflowPolicy = "refuse" | "drop_oldest" | "drop_newest" | "throw";

/** A bounded queue between somebody who sends and one reader who waits. Reading: `for await (const item of mailbox)`. */
export class Mailbox<Item> implements AsyncIterable<Item> {
  readonly #max: number;
  readonly #onFull: OverflowPolicy;
  readonly #items: Item[] = [];
  #waiting: ((result: IteratorResult<Item, undefined>) => void) | undefined;
  #closed = false;
  #dropped = 0;

  constructor(options: { readonly max: number; readonly onFull: OverflowPolicy }) {
    if (!Number.isInteger(options.max) || options.max < 1) throw new RangeError(`Mailbox: max must be at least 1, got ${options.max}`);
    this.#max = options.max;
    this.#onFull = options.onFull;
  }

  get size(): number {
    return this.#items.length;
  }

  /** How many items were lost to the overflow policy so far. */
  get dropped(): number {
    return this.#dropped;
  }

  /** False when this item was not taken: the mailbox is closed, or full and its policy is not `drop_oldest`. */
  push(item: Item): boolean {
    if (this.#closed) return false;
    if (this.#waiting) {
      const wake = this.#waiting;
      this.#waiting = undefined;
      wake({ done: false, value: item });
      return true;
    }
    if (this.#items.length >= this.#max && !this.#makeRoom()) return false;
    this.#items.push(item);
    return true;
  }

  /** No more items are taken; the reader gets what is left and then the end. */
  close(): void {
    this.#closed = true;
    this.#waiting?.({ done: true, value: undefined });
    this.#waiting = undefined;
  }

  [Symbol.asyncIterator](): AsyncIterator<Item, undefined> {
    return { next: () => this.#take(), return: () => (this.close(), Promise.resolve({ done: true, value: undefined })) };
  }

  #take(): Promise<IteratorResult<Item, undefined>> {
    if (this.#items.length > 0) return Promise.resolve({ done: false, value: this.#items.shift() as Item });
    if (this.#closed) return Promise.resolve({ done: true, value: undefined });
    if (this.#waiting) throw new Fault("failed_precondition", "a mailbox has one reader, and it is already waiting");
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  #makeRoom(): boolean {
    if (this.#onFull === "refuse") return false;
    if (this.#onFull === "throw") throw new Fault("resource_exhausted", `the mailbox is full: ${this.#max} items wait`);
    this.#dropped += 1;
    if (this.#onFull === "drop_newest") return false;
    this.#items.shift();
    return true;
  }
}
