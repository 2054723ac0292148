/** Audits, one by one, on a real database and with the vendor simulated at the wire: who reads what, when, and what happens when somebody dies. */
import { memoryBus } from "@struere/bus";
import { AUDIT_LEASE_MS, HOLD_EXPIRES_MS } from "@struere/domain";
import { micros } from "@struere/kernel";
import { everyCallSubject } from "@struere/protocol/bus";
import {
  createKeyRing,
  beginAudit,
  type Call,
  type Db,
  endCall,
  getLedger,
  keepRateCard,
  listAudit,
  listAudits,
  listInjections,
  listStatement,
  postEntries,
  postEntry,
  recordMessages,
  type Scope,
  setCreditLimit,
  verifyLedger,
} from "@struere/store";
import { createMetrics, silentLog, systemClock } from "@struere/runtime";
import { type Mind, type SimulatedFault, startSimulatedOpenAI } from "@struere/simulators";
import { testDatabase, type TestDatabase } from "@struere/testkit";
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { builtinRateCard } from "../../src/billing/builtin-rate-card.ts";
import { auditing } from "../../src/auditing/auditing.ts";
import { controlEvents } from "../../src/events.ts";
import { injector } from "../../src/injections/injector.ts";
import { textAgents } from "../../src/text/text-agents.ts";
import { textToolRunner } from "../../src/tools/index.ts";
import { setAgent } from "@struere/store";
import { aBiller } from "../billing/books.ts";
import { diallerOf } from "../trpc/server.ts";
import { aClaimedCall, aScope, aTranscript, NOW } from "../fixture.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database[Symbol.asyncDispose]());

const POLL_MS = 5_000;
const inject = (message: string, action = "correction") => ({ name: "voice.inject", arguments: { action, message } });
const said = (turn: { readonly lastUser: string | null }): string => turn.lastUser ?? "";
const toolsRan = (turn: Parameters<Mind>[0]): boolean => turn.history.at(-1)?.role === "tool_output";

/** A clock that tests put forward, beside one that runs. */
async function aDesk(mind: Mind, faults: readonly SimulatedFault[] = []) {
  let questions = 0;
  const db: Db = database.db.withPlugin({
    transformQuery: ({ node }) => node,
    transformResult({ result }) {
      questions += 1;
      return Promise.resolve(result);
    },
  });
  const real = systemClock({ scale: 20 });
  let ahead = 0;
  const clock = { ...real, now: () => real.now() + ahead, wall: () => real.wall() + ahead, arm: real.arm.bind(real) };
  const vendor = await startSimulatedOpenAI({ clock: real, apiKey: "sk-test", mind, faults });
  const scope: Scope = await aScope(db);
  const definition = { slug: "auditor", name: "Auditor", systemPrompt: "You audit.", tools: ["voice.inject"] };
  const sync = async (change: { readonly systemPrompt?: string } = {}) =>
    await setAgent(db, scope, {
      slug: "auditor",
      name: "Auditor",
      description: null,
      definition: { ...definition, ...change },
      now: NOW,
    });
  const { agent } = await sync();
  const claimed = await aClaimedCall(db, scope);
  const pinned = { agentId: agent.id, version: agent.version };
  const config = { ...claimed.config, auditor: { agentSlug: "auditor", pollIntervalMs: POLL_MS, pinned } };
  await db
    .updateTable("calls")
    .set({ config: JSON.stringify(config) })
    .where("id", "=", claimed.id)
    .execute();
  const bus = memoryBus();
  const sent: string[] = [];
  bus.subscribe(everyCallSubject("inject"), (data) => sent.push(data));
  const text = textAgents({
    db,
    clock,
    log: silentLog,
    openai: { apiKey: "sk-test", baseUrl: vendor.baseUrl },
    rateCard: builtinRateCard(),
    renderPrompt: async ({ template }) => template,
    tools: textToolRunner({
      db,
      clock,
      log: silentLog,
      keyRing: createKeyRing(randomBytes(32).toString("base64")),
      guard: { allowLoopback: true, ownHosts: () => [], ownPorts: () => [], ownAddresses: () => [] },
      chatWithAgent: () => Promise.reject(new Error("nobody to ask")),
      redirector: { redirect: () => Promise.resolve() },
      injector: injector({ bus, db, clock }),
      dialler: diallerOf(db),
      dialActionUrl: () => "",
    }),
  });
  const audits = auditing({ db, clock, log: silentLog, events: controlEvents({ log: silentLog, metrics: createMetrics() }), text });
  let seq = 0;
  return {
    db,
    scope,
    call: claimed as Call,
    vendor,
    sent,
    sync,
    /** How often the database was asked for this work, besides the beginnings and ends of transactions. */
    async questions(work: () => Promise<unknown>): Promise<number> {
      const before = questions;
      await work();
      return questions - before;
    },
    audits,
    run: (wakeUp = "1.1") => audits.runAudit({ callId: claimed.id, workerId: "test", wakeUp }),
    later: (ms: number) => {
      ahead += ms;
    },
    now: () => new Date(clock.wall()),
    /** Words that are heard; `position` where they belong, when it is not the end. */
    async hears(speaker: "caller" | "agent", words: string, position?: number) {
      seq += 1;
      const body = aTranscript(seq, { speaker, text: words, position: position ?? seq * 10, at: clock.wall() });
      await recordMessages(
        db,
        [{ ...scope, callId: claimed.id, kind: "transcript", body: { ...body, at: Math.trunc(clock.wall()) } }],
        NOW,
      );
    },
    async ends() {
      const end = { callId: claimed.id, epoch: 1, outcome: "completed", reason: "caller_hung_up", durationMs: 1, lastSeq: seq } as const;
      await endCall(db, { ...end, now: new Date(clock.wall()) });
    },
    reports: () => vendor.texts.map(({ body }) => JSON.stringify(body["input"])),
    async [Symbol.asyncDispose]() {
      await audits.close();
      await vendor.close();
    },
  };
}

