/** What a text model answers is billed by the vendor, whatever becomes of the process that asked. */
import { memoryBus } from "@struere/bus";
import { negated, NO_MONEY } from "@struere/kernel";
import { systemClock } from "@struere/runtime";
import type { Mind } from "@struere/simulators";
import { getLedger, keepRateCard, listStatement, type Scope } from "@struere/store";
import { type TestDatabase, testDatabase, until } from "@struere/testkit";
import { afterEach, beforeEach, expect, test } from "vitest";
import { builtinRateCard } from "../../src/billing/builtin-rate-card.ts";
import { ESTIMATE_AFTER_MS } from "../../src/billing/estimates.ts";
import { NOW } from "../fixture.ts";
import { aTextWorld, chat } from "../text/world.ts";
import { aBiller } from "./books.ts";

/** One for each test: each has a vendor of its own, and they give the same ids. */
let database: TestDatabase;
beforeEach(async () => {
  database = await testDatabase();
  await keepRateCard(database.db, builtinRateCard(), NOW);
});
afterEach(() => database[Symbol.asyncDispose]());

const openRequests = async ({ organizationId }: Scope) =>
  await database.db.selectFrom("text_requests").selectAll().where("organization_id", "=", organizationId).execute();
const chargesOf = (scope: Scope) => listStatement(database.db, scope, { kinds: ["charge"] }, { limit: 9, after: null });

/** A round of a biller for which it is later by so much. */
async function billLater(ms: number): Promise<void> {
  const clock = systemClock();
  const bus = memoryBus();
  const biller = aBiller({ db: database.db, bus, rateCard: builtinRateCard(), clock: { ...clock, wall: () => clock.wall() + ms } });
  await biller.round();
  await biller.close();
  await bus.close();
}

test("what is asked stands in the record until the usage of the answer takes its place, or the vendor has answered nothing", async () => {
  const seen: number[] = [];
  const mind: Mind = async ({ lastUser }) => {
    if (lastUser === "Fail.") return { fail: { code: "server_error", message: "no" } };
    await until(async () => (await openRequests(at.tenant.scope)).length === 1, { what: "the request in the record" });
    seen.push(1);
    return { say: "Yes." };
  };
  await using at = await aTextWorld({ db: database.db, mind });
  await at.tenant.agent("intake");
  expect((await chat(at, "intake", "Hello?")).status).toBe(200);
  expect(seen).toEqual([1]);
  expect(await openRequests(at.tenant.scope)).toEqual([]);
  expect((await chat(at, "intake", "Fail.")).status).toBeGreaterThanOrEqual(500);
  await until(async () => (await openRequests(at.tenant.scope)).length === 0, { what: "a request that came to nothing, closed" });
});

test("an answer that nobody lived to read is estimated once it can not come any more: flagged, once, at the platform's cost", async () => {
  const answers = Promise.withResolvers<{ readonly say: string }>();
  const mind: Mind = ({ lastUser }) => (lastUser === "Hello?" ? { say: "Yes." } : answers.promise);
  await using at = await aTextWorld({ db: database.db, mind });
  await at.tenant.agent("intake", { systemPrompt: "x".repeat(4_000) });
  const { scope } = at.tenant;
  await chat(at, "intake", "Hello?");
  // Whoever asks this dies, as far as the books can see.
  const never = chat(at, "intake", "And now?").catch(() => undefined);
  await until(async () => (await openRequests(scope)).length === 1, { what: "the request in the record" });

  await billLater(ESTIMATE_AFTER_MS - 60_000);
  expect((await chargesOf(scope)).map((row) => row.estimated)).toEqual([false]);
  await billLater(ESTIMATE_AFTER_MS + 60_000);
  await billLater(ESTIMATE_AFTER_MS + 60_000);
  const [read, unread] = await chargesOf(scope);
  expect(unread).toMatchObject({ estimated: true, source: "reply", model: "gpt-6.1-terra", call_id: null });
  // A thousand tokens were read; the answer is as long as the one before it.
  const items = new Map(unread?.lines.map((line) => [line.item, line.quantity]));
  expect(items.get("text_in")).toBeGreaterThan(1_000);
  expect(items.get("text_out")).toBe(read?.lines.find((line) => line.item === "text_out")?.quantity);
  const { balances } = await getLedger(database.db, scope);
  expect(balances).toMatchObject({
    unobserved: unread?.amount,
    recovery: negated(unread?.amount ?? NO_MONEY),
    available: negated(read?.amount ?? NO_MONEY),
  });
  expect(await openRequests(scope)).toEqual([]);
  answers.resolve({ say: "Too late." });
  await never;
});

test("an answer that its thread has no place for any more is paid for all the same", async () => {
  const mind: Mind = async () => {
    await database.db
      .updateTable("threads")
      .set({ turn_token: "another's" })
      .where("organization_id", "=", at.tenant.scope.organizationId)
      .execute();
    return { say: "Yes." };
  };
  await using at = await aTextWorld({ db: database.db, mind });
  await at.tenant.agent("intake");
  expect((await chat(at, "intake", "Hello?")).status).toBe(409);
  const used = await database.db
    .selectFrom("text_usage")
    .selectAll()
    .where("organization_id", "=", at.tenant.scope.organizationId)
    .execute();
  expect(used.map((row) => row.response_id)).toEqual(
    at.vendor.invoice().flatMap((line) => (line.kind === "text" ? [line.responseId] : [])),
  );
  expect(await openRequests(at.tenant.scope)).toEqual([]);
});
