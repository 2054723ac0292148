/**
 * The media stream is over, or never came to be, and Twilio asks what comes next. The record knows: a node that ends a call closes the
 * record before it closes the socket. A call whose record is still open has lost its node.
 */
import { type CallOutcome, isOver } from "@struere/domain";
import { ConnectActionWebhook, hangUp, isTerminalStatus, sayAndHangUp } from "@struere/protocol/twilio";
import { pause } from "@struere/runtime";
import { type Call, endCall, failPendingCall, findCallBySid, suspectNode } from "@struere/store";
import type { ControlContext } from "../context.ts";
import type { SignedForm } from "./signed-form.ts";

export type AfterStreamAnswerer = Pick<ControlContext, "db" | "clock" | "events">;

/** Said when something of ours broke in the middle of a call. */
const APOLOGY = "We are sorry, something went wrong on our side. Please call again. Goodbye.";

/** A node that closes the socket has sent the end of the call just before; it may take a moment longer to arrive. */
const END_GRACE_MS = 1_000;
const END_POLL_MS = 50;

/** @returns TwiML; the same for a question that comes twice. */
export async function answerAfterStream(deps: AfterStreamAnswerer, form: SignedForm): Promise<string> {
  const { callSid, callStatus } = ConnectActionWebhook.parse(form.params);
  const callerIsGone = isTerminalStatus(callStatus);
  const call = await settled(deps, callSid, callerIsGone ? 0 : END_GRACE_MS);
  // Somebody else's call, or none that we ever answered: there is nothing to say that could help.
  if (!call || call.twilio_account_sid !== form.accountSid) return sayAndHangUp(APOLOGY);
  if (isOver(call.status)) return farewell(call.status);
  // Nobody listens. The node is about to say how the call ended, and the status callback ends one that no node had.
  if (callerIsGone) return hangUp();
  const outcome = await endWithoutNode(deps, call);
  // Somebody else moved the call on in this moment. It only ever moves forward, so this ends.
  return outcome ? farewell(outcome) : await answerAfterStream(deps, form);
}

function farewell(outcome: CallOutcome): string {
  return outcome === "failed" ? sayAndHangUp(APOLOGY) : hangUp();
}

async function settled(deps: AfterStreamAnswerer, callSid: string, graceMs: number): Promise<Call | undefined> {
  const until = deps.clock.now() + graceMs;
  let call = await findCallBySid(deps.db, callSid);
  while (call?.status === "active" && deps.clock.now() < until) {
    await pause(deps.clock, END_POLL_MS);
    call = await findCallBySid(deps.db, callSid);
  }
  return call;
}

/** @returns how the call ended, here or at the node's word; `undefined`: it has a (newer) node now. */
async function endWithoutNode({ db, clock, events }: AfterStreamAnswerer, call: Call): Promise<CallOutcome | undefined> {
  const now = new Date(clock.wall());
  if (call.status === "pending") {
    const reason = "stream_failed";
    if (!(await failPendingCall(db, { callId: call.id, reason, now }))) return undefined;
    if (call.node_id !== null) await suspectNode(db, call.node_id, now);
    events.callEnded({ callId: call.id, outcome: "failed", reason });
    return "failed";
  }
  const reason = "node_lost";
  const durationMs = Math.max(0, now.getTime() - (call.answered_at ?? now).getTime());
  const ended = await endCall(db, { callId: call.id, epoch: call.epoch, outcome: "failed", reason, durationMs, lastSeq: null, now });
  if (!ended.ok) return undefined;
  if (ended.value.endedNow && call.node_id !== null) await suspectNode(db, call.node_id, now);
  if (ended.value.endedNow) events.callEnded({ callId: call.id, outcome: "failed", reason });
  const { status } = ended.value.call;
  return isOver(status) ? status : undefined;
}
