/** Twilio has found out who answered: a person goes on with the agent, a machine meets the call's policy. Nobody hears the answer. */
import { afterDetection, answeredByOf, type CallOutcome, checkInjection, type VoicemailPolicy } from "@struere/domain";
import type { CallId } from "@struere/kernel";
import { AnsweredByWebhook, sayAndHangUp } from "@struere/protocol/twilio";
import { type Call, type Db, findCall, findPlacement, recordAnsweredBy, stopCall } from "@struere/store";
import type { ControlContext } from "../context.ts";
import type { SignedForm } from "../http/signed-form.ts";
import type { Injector } from "../injections/injector.ts";
import type { CallRedirector } from "../tools/tool-request.ts";
import { isOfSigner } from "./answer-outbound.ts";
import type { Legs } from "./legs.ts";

export interface AnsweredByTaker extends Pick<ControlContext, "db" | "clock" | "events"> {
  readonly injector: Injector;
  readonly legs: Legs;
  readonly redirector: CallRedirector;
}

const VOICEMAIL_LEFT = "voicemail_left";

export async function takeAnsweredBy(deps: AnsweredByTaker, form: SignedForm, callId: CallId): Promise<null> {
  const { db, events } = deps;
  const { callSid, answeredBy } = AnsweredByWebhook.parse(form.params);
  const known = await findCall(db, callId);
  if (!known || !isOfSigner(known, form) || known.twilio_call_sid !== callSid) return null;
  const placed = await recordAnsweredBy(db, callId, answeredBy);
  // Said before, and done.
  if (!placed) return null;
  const { call, placement } = placed;
  const step = afterDetection(placement.voicemail, answeredBy);
  events.machineAnswered({ callId, answeredBy: answeredByOf(answeredBy), step });
  if (step === "hang_up") await end(deps, call, "answering_machine");
  if (step === "leave_message") await leaveMessage(deps, call, placement.voicemail);
  return null;
}

async function end({ db, clock, events, legs }: AnsweredByTaker, call: Call, reason: string): Promise<boolean> {
  const scope = { organizationId: call.organization_id, environment: call.environment };
  const outcome = "completed";
  const stopped = await stopCall(db, scope, { callId: call.id, outcome, reason, now: new Date(clock.wall()) });
  if (!stopped?.endedNow) return false;
  events.callEnded({ callId: call.id, outcome, reason });
  if (call.twilio_call_sid !== null) legs.drop(call, call.twilio_call_sid);
  return true;
}

/** In the agent's own voice where an agent has the call; a call that no node has (yet) leaves it in Twilio's. */
async function leaveMessage(deps: AnsweredByTaker, call: Call, policy: VoicemailPolicy): Promise<void> {
  if (policy.policy !== "leave_message") return;
  const scope = { organizationId: call.organization_id, environment: call.environment };
  // An abort waits for nobody: the beep has sounded, and the tape runs. How the call ended is told by `endingOf`.
  const words = checkInjection({ action: "abort", message: policy.message });
  if (call.status === "active" && words.ok) {
    const about = {
      injectionId: `voicemail-${call.id}`,
      callId: call.id,
      source: "service",
      author: "voicemail",
      auditId: null,
      basedOn: null,
    } as const;
    const injected = await deps.injector.inject(scope, { ...words.value, ...about });
    if (injected.ok) return;
  }
  const now = new Date(deps.clock.wall());
  const stopped = await stopCall(deps.db, scope, { callId: call.id, outcome: "completed", reason: VOICEMAIL_LEFT, now });
  if (!stopped?.endedNow || call.twilio_call_sid === null) return;
  deps.events.callEnded({ callId: call.id, outcome: "completed", reason: VOICEMAIL_LEFT });
  await deps.redirector.redirect(scope, {
    accountSid: call.twilio_account_sid,
    callSid: call.twilio_call_sid,
    twiml: sayAndHangUp(policy.message),
  });
}

/** What a node knows as words that somebody had it say before it hung up was, on a machine, a message that was left. */
export async function endingOf(
  db: Db,
  callId: CallId,
  told: { readonly outcome: CallOutcome; readonly reason: string },
): Promise<{ readonly outcome: CallOutcome; readonly reason: string }> {
  if (told.reason !== "auditor_aborted") return told;
  const placement = (await findPlacement(db, callId))?.placement;
  if (placement?.answered_by == null) return told;
  const left = afterDetection(placement.voicemail, placement.answered_by) === "leave_message";
  return left ? { outcome: "completed", reason: VOICEMAIL_LEFT } : told;
}
