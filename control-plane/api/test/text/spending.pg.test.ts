/** What answers in writing cost, whatever became of them, and that nobody writes on credit that is gone. */
import { memoryBus } from "@struere/bus";
import { micros } from "@struere/kernel";
import { systemClock } from "@struere/runtime";
import type { Mind, SimulatedFault } from "@struere/simulators";
import {
  findKeyHolder,
  getAllowance,
  getLedger,
  keepRateCard,
  listAudit,
  listStatement,
  postEntry,
  setAllowance,
  setCreditLimit,
  verifyLedger,
} from "@struere/store";
import { type TestDatabase, testDatabase } from "@struere/testkit";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { rateCards } from "../../src/billing/bill-uses.ts";
import { builtinRateCard } from "../../src/billing/builtin-rate-card.ts";
import { reconcileModels } from "../../src/billing/reconcile.ts";
import { readUsageExport } from "../../src/billing/usage-export.ts";
import { aBiller } from "../billing/books.ts";
import { NOW } from "../fixture.ts";
import { aTextWorld, chat, post, type TextWorld, type Tool, toolAnswer } from "./world.ts";

let database: TestDatabase;
// The vendor's ids make a use count once, and each simulated vendor begins with the same ones.
beforeEach(async () => {
  database = await testDatabase();
});
afterEach(() => database[Symbol.asyncDispose]());

const world = (faults: readonly SimulatedFault[] = []): Promise<TextWorld> => aTextWorld({ db: database.db, faults });

async function bill(): Promise<void> {
  await keepRateCard(database.db, builtinRateCard(), NOW);
  const bus = memoryBus();
  const biller = aBiller({ db: database.db, bus, rateCard: builtinRateCard() });
  await biller.round();
  await biller.close();
  await bus.close();
}

const balances = async ({ tenant }: TextWorld) => (await getLedger(database.db, tenant.scope)).balances;

/** By the vendor's invoice: gpt-6.1-terra, at 1.00, 0.05 and 5.00 dollars a million. */
function owed({ vendor }: TextWorld): bigint {
  const cost = (tokens: number, rate: number): bigint => BigInt(Math.floor(tokens * rate + 0.5));
  return vendor.invoice().reduce((sum, line) => {
    if (line.kind !== "text") return sum;
    const { input_tokens: input, input_tokens_details: details, output_tokens: output } = line.usage;
    return sum + cost(input - details.cached_tokens, 1) + cost(details.cached_tokens, 0.05) + cost(output, 5);
  }, 0n);
}

describe("what is billed", () => {
  test("is every attempt that the vendor bills, the answer's and those that came to nothing, once", async () => {
    await using at = await world([{ kind: "text_failed", code: "server_error", billed: true, times: 2 }]);
    await at.tenant.agent("intake");
    expect((await chat(at, "intake", "Hello there")).status).toBe(200);
    expect(at.vendor.invoice()).toHaveLength(3);
    for (const _again of [1, 2]) await bill();
    const charges = await listStatement(database.db, at.tenant.scope, { kinds: ["charge"] }, { limit: 9, after: null });
    expect(charges).toHaveLength(3);
    expect((await balances(at)).models).toBe(owed(at));
  });

  test("is what came to nothing, also when there was no answer at the end of it", async () => {
    await using at = await world([{ kind: "text_failed", code: "server_error", billed: true }]);
    await at.tenant.agent("intake");
    expect((await chat(at, "intake", "Hello there")).status).toBe(503);
    await bill();
    expect(at.vendor.invoice()).toHaveLength(3);
    expect((await balances(at)).models).toBe(owed(at));
  });

  test("is a router's choice that failed, too", async () => {
    await using at = await world([{ kind: "text_failed", code: "server_error", billed: true, times: 1 }]);
    for (const slug of ["cafe", "shop"]) await at.tenant.agent(slug);
    const agents = ["cafe", "shop"].map((slug) => ({ slug, description: slug }));
    const classifyModel = { model: "gpt-6.1-terra" };
    await at.tenant.router("desk", { mode: "classify", agents, fallback: "cafe", classifyModel, contextMessages: 4 });
    expect((await post(at, "/v1/routers/desk/chat", at.tenant.key, { message: "Tea, please" })).status).toBe(200);
    await bill();
    expect(at.vendor.invoice()).toHaveLength(3);
    expect((await balances(at)).models).toBe(owed(at));
  });

  test("is an estimate, flagged, where the vendor gave no figures, and never nothing; reconciled, it is what the vendor bills", async () => {
    await using at = await world([{ kind: "text_unmetered", times: 1 }]);
    await at.tenant.agent("intake", { systemPrompt: "You are patient. ".repeat(200) });
    expect((await chat(at, "intake", "Hello there")).status).toBe(200);
    await bill();
    const [charge] = await listStatement(database.db, at.tenant.scope, { kinds: ["charge"] }, { limit: 9, after: null });
    expect(charge).toMatchObject({ estimated: true, source: "reply" });
    const { unobserved, models } = await balances(at);
    expect(unobserved).toBeGreaterThan(0n);
    expect(models).toBe(0n);
    const [line] = at.vendor.invoice();
    if (line?.kind !== "text") throw new Error("the vendor bills one answer");
    const file = JSON.stringify({ id: line.responseId, model: line.model, usage: line.usage });
    const billing = { db: database.db, clock: systemClock(), cards: rateCards(database.db) };
    expect(await reconcileModels(billing, at.tenant.scope, readUsageExport(file))).toMatchObject({ checked: 1, corrected: 1, open: [] });
    expect(await balances(at)).toMatchObject({ unobserved: 0n, models: owed(at) });
    expect(await verifyLedger(database.db, at.tenant.scope)).toEqual([]);
  });
});

