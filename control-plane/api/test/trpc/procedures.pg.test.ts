import { endCall, listAudit, recordMessages, type Scope } from "@struere/store";
import { type TestDatabase, testDatabase } from "@struere/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { aCall, aClaimedCall, aKey, anAgent, aScope, aTranscript, NOW } from "../fixture.ts";
import { callerWith, serve, services } from "./server.ts";

let database: TestDatabase;
let scope: Scope;
let caller: Awaited<ReturnType<typeof callerWith>>;

beforeAll(async () => {
  database = await testDatabase();
  scope = await aScope(database.db);
  caller = await callerWith(services(database.db), await aKey(database.db, scope));
});
afterAll(() => database[Symbol.asyncDispose]());

const agent = (overrides: object = {}) => ({
  definition: { name: "Intake", slug: "intake", systemPrompt: "You take down orders.", ...overrides },
});
const router = (overrides: object = {}) => ({
  definition: {
    name: "Phone",
    slug: "phone",
    mode: "classify" as const,
    agents: [{ slug: "intake" }],
    fallback: "intake",
    classifyModel: { model: "openai/gpt-6.1-terra" },
    ...overrides,
  },
});

describe("keys", () => {
  test("are shown once, work at once, and are gone when revoked", async () => {
    const made = await caller.keys.create({ name: "ci", permissions: ["calls", "calls"], expiresInDays: 30 });
    expect(made).toMatchObject({ environment: "production", permissions: ["calls"] });
    const other = await callerWith(services(database.db), made.key);
    expect(await other.system.status()).toMatchObject({
      environment: "production",
      key: { name: "ci", permissions: ["calls"] },
      busConnected: true,
    });
    await expect(other.keys.list()).rejects.toMatchObject({
      code: "FORBIDDEN",
      message: expect.stringContaining('needs the permission "admin" and has "calls"'),
    });
    expect(JSON.stringify(await caller.keys.list())).not.toContain(made.key);
    await caller.keys.revoke({ id: made.id });
    await expect((await callerWith(services(database.db), made.key)).system.status()).rejects.toMatchObject({ code: "UNAUTHORIZED" });
    const actions = (await listAudit(database.db, scope, 10)).map((entry) => `${entry.action} ${entry.subject}`);
    expect(actions).toEqual(expect.arrayContaining([`key.created ${made.id}`, `key.revoked ${made.id}`]));
  });

  test("give away no permission that they lack", async () => {
    const admin = await callerWith(services(database.db), await aKey(database.db, scope, ["admin"]));
    await expect(admin.keys.create({ name: "x", permissions: ["*"] })).rejects.toMatchObject({ code: "FORBIDDEN" });
    expect(await admin.keys.create({ name: "x", permissions: ["admin"] })).toMatchObject({ permissions: ["admin"] });
  });
});

