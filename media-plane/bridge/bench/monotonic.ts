/** One clock for all processes of a bench: the system's monotonic one, in milliseconds with fractions. */
import type { Clock } from "@struere/kernel";

const [seconds, nanoseconds] = process.hrtime();
const offset = seconds * 1_000 + nanoseconds / 1_000_000 - performance.now();

export function monotonicMs(): number {
  return performance.now() + offset;
}

export const monotonicClock: Clock = {
  now: monotonicMs,
  wall: () => Date.now(),
  arm(at, wake) {
    const timer = setTimeout(wake, Math.max(0, at - monotonicMs()));
    return () => clearTimeout(timer);
  },
};
