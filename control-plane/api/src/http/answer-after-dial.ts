/** A person was called for the caller (`call.transfer`), and that leg is over, or never came to be. */
import { hangUp, sayAndHangUp } from "@struere/protocol/twilio";
import { textOf } from "./form.ts";
import type { SignedForm } from "./signed-form.ts";

/** Said when nobody took the call: the agent is gone, so that this is the end. */
const NOBODY_THERE = "We are sorry, nobody could take your call. Please try again later. Goodbye.";

/** Twilio's words for a leg that somebody answered (https://www.twilio.com/docs/voice/twiml/dial#dialcallstatus). */
const ANSWERED: ReadonlySet<string> = new Set(["completed", "answered"]);

/** @returns TwiML; the same for a question that comes twice. */
export function answerAfterDial(form: SignedForm): string {
  return ANSWERED.has(textOf(form.params, "DialCallStatus") ?? "") ? hangUp() : sayAndHangUp(NOBODY_THERE);
}
