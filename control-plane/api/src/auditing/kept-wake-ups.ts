/**
 * Of the wake-ups of one call one is kept, and asks again until there is nothing left to read; the others may go. Every utterance wakes, and
 * most do so while the call is audited or the gap between two audits is not over: without this each of them would ask the database, and again
 * and again.
 *
 * The one that is kept is in the bus, unacknowledged, whatever happens to its worker or to us; here is only remembered which one it is, so that
 * it costs some questions more to forget it. Words are never left unread: until the kept one may ask again, whatever is in the record by now is
 * before it; once it may, it may have asked another control plane already, and nobody is turned away any more. One that came while the kept
 * one was being answered is remembered (`rung`), since the answer may have been found before its words were there.
 */
import type { CallId, Clock } from "@struere/kernel";

interface Kept {
  readonly wakeUp: string;
  /** It does not ask again before, on the clock. */
  readonly until: number;
  /** Another one came since it asked. */
  rung: boolean;
}

/** An answer takes no longer: see proto/struere/voice/v1/auditing.proto. */
const ANSWER_MS = 90_000;
/** What was rung for while it was answered is looked at soon. */
const SOON_MS = 100;
/** With more calls than this the one that has not asked for longest is forgotten. */
const CALLS_MAX = 20_000;

export interface KeptWakeUps {
  /** False: another one of this call is kept, and this one may go. */
  asks(callId: CallId, wakeUp: string): boolean;
  /** @returns when it is to ask again; 0: not any more. */
  answered(callId: CallId, wakeUp: string, retryAfterMs: number): number;
  /** It will not ask again: nobody had room for it. */
  dropped(callId: CallId): void;
}

export function keptWakeUps(clock: Clock): KeptWakeUps {
  const kept = new Map<CallId, Kept>();
  const keep = (callId: CallId, wakeUp: string, forMs: number, { rung = false } = {}): void => {
    // Last in the map is who asked last.
    kept.delete(callId);
    kept.set(callId, { wakeUp, until: clock.now() + forMs, rung });
    const [oldest] = kept.keys();
    if (kept.size > CALLS_MAX && oldest !== undefined) kept.delete(oldest);
  };
  return {
    asks(callId, wakeUp) {
      const known = kept.get(callId);
      if (known && known.wakeUp !== wakeUp && clock.now() < known.until) {
        known.rung = true;
        return false;
      }
      // Given to a second worker it is asked twice: what rang for the first one counts.
      keep(callId, wakeUp, ANSWER_MS, known?.wakeUp === wakeUp ? known : {});
      return true;
    },
    answered(callId, wakeUp, retryAfterMs) {
      const known = kept.get(callId);
      if (known?.wakeUp !== wakeUp) return retryAfterMs;
      const again = retryAfterMs > 0 ? retryAfterMs : known.rung ? SOON_MS : 0;
      if (again > 0) keep(callId, wakeUp, again);
      else kept.delete(callId);
      return again;
    },
    dropped: (callId) => void kept.delete(callId),
  };
}
