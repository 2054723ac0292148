/** From rows of the record to figures, through the API. What the figures mean is domain/test/call-stats.test.ts's. */
import type { AuditorTrial, RateCard } from "@struere/domain";
import type { RouterId } from "@struere/kernel";
import {
  type Call,
  checkForms,
  createCall,
  endCall,
  entityStore,
  keepRateCard,
  newCallIds,
  openInjection,
  openThread,
  recordMessages,
  recordTextUsage,
  type Scope,
  setEntityType,
  setRouter,
} from "@struere/store";
import { systemClock } from "@struere/runtime";
import { type TestDatabase, testDatabase } from "@struere/testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { rateLimiter } from "../../src/http/rate-limit.ts";
import { readCallStats } from "../../src/stats/call-stats.ts";
import { ACCOUNT, aKey, aScope, aTranscript, claim, NOW } from "../fixture.ts";
import { callerWith, services } from "../trpc/server.ts";

let database: TestDatabase;
let scope: Scope;
let router: { readonly routerId: RouterId; readonly version: number };
let caller: Awaited<ReturnType<typeof callerWith>>;

beforeAll(async () => {
  database = await testDatabase();
});
beforeEach(async () => {
  const { db } = database;
  scope = await aScope(db);
  const { router: row } = await setRouter(db, scope, { slug: "phone", name: "Phone", definition: {}, now: NOW });
  router = { routerId: row.id, version: row.version };
  caller = await callerWith(services(db), await aKey(db, scope, ["calls"]));
});
afterAll(() => database[Symbol.asyncDispose]());

const later = (ms: number): Date => new Date(NOW.getTime() + ms);
const WINDOW = { since: later(-60_000).toISOString(), until: later(3_600_000).toISOString() };
const CORRECTED: AuditorTrial = { sample: 0.5, group: "corrected" };
const CONTROL: AuditorTrial = { sample: 0.5, group: "control" };

let sids = 0;

async function aLiveCall(
  given: { readonly trial?: AuditorTrial; readonly entityId?: string; readonly direct?: boolean; readonly now?: Date } = {},
) {
  const { trial, entityId, direct = false, now = NOW } = given;
  const ids = newCallIds();
  const numbers = { from: "+14155550100", to: "+14155550199" };
  const { call } = await createCall(database.db, scope, {
    ...ids,
    ...numbers,
    direction: "inbound",
    accountSid: ACCOUNT,
    callSid: `CA5${(++sids).toString(16).padStart(31, "0")}`,
    connectionId: null,
    agent: null,
    router: direct ? null : router,
    nodeId: null,
    now,
    trial: trial ?? null,
    ...(entityId === undefined ? {} : { thread: { entityType: "order", entityId } }),
    config: {
      ...ids,
      ...scope,
      ...numbers,
      direction: "CALL_DIRECTION_INBOUND",
      agent: { slug: "intake", name: "Intake", version: 1, instructions: "You take down orders.", tools: [] },
      voice: { model: "gpt-realtime-2.1-mini", voice: "alloy", semanticVad: { eagerness: "medium" }, transcriptionModel: "gpt-transcribe" },
      limits: { maxDurationMs: 3_600_000 },
      ...(trial ? { auditor: { agentSlug: "form-auditor", pollIntervalMs: 5_000 } } : {}),
      history: [],
    },
  });
  return await claim(database.db, call, 1);
}

/** `a 1000-2500 words`: what was heard, in order. */
async function said(call: Call, lines: readonly string[]): Promise<void> {
  const messages = lines.map((line, index) => {
    const [, who, started, ended, text] = /^([ac]) (\d+)-(\d+) ?(.*)$/.exec(line) ?? [];
    const times = { startedMs: Number(started), endedMs: Number(ended) };
    const body = aTranscript(index + 1, { speaker: who === "a" ? "agent" : "caller", text: text ?? "", ...times });
    return { ...scope, callId: call.id, kind: "transcript" as const, body };
  });
  await recordMessages(database.db, messages, NOW);
}

