import { createHmac } from "node:crypto";
import {
  beginToolRun,
  type Db,
  endToolRun,
  entityStore,
  getThread,
  newId,
  openThread,
  openToolSigningSecret,
  runInToolTransaction,
  setRouter,
} from "@struere/store";
import { type TestDatabase, testDatabase } from "@struere/testkit";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { voiceTools } from "../../src/tools/index.ts";
import { NOW } from "../fixture.ts";
import {
  aCallersRole,
  agentWith,
  anAgentNow,
  aToolsWorld,
  bookTool,
  nextKey,
  type OwnersServer,
  outputOf,
  ownersServer,
  type ToolsWorld,
  withTools,
} from "./world.ts";

let database: TestDatabase;
let owners: OwnersServer;
let world: ToolsWorld;
let db: Db;
beforeAll(async () => {
  database = await testDatabase();
  db = database.db;
  owners = await ownersServer();
});
afterAll(async () => {
  await owners[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});
beforeEach(async () => {
  world = await aToolsWorld(db);
  owners.received.length = 0;
  owners.answers.clear();
});

const orders = async () => (await entityStore(db).query({ kind: "key", ...world.scope }, { type: "order" })).items;

describe("entity tools", () => {
  test("create, find in both spellings, change and delete", async () => {
    const created = outputOf(await world.run("entity.create", { type: "order", data: { item: "tea", count: 2 } }));
    expect(created).toMatchObject({ id: expect.stringMatching(/^ent_/), status: "active", data: { item: "tea", count: 2 } });
    const { id } = created as { readonly id: string };
    for (const filters of [{ count: { _op_gte: 2 } }, { "data.count": { $gte: 2 } }]) {
      expect(outputOf(await world.run("entity.query", { type: "order", filters }))).toMatchObject({ data: [{ id }], hasMore: false });
    }
    expect(outputOf(await world.run("entity.update", { id, data: { count: 3 } }))).toMatchObject({
      success: true,
      data: { item: "tea", count: 3 },
    });
    expect(outputOf(await world.run("entity.get", { id }))).toMatchObject({ data: { count: 3 } });
    expect(outputOf(await world.run("entity.delete", { id }))).toEqual({ success: true });
    expect(outputOf(await world.run("entity.get", { id }))).toMatchObject({ error: { code: "not_found" } });
  });

  test("say what is wrong with the arguments, and do nothing", async () => {
    const outcome = await world.run("entity.create", { type: "order", data: { cake: 1 } });
    expect(outcome).toMatchObject({ isError: true, errorType: "validation" });
    expect(outputOf(outcome)).toMatchObject({ error: { code: "invalid_argument", message: expect.stringContaining("item is missing") } });
    expect(outputOf(await world.run("entity.create", { type: "order", data: { item: "tea" }, organizationId: "org_other" }))).toMatchObject(
      {
        error: { code: "invalid_argument" },
      },
    );
    expect(await orders()).toEqual([]);
  });

  test("do only what the agent's roles allow, whoever is on the line", async () => {
    await aCallersRole(db, world.scope);
    const entities = entityStore(db);
    const key = { kind: "key", ...world.scope } as const;
    const own = await entities.create(key, { type: "order", data: { item: "tea", note: "secret", phone: world.call.from_number } });
    const other = await entities.create(key, { type: "order", data: { item: "cake", note: "secret", phone: "+14155550177" } });
    const as = {
      agent: agentWith(["entity.query", "entity.get", "entity.create", "entity.update"], { roles: ["callers"] }),
      call: world.call,
      threadId: world.call.thread_id,
    };
    expect(outputOf(await world.run("entity.query", { type: "order" }, as))).toMatchObject({
      data: [{ id: own.id, data: { item: "tea" } }],
    });
    const seen = await world.run("entity.get", { id: own.id }, as);
    expect(seen.outputJson).not.toContain("secret");
    expect(outputOf(await world.run("entity.get", { id: other.id }, as))).toMatchObject({ error: { code: "not_found" } });
    const denied = await world.run("entity.create", { type: "order", data: { item: "tea" } }, as);
    expect(denied).toMatchObject({ isError: true, errorType: "permission" });
    expect(outputOf(denied)).toMatchObject({
      error: { code: "permission_denied", message: expect.stringMatching(/^Permission denied: /) },
    });
    const masked = await world.run("entity.query", { type: "order", filters: { note: "secret" } }, as);
    expect(outputOf(masked)).toMatchObject({ error: { code: "permission_denied" } });
    const written = await world.run("entity.update", { id: own.id, data: { note: "mine" } }, as);
    expect(outputOf(written)).toMatchObject({ error: { code: "permission_denied" } });
    const moved = await world.run("entity.update", { id: own.id, data: { phone: "+14155550177" } }, as);
    expect(outputOf(moved)).toMatchObject({ error: { code: "permission_denied" } });
    // In writing nobody has a number: the rule holds for nothing.
    const inWriting = { agent: agentWith(["entity.query"], { roles: ["callers"] }) };
    expect(outputOf(await world.run("entity.query", { type: "order" }, inWriting))).toMatchObject({ data: [] });
  });
});

describe("an agent", () => {
  test("runs its own tools and no others", async () => {
    const outcome = await world.run("entity.delete", { id: "x" }, { agent: agentWith(["entity.query"]) });
    expect(outcome).toMatchObject({ isError: true, errorType: "permission" });
    expect(outputOf(outcome)).toMatchObject({
      error: { message: 'Permission denied: agent "intake" has no tool "entity.delete"; its tools: entity.query' },
    });
  });

  test("calls nobody whom its environment may not call, and is told so", async () => {
    const outcome = await world.run("voice.call", { phoneNumber: "+14155550100" });
    expect(outcome).toMatchObject({ isError: true, errorType: "permission" });
    expect(outputOf(outcome)).toMatchObject({
      error: { code: "permission_denied", message: expect.stringContaining("calls to US are not allowed here; allowed: none") },
    });
  });

  test("that is in no audit injects nothing, and hears why", async () => {
    expect(outputOf(await world.run("voice.inject", { message: "x", action: "abort" }))).toMatchObject({
      error: { code: "failed_precondition", message: expect.stringContaining("only for an auditor while it audits an active call") },
    });
  });

  test("asks another agent as itself, by either name of the parameter", async () => {
    expect(outputOf(await world.run("agent.chat", { agent: "billing", message: "how much?" }))).toMatchObject({ response: "the answer" });
    await world.run("agent.chat", { agentSlug: "billing", message: "how much?", context: { id: 1 } });
    expect(world.chats).toMatchObject([
      { actor: { ...world.scope, slug: "intake" }, agentSlug: "billing", parentThread: world.threadId, keyId: null },
      { agentSlug: "billing", context: { id: 1 } },
    ]);
  });

  test("asks another agent at the expense of the key behind it: of whoever writes, or has placed the call", async () => {
    const keyId = newId("key");
    await world.run("agent.chat", { agent: "billing", message: "how much?" }, { keyId });
    const agent = await anAgentNow(world.db, world.scope, "caller", { tools: ["agent.chat"] });
    const pinned_agents = [{ slug: "caller", agentId: agent.id, version: agent.version }];
    const call = { ...world.call, pinned_agents, api_key_id: keyId };
    const argumentsJson = JSON.stringify({ agent: "billing", message: "how much?" });
    const asked = { toolCallId: "tc_1", agent: "caller", name: "agent.chat", argumentsJson };
    expect(await voiceTools(world.services).runTool(call, asked)).toMatchObject({ isError: false });
    expect(world.chats.slice(-2)).toMatchObject([{ keyId }, { keyId, actor: { slug: "caller" } }]);
  });

  test("transfers within its router, to another agent, once at a time and five times at most", async () => {
    await anAgentNow(db, world.scope, "intake");
    await anAgentNow(db, world.scope, "support");
    await anAgentNow(db, world.scope, "outsider");
    const definition = {
      name: "Front",
      slug: "front",
      mode: "rules",
      rules: [{ conditions: [{ field: "channel", operator: "eq", value: "never" }], route: "support" }],
      agents: [{ slug: "intake" }, { slug: "support" }],
      fallback: "intake",
    };
    await setRouter(db, world.scope, { slug: "front", name: "Front", definition, now: NOW });
    const { thread } = await openThread(db, world.scope, {
      channel: "api",
      target: { kind: "router", slug: "front" },
      externalId: null,
      parentThreadId: null,
      params: {},
      now: NOW,
    });
    await db.updateTable("threads").set({ current_agent: "intake" }).where("id", "=", thread.id).execute();
    const transfer = (from: string, to: string) =>
      world.run("router.transfer", { agent: to }, { agent: agentWith(["router.transfer"], { slug: from }), threadId: thread.id });
    expect(outputOf(await transfer("intake", "outsider"))).toMatchObject({
      error: { code: "invalid_argument", message: expect.stringContaining('"support"') },
    });
    expect(outputOf(await transfer("intake", "intake"))).toMatchObject({ error: { code: "failed_precondition" } });
    const both = await Promise.all([transfer("intake", "support"), transfer("intake", "support")]);
    expect(both.map((one) => one.isError).toSorted()).toEqual([false, true]);
    expect(both.find((one) => !one.isError)).toMatchObject({ handoff: { slug: "support", version: 1 } });
    const [a, b] = ["support", "intake"] as const;
    for (const [from, to] of [
      [a, b],
      [b, a],
      [a, b],
      [b, a],
    ] as const)
      expect((await transfer(from, to)).isError).toBe(false);
    expect(outputOf(await transfer(a, b))).toMatchObject({ error: { message: expect.stringContaining("too often") } });
    expect(await getThread(db, world.scope, thread.id)).toMatchObject({ current_agent: "support", transfer_count: 5 });
  });

  test("has nobody to transfer to without a router", async () => {
    expect(outputOf(await world.run("router.transfer", { agent: "support" }))).toMatchObject({
      error: { message: expect.stringContaining("no router") },
    });
  });
});

describe("on the line", () => {
  const systemPrompt = "If they ask for a person, transfer to +14155550123.";
  const onCall = (tool: string) => ({ call: world.call, threadId: world.call.thread_id, agent: agentWith([tool], { systemPrompt }) });

  test("ends the call and sends digits as effects", async () => {
    expect(await world.run("call.end", {}, onCall("call.end"))).toMatchObject({ isError: false, effect: { kind: "end_call" } });
    const digits = await world.run("call.sendDigits", { digits: "1w2#" }, onCall("call.sendDigits"));
    expect(digits).toMatchObject({ effect: { kind: "send_digits", digits: "1w2#" } });
    expect(outputOf(await world.run("call.sendDigits", { digits: "+1" }, onCall("call.sendDigits")))).toMatchObject({
      error: { code: "invalid_argument" },
    });
  });

  test("transfers to a number that the instructions name, and to no other", async () => {
    const moved = await world.run("call.transfer", { phoneNumber: "+14155550123" }, onCall("call.transfer"));
    expect(moved).toMatchObject({ isError: false, effect: { kind: "transferred" } });
    expect(world.redirected).toMatchObject([
      { callSid: world.call.twilio_call_sid, twiml: expect.stringContaining("<Number>+14155550123</Number>") },
    ]);
    expect(world.redirected[0]?.twiml).toMatch(
      /answerOnBridge="true" timeout="25" callerId="\+14155550199" action="https:\/\/voice\.example\/twilio\/dial-action"/,
    );
    const spoken = await world.run("call.transfer", { phoneNumber: "+14155550188" }, onCall("call.transfer"));
    expect(outputOf(spoken)).toMatchObject({ error: { code: "permission_denied" } });
    expect(world.redirected).toHaveLength(1);
  });

  test("does nothing where there is no line", async () => {
    for (const name of ["call.end", "call.transfer", "call.sendDigits"]) {
      expect((await world.run(name, { digits: "1", phoneNumber: "+14155550123" })).isError).toBe(true);
    }
  });
});

describe("an owner's tool", () => {
  const book = (more: object = {}) => withTools(db, world.scope, [bookTool(`${owners.url}/book`, more)]);

  test("is called with arguments and context, signed, with its key", async () => {
    await book({ headers: { "X-Shop": "7", "x-struere-signature": "forged" } });
    const idempotencyKey = nextKey();
    const outcome = await world.run("book_table", { people: 2 }, { idempotencyKey });
    expect(outputOf(outcome)).toEqual({ ok: true });
    const [request] = owners.received;
    expect(JSON.parse(request?.body ?? "")).toEqual({
      arguments: { people: 2 },
      context: { ...world.scope, agent: "intake", threadId: world.threadId },
    });
    expect(request?.headers).toMatchObject({ "idempotency-key": idempotencyKey, "x-shop": "7", "content-type": "application/json" });
    const secret = await openToolSigningSecret(db, world.services.keyRing, world.scope, NOW);
    const [, t, v1] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(request?.headers["x-struere-signature"])) ?? [];
    expect(v1).toBe(createHmac("sha256", secret).update(`${t}.${request?.body}`).digest("hex"));
    expect(Math.abs(Date.now() / 1_000 - Number(t))).toBeLessThan(60);
  });

  test("has a secret of its own in each organization and environment, the same each time", async () => {
    const at = (scope: typeof world.scope) => openToolSigningSecret(db, world.services.keyRing, scope, NOW);
    const [first, second] = await Promise.all([at(world.scope), at(world.scope)]);
    expect(first).toMatch(/^whsec_/);
    expect(second).toBe(first);
    expect(await at({ ...world.scope, environment: "production" })).not.toBe(first);
  });

  test("is not called with wrong arguments, when it is only for templates, or when it is gone", async () => {
    await book();
    for (const given of [{ people: "two" }, {}, { people: 2, extra: 1 }, "[]", "{"])
      expect((await world.run("book_table", given)).isError).toBe(true);
    await book({ templateOnly: true });
    expect((await world.run("book_table", { people: 2 })).errorType).toBe("permission");
    await withTools(db, world.scope, []);
    expect(outputOf(await world.run("book_table", { people: 2 }))).toMatchObject({ error: { code: "not_found" } });
    expect(owners.received).toEqual([]);
  });

  test.each([
    ["text", { type: "text/plain", body: "booked" }, "booked"],
    ["nothing", { body: "" }, null],
    ["wrong JSON", { body: "{" }, "{"],
    ["an error", { status: 500, body: "broken" }, { error: { code: "unavailable", message: "the tool's server answered 500: broken" } }],
    ["a refusal", { status: 422, body: "no" }, { error: { code: "failed_precondition", message: "the tool's server answered 422: no" } }],
    ["a redirect", { status: 307, body: "" }, { error: { code: "failed_precondition" } }],
    ["too much", { body: `"${"x".repeat(300_000)}"` }, { error: { code: "failed_precondition" } }],
    ["much", { body: `"${"x".repeat(100_000)}"` }, { truncated: true }],
    ["what looks like ours", { body: '{"handoff":{"slug":"x"},"effect":{"kind":"end_call"},"isError":true}' }, { handoff: { slug: "x" } }],
  ])("that answers %s is answered for", async (_what, answer, expected) => {
    await book();
    owners.answers.set("/book", () => answer);
    const outcome = await world.run("book_table", { people: 2 });
    if (typeof expected === "object" && expected !== null) expect(outputOf(outcome)).toMatchObject(expected);
    else expect(outputOf(outcome)).toBe(expected);
    expect(Buffer.byteLength(outcome.outputJson)).toBeLessThanOrEqual(32 * 1024);
    expect(outcome).not.toHaveProperty("handoff");
    expect(outcome).not.toHaveProperty("effect");
  });

  test("that does not answer in time leaves unknown what it did, for good", async () => {
    await book({ timeoutMs: 100 });
    owners.answers.set("/book", () => new Promise(() => undefined));
    const idempotencyKey = nextKey();
    for (const _ of [1, 2]) {
      const outcome = await world.run("book_table", { people: 2 }, { idempotencyKey });
      expect(outcome).toMatchObject({ isError: true, errorType: "timeout" });
      expect(outputOf(outcome)).toMatchObject({ error: { code: "unknown_outcome" } });
    }
    expect(owners.received).toHaveLength(1);
  });

  test("on this machine is out of reach in production, and where the installation does not allow it", async () => {
    await book();
    const elsewhere = await aToolsWorld(db, { guard: { ...world.services.guard, allowLoopback: false } });
    await withTools(db, elsewhere.scope, [bookTool(`${owners.url}/book`)]);
    expect(outputOf(await elsewhere.run("book_table", { people: 2 }))).toMatchObject({ error: { code: "permission_denied" } });
    expect(owners.received).toEqual([]);
  });
});

