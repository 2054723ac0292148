/** An outbound call as the REST API orders it: queued, dialled, ringing, and its TwiML once it is answered. */
import type { Account } from "../account.ts";
import type { Call } from "../call/call.ts";
import type { Callback } from "../call/call-facts.ts";
import type { CallEvent } from "../call/status-callbacks.ts";
import { pause } from "@struere/runtime";
import type { Exchange } from "../exchange.ts";
import type { TwimlSource } from "../twiml/program.ts";

export type CallOrder = {
  readonly to: string;
  readonly from: string;
  readonly source: TwimlSource;
  readonly fallback: Callback | null;
  readonly statusCallback: Callback | null;
  readonly statusEvents: readonly CallEvent[];
  readonly timeoutMs: number;
  readonly timeLimitS: number;
  readonly detection: Callback | null;
};

/** Twilio rings a little longer than it was told. */
const RING_SLACK_MS = 5_000;

export function placeCall(exchange: Exchange, account: Account, order: CallOrder): Call {
  const call = exchange.openCall({ account, direction: "outbound-api", status: "queued", ...order });
  void dial(exchange, call, order);
  return call;
}

/** Never rejects: whatever happens is a state of the call. */
async function dial(exchange: Exchange, call: Call, order: CallOrder): Promise<void> {
  const { clock, switches } = exchange;
  const startAt = Math.max(clock.now(), call.account.nextCallAt);
  call.account.nextCallAt = startAt + 1000 / switches.callsPerSecond;
  await pause(clock, startAt - clock.now(), call.over);
  if (call.isOver) return;
  call.progress("initiated");
  const outcome = await exchange.phone(call.to).ring(call, order.timeoutMs + RING_SLACK_MS);
  if (outcome === "answered") await call.program.run(order.source);
}