const silent: Mind = () => ({ say: "Nothing to do." });

describe("an audit of an environment whose credit is limited", () => {
  const CALL_HOLD = micros(5_000);
  /** With so much besides what is reserved for the call. */
  async function aLimitedDesk(credit: number) {
    const desk = await aDesk(() => ({ say: "Nothing to correct." }));
    const { db, scope, call } = desk;
    await keepRateCard(db, builtinRateCard(), NOW);
    await setCreditLimit(db, scope, { creditLimit: micros(0), currency: "USD", now: NOW });
    const given = { kind: "credit", key: "first", amount: micros(CALL_HOLD + BigInt(credit)) } as const;
    const expiresAt = desk.now().getTime() + HOLD_EXPIRES_MS;
    const reserved = { kind: "hold", key: `hold:${call.id}`, holdId: call.id, amount: CALL_HOLD, expiresAt } as const;
    const posted = await postEntries(
      db,
      scope,
      [given, reserved].map((entry) => ({ entry, actor: "test" })),
      NOW,
    );
    expect(posted.every(({ ok }) => ok)).toBe(true);
    await desk.hears("caller", "I want tea.");
    return desk;
  }
  const holdsOf = async ({ db, scope }: Awaited<ReturnType<typeof aDesk>>) =>
    await db.selectFrom("credit_holds").selectAll().where("organization_id", "=", scope.organizationId).execute();

  test("reserves what it can cost beside the call's own reserve, which it leaves alone, and gives back what it did not need", async () => {
    await using desk = await aLimitedDesk(1_000_000);
    const { db, scope, call } = desk;
    expect(await desk.run()).toMatchObject({ outcome: "done" });
    const own = (await holdsOf(desk)).filter(({ id }) => id !== call.id);
    expect(own).toMatchObject([{ state: "open" }]);
    const bus = memoryBus();
    const biller = aBiller({ db, bus, rateCard: builtinRateCard(), clock: { ...systemClock(), wall: () => desk.now().getTime() } });
    for (const _again of [1, 2, 3]) await biller.round();
    await biller.close();
    const [charge, ...more] = await listStatement(db, scope, { kinds: ["charge"] }, { limit: 9, after: null });
    expect([charge, more]).toMatchObject([{ source: "audit", call_id: call.id, hold_id: own[0]?.id }, []]);
    expect(await listStatement(db, scope, { kinds: ["release"] }, { limit: 9, after: null })).toMatchObject([{ hold_id: own[0]?.id }]);
    const { balances } = await getLedger(db, scope);
    expect(balances).toMatchObject({ held: CALL_HOLD, available: 1_000_000n - (charge?.amount ?? 0n) });
    expect(await verifyLedger(db, scope)).toEqual([]);
  });

  test("is not asked of the model when there is none left, which is in the audit log; its words are read once there is", async () => {
    await using desk = await aLimitedDesk(0);
    const { db, scope } = desk;
    expect(await desk.run()).toMatchObject({ outcome: "failed", reason: "resource_exhausted" });
    expect(desk.vendor.texts).toHaveLength(0);
    expect(await listAudit(db, scope, 9)).toMatchObject([
      { action: "chat.refused", actor: "agent auditor", detail: { reason: "insufficient_credit" } },
    ]);
    expect((await getLedger(db, scope)).balances).toMatchObject({ held: CALL_HOLD, available: 0n });
    const more = { kind: "credit", key: "more", amount: micros(1_000_000) } as const;
    await postEntry(db, scope, { entry: more, actor: "test" }, NOW);
    desk.later(60_000);
    expect(await desk.run()).toMatchObject({ outcome: "done" });
    expect(desk.reports()).toEqual([expect.stringContaining("I want tea.")]);
  });
});

