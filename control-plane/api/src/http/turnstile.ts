/**
 * So many are at work at once, the others wait in order. A rush is over sooner so: who is let in is done quickly, instead of everybody a little
 * at a time, and those who wait hold no connection, and no lock that others wait for.
 */
import { Fault } from "@struere/kernel";

export interface Turnstile {
  /** @throws Fault resource_exhausted when too many wait. */
  pass<Answer>(work: () => Promise<Answer>): Promise<Answer>;
}

export function turnstile(options: { readonly atOnce: number; readonly waiting: number }): Turnstile {
  let inside = 0;
  const line: (() => void)[] = [];
  return {
    async pass(work) {
      if (inside < options.atOnce) inside += 1;
      else if (line.length >= options.waiting) {
        throw new Fault("resource_exhausted", `${options.waiting} wait already to be let in; try again in a moment`);
      } else await new Promise<void>((enter) => line.push(enter));
      try {
        return await work();
      } finally {
        // Whoever leaves gives its place to the next in line.
        const next = line.shift();
        if (next) next();
        else inside -= 1;
      }
    },
  };
}
