/** The carrier's side of the books, at the wire: the legs of a call as Twilio reports and bills them. */
import type { RateCard } from "@struere/domain";
import { formatMicros, micros } from "@struere/kernel";
import { elasticClock } from "@struere/runtime";
import { scriptedMind } from "@struere/simulators";
import { testDatabase, until } from "@struere/testkit";
import { getLedger, listAudit, listLedgers, verifyLedger } from "@struere/store";
import { MODELS } from "struere";
import { expect, test } from "vitest";
import { carrierTotal } from "../bill.ts";
import { type World, WORLD_NUMBER } from "../world.ts";
import { aWorld, CALLER } from "./a-world.ts";

const HELLO = "Hello, Bright Hotel.";
const PERSON = "+15550100300";
const mind = scriptedMind({
  greeting: HELLO,
  lines: [{ when: /person/i, say: "I connect you.", call: { name: "call.transfer", arguments: { phoneNumber: PERSON } } }],
  otherwise: "Pardon?",
});

/** The simulated carrier takes 0.0085 and 0.0140. */
const DEARER: RateCard = {
  version: "dearer",
  currency: "USD",
  markupBps: 0,
  models: Object.fromEntries(MODELS.map(({ slug, prices }) => [slug, prices])),
  telephony: [
    { direction: "inbound", prefix: "+1", perMinute: 10_000 },
    { direction: "outbound", prefix: "+1", perMinute: 20_000 },
  ],
  mediaStreamPerMinute: 4_000,
};

async function callThatTalksToAPerson(world: World) {
  await world.answeredBy({ name: "Hotel", slug: "hotel", systemPrompt: `The reception is at ${PERSON}.`, tools: ["call.transfer"] });
  const call = await world.twilio.phone(CALLER).dial(WORLD_NUMBER);
  await call.hears(HELLO);
  await call.says("Can I talk to a person?");
  await call.hears("I connect you.");
  const person = await world.twilio.phone(PERSON).rings();
  await person.says("Reception, good evening.");
  await call.hears("Reception, good evening.");
  return { call, person };
}

test.concurrent("a transferred call is billed with both its legs and its stream, and reconciled with what Twilio's REST API says of each", async () => {
  await using database = await testDatabase();
  await using world = await aWorld({ mind, databaseUrl: database.url, rateCard: DEARER });
  const { call, person } = await callThatTalksToAPerson(world);
  const { id } = await world.recordOf(call.sid);
  await person.hangUp();
  await call.ended;

  const carried = async () => {
    const { items } = await world.api.billing.ofCall.query({ id });
    return Object.fromEntries(items.map(({ category, amount }) => [category, amount]));
  };
  await until(async () => Object.keys(await carried()).includes("transfer") && "telephony" in (await carried()), {
    what: "both legs in the books",
    withinMs: 15_000,
  });
  expect(await carried()).toMatchObject({ telephony: "0.01", transfer: "0.02", media_stream: "0.004" });

  const [scope] = await listLedgers(database.db);
  if (!scope) throw new Error("there are no books");
  const day = new Date(world.clock.wall()).toISOString().slice(0, 10);
  const reconcile = async () => await world.api.billing.reconcile.mutate({ against: "carrier", from: day, to: day });
  const taken = formatMicros(micros(await carrierTotal(world.twilio)));
  expect(await reconcile()).toMatchObject({ checked: 2, corrected: 2, open: [], vendor: taken, booked: "0.03" });
  expect(await reconcile()).toMatchObject({ checked: 2, corrected: 0, open: [], vendor: taken, booked: taken });
  const { balances } = await getLedger(database.db, scope);
  expect(balances).toMatchObject({ telephony: 8_500n + 14_000n + 4_000n, unobserved: 0n });
  expect(await verifyLedger(database.db, scope)).toEqual([]);
});

/** Credit for a minute with the person, and for the one that begins while the call is cut; not for another. */
const DEAR: RateCard = {
  ...DEARER,
  version: "dear",
  telephony: [
    { direction: "inbound", prefix: "+1", perMinute: 10_000 },
    { direction: "outbound", prefix: "+1", perMinute: 5_000_000 },
  ],
};

test.concurrent("a transferred call is ended at the carrier when there is no more credit for it, also when the carrier refuses for a while", async () => {
  await using database = await testDatabase();
  using clock = elasticClock({ scale: 16 });
  await using world = await aWorld({ mind, databaseUrl: database.url, rateCard: DEAR, clock });
  await world.api.billing.setCreditLimit.mutate({ creditLimit: "0" });
  await world.api.billing.topup.mutate({ amount: "12", idempotencyKey: "first" });
  const { call, person } = await callThatTalksToAPerson(world);
  // As often as it is tried for one time.
  world.twilio.failRest({ mode: "server-error", method: "POST", path: `/Calls/${call.sid}`, times: 4 });
  await Promise.all([call.ended, person.ended]);
  const { id, reason } = await world.recordOf(call.sid);
  expect(reason).toBe("transferred");
  const [scope] = await listLedgers(database.db);
  if (!scope) throw new Error("there are no books");
  await until(async () => (await listAudit(database.db, scope, 50)).some(({ action }) => action === "call.cut"), {
    what: "the cut in the audit log",
    withinMs: 15_000,
  });
  const cuts = (await listAudit(database.db, scope, 50)).filter(({ action }) => action === "call.cut");
  expect(cuts).toMatchObject([{ subject: id, detail: { reason: "credit_exhausted" } }]);
  expect(call.ending?.reason).toBe("rest-completed");
});