/** An audit that reads the utterances from `first` to `last`, and wants a correction said. */
async function corrects(call: Call, read: { readonly first: number; readonly last: number; readonly value?: string }): Promise<string> {
  const { db } = database;
  const auditId = `${call.id}.1.${read.first}-${read.last}`;
  await db
    .insertInto("audits")
    .values({
      id: auditId,
      organization_id: scope.organizationId,
      environment: scope.environment,
      call_id: call.id,
      thread_id: null,
      agent_slug: "form-auditor",
      agent_version: 1,
      from_epoch: 1,
      from_delta: read.first - 1,
      to_epoch: 1,
      to_delta: read.last,
      status: "done",
      reason: null,
      after_call: false,
      spoken_at: NOW,
      started_at: NOW,
      ended_at: NOW,
    })
    .execute();
  const words = { action: "correction", message: "Sorry, it is 4711.", field: "number", value: read.value ?? null } as const;
  const by = { source: "auditor", author: "form-auditor", auditId, basedOn: read.last } as const;
  const opened = await openInjection(db, scope, { ...words, ...by, injectionId: `${auditId}.1`, callId: call.id, now: NOW });
  if (!opened.ok) throw new Error(opened.problem);
  return opened.value.injection.id;
}

async function heard(
  call: Call,
  injectionId: string,
  at: { readonly seq: number; readonly offsetMs: number; readonly heardMs: number },
): Promise<void> {
  const data = { injectionId, outcome: "spoken", reason: null, heardMs: at.heardMs };
  const body = { epoch: 1, seq: at.seq, at: NOW.getTime(), name: "injection.done", offsetMs: at.offsetMs, data };
  await recordMessages(database.db, [{ ...scope, callId: call.id, kind: "event", body }], NOW);
}

const ends = async (call: Call, lastSeq: number, reason = "caller_hung_up") =>
  await endCall(database.db, { callId: call.id, epoch: 1, outcome: "completed", reason, durationMs: 60_000, lastSeq, now: later(60_000) });

const read = async (call: Call, delta: number) =>
  await database.db
    .insertInto("call_audits")
    .values({
      call_id: call.id,
      organization_id: scope.organizationId,
      environment: scope.environment,
      thread_id: null,
      audited_epoch: 1,
      audited_delta: delta,
      audit_id: null,
      lease_token: null,
      lease_expires_at: null,
      last_ended_at: NOW,
    })
    .execute();

