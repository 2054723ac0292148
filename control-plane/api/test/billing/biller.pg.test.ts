import { type Bus, memoryBus } from "@struere/bus";
import { micros, type ThreadId } from "@struere/kernel";
import { systemClock } from "@struere/runtime";
import {
  type Call,
  endCall,
  getCall,
  getLedger,
  listStatement,
  listUsage,
  openThread,
  postEntry,
  recordCarrierStatus,
  recordTextUsage,
  recordTransfer,
  recordTransferEnd,
  retryBilling,
  type Scope,
  verifyLedger,
} from "@struere/store";
import { type TestDatabase, testDatabase, until } from "@struere/testkit";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { builtinRateCard } from "../../src/billing/builtin-rate-card.ts";
import { readRateCard } from "../../src/billing/rate-card-file.ts";
import { aScope, NOW } from "../fixture.ts";
import { aBiller, aPricedCall, aUse, chargesOf, publishUse, recordUse } from "./books.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database[Symbol.asyncDispose]());

const card = builtinRateCard();
const later = (ms: number): Date => new Date(NOW.getTime() + ms);

/** A clock that stands where it is put. */
function clockAt(ms: number) {
  return { ...systemClock(), wall: () => NOW.getTime() + ms };
}

async function reserve(scope: Scope, call: Call, amount: number): Promise<void> {
  const hold = {
    kind: "hold",
    key: `hold:${call.id}`,
    holdId: call.id,
    amount: micros(amount),
    expiresAt: later(60_000).getTime(),
  } as const;
  const answer = await postEntry(database.db, scope, { entry: hold, actor: "test" }, NOW);
  expect(answer.ok).toBe(true);
}

async function end(call: Call, lastSeq: number, carrierS: number | null): Promise<void> {
  const { db } = database;
  await endCall(db, { callId: call.id, epoch: 1, outcome: "completed", reason: "agent", durationMs: 61_000, lastSeq, now: later(61_000) });
  if (carrierS === null) return;
  await recordCarrierStatus(db, {
    callSid: call.twilio_call_sid ?? "",
    accountSid: call.twilio_account_sid,
    status: "completed",
    sequence: 3,
    durationS: carrierS,
    now: later(62_000),
  });
}

async function aTextThread(scope: Scope): Promise<ThreadId> {
  const target = { kind: "agent", slug: "intake" } as const;
  const opened = await openThread(database.db, scope, {
    channel: "api",
    params: {},
    parentThreadId: null,
    externalId: null,
    target,
    now: NOW,
  });
  return opened.thread.id;
}

