import { type Db, entityStore, openThread, setRole } from "@struere/store";
import { type TestDatabase, testDatabase } from "@struere/testkit";
import fastify from "fastify";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addCompilePrompt, compilePrompt, fillPrompt, textPromptRenderer } from "../../src/templates/index.ts";
import { aKey, NOW } from "../fixture.ts";
import {
  aCallersRole,
  agentWith,
  anAgentNow,
  aToolsWorld,
  bookTool,
  type OwnersServer,
  ownersServer,
  type ToolsWorld,
  withTools,
} from "../tools/world.ts";

let database: TestDatabase;
let owners: OwnersServer;
let world: ToolsWorld;
let db: Db;
beforeAll(async () => {
  database = await testDatabase();
  db = database.db;
  owners = await ownersServer();
  world = await aToolsWorld(db);
  await withTools(db, world.scope, [bookTool(`${owners.url}/menu`, { name: "menu", templateOnly: true, timeoutMs: 200 })]);
  await entityStore(db).create(
    { kind: "key", ...world.scope },
    { type: "order", data: { item: "tea", note: "secret", phone: "+14155550100" } },
  );
});
afterAll(async () => {
  await owners[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const fill = async (systemPrompt: string, more: object = {}, roles: readonly string[] = []) =>
  await fillPrompt(world.services, {
    scope: world.scope,
    agent: agentWith([], { systemPrompt, roles }),
    thread: { id: world.threadId, channel: "voice", params: { callerNumber: "+14155550100", tier: 3 }, metadata: { order: { id: 7 } } },
    callerNumber: "+14155550100",
    message: null,
    withinMs: 2_000,
    ...more,
  });

describe("variables", () => {
  test.each([
    ["organizationName", () => "Acme"],
    ["organizationId", () => world.scope.organizationId],
    ["agentName", () => "Intake"],
    ["agent.slug", () => "intake"],
    ["userId", () => ""],
    ["message", () => ""],
    ["threadId", () => world.threadId],
    ["threadContext.channel", () => "voice"],
    ["threadContext.params.callerNumber", () => "+14155550100"],
    ["threadContext.params.tier", () => "3"],
    ["threadContext.metadata.order.id", () => "7"],
    ["threadContext.params.nobody", () => "[TEMPLATE_ERROR: threadContext.params.nobody not found]"],
    ["roles", () => "[]"],
  ])("%s", async (name, expected) => {
    expect((await fill(`{{${name}}}`)).text).toBe(expected());
  });

  test("of time are those of the clock", async () => {
    const { text } = await fill("{{currentTime}} {{datetime}} {{timestamp}}");
    const [iso = "", datetime, timestamp] = text.split(" ");
    expect(datetime).toBe(iso);
    expect(new Date(iso).getTime()).toBe(Number(timestamp));
    expect(Math.abs(Date.now() - Number(timestamp))).toBeLessThan(60_000);
  });

  test("entityTypes are those that the agent may do something with", async () => {
    expect(JSON.parse((await fill("{{entityTypes}}")).text)).toMatchObject([{ slug: "order", name: "Order" }]);
    const policies = [{ resource: "nothing", actions: ["read"], effect: "allow" }];
    await setRole(db, world.scope, { slug: "nobody", name: "Nobody", definition: { name: "Nobody", slug: "nobody", policies }, now: NOW });
    expect((await fill("{{entityTypes}}", {}, ["nobody"])).text).toBe("[]");
  });
});

describe("functions", () => {
  const query = '{{entity.query({"type":"order","filters":{"phone":"{{threadContext.params.callerNumber}}"}})}}';

  test("ask as the agent: everything without roles, with roles what they allow", async () => {
    expect((await fill(query)).text).toContain("secret");
    await aCallersRole(db, world.scope);
    const { text } = await fill(query, {}, ["callers"]);
    expect(JSON.parse(text)).toMatchObject([{ data: { item: "tea" } }]);
    expect(text).not.toContain("secret");
    expect(await fill(query, {}, ["nobody"])).toMatchObject({ text: "[]", problems: [{ name: "entity.query" }] });
    expect((await fill(query, { callerNumber: "+14155550188" }, ["callers"])).text).toBe("[]");
  });

  test("say what is wrong where the author sees it", async () => {
    expect((await fill('{{entity.query({"type":"cake"})}}')).text).toBe("[TEMPLATE_ERROR: entity.query failed]");
    expect((await fill('{{entity.query({"kind":"order"})}}')).problems).toMatchObject([{ problem: expect.stringContaining("kind") }]);
    expect((await fill("{{entity.delete({})}}")).text).toBe("[TEMPLATE_ERROR: entity.delete not found]");
  });

  test("are the owner's tools too, those for templates only among them, and bounded in time", async () => {
    owners.answers.set("/menu", () => ({ body: '["soup"]' }));
    expect((await fill('Menu: {{menu({"people":2})}}')).text).toBe('Menu: ["soup"]');
    owners.answers.set("/menu", () => new Promise(() => undefined));
    expect((await fill('Menu: {{menu({"people":2})}}')).text).toBe("Menu: [TEMPLATE_ERROR: menu failed]");
  });
});

test("a prompt in writing knows its thread as it is recorded", async () => {
  const { thread } = await openThread(db, world.scope, {
    channel: "agent",
    target: { kind: "agent", slug: "intake" },
    externalId: null,
    parentThreadId: world.threadId,
    params: { name: "{{agent.slug}}" },
    now: NOW,
  });
  const text = await textPromptRenderer(world.services)({
    actor: { kind: "agent", ...world.scope, slug: "intake", roles: [] },
    agent: { ...agentWith([]), agentId: (await anAgentNow(db, world.scope, "intake")).id, model: undefined, params: [] },
    template: "{{message}}|{{threadContext.params.name}}|{{threadContext.parentThreadId}}|{{threadContext.channelStatus}}",
    thread,
    message: "{{organizationId}}",
    signal: new AbortController().signal,
  });
  expect(text).toBe(`{{organizationId}}|{{agent.slug}}|${world.threadId}|active`);
});

describe("compile-prompt", () => {
  test("shows what would be told, and every problem", async () => {
    await anAgentNow(db, world.scope, "writer", {
      systemPrompt: "Hello {{threadContext.params.name}} on {{threadContext.channel}}. {{nobody}}",
    });
    const compiled = await compilePrompt(world.services, {
      scope: world.scope,
      agentSlug: "writer",
      channel: "voice",
      params: { name: "Ann" },
    });
    expect(compiled).toMatchObject({
      agentSlug: "writer",
      version: 1,
      compiledPrompt: "Hello Ann on voice. [TEMPLATE_ERROR: nobody not found]",
      problems: [{ name: "nobody" }],
    });
  });

  test("is served to keys that may sync, within their own environment", async () => {
    const app = fastify();
    await addCompilePrompt(app, world.services);
    const ask = async (key: string, body: unknown) =>
      await app.inject({ method: "POST", url: "/v1/compile-prompt", headers: { authorization: `Bearer ${key}` }, payload: body as object });
    const key = await aKey(db, world.scope, ["sync"]);
    const good = await ask(key, { agentSlug: "writer", params: { name: "Ann" } });
    expect(good.statusCode).toBe(200);
    expect(good.json()).toMatchObject({ compiledPrompt: expect.stringContaining("Hello Ann on api") });
    expect((await ask(await aKey(db, world.scope, ["chat"]), { agentSlug: "writer" })).statusCode).toBe(403);
    const stranger = await aKey(db, { ...world.scope, environment: "production" }, ["sync"]);
    expect((await ask(stranger, { agentSlug: "writer" })).statusCode).toBe(404);
    expect((await ask(key, { agent: "writer" })).statusCode).toBe(400);
    await app.close();
  });
});
