import type { UsageMessage } from "@struere/protocol/bus";
import { systemClock } from "@struere/runtime";
import {
  type Call,
  endCall,
  getLedger,
  listStatement,
  recordCarrierStatus,
  recordMessages,
  type Scope,
  verifyLedger,
} from "@struere/store";
import { memoryBus } from "@struere/bus";
import { type TestDatabase, testDatabase } from "@struere/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { rateCards } from "../../src/billing/bill-uses.ts";
import { builtinRateCard } from "../../src/billing/builtin-rate-card.ts";
import { askCarrier, reconcileCarrier, reconcileModels } from "../../src/billing/reconcile.ts";
import { readUsageExport } from "../../src/billing/usage-export.ts";
import { aScope, NOW } from "../fixture.ts";
import { aBiller, aPricedCall, aUse, recordUse } from "./books.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database[Symbol.asyncDispose]());

const card = builtinRateCard();
const clockAt = (ms: number) => ({ ...systemClock(), wall: () => NOW.getTime() + ms });
const billing = () => ({ db: database.db, clock: clockAt(0), cards: rateCards(database.db) });
const balances = async (scope: Scope) => (await getLedger(database.db, scope)).balances;

/** As the vendor's export has it. */
const exported = (call: Call, id: string, { outputAudioTokens = 100, session = `sess-${call.id}` } = {}): string =>
  JSON.stringify({
    id,
    model: "gpt-realtime-2.1-mini",
    sessionId: session,
    usage: {
      input_token_details: { text_tokens: 0, audio_tokens: 0, image_tokens: 0, cached_tokens: 0 },
      output_token_details: { text_tokens: 0, audio_tokens: outputAudioTokens },
    },
  });
const spoken = (seq: number, usageId: string, outputAudioTokens: number, overrides: Partial<UsageMessage> = {}): UsageMessage =>
  aUse(seq, {
    usageId,
    inputTextTokens: 0,
    inputAudioTokens: 0,
    cachedTextTokens: 0,
    cachedAudioTokens: 0,
    outputTextTokens: 0,
    outputAudioTokens,
    ...overrides,
  });

async function round(afterMs = 0): Promise<void> {
  const bus = memoryBus();
  const biller = aBiller({ db: database.db, bus, rateCard: card, clock: clockAt(afterMs) });
  await biller.round();
  await biller.close();
  await bus.close();
}

async function recordEvent(call: Call, seq: number, name: string, data: { readonly [field: string]: string } = {}): Promise<void> {
  const whose = { organizationId: call.organization_id, environment: call.environment, callId: call.id };
  const body = { epoch: 1, seq, at: NOW.getTime(), name, offsetMs: seq * 1_000, data };
  await recordMessages(database.db, [{ ...whose, kind: "event", body }], NOW);
}

