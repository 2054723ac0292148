import { parseId } from "@struere/kernel";
import { scriptedMind } from "@struere/simulators";
import { getThread, listTextUsage, ROUTING_RESET_MS, routeThread, takeTurn, transferThread } from "@struere/store";
import { type TestDatabase, testDatabase } from "@struere/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Answer, aTextWorld, post, type TextWorld, type Tool, toolAnswer } from "./world.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database[Symbol.asyncDispose]());

const CLASSIFY = {
  mode: "classify",
  agents: [
    { slug: "intake", description: "New customers and their data" },
    { slug: "support", description: "Technical trouble, broken routers" },
  ],
  classifyModel: { model: "openai/gpt-6-luna" },
  fallback: "intake",
};
const mind = scriptedMind([
  { when: /broken/i, answer: { agent: "support" } },
  { when: /register/i, answer: { agent: "intake" } },
  { when: /hmm/i, answer: { agent: "uncertain" } },
  {
    when: (turn) => turn.lastUser === "Transfer me" && turn.tools.length > 0,
    call: { name: "router.transfer", arguments: { agent: "support" } },
  },
  { when: () => true, say: "Here I am." },
]);
const transfer =
  (to: string): Tool =>
  () => ({ outputJson: JSON.stringify({ transferred: to }), isError: false, handoff: { slug: to } });

async function routed(
  options: {
    readonly tools?: { readonly [name: string]: Tool };
    readonly faults?: NonNullable<Parameters<typeof aTextWorld>[0]["faults"]>;
  } = {},
): Promise<TextWorld> {
  const at = await aTextWorld({ db: database.db, mind, ...options });
  await at.tenant.agent("intake", { tools: ["router.transfer"] });
  await at.tenant.agent("support", { tools: ["router.transfer"] });
  await at.tenant.router("phone", CLASSIFY);
  return at;
}
const write = (at: TextWorld, message: string, more: object = {}): Promise<Answer> =>
  post(at, "/v1/routers/phone/chat", at.tenant.key, { message, ...more });
const threadOf = async (at: TextWorld, answer: Answer) => {
  const id = parseId("thread", answer.body["threadId"]);
  const thread = id && (await getThread(database.db, at.tenant.scope, id));
  return thread ?? expect.unreachable("the thread is there");
};

describe("a router that classifies", () => {
  test("chooses anew for every message, and bills what choosing costs", async () => {
    await using at = await routed();
    const first = await write(at, "My line is broken");
    expect(first.body).toMatchObject({ agentSlug: "support", message: "Here I am." });
    const { threadId } = first.body;
    expect((await write(at, "I want to register", { threadId })).body["agentSlug"]).toBe("intake");
    const thread = await threadOf(at, first);
    expect(thread).toMatchObject({ current_agent: "intake", transfer_count: 1 });
    const usage = await listTextUsage(database.db, at.tenant.scope, thread.id);
    expect(usage.map((one) => one.purpose).sort()).toEqual(["reply", "reply", "route", "route"]);
    const billed = at.vendor.invoice().reduce((sum, line) => sum + (line.kind === "text" ? line.usage.total_tokens : 0), 0);
    expect(usage.reduce((sum, one) => sum + one.input_tokens + one.output_tokens, 0)).toBe(billed);
    const [asked] = at.vendor.texts;
    expect(asked?.body).toMatchObject({
      model: "gpt-6-luna",
      reasoning: { effort: "none" },
      text: {
        format: { type: "json_schema", strict: true, schema: { properties: { agent: { enum: ["intake", "support", "uncertain"] } } } },
      },
    });
    expect(asked?.body).not.toHaveProperty("tools");
  });

  test("gives what it is not sure of to the fallback", async () => {
    await using at = await routed();
    const { body } = await write(at, "My line is broken");
    expect((await write(at, "hmm", { threadId: body["threadId"] })).body["agentSlug"]).toBe("intake");
  });

  test.each([
    ["fails", { kind: "text_refused", status: 401, session: 3 }],
    ["answers nonsense", { kind: "text_incomplete", reason: "max_output_tokens", session: 3 }],
  ] as const)("leaves the conversation in good hands when the classifier %s", async (_what, fault) => {
    await using at = await routed({ faults: [fault] });
    const { body } = await write(at, "My line is broken");
    const next = await write(at, "Still broken", { threadId: body["threadId"] });
    expect(next.status).toBe(200);
    expect(next.body["agentSlug"]).toBe(fault.kind === "text_refused" ? "support" : "intake");
  });

  test("is asked by routerSlug, too, and says so when one of its agents is gone", async () => {
    await using at = await routed();
    expect((await post(at, "/v1/chat", at.tenant.key, { routerSlug: "phone", message: "broken" })).body["agentSlug"]).toBe("support");
    await at.tenant.router("phone", { ...CLASSIFY, agents: [...CLASSIFY.agents, { slug: "gone" }] });
    expect(await write(at, "broken")).toMatchObject({
      status: 409,
      body: { error: expect.stringContaining('router "phone" names "gone", not in production') },
    });
  });
});