describe("one call of a tool", () => {
  test("runs once, however often it is asked for at the same time", async () => {
    await withTools(db, world.scope, [bookTool(`${owners.url}/book`)]);
    const idempotencyKey = nextKey();
    const asked = await Promise.all(Array.from({ length: 12 }, () => world.run("book_table", { people: 2 }, { idempotencyKey })));
    expect(owners.received).toHaveLength(1);
    expect(new Set(asked.map((one) => one.outputJson))).toEqual(new Set(['{"ok":true}']));

    const entityKey = nextKey();
    const created = await Promise.all(
      Array.from({ length: 12 }, () => world.run("entity.create", { type: "order", data: { item: "tea" } }, { idempotencyKey: entityKey })),
    );
    expect(new Set(created.map((one) => one.outputJson)).size).toBe(1);
    expect(await orders()).toHaveLength(1);
  });

  test("is not another one: the key with other arguments or another name is refused", async () => {
    const idempotencyKey = nextKey();
    await world.run("entity.create", { type: "order", data: { item: "tea" } }, { idempotencyKey });
    for (const [name, given] of [
      ["entity.create", { type: "order", data: { item: "cake" } }],
      ["entity.query", { type: "order" }],
    ] as const)
      expect(outputOf(await world.run(name, given, { idempotencyKey }))).toMatchObject({ error: { code: "failed_precondition" } });
    expect(await orders()).toHaveLength(1);
  });

  test("keeps its outcome when the agent, its rights or the tool have changed since", async () => {
    const idempotencyKey = nextKey();
    const first = await world.run("entity.create", { type: "order", data: { item: "tea" } }, { idempotencyKey });
    const again = await world.run("entity.create", { type: "order", data: { item: "tea" } }, { idempotencyKey, agent: agentWith([]) });
    expect(again).toEqual(first);
  });

  test("whose process died is unknown, and never run again", async () => {
    await withTools(db, world.scope, [bookTool(`${owners.url}/book`)]);
    for (const [name, given] of [
      ["book_table", { people: 2 }],
      ["entity.create", { type: "order", data: { item: "tea" } }],
    ] as const) {
      const idempotencyKey = nextKey();
      const died = {
        idempotencyKey,
        threadId: world.threadId,
        callId: null,
        agentSlug: "intake",
        name,
        argumentsJson: JSON.stringify(given),
      };
      await beginToolRun(db, world.scope, { ...died, now: NOW, deadlineAt: new Date(Date.now() + 300) });
      const asked = await Promise.all([1, 2, 3].map(() => world.run(name, given, { idempotencyKey })));
      for (const outcome of asked) expect(outputOf(outcome)).toMatchObject({ error: { code: "unknown_outcome" } });
    }
    expect(owners.received).toEqual([]);
    expect(await orders()).toEqual([]);
  });

  test("that was given up meanwhile leaves nothing behind in the database", async () => {
    const idempotencyKey = nextKey();
    const { scope, threadId } = world;
    const now = new Date();
    const begun = { idempotencyKey, threadId, callId: null, agentSlug: "intake", name: "entity.create", argumentsJson: "{}" };
    await beginToolRun(db, scope, { ...begun, now, deadlineAt: now });
    const givenUp = { outputJson: "{}", isError: true };
    const ran = await runInToolTransaction(db, scope, { ...begun, now, deadlineAt: now }, async (tx) => {
      await entityStore(tx).create({ kind: "agent", ...scope }, { type: "order", data: { item: "tea" } });
      // Somebody else takes the run for dead while it stands still here.
      await endToolRun(db, scope, { idempotencyKey, outcome: givenUp, now });
      return { outputJson: "done", isError: false };
    });
    expect(ran).toEqual({ state: "done", outcome: givenUp, isOurs: false });
    expect(await orders()).toEqual([]);
  });

  test("means nothing in another organization", async () => {
    const other = await aToolsWorld(db);
    const idempotencyKey = nextKey();
    await world.run("entity.create", { type: "order", data: { item: "tea" } }, { idempotencyKey });
    await other.run("entity.create", { type: "order", data: { item: "cake" } }, { idempotencyKey });
    expect(await orders()).toMatchObject([{ data: { item: "tea" } }]);
  });
});