describe("calls.stats", () => {
  test("times a correction from the words that its audit was the first to read, and knows what the caller said to it", async () => {
    const call = await aLiveCall({ trial: CORRECTED });
    await said(call, [
      "a 0-2000 Hello.",
      "c 3000-5000 My number is 4711.",
      "a 6000-8000 I have noted 4117.",
      "c 8500-9000 Fine.",
      "a 14000-16000 Sorry, it is 4711.",
      "c 16500-17000 Yes, right.",
      "a 18000-19000 Good.",
    ]);
    await heard(call, await corrects(call, { first: 3, last: 4 }), { seq: 8, offsetMs: 16_000, heardMs: 2_000 });
    await ends(call, 8);
    const { total, routers } = await caller.calls.stats(WINDOW);
    expect(routers.map((one) => one.router)).toEqual(["phone"]);
    const { corrected } = total.groups;
    expect(corrected).toMatchObject({
      calls: 1,
      turns: 7,
      corrections: { asked: 1, spoken: 1, withheld: 0 },
      // From 14.0 s, when it began to be heard: the newest that was read ended at 9.0 s, the oldest at 8.0 s.
      correctionMs: { atLeast: { count: 1, p50: 5_000 }, atMost: { count: 1, p50: 6_000 } },
      replies: { confirmed: 1, contradicted: 0, unclear: 0 },
      receipts: [{ action: "correction", outcome: "spoken", reason: null, count: 1 }],
      audits: { done: 1, failed: 0, skipped: 0 },
    });
  });

  test("takes nothing for an answer that was said before the correction, or after the agent went on", async () => {
    const before = await aLiveCall({ trial: CORRECTED });
    await said(before, ["c 1000-2000 Yes.", "a 4000-6000 Sorry, it is 4711."]);
    await heard(before, await corrects(before, { first: 1, last: 1 }), { seq: 3, offsetMs: 6_000, heardMs: 2_000 });
    await ends(before, 3);
    const after = await aLiveCall({ trial: CORRECTED });
    await said(after, [
      "c 1000-2000 It is 4711.",
      "a 4000-6000 Sorry, it is 4711.",
      "a 8000-9000 Are you still there?",
      "c 9500-9900 Yes.",
    ]);
    await heard(after, await corrects(after, { first: 1, last: 1 }), { seq: 5, offsetMs: 6_000, heardMs: 2_000 });
    await ends(after, 5);
    expect((await caller.calls.stats(WINDOW)).total.groups.corrected.replies).toEqual({ confirmed: 0, contradicted: 0, unclear: 2 });
  });

  test("counts a turn for each stretch of one side that was heard", async () => {
    const call = await aLiveCall();
    await said(call, [
      "a 0-1 Hello.",
      "a 1-2 Who is it?",
      "c 2-3 Me.",
      "c 3-4",
      "c 4-5 I mean John.",
      "a 5-6 ",
      "c 6-7 John.",
      "a 7-8 Hello, John.",
    ]);
    await ends(call, 8);
    expect((await caller.calls.stats(WINDOW)).total.groups.unaudited).toMatchObject({ calls: 1, turns: 3 });
  });

  test("tells groups, routers and direct numbers apart, and counts what was withheld", async () => {
    const control = await aLiveCall({ trial: CONTROL });
    await said(control, ["c 0-1000 It is 4711."]);
    await corrects(control, { first: 1, last: 1 });
    for (const call of [control, await aLiveCall({ trial: CORRECTED }), await aLiveCall({ direct: true })]) await ends(call, 1);
    await aLiveCall({ trial: CORRECTED });
    const { total, routers } = await caller.calls.stats(WINDOW);
    expect(total.groups).toMatchObject({ corrected: { calls: 1 }, control: { calls: 1 }, unaudited: { calls: 1 } });
    expect(total.groups.control.corrections).toMatchObject({ asked: 1, spoken: 0, withheld: 1 });
    expect(total.comparison).toMatchObject({ corrected: 1, control: 1 });
    expect(routers.map((one) => [one.router, one.groups.unaudited.calls])).toEqual([
      [null, 1],
      ["phone", 0],
    ]);
    const one = await caller.calls.stats({ ...WINDOW, router: "phone" });
    expect(one.total.groups.unaudited.calls).toBe(0);
    await expect(caller.calls.stats({ ...WINDOW, router: "fax" })).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: 'there is no router "fax" in production; there are phone',
    });
  });

  test("has the auditors' tokens, and their price where the calls have one", async () => {
    const { db } = database;
    const prices = { perMillionTokens: { textIn: 1_000_000, textCachedIn: 100_000, textOut: 4_000_000 } };
    const card: RateCard = { version: "test-1", currency: "USD", markupBps: 1_000, models: { "gpt-6.1-terra": prices }, telephony: [] };
    await keepRateCard(db, card, NOW);
    const call = await aLiveCall({ trial: CORRECTED });
    await read(call, 0);
    const { thread } = await openThread(db, scope, {
      channel: "audit",
      target: { kind: "agent", slug: "form-auditor" },
      externalId: null,
      parentThreadId: call.thread_id,
      params: {},
      now: NOW,
    });
    await db.updateTable("call_audits").set({ thread_id: thread.id }).where("call_id", "=", call.id).execute();
    const tokens = { inputTokens: 1_000, cachedInputTokens: 400, outputTokens: 50, reasoningTokens: 0 };
    const usage = ["r1", "r2"].map((one) => ({
      ...tokens,
      responseId: `${call.id}.${one}`,
      purpose: "reply" as const,
      agentSlug: "form-auditor",
      model: "gpt-6.1-terra",
    }));
    await recordTextUsage(db, scope, { threadId: thread.id, usage, now: NOW });
    await ends(call, 0);
    const costOf = async () => (await caller.calls.stats(WINDOW)).total.groups.corrected.auditor;
    const counted = { inputTokens: 2_000, cachedInputTokens: 800, outputTokens: 100, tokensPerCall: 2_100 };
    await db.updateTable("text_usage").set({ rate_card_version: null }).where("thread_id", "=", thread.id).execute();
    expect(await costOf()).toEqual({ ...counted, cost: null });
    await db.updateTable("text_usage").set({ rate_card_version: "test-1" }).where("thread_id", "=", thread.id).execute();
    // 1200 at 1 + 800 at 0.1 + 100 at 4 for a million: 0.00168, and a tenth on top.
    expect(await costOf()).toEqual({ ...counted, cost: { amount: "0.001848", perCall: "0.001848", currency: "USD" } });
  });

  test("counts the newest calls of a window, and says when there were more", async () => {
    for (const minute of [1, 2, 3]) {
      const call = await aLiveCall({ direct: true, now: later(minute * 60_000) });
      await ends(call, 0);
    }
    const asked = { since: new Date(WINDOW.since), until: new Date(WINDOW.until) };
    const stats = await readCallStats(database.db, scope, asked, { callsMax: 2 });
    expect(stats).toMatchObject({ truncated: true, since: later(120_000), total: { groups: { unaudited: { calls: 2 } } } });
    expect(await readCallStats(database.db, scope, asked)).toMatchObject({ truncated: false, since: asked.since });
  });

  test("is of a window that is bounded", async () => {
    for (const window of [
      { since: "2026-01-01T00:00:00Z", until: "2026-11-22T00:00:00Z" },
      { since: WINDOW.until, until: WINDOW.since },
    ])
      await expect(caller.calls.stats(window)).rejects.toMatchObject({
        code: "BAD_REQUEST",
        message: expect.stringContaining("at most 92 days"),
      });
  });

  test("may be asked for so often", async () => {
    const limits = { key: { perMinute: 60, burst: 2 }, organization: { perMinute: 60, burst: 9 } };
    const hasty = await callerWith(
      { ...services(database.db), statsLimiter: rateLimiter({ clock: systemClock(), limits }) },
      await aKey(database.db, scope, ["calls"]),
    );
    for (let count = 0; count < 2; count++) await hasty.calls.stats(WINDOW);
    await expect(hasty.calls.stats(WINDOW)).rejects.toMatchObject({
      code: "TOO_MANY_REQUESTS",
      message: "Rate limit exceeded: come again in 1 s",
    });
  });
});