describe("an audit", () => {
  test("reads words once, whoever asks how often; and one at a time", async () => {
    await using desk = await aDesk(silent);
    await desk.hears("agent", "Hello.");
    expect(await desk.run()).toMatchObject({ outcome: "nothing_new", retryAfterMs: 0 });
    await desk.hears("caller", "I am Ada.");
    const both = await Promise.all([desk.run(), desk.run(), desk.run()]);
    expect(both.filter(({ outcome }) => outcome === "done")).toHaveLength(1);
    // Whoever is late to look finds it done.
    const isBusy = ({ outcome, reason, retryAfterMs }: (typeof both)[0]) => outcome === "later" && reason === "busy" && retryAfterMs > 0;
    expect(both.filter((one) => isBusy(one) || one.outcome === "nothing_new")).toHaveLength(2);
    expect(await desk.run()).toMatchObject({ outcome: "nothing_new" });
    expect(desk.vendor.texts).toHaveLength(1);
    expect(await listAudits(desk.db, desk.scope, desk.call.id)).toMatchObject([
      { id: `${desk.call.id}.1.1-2`, status: "done", attempts: 1 },
    ]);
  });

  test("begins no sooner than pollInterval after the one before has ended, and is not woken by silence", async () => {
    await using desk = await aDesk(silent);
    await desk.hears("caller", "I am Ada.");
    await desk.run();
    await desk.hears("caller", "");
    expect(await desk.run()).toMatchObject({ outcome: "nothing_new" });
    await desk.hears("caller", "I want tea.");
    const early = await desk.run();
    expect(early).toMatchObject({ outcome: "later", reason: "too_early" });
    expect(early.retryAfterMs).toBeLessThanOrEqual(POLL_MS);
    desk.later(early.retryAfterMs);
    expect(await desk.run()).toMatchObject({ outcome: "done", auditId: `${desk.call.id}.1.2-3` });
  });

  test("has words that were transcribed late where they were said, and marks them as new", async () => {
    await using desk = await aDesk(silent);
    await desk.hears("caller", "Hello.", 1);
    await desk.hears("agent", "Two coffees, then.", 3);
    await desk.run();
    await desk.hears("caller", "Two coffees, please.", 2);
    desk.later(POLL_MS * 2);
    await desk.run();
    const report = desk.reports().at(-1) ?? "";
    const places = ["Hello.", "Two coffees, please.", "Two coffees, then."].map((words) => report.indexOf(words));
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(report).toContain(String.raw`{\"new\":true,\"speaker\":\"caller\",\"text\":\"Two coffees, please.\"}`);
    expect(report.split(String.raw`\"new\":true`)).toHaveLength(2);
  });

  test("reads all that is left once the call is over, at once, and can say nothing any more", async () => {
    await using desk = await aDesk((turn) => (toolsRan(turn) ? { say: "Too late." } : { toolCalls: [inject("It is Tuesday.")] }));
    await desk.hears("caller", "Monday.");
    await desk.run();
    await desk.hears("caller", "No, Tuesday.");
    await desk.ends();
    expect(await desk.run()).toMatchObject({ outcome: "done", retryAfterMs: 0 });
    const [first, last] = await listAudits(desk.db, desk.scope, desk.call.id);
    expect([first?.after_call, last?.after_call]).toEqual([false, true]);
    expect(last?.tool_calls).toMatchObject([{ name: "voice.inject", status: "error" }]);
    expect(JSON.stringify(last?.tool_calls)).toContain("not active");
    expect(await listInjections(desk.db, desk.scope, desk.call.id)).toHaveLength(1);
  });

  test("whose process died is run again under the same name, knows what it did, and says nothing twice", async () => {
    await using desk = await aDesk(
      (turn) => (toolsRan(turn) ? { say: "Said." } : { toolCalls: [inject(`It is ${/Tuesday|Wednesday/.exec(said(turn))?.[0]}.`)] }),
      [{ kind: "text_failed", code: "server_error", skip: 1, times: 3 }],
    );
    await desk.hears("caller", "On Tuesday.");
    const first = await desk.run();
    expect(first).toMatchObject({ outcome: "failed", auditId: `${desk.call.id}.1.1-1` });
    expect(desk.sent).toHaveLength(1);
    await desk.hears("caller", "Or on Wednesday.");
    desk.later(first.retryAfterMs + 60_000);
    const second = await desk.run();
    expect(second).toMatchObject({ auditId: first.auditId });
    const injections = await listInjections(desk.db, desk.scope, desk.call.id);
    expect(injections.map(({ id, message }) => ({ id, message }))).toEqual([{ id: `${first.auditId}.1`, message: "It is Tuesday." }]);
  });

  test("that was begun and never ended is taken up when its lease is over, and not before", async () => {
    await using desk = await aDesk(silent);
    await desk.hears("caller", "On Tuesday.");
    expect((await beginAudit(desk.db, { callId: desk.call.id, now: desk.now() })).kind).toBe("run");
    await desk.hears("caller", "Or on Wednesday.");
    expect(await desk.run()).toMatchObject({ outcome: "later", reason: "busy" });
    desk.later(AUDIT_LEASE_MS + 1_000);
    expect(await desk.run()).toMatchObject({ outcome: "done", auditId: `${desk.call.id}.1.1-1`, retryAfterMs: POLL_MS });
    expect(desk.reports().at(-1)).not.toContain("Wednesday");
    const [audit] = await listAudits(desk.db, desk.scope, desk.call.id);
    expect(audit).toMatchObject({ attempts: 2, status: "done" });
  });

  test("that nobody has room for is in the record as skipped, and its words are read by the next one; the last of a call is not skipped", async () => {
    await using desk = await aDesk(silent);
    await desk.hears("caller", "On Tuesday.");
    const skip = { callId: desk.call.id, workerId: "test", reason: "overloaded" };
    expect(await desk.audits.skipAudit(skip)).toMatchObject({ outcome: "nothing_new", retryAfterMs: 0 });
    expect(await desk.run()).toMatchObject({ outcome: "done" });
    const all = await listAudits(desk.db, desk.scope, desk.call.id);
    expect(all.map(({ status, reason }) => `${status} ${reason}`).sort()).toEqual(["done null", "skipped overloaded"]);
    await desk.hears("caller", "Bye.");
    await desk.ends();
    expect((await desk.audits.skipAudit(skip)).retryAfterMs).toBeGreaterThan(0);
  });
});

