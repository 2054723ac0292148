/** What came in, in order; tests wait on facts in it, never on time. */
export class Journal<Entry> {
  readonly entries: Entry[] = [];
  readonly #waiting = new Set<() => void>();

  add(entry: Entry): void {
    this.entries.push(entry);
    for (const look of this.#waiting) look();
  }

  /** The first entry that fits, from `from` on, past or to come. */
  when<Found extends Entry>(fits: (entry: Entry) => entry is Found, from?: number): Promise<Found>;
  when(fits: (entry: Entry) => boolean, from?: number): Promise<Entry>;
  when(fits: (entry: Entry) => boolean, from = 0): Promise<Entry> {
    const { promise, resolve } = Promise.withResolvers<Entry>();
    const look = (): void => {
      const found = this.entries.slice(from).find(fits);
      if (found === undefined) return;
      this.#waiting.delete(look);
      resolve(found);
    };
    this.#waiting.add(look);
    look();
    return promise;
  }

  /** Resolves when `holds` is true of all entries. */
  until(holds: (entries: readonly Entry[]) => boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const look = (): void => {
      if (!holds(this.entries)) return;
      this.#waiting.delete(look);
      resolve();
    };
    this.#waiting.add(look);
    look();
    return promise;
  }
}

/** Resolves when `holds`, looked at each turn of the event loop: for facts that no event tells. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}
