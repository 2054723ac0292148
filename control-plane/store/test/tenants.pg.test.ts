import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import {
  bindConnection,
  bootstrap,
  createKey,
  createKeyRing,
  findConnectionForWebhook,
  findKeyHolder,
  getAgent,
  getConnection,
  getCredentialsInfo,
  getRouter,
  listAgents,
  listConnections,
  listKeys,
  newApiKey,
  openCredentials,
  removeAgent,
  removeConnection,
  removeRouter,
  resealCredentials,
  revokeKey,
  setAgent,
  setCredentials,
  setRouter,
  type Scope,
} from "../src/index.ts";
import { ACCOUNT, anAgent, anOrganization, aScope, later, NOW, useDatabase } from "./database.ts";

const server = useDatabase();
let numbers = 0;
const aNumber = (): string => `+1415555${String(++numbers).padStart(4, "0")}`;

const binding = (phoneNumber: string) => ({
  phoneNumber,
  phoneNumberSid: "PN1",
  accountSid: ACCOUNT,
  label: null,
  formerSettings: null,
  now: NOW,
});

test("the first organization is made once, however many processes start with the same key", async () => {
  const apiKey = newApiKey("development");
  const made = await Promise.all(Array.from({ length: 4 }, () => bootstrap(server.db, { apiKey, organizationName: "First", now: NOW })));
  expect(made.filter(Boolean)).toHaveLength(1);
  expect(await findKeyHolder(server.db, apiKey, NOW)).toMatchObject({ environment: "development", permissions: ["*"] });
  expect(await bootstrap(server.db, { apiKey: newApiKey("eval"), organizationName: "Second", now: NOW })).toBe(false);
  await expect(bootstrap(server.db, { apiKey: "sk_dev_x", organizationName: "Third", now: NOW })).rejects.toThrow(/BOOTSTRAP_API_KEY/);
});

describe("an API key", () => {
  test("opens its scope until it is revoked, and only its hash is stored", async () => {
    const scope = await aScope(server.db);
    const { plaintext, info } = await createKey(server.db, scope, { name: "ci", permissions: ["calls"], expiresAt: null, now: NOW });
    expect(await findKeyHolder(server.db, plaintext, NOW)).toMatchObject({ ...scope, keyId: info.id, permissions: ["calls"] });
    const stored = JSON.stringify(await server.db.selectFrom("api_keys").selectAll().where("id", "=", info.id).execute());
    expect(stored).not.toContain(plaintext);
    expect(JSON.stringify(await listKeys(server.db, scope))).not.toMatch(/hash/);

    expect(await revokeKey(server.db, scope, info.id, later(1))).toMatchObject({ revokedAt: later(1) });
    expect(await revokeKey(server.db, scope, info.id, later(9))).toMatchObject({ revokedAt: later(1) });
    expect(await findKeyHolder(server.db, plaintext, later(2))).toBeUndefined();
  });

  test("is not there for anybody else", async () => {
    const scope = await aScope(server.db);
    const { info } = await createKey(server.db, scope, { name: "ci", permissions: ["*"], expiresAt: null, now: NOW });
    const other: Scope = { ...scope, environment: "eval" };
    expect(await revokeKey(server.db, other, info.id, NOW)).toBeUndefined();
    expect(await listKeys(server.db, other)).toEqual([]);
  });

  test("ends when it says", async () => {
    const scope = await aScope(server.db);
    const { plaintext } = await createKey(server.db, scope, { name: "ci", permissions: ["*"], expiresAt: later(1_000), now: NOW });
    expect(await findKeyHolder(server.db, plaintext, later(999))).toBeDefined();
    expect(await findKeyHolder(server.db, plaintext, later(1_000))).toBeUndefined();
  });
});

describe("Twilio credentials", () => {
  test("are readable with the key ring only, and survive its rotation", async () => {
    const scope = await aScope(server.db);
    const [former, next] = [randomBytes(32).toString("base64"), randomBytes(32).toString("base64")];
    const given = { accountSid: ACCOUNT, authToken: "a-very-secret-token", verified: true, now: NOW };
    await setCredentials(server.db, createKeyRing(former), scope, given);
    const rows = JSON.stringify(await server.db.selectFrom("twilio_credentials").selectAll().execute());
    expect(rows).not.toContain("a-very-secret-token");
    expect(await getCredentialsInfo(server.db, scope)).toEqual({ accountSid: ACCOUNT, createdAt: NOW, updatedAt: NOW, verifiedAt: NOW });

    expect(await resealCredentials(server.db, createKeyRing(`${next},${former}`))).toBe(1);
    expect(await resealCredentials(server.db, createKeyRing(`${next},${former}`))).toBe(0);
    expect(await openCredentials(server.db, createKeyRing(next), scope)).toEqual({ accountSid: ACCOUNT, authToken: "a-very-secret-token" });
    expect(await openCredentials(server.db, createKeyRing(next), { ...scope, environment: "eval" })).toBeUndefined();
  });
});