describe("reconciled with the vendor's export", () => {
  test("an estimate becomes what the vendor bills: too much is given back, too little is the platform's, and once is enough", async () => {
    const scope = await aScope(database.db);
    const call = await aPricedCall(database.db, scope, card);
    // 20 micros for each token of speech.
    const guesses = [spoken(1, `${call.id}-a`, 100, { estimated: true }), spoken(2, `${call.id}-b`, 100, { estimated: true })];
    await recordUse(database.db, call, [...guesses, spoken(3, `${call.id}-c`, 100)]);
    await round();
    expect(await balances(scope)).toMatchObject({ available: -6_000n, unobserved: 4_000n, models: 2_000n });
    const invoice = readUsageExport(
      [
        exported(call, `${call.id}-a`, { outputAudioTokens: 70 }),
        exported(call, `${call.id}-b`, { outputAudioTokens: 110 }),
        exported(call, `${call.id}-c`),
      ].join("\n"),
    );
    const first = await reconcileModels(billing(), scope, invoice);
    expect(first).toMatchObject({ checked: 3, corrected: 2, unseen: 0, open: [], vendor: 5_600n, booked: 6_000n });
    expect(await balances(scope)).toMatchObject({ available: -5_400n, unobserved: 0n, models: 5_600n, recovery: -200n });
    const again = await reconcileModels(billing(), scope, invoice);
    expect(again).toMatchObject({ checked: 3, corrected: 0, vendor: 5_600n, booked: 5_600n });
    expect(await verifyLedger(database.db, scope)).toEqual([]);
  });

  test("a response that was under way when its node died is estimated at the platform's cost, and gives way to the vendor's figure", async () => {
    const scope = await aScope(database.db);
    const call = await aPricedCall(database.db, scope, card);
    await recordEvent(call, 1, "model.opened", { sessionId: `sess-${call.id}` });
    await recordUse(database.db, call, [spoken(2, `${call.id}-a`, 100)]);
    await recordEvent(call, 3, "caller.speaking", { itemId: "item_1" });
    await recordEvent(call, 5, "caller.silent", { itemId: "item_1" });
    await endCall(database.db, {
      callId: call.id,
      epoch: 1,
      outcome: "failed",
      reason: "node_lost",
      durationMs: 9_000,
      lastSeq: null,
      now: NOW,
    });
    await round(14 * 60_000);
    expect(await balances(scope)).toMatchObject({ recovery: 0n });
    await round(16 * 60_000);
    const [response, transcription] = (await listStatement(database.db, scope, { callId: call.id }, { limit: 9, after: null })).filter(
      (row) => row.idempotency_key.startsWith("estimate:"),
    );
    expect(response).toMatchObject({ estimated: true, source: "response" });
    expect(transcription).toMatchObject({ estimated: true, source: "transcription" });
    const { available, unobserved, recovery } = await balances(scope);
    // 100 tokens of speech again, and the first 100 read back; two seconds of speech; the organization pays for its minute alone.
    expect(response?.amount).toBe(3_000n);
    expect(transcription?.amount).toBe(150n);
    expect([available, unobserved + recovery]).toEqual([-2_000n - 8_500n, 8_500n]);

    const invoice = readUsageExport(
      [exported(call, `${call.id}-a`), exported(call, `${call.id}-lost`, { outputAudioTokens: 90 })].join("\n"),
    );
    expect(await reconcileModels(billing(), scope, invoice)).toMatchObject({
      unseen: 1,
      corrected: 0,
      open: [],
      vendor: 3_800n,
      booked: 5_000n,
    });
    expect(await balances(scope)).toMatchObject({ available, models: 3_800n });
    expect(await reconcileModels(billing(), scope, invoice)).toMatchObject({ unseen: 0, corrected: 0 });
    expect(await verifyLedger(database.db, scope)).toEqual([]);
  });

  test("so is what the vendor may have answered to a caller whose last word nobody saw, and the transcription of it", async () => {
    const scope = await aScope(database.db);
    const call = await aPricedCall(database.db, scope, card);
    await recordUse(database.db, call, [spoken(1, `${call.id}-a`, 100)]);
    await recordEvent(call, 2, "caller.speaking", { itemId: "item_1" });
    await endCall(database.db, {
      callId: call.id,
      epoch: 1,
      outcome: "failed",
      reason: "node_lost",
      durationMs: 9_000,
      lastSeq: null,
      now: new Date(NOW.getTime() + 3_000),
    });
    await round(17 * 60_000);
    const rows = await listStatement(database.db, scope, { callId: call.id }, { limit: 9, after: null });
    const estimates = rows.filter((row) => row.estimated && row.source !== "telephony");
    expect(estimates.map(({ source }) => source)).toEqual(["response", "transcription"]);
    expect(estimates[1]?.lines).toMatchObject([{ item: "audio_time" }]);
    expect(await verifyLedger(database.db, scope)).toEqual([]);
  });

  test("an estimate is taken back when the node reports after all", async () => {
    const scope = await aScope(database.db);
    const call = await aPricedCall(database.db, scope, card);
    await recordEvent(call, 1, "response.asked", { purpose: "greeting" });
    await endCall(database.db, {
      callId: call.id,
      epoch: 1,
      outcome: "failed",
      reason: "node_lost",
      durationMs: 0,
      lastSeq: null,
      now: NOW,
    });
    await round(16 * 60_000);
    const { recovery } = await balances(scope);
    expect(recovery).toBeLessThan(0n);
    await recordUse(database.db, call, [spoken(2, `${call.id}-late`, 100)]);
    await round(17 * 60_000);
    await round(18 * 60_000);
    expect(await balances(scope)).toMatchObject({ models: 2_000n, recovery: 0n });
    expect(await verifyLedger(database.db, scope)).toEqual([]);
  });

  test("what no call of ours used stays open and says so, and a file that is no export names its line", async () => {
    const scope = await aScope(database.db);
    const call = await aPricedCall(database.db, scope, card);
    const { open } = await reconcileModels(
      billing(),
      scope,
      readUsageExport(exported(call, "resp_of_nobody", { session: "sess_of_nobody" })),
    );
    expect(open).toEqual([{ id: "resp_of_nobody", why: "no call of this environment had this session, or it was not billed" }]);
    expect(() => readUsageExport(`${exported(call, "a")}\n{`)).toThrow(/line 2 of the usage export is not JSON/);
    expect(() => readUsageExport('{"id":"a","model":"m","usage":{"tokens":1}}')).toThrow(/line 1 .* no known shape; legal:/);
  });
});

