/** Things that are under way, and the wait for the last of them: what a drain waits for. */
import type { Clock } from "@struere/kernel";

export class OpenSet<Thing> {
  readonly #things = new Set<Thing>();
  readonly #waiting = new Set<() => void>();

  get size(): number {
    return this.#things.size;
  }

  [Symbol.iterator](): Iterator<Thing> {
    return this.#things.values();
  }

  add(thing: Thing): void {
    this.#things.add(thing);
  }

  delete(thing: Thing): boolean {
    const had = this.#things.delete(thing);
    if (had && this.#things.size === 0) for (const wake of this.#waiting) wake();
    return had;
  }

  clear(): void {
    this.#things.clear();
    for (const wake of this.#waiting) wake();
  }

  /** Resolves when nothing is under way, or after `withinMs`; says which. */
  emptied(clock: Clock, withinMs: number): Promise<boolean> {
    if (this.#things.size === 0) return Promise.resolve(true);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const wake = (): void => {
      off();
      this.#waiting.delete(wake);
      resolve(this.#things.size === 0);
    };
    const off = clock.arm(clock.now() + withinMs, wake);
    this.#waiting.add(wake);
    return promise;
  }
}