test("an audit asks the database for little: hundreds of calls have theirs at the same time", async () => {
  await using desk = await aDesk((turn) =>
    toolsRan(turn) || !said(turn).includes("Monday") ? { say: "Nothing." } : { toolCalls: [inject("It is Tuesday.")] },
  );
  await desk.hears("caller", "Hello.");
  await desk.run();
  await desk.hears("caller", "I want tea.");
  desk.later(POLL_MS * 2);
  // Whether there is something, the lease with all that is read, the thread with the report, the answer with its use, the end;
  // and, before the model is, whether credit has to be reserved, and that it is asked.
  expect(await desk.questions(() => desk.run())).toBe(7);
  await desk.hears("caller", "On Monday.");
  desk.later(POLL_MS * 2);
  // Also the call of the tool, the call's lock, the injection, the tool's outcome, that for the model, and the two before it was asked again.
  expect(await desk.questions(() => desk.run())).toBe(14);
  expect(desk.sent).toHaveLength(1);
  expect(await desk.questions(() => desk.run())).toBe(1);
});

describe("of several wake-ups of a call", () => {
  test("one is kept, and asks again; the others go at once, without a question to the database", async () => {
    await using desk = await aDesk(silent);
    await desk.hears("caller", "Hello.");
    await desk.run("1.1");
    await desk.hears("caller", "I want tea.");
    expect(await desk.run("1.2")).toMatchObject({ outcome: "later", reason: "too_early" });
    await desk.hears("agent", "Tea, then.");
    const others = async () => {
      expect(await desk.run("1.3")).toMatchObject({ outcome: "nothing_new", reason: "another_asks", retryAfterMs: 0 });
    };
    expect(await desk.questions(others)).toBe(0);
    desk.later(POLL_MS);
    expect(await desk.run("1.2")).toMatchObject({ outcome: "done", auditId: `${desk.call.id}.1.2-3` });
    await desk.hears("caller", "And milk.");
    desk.later(POLL_MS);
    expect(await desk.run("1.4")).toMatchObject({ outcome: "done" });
  });

  test("what one rang for while another was answered is looked at afterwards", async () => {
    await using desk = await aDesk(silent);
    await desk.hears("caller", "Hello.");
    const first = desk.run("1.1");
    expect(await desk.run("1.2")).toMatchObject({ reason: "another_asks" });
    expect((await first).retryAfterMs).toBeGreaterThan(0);
  });

  test("one that does not come back in time, or asks elsewhere, gives way", async () => {
    await using desk = await aDesk(silent);
    await desk.hears("caller", "Hello.");
    await desk.run("1.1");
    await desk.hears("caller", "I want tea.");
    expect(await desk.run("1.2")).toMatchObject({ outcome: "later" });
    desk.later(POLL_MS);
    expect(await desk.run("1.3")).toMatchObject({ outcome: "done" });
  });
});