describe("a transfer by the agent", () => {
  test("changes who answers within the same message, with other instructions", async () => {
    await using at = await routed({ tools: { "router.transfer": transfer("support") } });
    const answer = await write(at, "Transfer me");
    expect(answer.body).toMatchObject({ agentSlug: "support" });
    expect(at.vendor.texts.at(-1)?.body["instructions"]).toBe("You are support.");
    expect(JSON.stringify(at.vendor.texts.at(-1)?.body["input"])).not.toContain("reasoning");
    expect(await threadOf(at, answer)).toMatchObject({ current_agent: "support", transfer_count: 1 });
  });

  test("stands while the router decides as before", async () => {
    await using at = await routed({ tools: { "router.transfer": transfer("support") } });
    const rules = {
      mode: "rules",
      agents: CLASSIFY.agents,
      fallback: "intake",
      rules: [{ conditions: [{ field: "message", operator: "contains", value: "vip" }], route: "intake" }],
    };
    await at.tenant.router("phone", rules);
    const { body } = await write(at, "Transfer me");
    expect(body["agentSlug"]).toBe("support");
    expect((await write(at, "And now?", { threadId: body["threadId"] })).body["agentSlug"]).toBe("support");
  });

  test("to itself or to somebody who is not of the router changes nothing", async () => {
    for (const to of ["intake", "stranger"]) {
      await using at = await routed({ tools: { "router.transfer": transfer(to) } });
      const answer = await write(at, "Transfer me");
      expect(answer.body["agentSlug"]).toBe("intake");
      expect((await threadOf(at, answer)).transfer_count).toBe(0);
    }
  });

  test("happens one at a time, five times at most, never to itself, never without a router", async () => {
    await using at = await routed();
    const { id: threadId } = await threadOf(at, await write(at, "register"));
    const { scope } = at.tenant;
    const move = (from: string, to: string) => transferThread(database.db, scope, { threadId, from, to, now: new Date() });
    const both = await Promise.all([move("intake", "support"), move("intake", "support")]);
    expect(both.map((one) => (one.ok ? "ok" : one.problem)).sort()).toEqual(["ok", "transferred_meanwhile"]);
    expect(await move("support", "support")).toEqual({ ok: false, problem: "self_transfer" });
    for (const [from, to] of [
      ["support", "intake"],
      ["intake", "support"],
      ["support", "intake"],
      ["intake", "support"],
    ] as const)
      expect((await move(from, to)).ok).toBe(true);
    expect(await move("support", "intake")).toEqual({ ok: false, problem: "too_many_transfers" });
    // The router does not move it any more, either.
    expect((await write(at, "register", { threadId })).body["agentSlug"]).toBe("support");
    const stranger = await at.anotherTenant();
    await expect(
      transferThread(database.db, stranger.scope, { threadId, from: "support", to: "intake", now: new Date() }),
    ).rejects.toMatchObject({ code: "not_found" });
    const direct = await post(at, "/v1/agents/intake/chat", at.tenant.key, { message: "x" });
    expect(
      await transferThread(database.db, scope, {
        threadId: (await threadOf(at, direct)).id,
        from: "intake",
        to: "support",
        now: new Date(),
      }),
    ).toEqual({ ok: false, problem: "no_router" });
  });
});

test("a router of rules asks no model, and reads params and contact", async () => {
  await using at = await routed();
  const when = (field: string, operator: string, value: unknown) => ({ conditions: [{ field, operator, value }], route: "support" });
  await at.tenant.router("phone", {
    mode: "rules",
    agents: CLASSIFY.agents,
    fallback: "intake",
    rules: [when("contact.type", "eq", "customer"), when("threadContext.params.tier", "in", ["gold", "silver"])],
  });
  const chosen = async (params: object) => (await write(at, "x", { threadContext: { params } })).body["agentSlug"];
  expect([
    await chosen({}),
    await chosen({ contact: { type: "customer" } }),
    await chosen({ tier: "gold" }),
    await chosen({ tier: "lead" }),
  ]).toEqual(["intake", "support", "support", "intake"]);
  expect(at.vendor.texts.every((one) => JSON.stringify(one.body["metadata"]) === '{"purpose":"reply"}')).toBe(true);
});

test("who comes back after hours begins anew with the router", async () => {
  await using at = await routed();
  const { id: threadId } = await threadOf(at, await write(at, "register"));
  const { scope } = at.tenant;
  const ask = (now: number) =>
    routeThread(database.db, scope, { threadId, decision: "intake", legal: ["intake", "support"], now: new Date(now) });
  await transferThread(database.db, scope, { threadId, from: "intake", to: "support", now: new Date() });
  const lastMessageAt = (await getThread(database.db, scope, threadId))?.last_message_at?.getTime() ?? 0;
  expect(await ask(lastMessageAt + ROUTING_RESET_MS)).toEqual({ agent: "support", switched: false });
  expect(await ask(lastMessageAt + ROUTING_RESET_MS + 1)).toEqual({ agent: "intake", switched: false });
  expect(await getThread(database.db, scope, threadId)).toMatchObject({ current_agent: "intake", transfer_count: 0 });
});

test("a turn that was never given back ends by itself", async () => {
  await using at = await routed();
  const { id: threadId } = await threadOf(at, await write(at, "register"));
  const { scope } = at.tenant;
  const now = new Date("2030-01-01T00:00:00Z");
  const later = (seconds: number): Date => new Date(now.getTime() + seconds * 1_000);
  expect(await takeTurn(database.db, scope, { threadId, now, expiresAt: later(60) })).toBeDefined();
  expect(await takeTurn(database.db, scope, { threadId, now: later(59), expiresAt: later(90) })).toBeUndefined();
  expect(await takeTurn(database.db, scope, { threadId, now: later(60), expiresAt: later(90) })).toBeDefined();
});

test("what a tool answers in plain words goes to the model as it is", async () => {
  await using at = await aTextWorld({
    db: database.db,
    mind: scriptedMind([{ when: "go", call: { name: "weather" }, thenSay: "It says {{output}}" }]),
    tools: { weather: () => ({ ...toolAnswer(null), outputJson: "rain" }) },
  });
  await at.tenant.agent("intake", { tools: ["weather"] });
  expect((await post(at, "/v1/agents/intake/chat", at.tenant.key, { message: "go" })).body["message"]).toBe("It says rain");
});