describe("an agent", () => {
  test("gets a new version only when its definition changes, whatever the order of keys", async () => {
    const scope = await aScope(server.db);
    const set = (definition: { readonly [field: string]: unknown }) =>
      setAgent(server.db, scope, { slug: "intake", name: "Intake", description: null, definition, now: NOW });
    expect(await set({ systemPrompt: "a", tools: [] })).toMatchObject({ changed: true, agent: { version: 1 } });
    expect(await set({ tools: [], systemPrompt: "a" })).toMatchObject({ changed: false, agent: { version: 1 } });
    expect(await set({ systemPrompt: "b", tools: [] })).toMatchObject({ changed: true, agent: { version: 2 } });
    expect(await set({ systemPrompt: "a", tools: [] })).toMatchObject({ changed: true, agent: { version: 3 } });
  });

  test("that many set at once gets one version for each definition and loses none", async () => {
    const scope = await aScope(server.db);
    const set = (systemPrompt: string) =>
      setAgent(server.db, scope, { slug: "busy", name: "Busy", description: null, definition: { systemPrompt }, now: NOW });
    const answers = await Promise.all(["a", "b", "c", "d", "e"].map(set));
    expect(new Set(answers.map((answer) => answer.agent.version))).toEqual(new Set([1, 2, 3, 4, 5]));
  });

  test("is one identity in all environments, with its own definition in each", async () => {
    const scope = await aScope(server.db);
    const eval_: Scope = { ...scope, environment: "eval" };
    const agent = await anAgent(server.db, scope);
    expect(await getAgent(server.db, eval_, "intake")).toBeUndefined();
    expect((await anAgent(server.db, eval_)).id).toBe(agent.id);
    expect(await removeAgent(server.db, scope, "intake", NOW)).toEqual({ outcome: "removed" });
    expect(await getAgent(server.db, scope, "intake")).toBeUndefined();
    expect(await getAgent(server.db, eval_, "intake")).toBeDefined();
    expect(await removeAgent(server.db, eval_, "intake", NOW)).toEqual({ outcome: "removed" });
    expect((await anAgent(server.db, scope)).id).not.toBe(agent.id);
  });

  test("that something needs is not removed, and what needs it is named", async () => {
    const scope = await aScope(server.db);
    const agent = await anAgent(server.db, scope);
    const number = aNumber();
    await bindConnection(server.db, scope, { ...binding(number), target: { kind: "agent", agentId: agent.id } });
    const definition = { agents: [{ slug: "intake" }], fallback: "intake" };
    await setRouter(server.db, scope, { slug: "phone", name: "Phone", definition, now: NOW });
    expect(await removeAgent(server.db, scope, "intake", NOW)).toMatchObject({
      outcome: "in_use",
      connections: [{ phoneNumber: number }],
      routers: ["phone"],
    });
    await removeConnection(server.db, scope, number, NOW);
    expect(await removeRouter(server.db, scope, "phone", NOW)).toEqual({ outcome: "removed" });
    expect(await removeAgent(server.db, scope, "intake", NOW)).toEqual({ outcome: "removed" });
    expect(await removeAgent(server.db, scope, "intake", NOW)).toEqual({ outcome: "not_found" });
  });

  test("is not there for another organization", async () => {
    const [mine, theirs] = [await aScope(server.db), await aScope(server.db)];
    await anAgent(server.db, mine);
    expect(await listAgents(server.db, theirs)).toEqual([]);
    expect(await removeAgent(server.db, theirs, "intake", NOW)).toEqual({ outcome: "not_found" });
  });
});

test("a router keeps its versions and can come back under its slug", async () => {
  const scope = await aScope(server.db);
  const set = (fallback: string) => setRouter(server.db, scope, { slug: "phone", name: "Phone", definition: { fallback }, now: NOW });
  expect(await set("a")).toMatchObject({ changed: true, router: { version: 1 } });
  expect(await set("a")).toMatchObject({ changed: false, router: { version: 1 } });
  const second = await set("b");
  expect(second).toMatchObject({ changed: true, router: { version: 2, definition: { fallback: "b" } } });
  await removeRouter(server.db, scope, "phone", NOW);
  expect(await getRouter(server.db, scope, "phone")).toBeUndefined();
  const again = await set("b");
  expect(again).toMatchObject({ changed: true, router: { version: 1 } });
  expect(again.router.id).not.toBe(second.router.id);
});

