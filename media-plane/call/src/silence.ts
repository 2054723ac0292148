/**
 * Silence: nobody speaks, nothing is on its way, and the caller must not be left wondering. After a while the agent asks whether they are
 * still there; when that stays unanswered, it says goodbye. Any sign of life from the caller starts the count anew.
 */
import { NUDGES_MAX, SILENCE_MS } from "./limits.ts";

export interface Silence {
  /** Since when it has been quiet; null while it is not. */
  readonly since: number | null;
  readonly nudges: number;
}

export const NO_SILENCE: Silence = { since: null, nudges: 0 };

/** Called after everything that happens, with what the whole call looks like now. */
export function quiet(silence: Silence, isQuiet: boolean, at: number): Silence {
  if (isQuiet === (silence.since !== null)) return silence;
  return { ...silence, since: isQuiet ? at : null };
}

export function nudged(silence: Silence): Silence {
  return { since: null, nudges: silence.nudges + 1 };
}

/** The caller is there. */
export function broken(silence: Silence): Silence {
  return silence.nudges === 0 ? silence : { ...silence, nudges: 0 };
}

export function isGivenUp(silence: Silence): boolean {
  return silence.nudges >= NUDGES_MAX;
}

export function silenceDeadline(silence: Silence): number {
  return silence.since === null ? Number.POSITIVE_INFINITY : silence.since + SILENCE_MS;
}