describe("the form of a call", () => {
  const order = {
    name: "Order",
    slug: "order",
    schema: { type: "object", properties: { number: { type: "string" }, name: { type: "string" } }, required: ["number", "name"] },
  };
  const orders = () => entityStore(database.db);
  const actor = () => ({ kind: "key", ...scope }) as const;
  const anOrder = async (data: Record<string, string>) =>
    (await orders().create(actor(), { type: "order", data: { number: "", name: "", ...data } })).id;
  const forms = async () => {
    const { formsComplete, formsPending } = (await caller.calls.stats(WINDOW)).total.groups.corrected;
    return { complete: formsComplete.count, of: formsComplete.of, pending: formsPending };
  };
  const check = async (ms: number) => await checkForms(database.db, { now: later(60_000 + ms), limit: 100 });
  beforeEach(async () => {
    await setEntityType(database.db, scope, { slug: "order", name: "Order", definition: order, now: NOW });
  });

  test("is looked at once, when its auditor has read the end; what is changed later is no merit of the call", async () => {
    const [filled, open] = [await anOrder({ number: "4711", name: "Ann" }), await anOrder({ number: "4711" })];
    for (const entityId of [filled, open]) {
      const call = await aLiveCall({ trial: CORRECTED, entityId });
      await said(call, ["c 0-1000 It is 4711."]);
      await ends(call, 1);
      await read(call, 0);
    }
    await check(10_000);
    expect(await forms()).toEqual({ complete: 0, of: 0, pending: 2 });
    await database.db.updateTable("call_audits").set({ audited_delta: 1 }).where("organization_id", "=", scope.organizationId).execute();
    await check(10_000);
    expect(await forms()).toEqual({ complete: 1, of: 2, pending: 0 });
    await orders().update(actor(), { type: "order", id: open, data: { name: "Ann" } });
    await check(3_600_000);
    expect(await forms()).toEqual({ complete: 1, of: 2, pending: 0 });
  });

  test("is looked at all the same when its auditor never reads the end, and at once when nobody spoke", async () => {
    const unread = await aLiveCall({ trial: CORRECTED, entityId: await anOrder({ number: "4711", name: "Ann" }) });
    await said(unread, ["c 0-1000 It is 4711."]);
    await ends(unread, 1);
    const silent = await aLiveCall({ trial: CORRECTED, entityId: await anOrder({}) });
    await said(silent, ["a 0-1000 Hello?"]);
    await ends(silent, 1);
    await check(10_000);
    expect(await forms()).toEqual({ complete: 0, of: 1, pending: 1 });
    await check(16 * 60_000);
    expect(await forms()).toEqual({ complete: 1, of: 2, pending: 0 });
  });

  test("that was never linked is what the agents have made, and a call without any is not counted", async () => {
    const made = await anOrder({ number: "4711", name: "Ann" });
    const call = await aLiveCall({ trial: CORRECTED });
    await database.db
      .insertInto("tool_runs")
      .values({
        organization_id: scope.organizationId,
        environment: scope.environment,
        idempotency_key: `${call.id}:1`,
        thread_id: call.thread_id,
        call_id: call.id,
        agent_slug: "intake",
        name: "entity.create",
        arguments_digest: "x",
        status: "done",
        outcome: JSON.stringify({ outputJson: JSON.stringify({ id: made }), isError: false }),
        started_at: NOW,
        deadline_at: NOW,
        finished_at: NOW,
      })
      .execute();
    await ends(call, 0);
    await ends(await aLiveCall({ trial: CORRECTED }), 0);
    await check(10_000);
    expect(await forms()).toEqual({ complete: 1, of: 1, pending: 0 });
  });
});
