import { isE164 } from "../account.ts";
import type { Call } from "../call/call.ts";
import type { Params } from "../call/status-callbacks.ts";
import type { Verb } from "./twiml.ts";

/**
 * `<Dial>`: rings the first of its numbers as a child call, joins the two, and returns what the action is told
 * (twilio.com/docs/voice/twiml/dial). Ends early with the signal.
 */
export async function runDial(call: Call, verb: Verb & { verb: "dial" }, signal: AbortSignal): Promise<Params> {
  const { exchange, account } = call;
  const [to, ...others] = verb.numbers;
  if (others.length > 0) call.note(`<Dial> names ${verb.numbers.length} numbers; the simulator rings the first`);
  if (to === undefined || !isE164(to)) {
    call.alert(13223, `<Dial> names ${to ?? "no number"}`);
    return { DialCallStatus: "failed" };
  }
  const child = exchange.openCall({
    account,
    from: verb.callerId ?? call.from,
    to,
    direction: "outbound-dial",
    status: "initiated",
    parentCallSid: call.sid,
  });
  const hangUpChild = (): void => child.end("rest-completed", child.answeredAt === null ? "canceled" : "completed");
  signal.addEventListener("abort", hangUpChild, { once: true });
  call.note(`dialling ${child.sid}`);
  const outcome = await exchange.phone(to).ring(child, verb.timeoutS * 1000);
  if (outcome === "answered") {
    call.join(child);
    await child.ended;
  }
  signal.removeEventListener("abort", hangUpChild);
  return {
    DialCallSid: child.sid,
    DialCallStatus: outcome === "answered" ? "completed" : outcome,
    DialCallDuration: String(Math.round(child.durationMs / 1000)),
    DialBridged: String(outcome === "answered"),
  };
}
