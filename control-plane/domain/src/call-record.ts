/**
 * The life of a call's record: pending → active → completed | stopped | failed.
 *
 * A record is pending from the ring until a media node has claimed it, active while a node holds it, and then over for good. It is
 * decided here what may follow what; the store does it by compare-and-set, so that two who try end up with one who did.
 * Every state that is not the end has a deadline.
 */
import { err, ok, type Result } from "@struere/kernel";

export const CallStatus = ["pending", "active", "completed", "stopped", "failed"] as const;
export type CallStatus = (typeof CallStatus)[number];
export type CallDirection = "inbound" | "outbound";
/** How a call ends. */
export type CallOutcome = "completed" | "stopped" | "failed";
export type ThreadStatus = CallStatus;

export const LIVE_STATUSES = ["pending", "active"] as const satisfies readonly CallStatus[];

export function isOver(status: CallStatus): status is CallOutcome {
  return status !== "pending" && status !== "active";
}

/** From the webhook's answer until the media stream has been claimed. Twilio opens the stream within a second or two. */
export const PENDING_DEADLINE_MS = 30_000;
/** How long a stream token may wait to be used. */
export const GRANT_TTL_MS = 60_000;
/** How often a node says that it still moves audio, and after how much silence it has lost the call. */
export const LEASE_RENEW_MS = 2_000;
export const LEASE_EXPIRES_MS = 8_000;
/** An active call whose node is silent and which the carrier says is over is closed after so long; the node may still be about to say how it ended. */
export const CARRIER_END_GRACE_MS = 30_000;
/** No call is longer: the agent says goodbye and hangs up. */
export const MAX_CALL_MS = 60 * 60 * 1_000;
/** A ringing phone: the longest that an owner may let one ring, and what Twilio adds. */
export const RINGING_DEADLINE_MS = 150_000;
/** A node that reaches us for so long without renewing a call's lease does not have that call. */
export const FORGOTTEN_MS = 60_000;
/** An active call without any sign of life for so long is over, whatever anybody says. */
export const SIGN_OF_LIFE_MS = 2 * 60 * 60 * 1_000;
/** A media node that has not been heard of for three heartbeats gets no calls. */
export const HEARTBEAT_MS = 2_000;
export const NODE_EXPIRES_MS = 3 * HEARTBEAT_MS;
/** One that has missed a heartbeat gets a call only if nobody else has room. */
export const NODE_SUSPECT_MS = 1.5 * HEARTBEAT_MS;
/** Nor is it remembered any longer than this. */
export const NODE_FORGOTTEN_MS = 60 * 60 * 1_000;

export interface CallRecord {
  readonly status: CallStatus;
  /** 0: never claimed. */
  readonly epoch: number;
  readonly nodeId: string | null;
  readonly streamSid: string | null;
}

export interface Claim {
  readonly epoch: number;
  readonly nodeId: string;
  readonly streamSid: string;
}

export type ClaimProblem = "call_over" | "token_used" | "epoch_skipped";

/** `repeated`: this very claim was granted before, and its answer got lost. */
export function claimCall(
  record: CallRecord,
  claim: Claim,
): Result<{ readonly record: CallRecord; readonly repeated: boolean }, ClaimProblem> {
  if (isOver(record.status)) return err("call_over");
  if (claim.epoch === record.epoch && record.nodeId === claim.nodeId && record.streamSid === claim.streamSid) {
    return ok({ record, repeated: true });
  }
  if (claim.epoch <= record.epoch) return err("token_used");
  if (claim.epoch > record.epoch + 1) return err("epoch_skipped");
  return ok({ record: { status: "active", ...claim }, repeated: false });
}

export type EndProblem = "stale_epoch" | "never_claimed";

/** The first end of the current epoch wins; later ones, and those of epochs that are gone after the call is over, are answered alike. */
export function endCall(
  record: CallRecord,
  end: { readonly epoch: number; readonly outcome: CallOutcome },
): Result<{ readonly record: CallRecord; readonly endedNow: boolean }, EndProblem> {
  if (end.epoch > record.epoch) return err("never_claimed");
  if (isOver(record.status)) return ok({ record, endedNow: false });
  if (end.epoch < record.epoch) return err("stale_epoch");
  return ok({ record: { ...record, status: end.outcome }, endedNow: true });
}

/** Twilio's CallStatus, by how far the call has come (twilio.com/docs/voice/twiml#callstatus-values). */
const CARRIER_PROGRESS: { readonly [status: string]: number } = {
  queued: 0,
  initiated: 1,
  ringing: 2,
  "in-progress": 3,
  completed: 4,
  busy: 4,
  "no-answer": 4,
  canceled: 4,
  failed: 4,
};
const CARRIER_END = 4;

export function isCarrierEnd(carrierStatus: string): boolean {
  return CARRIER_PROGRESS[carrierStatus] === CARRIER_END;
}

/** Status callbacks arrive twice and out of order; only what leads further changes anything. Unknown words change nothing. */
export function carrierAdvances(known: string | null, reported: string): boolean {
  const progress = CARRIER_PROGRESS[reported];
  if (progress === undefined) return false;
  return known === null || progress > (CARRIER_PROGRESS[known] ?? -1);
}

/** A call that the carrier ended before any node had it. */
export function endBeforeAnswer(
  carrierStatus: string,
  direction: CallDirection,
): { readonly outcome: CallOutcome; readonly reason: string } {
  // Nobody answered an inbound call because its caller gave up first: Twilio's word for that is no-answer, too.
  if (direction === "inbound" && carrierStatus === "no-answer") return { outcome: "stopped", reason: "caller_hung_up_before_answer" };
  switch (carrierStatus) {
    case "completed":
      return { outcome: "stopped", reason: direction === "inbound" ? "caller_hung_up_before_answer" : "hung_up_before_agent" };
    case "canceled":
      return { outcome: "stopped", reason: direction === "inbound" ? "caller_hung_up_before_answer" : "canceled" };
    case "busy":
      return { outcome: "failed", reason: "busy" };
    case "no-answer":
      return { outcome: "failed", reason: "no_answer" };
    default:
      return { outcome: "failed", reason: "carrier_failed" };
  }
}
