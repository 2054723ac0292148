/** A list that remembers the newest entries only, so that a simulator may run for days. */
export class Journal<Entry> {
  readonly #max: number;
  #entries: Entry[] = [];
  /** How many were ever added, forgotten ones included. */
  count = 0;

  constructor(options: { readonly max: number }) {
    this.#max = options.max;
  }

  add(entry: Entry): void {
    this.count++;
    this.#entries.push(entry);
    // Cut in one go at twice the bound: amortised constant time.
    if (this.#entries.length >= this.#max * 2) this.#entries = this.#entries.slice(-this.#max);
  }

  /** The newest entries, oldest first; at most the bound. */
  get entries(): readonly Entry[] {
    return this.#entries.length > this.#max ? this.#entries.slice(-this.#max) : this.#entries;
  }
}
