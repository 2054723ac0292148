/** The real clock, and one that runs faster for worlds under test. */
import type { Clock } from "@struere/kernel";

/** Longest delay that `setTimeout` takes; a later moment is waited for in pieces. */
const TIMER_MAX_MS = 2 ** 31 - 1;

/**
 * Time as the process sees it. `scale` 10 makes all of it run ten times faster: one real second is ten seconds of `now()` and of
 * `wall()`, so that whole calls fit into a test while every deadline keeps its meaning.
 */
export function systemClock(options: { readonly scale?: number } = {}): Clock {
  const scale = options.scale ?? 1;
  if (!(scale > 0 && Number.isFinite(scale))) throw new RangeError(`systemClock: scale must be a positive number, got ${scale}`);
  const startedWall = Date.now();
  const startedAt = performance.now();
  const now = scale === 1 ? () => performance.now() : () => (performance.now() - startedAt) * scale;
  return {
    now,
    wall: scale === 1 ? () => Date.now() : () => Math.round(startedWall + now()),
    arm(at, wake) {
      let timer: NodeJS.Timeout | undefined;
      const wait = () => {
        // A timer may fire a fraction early; nobody is woken before `now()` says so.
        const leftMs = Math.ceil((at - now()) / scale);
        if (leftMs <= 0 && timer !== undefined) wake();
        else timer = setTimeout(wait, Math.min(Math.max(leftMs, 0), TIMER_MAX_MS));
      };
      wait();
      return () => clearTimeout(timer);
    },
  };
}
