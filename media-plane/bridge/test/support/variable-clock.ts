/** A clock whose speed can change: real while connections are made, fast while a test waits for deadlines. */
import type { Clock } from "@struere/kernel";

export interface VariableClock extends Clock {
  /** From now on time runs so many times faster than it does. */
  run(speed: number): void;
}

export function variableClock(): VariableClock {
  const armed = new Set<{ schedule(): void }>();
  let speed = 1;
  let base = 1_000;
  let since = performance.now();
  const wallBase = Date.now() - base;
  const now = (): number => base + (performance.now() - since) * speed;
  return {
    now,
    wall: () => Math.round(wallBase + now()),
    arm: (at, wake) => {
      let timer: NodeJS.Timeout | undefined;
      const entry = {
        schedule: () => {
          clearTimeout(timer);
          timer = setTimeout(fire, Math.max(0, Math.ceil((at - now()) / speed)));
        },
      };
      const fire = (): void => {
        if (now() < at) return entry.schedule();
        armed.delete(entry);
        wake();
      };
      armed.add(entry);
      entry.schedule();
      return () => {
        armed.delete(entry);
        clearTimeout(timer);
      };
    },
    run: (next) => {
      base = now();
      since = performance.now();
      speed = next;
      for (const entry of armed) entry.schedule();
    },
  };
}