describe("reconciled with the carrier", () => {
  test("minutes are as it counts them and cost what it takes, and the organization pays its card's price for no more than it used", async () => {
    const scope = await aScope(database.db);
    const calls = [];
    for (let number = 0; number < 3; number++) calls.push(await aPricedCall(database.db, scope, card));
    const [estimated, dearer, unpriced] = calls;
    if (!estimated || !dearer || !unpriced) throw new Error("three calls were made");
    for (const call of calls) {
      await endCall(database.db, {
        callId: call.id,
        epoch: 1,
        outcome: "completed",
        reason: "agent",
        durationMs: 121_000,
        lastSeq: 0,
        now: NOW,
      });
    }
    const status = { status: "completed", sequence: 3, durationS: 60, now: NOW };
    for (const { twilio_call_sid: sid, twilio_account_sid: accountSid } of [dearer, unpriced])
      await recordCarrierStatus(database.db, { callSid: sid ?? "", accountSid, ...status });
    await round(11 * 60_000);
    expect(await balances(scope)).toMatchObject({ unobserved: 25_500n, telephony: 17_000n, available: -42_500n });
    const bills = new Map([
      [estimated.twilio_call_sid, { seconds: 119, price: "-0.01700", currency: "USD" }],
      [dearer.twilio_call_sid, { seconds: 60, price: "-0.00900", currency: "USD" }],
      [unpriced.twilio_call_sid, { seconds: 60, price: null, currency: "USD" }],
    ]);
    const page = { from: new Date(NOW.getTime() - 1), to: new Date(NOW.getTime() + 1), after: null, limit: 100 };
    const ask = async () => {
      const { asked } = await askCarrier(database.db, scope, page, async ({ callSid }) => bills.get(callSid));
      return await reconcileCarrier(billing(), scope, asked);
    };
    const found = await ask();
    expect(found.corrected).toBe(2);
    expect(found.open).toContainEqual({ id: unpriced.twilio_call_sid, why: "the carrier does not know its price yet; ask again later" });
    expect(await balances(scope)).toMatchObject({ unobserved: 0n, telephony: 34_500n, available: -34_000n, recovery: -500n });
    expect((await ask()).corrected).toBe(0);
    expect(await verifyLedger(database.db, scope)).toEqual([]);
  });
});
