import type { RateCard } from "@struere/domain";
import { formatMicros, micros } from "@struere/kernel";
import { until } from "@struere/testkit";
import { afterEach, expect, test } from "vitest";
import { type World, WORLD_NUMBER } from "../world.ts";
import { aWorld, CALLER, GREETING } from "./a-world.ts";

let world: World | undefined;
afterEach(async () => {
  await world?.[Symbol.asyncDispose]();
  world = undefined;
});

/** Words are dear, so that a call is over after a few of them: 4,000 micros for each token that the agent speaks. */
const DEAR: RateCard = {
  version: "dear",
  currency: "USD",
  markupBps: 0,
  models: {
    "gpt-realtime-2.1-mini": {
      perMillionTokens: { textIn: 0, textCachedIn: 0, textOut: 4_000_000_000, audioIn: 0, audioCachedIn: 0, audioOut: 50_000_000 },
    },
    "gpt-transcribe": { perMinute: 0 },
  },
  telephony: [{ direction: "inbound", prefix: "+1", perMinute: 0 }],
};
/** The first reserve of a call at these prices: two minutes of talk, and its end. */
const FULL = "0.125001";

test("a caller is turned away without credit, for nothing; with credit the agent wraps up and says goodbye when it comes to its end", async () => {
  world = await aWorld({ rateCard: DEAR });
  const { api, twilio, openai } = world;
  await api.billing.setCreditLimit.mutate({ creditLimit: "0" });
  const refused = await twilio.phone(CALLER).dial(WORLD_NUMBER);
  await refused.ended;
  expect(refused.ending?.reason).toBe("rejected");
  const [turnedAway] = (await api.calls.list.query({})).items;
  expect(turnedAway).toMatchObject({ status: "failed", reason: "insufficient_credit" });

  await api.billing.topup.mutate({ amount: FULL, idempotencyKey: "first" });
  expect(await api.billing.topup.mutate({ amount: FULL, idempotencyKey: "first" })).toMatchObject({ given: false, available: FULL });
  const call = await twilio.phone(CALLER).dial(WORLD_NUMBER);
  await call.hears(GREETING, { withinMs: 30_000 });
  const asking = (async () => {
    while (call.ending === null) {
      await call.says("Tea, please.");
      await call.hears("Anything else?", { withinMs: 30_000 });
    }
  })().catch(() => undefined);
  await call.ended;
  await asking;
  const record = await world.recordOf(call.sid);
  expect(record).toMatchObject({ status: "stopped", reason: "credit_exhausted" });
  const told = openai.sessions.flatMap((session) => session.received.map(({ event }) => JSON.stringify(event)));
  expect(told.filter((event) => event.includes("This call has to end soon"))).toHaveLength(1);
  expect(told.filter((event) => event.includes("This call can not go on"))).toHaveLength(1);
  expect(record.events.some((event) => event.name === "call.warned" && JSON.stringify(event.body).includes("credit_low"))).toBe(true);

  // What the vendor would bill is what is in the books.
  const spoken = openai.invoice().flatMap((line) => (line.kind === "response" ? [line.usage.output_token_details] : []));
  const billed = spoken.reduce((sum, { text_tokens: text, audio_tokens: audio }) => sum + text * 4_000 + audio * 50, 0);
  const isCharged = async () => (await api.billing.ofCall.query({ id: record.id })).total === formatMicros(micros(billed));
  await until(isCharged, { what: "what was said to be charged" });
  await until(async () => (await api.billing.balance.query()).reserved === "0.00", { what: "nothing to be reserved" });
  expect(await api.billing.balance.query()).toMatchObject({ available: formatMicros(micros(125_001 - billed)) });
  const { opening, credits, charges, closing } = await api.billing.statement.query({ month: new Date().toISOString().slice(0, 7) });
  expect({ opening, credits, charges, closing }).toEqual({
    opening: "0.00",
    credits: FULL,
    charges: formatMicros(micros(billed)),
    closing: formatMicros(micros(125_001 - billed)),
  });
});
