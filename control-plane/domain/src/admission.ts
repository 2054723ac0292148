/**
 * Whether a call may begin, and when it may be dialled: the one decision that every call passes, whoever calls whom, before anything is
 * reserved for it. Whoever asks has locked the books, so that what this says is still true when the credit is reserved.
 */
import { type Environment, err, ok, type Result } from "@struere/kernel";
import { type CallQuestion, callRefusal, type CallRefusal } from "./call-refusal.ts";

export interface CallLimits {
  /** Calls at a time, both directions. */
  readonly maxConcurrent: number;
  /** Outbound calls that begin per second: Twilio starts one per second and account, and queues the rest for up to a day. */
  readonly callsPerSecond: number;
}

/** The longest wait for a turn to dial. Who would wait longer is refused, and may ask again. */
export const TURN_WAIT_MAX_MS = 10_000;

/** Of calls that are dialled. Simulators have no such limits, and no bill. */
export function defaultLimits(environment: Environment): CallLimits {
  return environment === "eval" ? { maxConcurrent: 1_000, callsPerSecond: 1_000 } : { maxConcurrent: 50, callsPerSecond: 1 };
}

/** How fast an environment or a key may dial. */
export interface Pace {
  /** For sentences: an environment's name, or `key …`. */
  readonly of: string;
  readonly callsPerSecond: number;
  /** When the next one may begin, milliseconds since 1970; 0: at once. */
  readonly nextTurnAt: number;
}

export interface AdmissionQuestion extends CallQuestion {
  /** Whose pace it is dialled at; empty for a call that comes in, which takes no turn. */
  readonly paces: readonly Pace[];
}

export interface AdmittedCall {
  /** When it may be dialled. */
  readonly dialAt: number;
  /** When the next one may begin, at each pace. */
  readonly nextTurnsAt: readonly number[];
}

export function admitCall(question: AdmissionQuestion): Result<AdmittedCall, CallRefusal> {
  const refusal = callRefusal(question);
  return refusal ? err(refusal) : takeTurn(question);
}

/** One turn at all paces at once: the slowest decides. */
function takeTurn({ paces, now }: AdmissionQuestion): Result<AdmittedCall, CallRefusal> {
  const dialAt = Math.max(now, ...paces.map((pace) => pace.nextTurnAt));
  const slowest = paces.find((pace) => pace.nextTurnAt === dialAt);
  if (slowest && dialAt - now > TURN_WAIT_MAX_MS) {
    const { of, callsPerSecond } = slowest;
    const raise = of.startsWith("key ")
      ? `struere billing caps --for ${of.slice(4)} --calls-per-second <number>`
      : "struere calls policy --calls-per-second <number>";
    return err({
      reason: "too_fast",
      limit: `callsPerSecond of ${of}`,
      value: String(callsPerSecond),
      sentence:
        `too many calls of ${of} are being placed at once: ${callsPerSecond} per second may begin; ` +
        `try again in ${Math.ceil((dialAt - now) / 1_000)} s, or raise the limit: ${raise}`,
    });
  }
  return ok({ dialAt, nextTurnsAt: paces.map(({ callsPerSecond }) => dialAt + 1_000 / callsPerSecond) });
}
