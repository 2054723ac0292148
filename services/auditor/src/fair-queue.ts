/**
 * What waits for a place, in the order of a fair host: of those who have the fewest guests at the table, whoever was served longest ago comes
 * next. So a thousand calls of one organization do not keep one call of another waiting, and a lone organization has every place.
 */
export class FairQueue<Item> {
  /** In the order of service: who was served last is last. */
  readonly #parties = new Map<string, { readonly waiting: Item[]; running: number }>();
  #size = 0;

  /** How many wait. */
  get size(): number {
    return this.#size;
  }

  add(party: string, item: Item): void {
    const known = this.#parties.get(party);
    if (known) known.waiting.push(item);
    else this.#parties.set(party, { waiting: [item], running: 0 });
    this.#size += 1;
  }

  /** The next one, which runs from now on: `done` says when it does no more. */
  take(): { readonly item: Item; readonly done: () => void } | undefined {
    let next: string | undefined;
    let fewest = Number.POSITIVE_INFINITY;
    for (const [name, party] of this.#parties) {
      if (party.waiting.length === 0 || party.running >= fewest) continue;
      next = name;
      fewest = party.running;
    }
    const party = next === undefined ? undefined : this.#parties.get(next);
    const item = party?.waiting.shift();
    if (next === undefined || party === undefined || item === undefined) return undefined;
    this.#size -= 1;
    party.running += 1;
    this.#parties.delete(next);
    this.#parties.set(next, party);
    let over = false;
    return {
      item,
      done: () => {
        if (over) return;
        over = true;
        party.running -= 1;
        if (party.running === 0 && party.waiting.length === 0) this.#forget(party);
      },
    };
  }

  /** Sends away the one that came last, of those who have the most waiting. */
  sendAway(): Item | undefined {
    let longest: Item[] = [];
    for (const { waiting } of this.#parties.values()) if (waiting.length > longest.length) longest = waiting;
    const item = longest.pop();
    if (item !== undefined) this.#size -= 1;
    return item;
  }

  /** All that wait; nobody waits afterwards. */
  drain(): readonly Item[] {
    const all = [...this.#parties.values()].flatMap(({ waiting }) => waiting.splice(0));
    this.#size = 0;
    return all;
  }

  waiting(): Iterable<Item> {
    return [...this.#parties.values()].flatMap(({ waiting }) => waiting);
  }

  #forget(gone: object): void {
    for (const [name, party] of this.#parties) if (party === gone) this.#parties.delete(name);
  }
}
