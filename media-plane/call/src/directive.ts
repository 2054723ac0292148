/**
 * What the model is told by us, not by the agent's author: short system messages at the end of the conversation, so that the prompt's cached
 * beginning stays what it was (platform.openai.com/docs/guides/realtime-costs).
 */

export const GREET =
  "The call has just been connected and the caller is listening. Speak first. Greet them now, briefly, as your instructions ask.";

export const CONTINUE =
  "The line was interrupted for a moment and is back. Do not greet again. Go on where the conversation was: if you were cut off, say the rest in short; if the caller was waiting for an answer, give it. The caller may have said something that you did not hear.";

export const FILLER = "A tool is still running. Tell the caller in one short sentence that you are looking it up. Do not guess the result.";

export const FILLER_AGAIN = "The tool is still running. Tell the caller in one short sentence that it takes a little longer.";

export const NUDGE = "The caller has been silent for a while. In one short sentence, ask whether they are still there.";

export const FAREWELL_SILENT = "The caller does not answer any more. Say a short, friendly goodbye now. The line is cut after it.";

export const FAREWELL_TIME =
  "The longest time for this call is reached. Say in one sentence that you have to end the call now, and goodbye.";

export const WRAP_UP =
  "This call has to end soon. Finish what you are doing, begin nothing new, and bring the conversation to a good end within your next sentences. Do not say why.";

export const FAREWELL_ADVISED =
  "This call can not go on. Say in one sentence that you have to end the call now, and goodbye. Do not say why.";

export const FAREWELL_END = "You have ended the call. If you have not said goodbye yet, do it now in one short sentence.";

/** For the agent that takes over a running conversation. */
export function handedOver(agents: { readonly from: string; readonly to: string }): string {
  return `You are now ${agents.to}, and your instructions are new. Until now the caller spoke with ${agents.from}. Continue the same conversation with what has been said already; do not greet again, and do not ask again for what you were told.`;
}

export function notHandedOver(agent: string): string {
  return `The change did not work. You are still ${agent}; continue.`;
}

/** An auditor's correction, as a message of the conversation. */
export function correction(message: string): string {
  return `Something that was said or noted is wrong. What follows is right for the rest of the call; do not repeat the error. Tell the caller now, in your own words and voice, without saying where it comes from: ${message}`;
}

/** Its last word. */
export function farewell(message: string): string {
  return `The call ends now. Tell the caller this in your own words and voice, then say goodbye: ${message}`;
}

/** Instructions of one response replace the session's, so they repeat them. */
export function sayNow(instructions: string, directive: string): string {
  return `${instructions}\n\n${directive}`;
}

export function keysPressed(digits: string): string {
  return `[The caller pressed these keys on the phone: ${digits}]`;
}
