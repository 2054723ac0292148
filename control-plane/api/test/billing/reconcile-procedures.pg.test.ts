/** An admin holds the books of one environment against the vendors' bills, over the API and behind the wall of row security. */
import {
  endCall,
  getLedger,
  listAudit,
  listStatement,
  openScopedDatabase,
  recordCarrierStatus,
  type Scope,
  verifyLedger,
} from "@struere/store";
import { memoryBus } from "@struere/bus";
import { type TestDatabase, testDatabase } from "@struere/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { builtinRateCard } from "../../src/billing/builtin-rate-card.ts";
import type { AccountOpener } from "../../src/telephony/account-opener.ts";
import { twilioAccount } from "../../src/telephony/twilio-account.ts";
import { ACCOUNT, aKey, aScope, NOW } from "../fixture.ts";
import { callerWith, services } from "../trpc/server.ts";
import { aBiller, aPricedCall, aUse, recordUse } from "./books.ts";

const parts = new AsyncDisposableStack();
let database: TestDatabase;
let scopedDb: ReturnType<typeof services>["scopedDb"];
beforeAll(async () => {
  database = parts.use(await testDatabase());
  const scoped = openScopedDatabase({ url: database.url, poolMax: 2, statementTimeoutMs: 10_000 });
  parts.defer(() => scoped.close());
  scopedDb = ({ organizationId }) => scoped.of(organizationId);
});
afterAll(() => parts.disposeAsync());

const card = builtinRateCard();
const DAY = { from: "2026-11-22", to: "2026-11-22" };

async function admin(scope: Scope, accounts?: AccountOpener) {
  const key = await aKey(database.db, scope, ["admin"]);
  return await callerWith({ ...services(database.db), scopedDb, ...(accounts ? { accounts } : {}) }, key);
}

async function round(): Promise<void> {
  const bus = memoryBus();
  const biller = aBiller({ db: database.db, bus, rateCard: card });
  await biller.round();
  await biller.close();
  await bus.close();
}

const adjustments = async (scope: Scope) =>
  (await listStatement(database.db, scope, { kinds: ["adjustment"] }, { limit: 99, after: null })).length;
const asked = async (scope: Scope) => (await listAudit(database.db, scope, 9)).map(({ action, detail }) => ({ action, detail }));

const exported = (id: string, outputAudioTokens: number): string =>
  JSON.stringify({
    id,
    model: "gpt-realtime-2.1-mini",
    usage: {
      input_token_details: { text_tokens: 0, audio_tokens: 0, image_tokens: 0, cached_tokens: 0 },
      output_token_details: { text_tokens: 0, audio_tokens: outputAudioTokens },
    },
  });

test("a vendor's usage file corrects the books of the key's environment once, and leaves those of others alone", async () => {
  const scope = await aScope(database.db);
  const other: Scope = { ...scope, environment: "eval" };
  const none = { inputTextTokens: 0, inputAudioTokens: 0, cachedTextTokens: 0, cachedAudioTokens: 0, outputTextTokens: 0 };
  for (const [whose, usageId] of [
    [scope, "resp_ours"],
    [other, "resp_others"],
  ] as const) {
    const call = await aPricedCall(database.db, whose, card);
    await recordUse(database.db, call, [aUse(1, { ...none, usageId, outputAudioTokens: 100, estimated: true })]);
  }
  await round();
  const api = await admin(scope);
  const file = { against: "usage", export: `${exported("resp_ours", 70)}\n${exported("resp_others", 70)}` } as const;
  const open = [{ id: "resp_others", why: "no call of this environment had this session, or it was not billed" }];
  expect(await api.billing.reconcile(file)).toMatchObject({ checked: 2, corrected: 1, open, vendor: "0.0014", booked: "0.002" });
  expect(await adjustments(scope)).toBe(1);
  expect((await getLedger(database.db, scope)).balances.available).toBe(-1_400n);
  expect(await api.billing.reconcile(file)).toMatchObject({ checked: 2, corrected: 0, open, booked: "0.0014" });
  expect(await adjustments(scope)).toBe(1);
  expect(await adjustments(other)).toBe(0);
  const line = (corrected: number) => ({
    action: "billing.reconciled",
    detail: { against: "usage", firstLine: 1, uses: 2, corrected, unseen: 0 },
  });
  expect(await asked(scope)).toEqual([line(0), line(1)]);
  expect(await verifyLedger(database.db, scope)).toEqual([]);
  await expect(api.billing.reconcile({ ...file, export: "{", firstLine: 201 })).rejects.toThrow(/line 201 .* is not JSON/);
  await expect(api.billing.reconcile({ ...file, export: "\n".repeat(500) })).rejects.toThrow(/more than 500 lines/);
});

test("Twilio's bill corrects the minutes once, page by page, and calls of an account that can not be opened say why", async () => {
  const scope = await aScope(database.db);
  for (let number = 0; number < 21; number++) {
    const call = await aPricedCall(database.db, scope, card);
    const end = { epoch: 1, outcome: "completed", reason: "agent", durationMs: 60_000, lastSeq: 0, now: NOW } as const;
    await endCall(database.db, { callId: call.id, ...end });
    await recordCarrierStatus(database.db, {
      callSid: call.twilio_call_sid ?? "",
      accountSid: call.twilio_account_sid,
      status: "completed",
      sequence: 3,
      durationS: 60,
      now: NOW,
    });
  }
  await round();
  const account = {
    ...twilioAccount({ accountSid: ACCOUNT, authToken: "x", apiBaseUrl: "http://127.0.0.1:9" }),
    callBill: async () => ({ seconds: 60, price: "-0.00900", currency: "USD" }),
  };
  const api = await admin(scope, { open: async (_scope, { accountSid = "" } = {}) => ({ accountSid, account }) });
  const whole = async (over: typeof api) => {
    const first = await over.billing.reconcile({ against: "carrier", ...DAY });
    const second = await over.billing.reconcile({ against: "carrier", ...DAY, cursor: first.nextCursor as never });
    expect([first.checked, second.checked, second.nextCursor]).toEqual([20, 1, null]);
    return { corrected: first.corrected + second.corrected, open: [...first.open, ...second.open] };
  };
  expect(await whole(api)).toEqual({ corrected: 21, open: [] });
  expect(await adjustments(scope)).toBe(21);
  expect(await whole(api)).toEqual({ corrected: 0, open: [] });
  expect(await adjustments(scope)).toBe(21);
  expect(await verifyLedger(database.db, scope)).toEqual([]);
  const closed = await whole(await admin(scope));
  expect(closed.open).toHaveLength(21);
  expect(closed.open[0]).toMatchObject({ why: "there is no Twilio in this test" });
});

test("what could not be billed is tried again in the key's environment alone", async () => {
  const scope = await aScope(database.db);
  const other: Scope = { ...scope, environment: "eval" };
  for (const whose of [scope, other]) {
    const call = await aPricedCall(database.db, whose, card);
    await recordUse(database.db, call, [aUse(1, { model: "unheard-of", usageId: `${call.id}-u` })]);
  }
  await round();
  const api = await admin(scope);
  expect(await api.billing.retry()).toEqual({ retried: 1, more: false });
  expect(await api.billing.retry()).toEqual({ retried: 0, more: false });
  expect((await asked(scope))[1]).toEqual({ action: "billing.retried", detail: { retried: 1, more: false } });
  expect(await (await admin(other)).billing.retry()).toEqual({ retried: 1, more: false });
});
