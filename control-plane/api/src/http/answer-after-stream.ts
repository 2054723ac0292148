/**
 * The media stream is over, or never came to be, and Twilio asks what comes next. The record knows: a node that ends a call closes the
 * record before it closes the socket. A call whose record is still open has lost its node.
 */
import type { CallId } from "@struere/kernel";
import { hangUp, sayAndHangUp } from "@struere/protocol/twilio";
import { type Call, endCall, failPendingCall, findCallBySid } from "@struere/store";
import { pause } from "@struere/runtime";
import type { ControlContext } from "../context.ts";
import type { SignedForm } from "./signed-form.ts";

export type AfterStreamAnswerer = Pick<ControlContext, "db" | "clock" | "events">;

/** Said when something of ours broke in the middle of a call. */
export const APOLOGY = "We are sorry, something went wrong on our side. Please call again. Goodbye.";

/** A node that closes the socket has sent the end of the call just before; it may take a moment longer to arrive. */
const END_GRACE_MS = 1_000;
const END_POLL_MS = 50;

/** @returns TwiML. */
export async function answerAfterStream(deps: AfterStreamAnswerer, form: SignedForm): Promise<string> {
  const callSid = form.params["CallSid"];
  const call = typeof callSid === "string" ? await settled(deps, callSid) : undefined;
  // Somebody else's call, or none that we ever answered: there is nothing to say that could help.
  if (!call || call.twilio_account_sid !== form.accountSid) return sayAndHangUp(APOLOGY);
  switch (call.status) {
    case "completed":
    case "stopped":
      return hangUp();
    case "failed":
      return sayAndHangUp(APOLOGY);
    case "pending":
      await failPendingCall(deps.db, { callId: call.id, reason: "stream_failed", now: new Date(deps.clock.wall()) });
      ended(deps, call.id, "stream_failed");
      return sayAndHangUp(APOLOGY);
    case "active":
      await loseNode(deps, call);
      return sayAndHangUp(APOLOGY);
  }
}

async function settled(deps: AfterStreamAnswerer, callSid: string): Promise<Call | undefined> {
  const until = deps.clock.now() + END_GRACE_MS;
  let call = await findCallBySid(deps.db, callSid);
  while (call?.status === "active" && deps.clock.now() < until) {
    await pause(deps.clock, END_POLL_MS);
    call = await findCallBySid(deps.db, callSid);
  }
  return call;
}

async function loseNode(deps: AfterStreamAnswerer, call: Call): Promise<void> {
  const now = new Date(deps.clock.wall());
  const result = await endCall(deps.db, {
    callId: call.id,
    epoch: call.epoch,
    outcome: "failed",
    reason: "node_lost",
    durationMs: Math.max(0, now.getTime() - (call.answered_at ?? now).getTime()),
    lastSeq: null,
    now,
  });
  if (result.ok && result.value.endedNow) ended(deps, call.id, "node_lost");
}

function ended(deps: AfterStreamAnswerer, callId: CallId, reason: string): void {
  deps.events.callEnded({ callId, outcome: "failed", reason });
}