test("a call is audited by the auditor that there was when it came, whatever is synced since", async () => {
  await using desk = await aDesk(silent);
  await desk.hears("caller", "Hello.");
  await desk.sync({ systemPrompt: "You audit quite differently." });
  await desk.run();
  expect(desk.vendor.texts.map(({ body }) => body["instructions"])).toEqual([expect.stringContaining("You audit.\n")]);
  expect(await listAudits(desk.db, desk.scope, desk.call.id)).toMatchObject([{ status: "done", agent_version: 1 }]);
});

describe("what an auditor may say", () => {
  test("is bounded in an audit, and each refusal says why", async () => {
    const wrong = [inject("Look at https://evil.example/x"), inject("x".repeat(700)), inject("Third.")];
    await using desk = await aDesk((turn) => (toolsRan(turn) ? { say: "Done." } : { toolCalls: wrong }));
    await desk.hears("caller", "Hello.");
    await desk.run();
    const [audit] = await listAudits(desk.db, desk.scope, desk.call.id);
    const sentences = JSON.stringify(audit?.tool_calls);
    for (const part of ["link", "at most 600", "at most 2 injections in one audit"]) expect(sentences).toContain(part);
    expect(await listInjections(desk.db, desk.scope, desk.call.id)).toEqual([]);
  });

  test("is sent in the order in which it was asked for", async () => {
    const wanted = [inject("It is Tuesday."), inject("Goodbye.", "complete")];
    await using desk = await aDesk((turn) => (toolsRan(turn) ? { say: "Done." } : { toolCalls: wanted }));
    await desk.hears("caller", "On Monday.");
    await desk.run();
    expect(desk.sent.map((data) => JSON.parse(data))).toMatchObject([{ message: "It is Tuesday." }, { message: "Goodbye." }]);
  });

  test("is sent as one plain line, with what it is based on", async () => {
    await using desk = await aDesk((turn) =>
      toolsRan(turn) ? { say: "Done." } : { toolCalls: [inject("It is\n\u202ETuesday. <system>")] },
    );
    await desk.hears("caller", "On Monday.");
    await desk.run();
    expect(desk.sent.map((data) => JSON.parse(data))).toMatchObject([
      { message: "It is Tuesday. system", action: "correction", basedOn: 10, epoch: 1 },
    ]);
  });
});
