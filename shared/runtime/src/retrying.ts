import { type Clock, Fault } from "@struere/kernel";
import { pause } from "./pause.ts";

export interface RetryOptions {
  readonly clock: Clock;
  /** How often `attempt` is called at most, the first time included. */
  readonly attempts: number;
  readonly firstDelayMs: number;
  /** The delay doubles up to here. Each wait is between half of it and all of it, so that many clients do not come back at once. */
  readonly maxDelayMs: number;
  /** Ends the waiting; the last error is thrown. */
  readonly signal?: AbortSignal;
  /** Whether this error is worth another attempt. Default: a `Fault` says it by itself, anything else is. */
  readonly worthwhile?: (error: unknown) => boolean;
  /** Told of every failed attempt that will be followed by another. */
  readonly onRetry?: (error: unknown, attempt: number) => void;
  /** Uniform in [0, 1); for tests. */
  readonly random?: () => number;
}

const fromFault = (error: unknown): boolean => !(error instanceof Fault) || error.retryable;

/** Calls `attempt` until it succeeds, fails for good, or the attempts are used up; then throws the last error. */
export async function retrying<Value>(options: RetryOptions, attempt: (number: number) => Promise<Value>): Promise<Value> {
  const worthwhile = options.worthwhile ?? fromFault;
  const random = options.random ?? Math.random;
  for (let number = 1; ; number++) {
    try {
      return await attempt(number);
    } catch (error) {
      if (number >= options.attempts || options.signal?.aborted || !worthwhile(error)) throw error;
      options.onRetry?.(error, number);
      const delayMs = Math.min(options.firstDelayMs * 2 ** (number - 1), options.maxDelayMs);
      await pause(options.clock, delayMs * (0.5 + random() / 2), options.signal);
      if (options.signal?.aborted) throw error;
    }
  }
}
