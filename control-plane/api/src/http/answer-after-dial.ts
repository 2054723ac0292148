/** A person was called for the caller (`call.transfer`), and that leg is over, or never came to be. */
import { hangUp, sayAndHangUp } from "@struere/protocol/twilio";
import { type Db, findCallBySid, recordTransferEnd } from "@struere/store";
import { textOf } from "./form.ts";
import type { SignedForm } from "./signed-form.ts";

/** Said when nobody took the call: the agent is gone, so that this is the end. */
const NOBODY_THERE = "We are sorry, nobody could take your call. Please try again later. Goodbye.";

/** Twilio's words for a leg that somebody answered (https://www.twilio.com/docs/voice/twiml/dial#dialcallstatus). */
const ANSWERED: ReadonlySet<string> = new Set(["completed", "answered"]);

/** @returns TwiML; the same for a question that comes twice. What the leg cost is known from here. */
export async function answerAfterDial({ db }: { readonly db: Db }, form: SignedForm): Promise<string> {
  const call = await findCallBySid(db, textOf(form.params, "CallSid") ?? "");
  if (call?.twilio_account_sid === form.accountSid) {
    const callSid = textOf(form.params, "DialCallSid") ?? null;
    // A leg that nobody answered has no duration, and costs nothing.
    const durationS = Number(textOf(form.params, "DialCallDuration") ?? 0);
    if (Number.isSafeInteger(durationS) && durationS >= 0) await recordTransferEnd(db, { callId: call.id, callSid, durationS });
  }
  return ANSWERED.has(textOf(form.params, "DialCallStatus") ?? "") ? hangUp() : sayAndHangUp(NOBODY_THERE);
}