describe("agents", () => {
  test("are set, listed and read; the same again changes nothing", async () => {
    expect(await caller.agents.set(agent({ tools: ["call.end"] }))).toMatchObject({ changed: true, agent: { version: 1 }, warnings: [] });
    expect(await caller.agents.set(agent({ tools: ["call.end"] }))).toMatchObject({ changed: false, agent: { version: 1 } });
    expect(await caller.agents.set(agent())).toMatchObject({ changed: true, agent: { version: 2 } });
    expect(await caller.agents.get({ slug: "intake" })).toMatchObject({ definition: { systemPrompt: "You take down orders.", tools: [] } });
    expect(await caller.agents.list()).toMatchObject([{ slug: "intake", version: 2 }]);
    expect(JSON.stringify(await caller.agents.list())).not.toContain("orders");
  });

  test.each([
    [
      "an unknown tool",
      agent({ tools: ["call.end", "crm.find"] }),
      /agent "intake": tools\[1\]: "crm.find" is not a tool; legal: .*"call.end"/,
    ],
    ["an unknown role", agent({ roles: ["clerk"] }), /agent "intake": roles\[0\]: "clerk" is not a role of this project; legal: none/],
    ["an unknown model", agent({ model: { model: "gpt-99" } }), /"gpt-99" is not a known model.*; legal: .*"gpt-6.1-terra"/],
  ])("with %s are refused, naming the legal values", async (_, input, message) => {
    await expect(caller.agents.set(input)).rejects.toMatchObject({ code: "BAD_REQUEST", message: expect.stringMatching(message) });
  });

  test("that answer a number or stand in a router are not deleted; what needs them is named", async () => {
    await caller.agents.set(agent({ slug: "needed" }));
    await caller.connections.connect({ phoneNumber: "+14155550111", agent: "needed" });
    await caller.routers.set(router({ slug: "needy", agents: [{ slug: "needed" }], fallback: "needed" }));
    await expect(caller.agents.delete({ slug: "needed" })).rejects.toMatchObject({
      code: "PRECONDITION_FAILED",
      message: 'agent "needed" is needed by the number +14155550111, the router "needy"; bind them to another agent first',
    });
    await caller.connections.removePhone({ phoneNumber: "+14155550111" });
    await caller.routers.delete({ slug: "needy" });
    expect(await caller.agents.delete({ slug: "needed" })).toEqual({ slug: "needed" });
    await expect(caller.agents.get({ slug: "needed" })).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});

describe("routers", () => {
  test("name agents that are there, or the missing ones and the legal ones are named", async () => {
    await caller.agents.set(agent());
    expect(await caller.routers.set(router())).toMatchObject({ changed: true, router: { slug: "phone", version: 1 } });
    await expect(caller.routers.set(router({ agents: [{ slug: "intake" }, { slug: "nobody" }] }))).rejects.toMatchObject({
      code: "BAD_REQUEST",
      message: expect.stringMatching(/agents\[1\].slug: "nobody" is not an agent of this project; legal: "intake"/),
    });
    await expect(caller.routers.set(router({ voiceConfig: { auditorAgent: "nobody" } }))).rejects.toMatchObject({
      message: expect.stringMatching(/auditorAgent: "nobody" is not an agent of this project; legal: none/),
    });
    expect(await caller.routers.set(router({ voiceConfig: { auditorAgent: "", provider: "openai" } }))).toMatchObject({
      router: { version: 2, definition: { voiceConfig: { provider: "openai-realtime", voice: "alloy" } } },
    });
  });

  test("that answer a number are not deleted", async () => {
    await caller.connections.connect({ phoneNumber: "+14155550112", router: "phone", label: "Front desk" });
    await expect(caller.routers.delete({ slug: "phone" })).rejects.toMatchObject({ code: "PRECONDITION_FAILED", message: /\+14155550112/ });
    expect(await caller.connections.connect({ phoneNumber: "+14155550112", agent: "intake" })).toMatchObject({
      agent: "intake",
      router: null,
      label: "Front desk",
    });
    expect(await caller.routers.delete({ slug: "phone" })).toEqual({ slug: "phone" });
  });
});

describe("connecting a number", () => {
  test.each([
    ["both targets", { agent: "intake", router: "phone" }, "BAD_REQUEST", /both an agent and a router/],
    ["no target", {}, "BAD_REQUEST", /neither an agent nor a router/],
    ["an unknown agent", { agent: "nobody" }, "NOT_FOUND", /no agent "nobody" in production; there are: .*"intake"/],
    ["an unknown router", { router: "nobody" }, "NOT_FOUND", /no router "nobody" in production; there are: none/],
  ])("with %s is refused", async (_, target, code, message) => {
    await expect(caller.connections.connect({ phoneNumber: "+14155550113", ...target })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  test("that is not E.164 is refused", async () => {
    await expect(caller.connections.connect({ phoneNumber: "415 555 0113", agent: "intake" })).rejects.toMatchObject({
      code: "BAD_REQUEST",
    });
  });
});

describe("calls", () => {
  test("are listed page by page and read whole, without the agent's instructions", async () => {
    const mine = await aScope(database.db);
    const reader = await callerWith(services(database.db), await aKey(database.db, mine, ["calls"]));
    const call = await aClaimedCall(database.db, mine);
    await aCall(database.db, mine);
    const body = { epoch: 1, at: NOW.getTime() };
    await recordMessages(
      database.db,
      [
        { ...mine, callId: call.id, kind: "event", body: { ...body, seq: 1, name: "call.started", offsetMs: 0, data: {} } },
        { ...mine, callId: call.id, kind: "transcript", body: aTranscript(2, { position: 1, text: "Second." }) },
        { ...mine, callId: call.id, kind: "transcript", body: aTranscript(3, { position: 0, text: "First.", speaker: "caller" }) },
      ],
      NOW,
    );
    const first = await reader.calls.list({ limit: 1 });
    const second = await reader.calls.list({ limit: 1, cursor: first.nextCursor });
    expect(new Set([...first.items, ...second.items].map((one) => one.id)).size).toBe(2);
    expect(second.nextCursor).toBeNull();
    expect((await reader.calls.list({ status: "active" })).items).toMatchObject([{ id: call.id, agent: "intake" }]);
    await expect(reader.calls.list({ limit: 101 })).rejects.toMatchObject({ code: "BAD_REQUEST" });

    const record = await reader.calls.get({ id: call.id });
    expect(record.utterances.map((one) => one.text)).toEqual(["First.", "Second."]);
    expect(record.events).toMatchObject([{ name: "call.started", epoch: 1, seq: 1 }]);
    expect(record.setup).toMatchObject({ agent: { slug: "intake", version: 1 }, voice: { voice: "alloy" } });
    expect(JSON.stringify(record)).not.toContain("You take down");
    expect(await reader.threads.get({ id: call.thread_id })).toMatchObject({ channel: "voice", channelStatus: "active" });
    await endCall(database.db, {
      callId: call.id,
      epoch: 1,
      outcome: "completed",
      reason: "caller_hung_up",
      durationMs: 900,
      lastSeq: 3,
      now: NOW,
    });
    expect(await reader.calls.get({ id: call.id })).toMatchObject({ status: "completed", reason: "caller_hung_up", durationMs: 900 });
  });
});

describe("over HTTP", () => {
  test("a refusal says in one sentence what is wrong, and nothing about the inside", async () => {
    const server = await serve(services(database.db));
    try {
      const api = server.client(await aKey(database.db, scope));
      await anAgent(database.db, scope);
      await expect(api.agents.get.query({ slug: "nobody" })).rejects.toMatchObject({
        message: 'there is no agent "nobody" in production',
        data: { code: "NOT_FOUND", httpStatus: 404, retryable: false },
      });
      const wrong = { definition: { name: "x", slug: "No Slug", systemPrompt: "x", extra: 1 } };
      await expect(api.agents.set.mutate(wrong)).rejects.toMatchObject({
        message: expect.stringMatching(
          /definition: unknown key "extra".*\n?.*definition.slug: "No Slug" is not legal|definition.slug.*\n.*unknown key "extra"/s,
        ),
        data: { code: "BAD_REQUEST" },
      });
      const response = await fetch(`${server.url}/trpc/keys.list`);
      expect(response.status).toBe(401);
      expect(await response.text()).not.toMatch(/stack|node_modules/);
    } finally {
      await server.close();
    }
  });
});