describe("a connection", () => {
  test("moves to another target, and setting one target clears the other", async () => {
    const scope = await aScope(server.db);
    const agent = await anAgent(server.db, scope);
    const { router } = await setRouter(server.db, scope, { slug: "phone", name: "Phone", definition: {}, now: NOW });
    const number = aNumber();
    const former = {
      voiceUrl: "https://old.example/voice",
      voiceMethod: "POST",
      voiceFallbackUrl: null,
      voiceFallbackMethod: null,
      statusCallback: null,
      statusCallbackMethod: null,
      voiceApplicationSid: null,
    };
    const first = await bindConnection(server.db, scope, {
      ...binding(number),
      formerSettings: former,
      target: { kind: "agent", agentId: agent.id },
    });
    const second = await bindConnection(server.db, scope, {
      ...binding(number),
      formerSettings: { ...former, voiceUrl: "https://ours.example" },
      target: { kind: "router", routerId: router.id },
    });
    expect(second).toMatchObject({ id: first.id, agent_id: null, router_id: router.id, status: "connected", former_settings: former });
  });

  test("of a number that somebody else has is refused without a word about whom", async () => {
    const [mine, theirs] = [await aScope(server.db), await aScope(server.db)];
    const number = aNumber();
    const [myAgent, theirAgent] = [await anAgent(server.db, mine), await anAgent(server.db, theirs)];
    await bindConnection(server.db, mine, { ...binding(number), target: { kind: "agent", agentId: myAgent.id } });
    await expect(
      bindConnection(server.db, theirs, { ...binding(number), target: { kind: "agent", agentId: theirAgent.id } }),
    ).rejects.toMatchObject({
      code: "already_exists",
      sentence: `${number} is connected elsewhere; remove it there first`,
    });
  });

  test("to somebody else's agent, or to one that is not in this environment, is refused", async () => {
    const [mine, theirs] = [await aScope(server.db), await aScope(server.db)];
    const agent = await anAgent(server.db, theirs);
    const target = { kind: "agent", agentId: agent.id } as const;
    await expect(bindConnection(server.db, mine, { ...binding(aNumber()), target })).rejects.toMatchObject({ code: "not_found" });
    const eval_: Scope = { ...theirs, environment: "eval" };
    await expect(bindConnection(server.db, eval_, { ...binding(aNumber()), target })).rejects.toMatchObject({ code: "not_found" });
  });

  test("that was removed stays as history, and its number can be connected again, also by others", async () => {
    const [mine, theirs] = [await aScope(server.db), await aScope(server.db)];
    const number = aNumber();
    const target = { kind: "agent", agentId: (await anAgent(server.db, mine)).id } as const;
    const removed = await bindConnection(server.db, mine, { ...binding(number), target });
    expect(await removeConnection(server.db, theirs, number, NOW)).toBeUndefined();
    expect(await removeConnection(server.db, mine, number, NOW)).toMatchObject({ status: "removed" });
    expect(await removeConnection(server.db, mine, number, NOW)).toBeUndefined();
    expect(await findConnectionForWebhook(server.db, number)).toBeUndefined();
    expect(await listConnections(server.db, mine)).toEqual([]);
    expect(await getConnection(server.db, mine, removed.id)).toMatchObject({ status: "removed" });

    const again = await bindConnection(server.db, theirs, {
      ...binding(number),
      target: { kind: "agent", agentId: (await anAgent(server.db, theirs)).id },
    });
    expect(again.id).not.toBe(removed.id);
    expect(await findConnectionForWebhook(server.db, number)).toMatchObject({ id: again.id, organization_id: theirs.organizationId });
  });

  test("has exactly one target while it is connected: Postgres itself says so", async () => {
    const organizationId = await anOrganization(server.db);
    const scope: Scope = { organizationId, environment: "production" };
    const agent = await anAgent(server.db, scope);
    const { router } = await setRouter(server.db, scope, { slug: "phone", name: "Phone", definition: {}, now: NOW });
    const { id } = await bindConnection(server.db, scope, { ...binding(aNumber()), target: { kind: "agent", agentId: agent.id } });
    const change = (columns: { agent_id?: null; router_id?: typeof router.id }) =>
      server.db.updateTable("voice_connections").set(columns).where("id", "=", id).execute();
    await expect(change({ router_id: router.id })).rejects.toThrow(/voice_connections_one_target/);
    await expect(change({ agent_id: null })).rejects.toThrow(/voice_connections_one_target/);
  });
});
