/** What Twilio reports about calls and streams, in any order and more than once. Nobody hears the answer. */
import { StatusWebhook, StreamStatusWebhook } from "@struere/protocol/twilio";
import { pause } from "@struere/runtime";
import { isCarrierEnd, isOver } from "@struere/domain";
import type { CallId } from "@struere/kernel";
import { type Call, claimLeg, findCall, findCallBySid, findConnectionForWebhook, recordCarrierStatus } from "@struere/store";
import type { ControlContext } from "../context.ts";
import { isOfSigner } from "../outbound/answer-outbound.ts";
import type { Legs } from "../outbound/legs.ts";
import { writeMissedCall } from "./answer-voice.ts";
import { dismissNode, prepareNode } from "./prepare-node.ts";
import type { SignedForm } from "./signed-form.ts";

type StatusTaker = Pick<ControlContext, "db" | "clock" | "events">;

export interface PlacedStatusTaker extends StatusTaker, Pick<ControlContext, "bus"> {
  readonly legs: Legs;
}

/**
 * A call's own state: `ringing`, `completed`, … One that came to us, is over and is not in the record is written down now: we were away when it
 * was announced. Any other report about a call that we do not know changes nothing.
 */
export async function takeStatus(deps: StatusTaker & Pick<ControlContext, "rateCard">, form: SignedForm): Promise<null> {
  const status = StatusWebhook.parse(form.params);
  const { callSid, callStatus, sequenceNumber, callDurationS } = status;
  const now = new Date(deps.clock.wall());
  const { accountSid } = form;
  const report = { callSid, accountSid, status: callStatus, sequence: sequenceNumber, durationS: callDurationS, now };
  let updated = await recordCarrierStatus(deps.db, report);
  if (!updated) {
    const isMissed = status.direction === "inbound" && isCarrierEnd(callStatus);
    const known = await findSoon(deps, callSid);
    if (!known && isMissed) await writeMissedCall(deps, form, { connection: await findConnectionForWebhook(deps.db, status.to), now });
    updated = await recordCarrierStatus(deps.db, report);
  }
  // A call that a node holds is the node's to end; only one that nobody had ends here.
  if (updated?.endedNow) {
    const { id, status: outcome, reason } = updated.call;
    deps.events.callEnded({ callId: id, outcome, reason: reason ?? "" });
  }
  return null;
}

/** The longest that a called phone rings, and a moment to answer. */
const RINGING_MS = 140_000;

/**
 * The state of a call that we placed. Its URL names the call, so that what arrives before Twilio's own answer to us finds it; and a leg that is
 * not the one which claimed the call is hung up.
 */
export async function takePlacedStatus(deps: PlacedStatusTaker, form: SignedForm, callId: CallId): Promise<null> {
  const { callSid, callStatus, sequenceNumber, callDurationS } = StatusWebhook.parse(form.params);
  const { db, clock, events, legs } = deps;
  const known = await findCall(db, callId);
  if (!known || !isOfSigner(known, form)) return null;
  const now = new Date(clock.wall());
  const leg = await claimLeg(db, { callId, callSid, now });
  if (!leg) return null;
  const isLive = !isCarrierEnd(callStatus);
  if (!leg.claimed) {
    events.strayLeg({ callId, seenBy: "status" });
    if (isLive) legs.drop(leg.call, callSid);
    return null;
  }
  const { accountSid } = form;
  const report = { callSid, accountSid, status: callStatus, sequence: sequenceNumber, durationS: callDurationS, now };
  const updated = await recordCarrierStatus(db, report);
  if (!updated) return null;
  const { call, endedNow } = updated;
  if (endedNow) events.callEnded({ callId, outcome: call.status, reason: call.reason ?? "" });
  // It was over before its leg came: stopped, or given up.
  if (isLive && isOver(leg.call.status) && leg.call.answered_at === null) legs.drop(call, callSid);
  if (call.node_id === null) return null;
  if (endedNow) dismissNode(deps, { nodeId: call.node_id, callId });
  else if (call.status === "pending" && callStatus === "ringing" && call.config)
    prepareNode(deps, { nodeId: call.node_id, config: call.config, keepMs: RINGING_MS });
  return null;
}

/** For the log and the counters only: what the stream's end means, `<Connect action>` asks. */
export function takeStreamStatus(deps: Pick<StatusTaker, "events">, form: SignedForm): null {
  const { streamEvent, streamError } = StreamStatusWebhook.parse(form.params);
  deps.events.streamReported({ event: streamEvent, error: streamError });
  return null;
}

const NEW_CALL_MS = 1_000;
const NEW_CALL_LOOK_MS = 50;

/** Who hangs up at the first ring makes Twilio report the end while the voice webhook is still being answered. */
async function findSoon({ db, clock }: StatusTaker, callSid: string): Promise<Call | undefined> {
  const until = clock.now() + NEW_CALL_MS;
  let call = await findCallBySid(db, callSid);
  while (!call && clock.now() < until) {
    await pause(clock, NEW_CALL_LOOK_MS);
    call = await findCallBySid(db, callSid);
  }
  return call;
}