describe("the books", () => {
  test("are the same when every usage message comes three times, in disorder, and ten minutes late, over the bus, from the record or both", async () => {
    const { db } = database;
    const count = 6;
    /** In order, once, by one biller that is there from the beginning. */
    const inOrder = await aScope(db);
    {
      const bus = memoryBus();
      const biller = aBiller({ db, bus, rateCard: card, clock: clockAt(0) });
      const call = await aPricedCall(db, inOrder, card);
      await reserve(inOrder, call, 5_000);
      for (let seq = 1; seq <= count; seq++) await publishUse(bus, call, aUse(seq));
      await until(async () => (await chargesOf(db, inOrder)).length === count, { what: "six charges" });
      await recordUse(
        db,
        call,
        Array.from({ length: count }, (_, index) => aUse(index + 1)),
      );
      await end(call, count, 61);
      await biller.round();
      await biller.close();
      await bus.close();
    }
    const [expected, balances] = [await chargesOf(db, inOrder), (await getLedger(db, inOrder)).balances];
    expect(expected).toHaveLength(count + 1);
    expect(balances.held).toBe(0n);

    const arrival = fc.record({
      order: fc.shuffledSubarray(
        Array.from({ length: count * 3 }, (_, index) => index),
        { minLength: count * 3, maxLength: count * 3 },
      ),
      billers: fc.integer({ min: 1, max: 3 }),
      /** How many deliveries come only ten minutes after the call was ended and its hold expired. */
      late: fc.integer({ min: 0, max: count * 3 }),
      recordedFirst: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(arrival, async ({ order, billers, late, recordedFirst }) => {
        const scope = await aScope(db);
        const bus = memoryBus();
        const call = await aPricedCall(db, scope, card);
        await reserve(scope, call, 5_000);
        const uses = Array.from({ length: count }, (_, index) => aUse(index + 1));
        if (recordedFirst) await recordUse(db, call, uses);
        const deliver = async (part: readonly number[]) => {
          for (const place of part) await publishUse(bus, call, aUse((place % count) + 1), `-${place}`);
        };
        const early = Array.from({ length: billers }, () => aBiller({ db, bus, rateCard: card, clock: clockAt(0) }));
        await deliver(order.slice(late));
        await end(call, count, 61);
        await Promise.all(early.map((biller) => biller.round()));
        await Promise.all(early.map((biller) => biller.close()));
        const afterwards = Array.from({ length: billers }, () => aBiller({ db, bus, rateCard: card, clock: clockAt(11 * 60_000) }));
        await deliver(order.slice(0, late));
        await recordUse(db, call, uses);
        await until(async () => (await chargesOf(db, scope)).length === count + 1, { what: "seven charges" });
        await Promise.all(afterwards.map((biller) => biller.round()));
        await Promise.all(afterwards.map((biller) => biller.close()));
        await bus.close();
        expect(await chargesOf(db, scope)).toEqual(expected);
        expect((await getLedger(db, scope)).balances).toEqual(balances);
        expect(await verifyLedger(db, scope)).toEqual([]);
        expect((await listUsage(db, scope, call.id)).filter((row) => row.billed_at === null)).toEqual([]);
      }),
      { numRuns: 12 },
    );
  });

  test("have what the recorder wrote and the bus lost", async () => {
    const { db } = database;
    const scope = await aScope(db);
    const call = await aPricedCall(db, scope, card);
    await recordUse(db, call, [aUse(1), aUse(2)]);
    await withBiller(async (biller) => biller.round());
    expect(await chargesOf(db, scope)).toHaveLength(2);
  });

  test("have a call's minutes as the carrier counts them, and as we saw them, flagged, when it says nothing", async () => {
    const { db } = database;
    const scope = await aScope(db);
    const [said, silent, refused] = [
      await aPricedCall(db, scope, card),
      await aPricedCall(db, scope, card),
      await aPricedCall(db, scope, card),
    ];
    await end(said, 0, 121);
    await end(silent, 0, null);
    await end(refused, 0, 0);
    await withBiller((biller) => biller.round(), clockAt(2 * 60_000));
    expect((await chargesOf(db, scope)).map((row) => row.lines)).toEqual(["minutes 3 25500"]);
    // Who was turned away took no time: it is billed, and there is nothing to be written.
    expect((await getCall(db, scope, refused.id))?.carrier_billed_at).toEqual(new Date(clockAt(2 * 60_000).wall()));
    await withBiller((biller) => biller.round(), clockAt(12 * 60_000));
    expect((await getLedger(db, scope)).balances).toMatchObject({ telephony: 25_500n, unobserved: 17_000n, available: -42_500n });
  });

  test("have the leg to a person by its destination, and the media stream where the carrier bills it, each once", async () => {
    const { db } = database;
    const scope = await aScope(db);
    const prices = readRateCard(
      JSON.stringify({
        label: "abroad",
        telephony: [{ direction: "outbound", prefix: "+49", perMinute: "0.05" }],
        mediaStream: { perMinute: "0.004" },
      }),
    );
    const [said, silent, unanswered] = [
      await aPricedCall(db, scope, prices),
      await aPricedCall(db, scope, prices),
      await aPricedCall(db, scope, prices),
    ];
    for (const call of [said, silent, unanswered]) {
      await recordTransfer(db, scope, { callId: call.id, toNumber: "+4930901820", now: later(60_000) });
      await end(call, 0, 240);
    }
    for (const durationS of [121, 7]) await recordTransferEnd(db, { callId: said.id, callSid: "CA_person", durationS });
    await recordTransferEnd(db, { callId: unanswered.id, callSid: null, durationS: 0 });
    for (const _again of [1, 2]) await withBiller((biller) => biller.round(), clockAt(2 * 60_000));
    const legs = async () => (await chargesOf(db, scope)).filter(({ what }) => what.startsWith("transfer")).map(({ lines }) => lines);
    expect((await legs()).sort()).toEqual(["", "minutes 3 150000"]);
    const streams = (await chargesOf(db, scope)).filter(({ what }) => what.startsWith("media_stream"));
    expect(streams.map(({ lines }) => lines)).toEqual(Array.from({ length: 3 }, () => "stream_minutes 2 8000"));
    // Of the third Twilio says nothing: from when it was asked for to the end of its call, flagged.
    expect((await getLedger(db, scope)).balances.unobserved).toBe(0n);
    for (const _again of [1, 2]) await withBiller((biller) => biller.round(), clockAt(12 * 60_000));
    expect((await legs()).sort()).toEqual(["", "minutes 1 50000", "minutes 3 150000"]);
    expect((await getLedger(db, scope)).balances).toMatchObject({ unobserved: 50_000n, telephony: 3n * 34_000n + 24_000n + 150_000n });
    expect(await verifyLedger(db, scope)).toEqual([]);
  });

  test("charge text to the call that it was for, its classifier and its auditor, and other text to nobody's", async () => {
    const { db } = database;
    const scope = await aScope(db);
    const call = await aPricedCall(db, scope, card);
    const audited = await aPricedCall(db, scope, card);
    const [written, auditing] = [await aTextThread(scope), await aTextThread(scope)];
    const whose = { organization_id: scope.organizationId, environment: scope.environment };
    await db
      .insertInto("call_audits")
      .values({
        ...whose,
        call_id: audited.id,
        thread_id: auditing,
        audit_id: null,
        lease_token: null,
        lease_expires_at: null,
        last_ended_at: null,
      })
      .execute();
    const used = async (threadId: ThreadId, responseId: string, purpose: "reply" | "route"): Promise<void> => {
      const tokens = { inputTokens: 2_000, cachedInputTokens: 1_024, outputTokens: 30, reasoningTokens: 12 };
      const usage = [{ responseId: `${call.id}-${responseId}`, purpose, agentSlug: null, model: "gpt-6.1-terra", ...tokens }];
      await recordTextUsage(db, scope, { threadId, usage, now: NOW });
    };
    await used(call.thread_id, "classifier", "route");
    await used(written, "chat", "reply");
    await used(auditing, "audit", "reply");
    await withBiller((biller) => biller.round());
    // 976 at 1.00, 1024 at 0.05, 30 at 5.00 dollars a million; thinking is part of the output.
    const each = 976n + 51n + 150n;
    const rows = await listStatement(db, scope, { kinds: ["charge"] }, { limit: 9, after: null });
    expect(rows.map((row) => [row.idempotency_key.split("-").at(-1), row.source, row.call_id, row.amount]).sort()).toEqual([
      ["audit", "audit", audited.id, each],
      ["chat", "reply", null, each],
      ["classifier", "route", call.id, each],
    ]);
    expect((await getLedger(db, scope)).balances.models).toBe(3n * each);
  });

  test("pay the markup of the card that the call is pinned to, whatever holds when it is billed", async () => {
    const { db } = database;
    const scope = await aScope(db);
    const dear = readRateCard(JSON.stringify({ label: "dear", markupBps: 2_500 }));
    const call = await aPricedCall(db, scope, dear);
    await recordUse(db, call, [aUse(1, { usageId: "resp_marked" })]);
    await withBiller((biller) => biller.round());
    const { models, markup, available } = (await getLedger(db, scope)).balances;
    expect(models).toBeGreaterThan(0n);
    expect(markup).toBe((models * 2_500n + 5_000n) / 10_000n);
    expect(available).toBe(0n - models - markup);
  });

  test("leave out what has no price, say why, hold up nobody else, and have it once there is one", async () => {
    const { db } = database;
    const scope = await aScope(db);
    const call = await aPricedCall(db, scope, card);
    await recordUse(db, call, [aUse(1, { model: "unheard-of" }), aUse(2)]);
    await withBiller((biller) => biller.round());
    expect(await chargesOf(db, scope)).toHaveLength(1);
    const [unheard] = await listUsage(db, scope, call.id);
    expect(unheard).toMatchObject({ billed_at: null });
    expect(unheard?.billing_problem).toMatch(/no price for the model unheard-of.*RATE_CARD_FILE/);
    // Its card never changes: a call that was pinned to one without the price is priced by whoever gives it another.
    const priced = readRateCard(JSON.stringify({ label: "more", models: { "unheard-of": { perMinute: "0.01" } } }));
    await db
      .updateTable("calls")
      .set({ rate_card_version: priced.version } as never)
      .where("id", "=", call.id)
      .execute();
    await aPricedCall(db, scope, priced);
    expect(await retryBilling(db, scope)).toEqual({ retried: 1, more: false });
    await withBiller((biller) => biller.round());
    expect(await chargesOf(db, scope)).toHaveLength(2);
  });
});

async function withBiller(work: (biller: ReturnType<typeof aBiller>) => Promise<void>, clock = clockAt(0)): Promise<void> {
  const bus: Bus = memoryBus();
  const biller = aBiller({ db: database.db, bus, rateCard: card, clock });
  try {
    await work(biller);
  } finally {
    await biller.close();
    await bus.close();
  }
}
