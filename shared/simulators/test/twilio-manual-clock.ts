import type { Clock } from "@struere/kernel";

/** A clock that only moves when it is told to; wakes what is due, in order of time. */
export type ManualClock = Clock & { advance(ms: number): void; readonly armed: number };

export function manualClock(): ManualClock {
  let now = 1_000;
  let waiting: { readonly at: number; readonly wake: () => void }[] = [];
  return {
    now: () => now,
    wall: () => Date.UTC(2026, 0, 2, 3, 4, 5) + now,
    arm(at, wake) {
      const entry = { at, wake };
      waiting.push(entry);
      return () => {
        waiting = waiting.filter((each) => each !== entry);
      };
    },
    advance(ms) {
      const end = now + ms;
      for (;;) {
        const next = waiting.filter((each) => each.at <= end).sort((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        waiting = waiting.filter((each) => each !== next);
        now = Math.max(now, next.at);
        next.wake();
      }
      now = end;
    },
    get armed() {
      return waiting.length;
    },
  };
}
