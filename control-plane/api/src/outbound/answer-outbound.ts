/**
 * Somebody has picked up a phone that we dialled, and Twilio asks what they shall hear. Only the leg that claimed the call gets an agent; a
 * second leg of the same intent is hung up before a word is said.
 */
import type { CallId } from "@struere/kernel";
import { hangUp, sayAndHangUp, VoiceWebhook } from "@struere/protocol/twilio";
import { answerPlacedCall, type Call, claimLeg, failPendingCall, findCall, getNode, isAdmitting, pickNode } from "@struere/store";
import type { ControlContext } from "../context.ts";
import { prepareNode } from "../http/prepare-node.ts";
import type { SignedForm } from "../http/signed-form.ts";
import { type StreamTwiml, streamTwiml } from "../http/stream-twiml.ts";

export interface OutboundAnswerer extends Pick<ControlContext, "db" | "bus" | "clock" | "events">, StreamTwiml {}

/** Said to somebody whom we called and can not talk to. */
const WRONGLY_CALLED = "We are sorry, we called you, and something went wrong on our side. Goodbye.";

/** @returns TwiML; the same for a question that comes twice. */
export async function answerOutbound(deps: OutboundAnswerer, form: SignedForm, callId: CallId): Promise<string> {
  const { db, clock, events } = deps;
  const { callSid } = VoiceWebhook.parse(form.params);
  const known = await findCall(db, callId);
  if (!known || !isOfSigner(known, form)) return hangUp();
  const now = new Date(clock.wall());
  const leg = await claimLeg(db, { callId, callSid, now });
  if (!leg?.claimed) {
    events.strayLeg({ callId, seenBy: "answer" });
    return hangUp();
  }
  const node = await nodeFor(deps, leg.call, now);
  if (!node) {
    const reason = "no_media_node";
    if (await failPendingCall(db, { callId, reason, now })) events.callEnded({ callId, outcome: "failed", reason });
    return sayAndHangUp(WRONGLY_CALLED);
  }
  const answered = await answerPlacedCall(db, { callId, nodeId: node.id, now });
  // Stopped, or swept: whoever picked up hears nothing.
  if (!answered) return hangUp();
  if (answered.config) prepareNode(deps, { nodeId: node.id, config: answered.config });
  events.callOffered({ callId, repeated: answered.status === "active" });
  return streamTwiml(deps, answered, node.public_url);
}

/** The one that was picked when the call was placed, unless it is gone or full by now. */
async function nodeFor({ db }: OutboundAnswerer, call: Call, now: Date) {
  const picked = call.node_id === null ? undefined : await getNode(db, call.node_id);
  return picked && isAdmitting(picked, now) ? picked : await pickNode(db, now);
}

/** A call is its account's and its environment's: whoever else signs for it is as unknown as any. */
export function isOfSigner(call: Call, { accountSid, scopes }: SignedForm): boolean {
  if (call.direction !== "outbound" || call.twilio_account_sid !== accountSid) return false;
  return (
    scopes.length === 0 || scopes.some((scope) => scope.organizationId === call.organization_id && scope.environment === call.environment)
  );
}
