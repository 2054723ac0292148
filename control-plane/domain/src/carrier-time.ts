/**
 * How long a call was at the carrier, when the carrier does not say it: whoever picked up, or was picked up for, costs at least the minute that
 * began, whether or not an agent was ever on the line.
 */
import { type CallDirection, isCarrierEnd } from "./call-record.ts";
import type { CallRefusalReason } from "./call-refusal.ts";

export interface CarrierTimes {
  readonly direction: CallDirection;
  readonly reason: string | null;
  /** Twilio's last word. */
  readonly carrierStatus: string | null;
  /** Twilio was told to connect it to an agent; `null`: it never was. All times are milliseconds since 1970. */
  readonly connectedAt: number | null;
  /** An agent was on the line, which is a moment later. */
  readonly answeredAt: number | null;
  readonly endedAt: number | null;
  /** As its node saw it. */
  readonly durationMs: number | null;
}

const BROKE: ReadonlySet<string | null> = new Set<CallRefusalReason>(["insufficient_credit", "spend_cap"]);

/** To say something costs a minute of telephony: where there is no money left, the line is busy instead, which costs nothing. */
export function isTurnedAwayAsBusy(reason: string | null): boolean {
  return BROKE.has(reason);
}

/** Whole seconds; 0: nobody picked up, or the line was busy, and the carrier takes nothing. It bills the minutes that began. */
export function unreportedSeconds(call: CarrierTimes): number {
  const beganAt = call.connectedAt ?? call.answeredAt;
  if (beganAt === null) return wasSpokenTo(call) ? 1 : 0;
  if (call.answeredAt === null && nobodyPickedUp(call)) return 0;
  const seenMs = Math.max((call.endedAt ?? beganAt) - beganAt, call.durationMs ?? 0);
  return Math.max(1, Math.ceil(seenMs / 1_000));
}

/** Not connected, but told why not. */
function wasSpokenTo(call: CarrierTimes): boolean {
  if (nobodyPickedUp(call)) return false;
  if (call.direction === "outbound") return call.carrierStatus === "in-progress" || call.carrierStatus === "completed";
  return !isTurnedAwayAsBusy(call.reason);
}

function nobodyPickedUp({ carrierStatus }: CarrierTimes): boolean {
  return carrierStatus !== null && isCarrierEnd(carrierStatus) && carrierStatus !== "completed";
}
