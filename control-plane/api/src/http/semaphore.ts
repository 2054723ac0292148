/**
 * So many are at work at once, the others wait in order. A rush is over sooner so: who is let in is done quickly, instead of everybody a little
 * at a time, and those who wait hold no connection, and no lock that others wait for.
 */
import { Fault } from "@struere/kernel";

export interface Semaphore {
  /**
   * Does the work when there is a place for it.
   * @param signal whoever waits gives up its place in the line with it
   * @throws Fault resource_exhausted when too many wait; the signal's reason.
   */
  run<Answer>(signal: AbortSignal, work: () => Promise<Answer>): Promise<Answer>;
}

/** @param options.waiting most that stand in the line; one more is refused. */
export function semaphore(options: { readonly atOnce: number; readonly waiting: number }): Semaphore {
  let inside = 0;
  const line = new Set<() => void>();

  async function enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (inside < options.atOnce) {
      inside += 1;
      return;
    }
    if (line.size >= options.waiting) {
      throw new Fault("resource_exhausted", `${options.waiting} wait already to be let in; try again in a moment`);
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const giveUp = (): void => {
      line.delete(resolve);
      reject(signal.reason);
    };
    line.add(resolve);
    signal.addEventListener("abort", giveUp, { once: true });
    await promise;
    signal.removeEventListener("abort", giveUp);
  }

  /** Gives the place to the next in line. */
  function leave(): void {
    const [next] = line;
    if (next) {
      line.delete(next);
      next();
    } else inside -= 1;
  }

  return {
    async run(signal, work) {
      await enter(signal);
      try {
        return await work();
      } finally {
        leave();
      }
    },
  };
}
