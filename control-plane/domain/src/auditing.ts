/**
 * When an auditor reads. It is woken by words, never by the clock; reads one call at a time once; and lets at least the router's pollInterval
 * pass between the end of one audit and the start of the next, as long as the call goes on. Once it is over, what is left is read at once,
 * as soon as all of it is there, so that the last answer is in the form.
 *
 * What it reads is a range of utterances, and the range is the audit's name: an audit that broke off is run again under the same name, with
 * the same words, and not with more, so that what it has done already is known for done.
 */

/** A place in a call: all utterances up to this one. */
export interface ReadTo {
  readonly epoch: number;
  /** Of the utterance; 0: before the first of the epoch. */
  readonly delta: number;
}

export interface AuditFacts {
  readonly now: number;
  readonly read: ReadTo;
  /** The newest utterance that is in the record with all before it; null: nothing new. */
  readonly newest: ReadTo | null;
  /** Something was really said in what is new. */
  readonly hasWords: boolean;
  readonly callerHasSpoken: boolean;
  /** The call is over since then. */
  readonly overSince: number | null;
  /** All that the call has published is in the record. */
  readonly recordComplete: boolean;
  readonly lastEndedAt: number | null;
  readonly pollIntervalMs: number;
  /** An audit was begun and has not ended: it runs until its lease says otherwise. */
  readonly unfinished: { readonly auditId: string; readonly to: ReadTo; readonly leaseExpiresAt: number } | null;
}

export type AuditDecision =
  | { readonly kind: "nothing" }
  | { readonly kind: "later"; readonly reason: "busy" | "too_early" | "record_incomplete"; readonly retryAfterMs: number }
  | { readonly kind: "run"; readonly to: ReadTo };

/** A sign of life of whoever runs an audit, and how long without one it is taken for dead. */
export const AUDIT_RENEW_MS = 5_000;
export const AUDIT_LEASE_MS = 20_000;
/** Whoever waits for its end is told of it only as long as its worker lives; so it is looked for, too. */
const BUSY_LOOK_MS = 3_000;
/** So long a call waits for its next audit before one of it is skipped. */
const SERVED_MS = 15_000;
/** So often is one and the same audit tried; then its words are left to the next. */
export const AUDIT_ATTEMPTS_MAX = 3;
const AUDIT_BACKOFF_MS = 2_000;
const AUDIT_BACKOFF_MAX_MS = 60_000;
/** Nobody waits longer for the form of a call that is over. */
export const AUDIT_GIVEN_UP_MS = 10 * 60_000;
/** The last words of a call are on their way from the node so long at most; then what is there is read. */
const RECORD_WAIT_MS = 20_000;
const RECORD_LOOK_MS = 250;

export function decideAudit(facts: AuditFacts): AuditDecision {
  const { now, unfinished, overSince } = facts;
  if (unfinished && now < unfinished.leaseExpiresAt) return later("busy", Math.min(unfinished.leaseExpiresAt - now, BUSY_LOOK_MS));
  if (!unfinished && (facts.newest === null || !facts.hasWords || !facts.callerHasSpoken)) return { kind: "nothing" };
  if (overSince === null) {
    const opensAt = facts.lastEndedAt === null ? now : facts.lastEndedAt + facts.pollIntervalMs;
    if (now < opensAt) return later("too_early", opensAt - now);
  } else if (!facts.recordComplete && now < overSince + RECORD_WAIT_MS) return later("record_incomplete", RECORD_LOOK_MS);
  if (unfinished) return { kind: "run", to: unfinished.to };
  return facts.newest === null ? { kind: "nothing" } : { kind: "run", to: facts.newest };
}

/** Whether nobody having had room means anything: a wake-up of a call may be old, and the call have been audited all the time. */
export function maySkipAudit({ now, unfinished, lastEndedAt, pollIntervalMs }: AuditFacts): boolean {
  if (unfinished && now < unfinished.leaseExpiresAt) return false;
  return lastEndedAt === null || now >= lastEndedAt + pollIntervalMs + SERVED_MS;
}

/** After an attempt that failed. */
export function retryAuditAfter(attempts: number, pollIntervalMs: number): number {
  return Math.max(pollIntervalMs, Math.min(AUDIT_BACKOFF_MS * 2 ** attempts, AUDIT_BACKOFF_MAX_MS));
}

/** `from` itself has been read; epoch 0: nothing has. */
export function auditIdOf(callId: string, from: ReadTo, to: ReadTo): string {
  const isWithinEpoch = from.epoch === to.epoch || from.epoch === 0;
  const first = isWithinEpoch ? `${from.delta + 1}` : `${from.epoch}.${from.delta + 1}`;
  return `${callId}.${to.epoch}.${first}-${to.delta}`;
}

function later(reason: "busy" | "too_early" | "record_incomplete", ms: number): AuditDecision {
  return { kind: "later", reason, retryAfterMs: Math.max(1, Math.ceil(ms)) };
}
