/** What Twilio reports about calls and streams, in any order and more than once. Nobody hears the answer. */
import { StatusWebhook, StreamStatusWebhook } from "@struere/protocol/twilio";
import { pause } from "@struere/runtime";
import { type Call, findCallBySid, recordCarrierStatus } from "@struere/store";
import type { ControlContext } from "../context.ts";
import type { SignedForm } from "./signed-form.ts";

type StatusTaker = Pick<ControlContext, "db" | "clock" | "events">;

/** A call's own state: `ringing`, `completed`, … A report about a call that we do not know changes nothing. */
export async function takeStatus(deps: StatusTaker, form: SignedForm): Promise<null> {
  const status = StatusWebhook.parse(form.params);
  const call = await findSoon(deps, status.callSid);
  if (call?.twilio_account_sid !== form.accountSid) return null;
  const { callSid, callStatus, sequenceNumber, callDurationS } = status;
  const now = new Date(deps.clock.wall());
  const updated = await recordCarrierStatus(deps.db, {
    callSid,
    status: callStatus,
    sequence: sequenceNumber,
    durationS: callDurationS,
    now,
  });
  // A call that a node holds is the node's to end; only one that nobody had ends here.
  if (updated?.endedNow) {
    const { id, status: outcome, reason } = updated.call;
    deps.events.callEnded({ callId: id, outcome, reason: reason ?? "" });
  }
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
