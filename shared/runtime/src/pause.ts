import type { Clock } from "@struere/kernel";

/** Resolves after `ms` of the clock's time, or at once when `signal` is aborted: the caller looks at the signal if it matters. */
export function pause(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      disarm();
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const disarm = clock.arm(clock.now() + ms, done);
    signal?.addEventListener("abort", done, { once: true });
  });
}