describe("an answer in writing", () => {
  const refusals = async ({ tenant }: TextWorld) =>
    (await listAudit(database.db, tenant.scope, 9)).filter(({ action }) => action === "chat.refused").map(({ detail }) => detail);

  test("is not asked of the model without credit; who asked is told what to do, and it is written down; with credit it is given", async () => {
    await using at = await world();
    await at.tenant.agent("intake");
    await setCreditLimit(database.db, at.tenant.scope, { creditLimit: micros(0), currency: "USD", now: NOW });
    const refused = await chat(at, "intake", "Hello there");
    expect(refused.status).toBe(429);
    expect(refused.body["error"]).toMatch(
      /^0\.00 USD of credit are left, and an answer needs 0\.\d+ to begin; add credit: struere billing topup/,
    );
    expect(at.vendor.texts).toHaveLength(0);
    expect(await refusals(at)).toEqual([{ reason: "insufficient_credit", limit: "credit", value: "0.00" }]);
    const credit = { actor: "test", entry: { kind: "credit", key: "first", amount: micros(1_000_000) } } as const;
    await postEntry(database.db, at.tenant.scope, credit, NOW);
    expect((await chat(at, "intake", "Hello there")).status).toBe(200);
  });

  test("is not asked of the model beyond a cap, nor is a router's choice", async () => {
    await using at = await world();
    for (const slug of ["cafe", "shop"]) await at.tenant.agent(slug);
    const agents = ["cafe", "shop"].map((slug) => ({ slug, description: slug }));
    const classifyModel = { model: "gpt-6.1-terra" };
    await at.tenant.router("desk", { mode: "classify", agents, fallback: "cafe", classifyModel, contextMessages: 4 });
    const change = { hour: micros(100) };
    await setAllowance(database.db, at.tenant.scope, { keyId: null, change, now: new Date() });
    const refused = await post(at, "/v1/routers/desk/chat", at.tenant.key, { message: "Tea, please" });
    expect(refused.status).toBe(429);
    expect(refused.body["error"]).toMatch(
      /the cap of 0\.0001 USD per hour of production leaves no room for an answer: .*struere billing caps --hour <amount>/,
    );
    expect(at.vendor.texts).toHaveLength(0);
    expect(await refusals(at)).toEqual([{ reason: "spend_cap", limit: "hour cap of production", value: "0.0001" }]);
  });

  test("stops between two steps when what it used has taken the rest, and what its tools did stays in the thread", async () => {
    await using at = await aTextWorld({
      db: database.db,
      faults: [{ kind: "text_tool_call", name: "look_up", arguments: "{}", times: 1 }],
      tools: {
        look_up: async ({ actor }) => {
          const { organizationId, environment } = actor;
          const change = { day: micros(1) };
          await setAllowance(database.db, { organizationId, environment }, { keyId: null, change, now: new Date() });
          return toolAnswer({ found: true });
        },
      },
    });
    await at.tenant.agent("intake", { tools: ["look_up"] });
    const { status, body } = await chat(at, "intake", "Hello", { externalThreadId: "t" });
    expect([status, body["error"]]).toEqual([429, expect.stringMatching(/per day of production leaves no room for an answer/)]);
    expect([at.vendor.texts.length, at.runs.length]).toEqual([1, 1]);
  });

  /** The most that one answer of this agent can cost. */
  const SETTINGS = { model: { model: "gpt-6.1-terra", maxTokens: 1_000 } };

  test("reserves the most that it can cost, so that of many at once no more are asked than there is credit for", async () => {
    await using at = await world();
    await at.tenant.agent("intake", SETTINGS);
    await setCreditLimit(database.db, at.tenant.scope, { creditLimit: micros(0), currency: "USD", now: NOW });
    // An answer of 1,000 tokens is 0.005 dollars, and what is read is little beside it.
    const credit = { actor: "test", entry: { kind: "credit", key: "first", amount: micros(16_000) } } as const;
    await postEntry(database.db, at.tenant.scope, credit, NOW);
    const answers = await Promise.all(Array.from({ length: 12 }, () => chat(at, "intake", "Hello there")));
    const given = answers.filter(({ status }) => status === 200);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(12 - given.length);
    expect(given.length).toBeGreaterThan(0);
    expect(at.vendor.texts).toHaveLength(given.length);
    expect((await balances(at)).available).toBeGreaterThanOrEqual(0n);
    await bill();
    expect(await balances(at)).toMatchObject({ held: 0n, available: 16_000n - owed(at), models: owed(at) });
    expect(await verifyLedger(database.db, at.tenant.scope)).toEqual([]);
  });

  test("takes no more of the model than was reserved, and gives back what came to nothing", async () => {
    await using at = await world([{ kind: "text_refused", code: "invalid_prompt", status: 400, times: 1 }]);
    await at.tenant.agent("intake", { model: { model: "gpt-6.1-terra" } });
    await setCreditLimit(database.db, at.tenant.scope, { creditLimit: micros(1_000_000), currency: "USD", now: NOW });
    expect((await chat(at, "intake", "Hello there")).status).not.toBe(200);
    await expect.poll(async () => (await balances(at)).held).toBe(0n);
    expect((await chat(at, "intake", "Hello there")).status).toBe(200);
    expect(at.vendor.texts.map(({ body }) => body["max_output_tokens"])).toEqual([16_384, 16_384]);
  });

  test("that had nothing reserved gives nothing back: there is no release in the books; one that had gives back once", async () => {
    await using at = await world();
    await at.tenant.agent("intake", SETTINGS);
    const releases = async () =>
      (await listStatement(database.db, at.tenant.scope, { kinds: ["release"] }, { limit: 9, after: null })).length;
    expect((await chat(at, "intake", "Hello there")).status).toBe(200);
    for (const _again of [1, 2]) await bill();
    expect([(await balances(at)).models, await releases()]).toEqual([owed(at), 0]);
    await setCreditLimit(database.db, at.tenant.scope, { creditLimit: micros(1_000_000), currency: "USD", now: NOW });
    expect((await chat(at, "intake", "Hello again")).status).toBe(200);
    for (const _again of [1, 2, 3]) await bill();
    expect([(await balances(at)).held, await releases()]).toEqual([0n, 1]);
    expect(await verifyLedger(database.db, at.tenant.scope)).toEqual([]);
  });

  test("counts for the key that asked, whose cap it can not go beyond; for another key there is room", async () => {
    await using at = await world();
    await at.tenant.agent("intake", SETTINGS);
    const other = await at.tenant.keyWith(["chat"]);
    const [holder] = await keyOf(at.tenant.key);
    const change = { hour: micros(6_000) };
    await setAllowance(database.db, at.tenant.scope, { keyId: holder, change, now: new Date() });
    expect((await chat(at, "intake", "Hello there")).status).toBe(200);
    await bill();
    expect((await getAllowance(database.db, at.tenant.scope, holder)).spent.hour.amount).toBe(owed(at));
    await setAllowance(database.db, at.tenant.scope, { keyId: holder, change: { hour: micros(5_000) }, now: new Date() });
    const refused = await chat(at, "intake", "Hello there");
    expect([refused.status, refused.body["error"]]).toEqual([429, expect.stringMatching(`per hour of key ${holder} leaves no room`)]);
    expect((await post(at, "/v1/agents/intake/chat", other, { message: "Hello" })).status).toBe(200);
  });

  test("counts for the key also where an agent has asked another one for it, however deep, and is not asked beyond the key's cap", async () => {
    /** Each agent asks the one that its instructions name. */
    const mind: Mind = ({ instructions, history }) => {
      const newest = history.at(-1);
      const next = /next: (\w+)/.exec(instructions)?.[1];
      if (newest?.role === "tool_output" || next === undefined)
        return { say: newest?.role === "tool_output" ? newest.text : "I am asked last." };
      return { toolCalls: [{ name: "agent.chat", arguments: { agent: next } }] };
    };
    const asksOn: Tool = async ({ actor, threadId, argumentsJson, keyId, signal }, text) => {
      const { agent } = JSON.parse(argumentsJson);
      return toolAnswer(await text.chatWithAgent({ actor, parentThread: threadId, agentSlug: agent, message: "Ask", keyId, signal }));
    };
    await using at = await aTextWorld({ db: database.db, mind, tools: { "agent.chat": asksOn } });
    for (const [slug, next] of [
      ["a", "b"],
      ["b", "c"],
      ["c", ""],
    ] as const)
      await at.tenant.agent(slug, { ...SETTINGS, systemPrompt: `next: ${next}`, tools: ["agent.chat"] });
    const [holder] = await keyOf(at.tenant.key);
    expect((await chat(at, "a", "Hello there")).status).toBe(200);
    await bill();
    expect(at.vendor.invoice()).toHaveLength(5);
    expect((await getAllowance(database.db, at.tenant.scope, holder)).spent.hour.amount).toBe(owed(at));

    // Room for one more answer, which is that of the first agent.
    const room = micros(owed(at) + 8_000n);
    await setAllowance(database.db, at.tenant.scope, { keyId: holder, change: { hour: room }, now: new Date() });
    const refused = await chat(at, "a", "Hello there");
    expect([refused.status, refused.body["error"]]).toEqual([429, expect.stringMatching(`per hour of key ${holder} leaves no room`)]);
    expect(at.vendor.texts.map(({ body }) => body["instructions"])).toHaveLength(6);
  });
});

async function keyOf(plaintext: string) {
  const holder = await findKeyHolder(database.db, plaintext, new Date());
  if (!holder) throw new Error("the tenant has a key");
  return [holder.keyId] as const;
}
