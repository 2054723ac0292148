/**
 * How many calls an environment may have, and how fast it may dial. Every call passes `admission` before anything is reserved for it; what
 * else can keep a call from being placed belongs here, too.
 */
import type { Environment } from "@struere/kernel";

export interface CallLimits {
  /** Calls at a time, both directions. */
  readonly maxConcurrent: number;
  /** Outbound calls that begin per second: Twilio starts one per second and account, and queues the rest for up to a day. */
  readonly callsPerSecond: number;
}

/** The longest wait for a turn to dial. Who would wait longer is refused, and may ask again. */
export const TURN_WAIT_MAX_MS = 10_000;

/** Simulators have no such limits, and no bill. */
export function defaultLimits(environment: Environment): CallLimits {
  return environment === "eval" ? { maxConcurrent: 1_000, callsPerSecond: 1_000 } : { maxConcurrent: 50, callsPerSecond: 1 };
}

export interface AdmissionQuestion {
  readonly limits: CallLimits;
  /** Calls of the environment that are pending or active. */
  readonly liveCalls: number;
  /** When the next one may begin, milliseconds since 1970; 0: at once. */
  readonly nextTurnAt: number;
  readonly now: number;
}

export type Admission =
  | { readonly admitted: true /** When this call may be dialled. */; readonly dialAt: number; readonly nextTurnAt: number }
  | { readonly admitted: false; readonly reason: "too_many_calls" | "too_fast"; readonly sentence: string };

export function admission({ limits, liveCalls, nextTurnAt, now }: AdmissionQuestion): Admission {
  if (liveCalls >= limits.maxConcurrent) {
    return {
      admitted: false,
      reason: "too_many_calls",
      sentence: `${liveCalls} calls are going on, and at most ${limits.maxConcurrent} may; wait for one to end, or raise the limit: struere calls policy --max-concurrent <calls>`,
    };
  }
  const dialAt = Math.max(now, nextTurnAt);
  if (dialAt - now > TURN_WAIT_MAX_MS) {
    return {
      admitted: false,
      reason: "too_fast",
      sentence: `too many calls are being placed at once: ${limits.callsPerSecond} per second may begin; try again in ${Math.ceil((dialAt - now) / 1_000)} s`,
    };
  }
  return { admitted: true, dialAt, nextTurnAt: dialAt + 1_000 / limits.callsPerSecond };
}
