/**
 * Generated from the router itself: whatever procedure there is has an example here, or the test fails. Each refuses strangers, and none
 * shows or changes what belongs to another organization or another environment.
 */
import { mayCall, Permission, type RequiredPermission } from "@struere/domain";
import { createKey, openScopedDatabase, revokeKey, type Scope, setAgent, setDiallingPolicy } from "@struere/store";
import { type TestDatabase, testDatabase } from "@struere/testkit";
import { TRPCError } from "@trpc/server";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TrpcServices } from "../../src/trpc/init.ts";
import { appRouter } from "../../src/trpc/root.ts";
import { ACCOUNT, aKey, aScope, NOW } from "../fixture.ts";
import { type OwnedThings, ownedThings, WORDS_OF_THEIRS } from "../owned-things.ts";
import { callerWith, services } from "./server.ts";

let database: TestDatabase;
let using: TrpcServices;
let owner: Scope;
/** One more scope, in which things may be changed. */
let playground: Scope;
let theirs: OwnedThings;
const strangers: Record<string, Scope> = {};
const parts = new AsyncDisposableStack();

beforeAll(async () => {
  database = parts.use(await testDatabase());
  const scoped = openScopedDatabase({ url: database.url, poolMax: 3, statementTimeoutMs: 10_000 });
  parts.defer(() => scoped.close());
  using = { ...services(database.db), scopedDb: ({ organizationId }) => scoped.of(organizationId) };
  owner = await aScope(database.db, "production");
  playground = await aScope(database.db, "development");
  theirs = await ownedThings(database.db, owner);
  strangers["another organization"] = await aScope(database.db, "production");
  strangers["another environment"] = { ...owner, environment: "eval" };
  for (const scope of [playground, ...Object.values(strangers)]) await setDiallingPolicy(database.db, scope, { countries: ["US"] }, NOW);
});
afterAll(() => parts.disposeAsync());

type Expected = "NOT_FOUND" | "BAD_REQUEST" | "PRECONDITION_FAILED" | "CONFLICT" | "nothing of theirs";
type Example = { readonly input: () => unknown; readonly fromStrangers: Expected };

const nothing = (): unknown => undefined;
const routerDefinition = (agent: string) => ({
  name: "R",
  slug: "r",
  mode: "classify",
  agents: [{ slug: agent }],
  fallback: agent,
  classifyModel: { model: "gpt-6.1-terra" },
});

const noProject = { agents: [], routers: [], entityTypes: [], roles: [], tools: [] };

/** For each procedure an input that names the owner's things, and what strangers get for it. */
const EXAMPLES: { readonly [path: string]: Example } = {
  "agents.list": { input: nothing, fromStrangers: "nothing of theirs" },
  "agents.get": { input: () => ({ slug: theirs.agent.slug }), fromStrangers: "NOT_FOUND" },
  "agents.set": {
    input: () => ({ definition: { name: "Mine", slug: "mine", systemPrompt: "Mine." } }),
    fromStrangers: "nothing of theirs",
  },
  "agents.delete": { input: () => ({ slug: theirs.agent.slug }), fromStrangers: "NOT_FOUND" },
  "billing.balance": { input: nothing, fromStrangers: "nothing of theirs" },
  "billing.ofCall": { input: () => ({ id: theirs.call.id }), fromStrangers: "NOT_FOUND" },
  "billing.caps.list": { input: nothing, fromStrangers: "nothing of theirs" },
  "billing.caps.set": { input: () => ({ keyId: theirs.key.id, hour: "1" }), fromStrangers: "NOT_FOUND" },
  "billing.prices": { input: nothing, fromStrangers: "nothing of theirs" },
  "billing.reconcile": {
    input: () => ({ against: "carrier", from: "2026-11-01", to: "2026-11-30" }),
    fromStrangers: "nothing of theirs",
  },
  "billing.retry": { input: nothing, fromStrangers: "nothing of theirs" },
  "billing.setCreditLimit": { input: () => ({ creditLimit: null }), fromStrangers: "nothing of theirs" },
  "billing.statement": { input: () => ({ month: "2026-11" }), fromStrangers: "nothing of theirs" },
  "billing.topup": { input: () => ({ amount: "1", idempotencyKey: "theirs" }), fromStrangers: "nothing of theirs" },
  "billing.transactions": { input: () => ({ callId: theirs.call.id }), fromStrangers: "nothing of theirs" },
  "billing.usage": { input: () => ({ from: "2026-11-01", to: "2026-11-30" }), fromStrangers: "nothing of theirs" },
  "calls.list": { input: () => ({}), fromStrangers: "nothing of theirs" },
  "calls.get": { input: () => ({ id: theirs.call.id }), fromStrangers: "NOT_FOUND" },
  "calls.inject": { input: () => ({ id: theirs.call.id, message: "Hello." }), fromStrangers: "NOT_FOUND" },
  "calls.injections": { input: () => ({ id: theirs.call.id }), fromStrangers: "NOT_FOUND" },
  "calls.stats": { input: () => ({ router: theirs.router.slug }), fromStrangers: "NOT_FOUND" },
  "calls.watch": { input: () => ({ id: theirs.call.id }), fromStrangers: "NOT_FOUND" },
  "calls.place": { input: () => ({ phoneNumber: "+14155550199", agentSlug: theirs.agent.slug }), fromStrangers: "BAD_REQUEST" },
  "calls.hangup": { input: () => ({ id: theirs.call.id }), fromStrangers: "NOT_FOUND" },
  "calls.policy.get": { input: nothing, fromStrangers: "nothing of theirs" },
  "calls.policy.set": { input: () => ({ countries: ["US"] }), fromStrangers: "nothing of theirs" },
  "connections.list": { input: nothing, fromStrangers: "nothing of theirs" },
  "connections.get": { input: () => ({ id: theirs.connection.id }), fromStrangers: "NOT_FOUND" },
  "connections.credentials.set": { input: () => ({ accountSid: ACCOUNT, authToken: "x" }), fromStrangers: "nothing of theirs" },
  "connections.credentials.get": { input: nothing, fromStrangers: "nothing of theirs" },
  "connections.credentials.verify": { input: nothing, fromStrangers: "PRECONDITION_FAILED" },
  "connections.connect": { input: () => ({ phoneNumber: "+14155550999", agent: theirs.agent.slug }), fromStrangers: "NOT_FOUND" },
  "connections.removePhone": { input: () => ({ phoneNumber: theirs.phoneNumber }), fromStrangers: "NOT_FOUND" },
  "connections.remove": { input: nothing, fromStrangers: "nothing of theirs" },
  "connections.status": { input: nothing, fromStrangers: "nothing of theirs" },
  "entities.query": { input: () => ({ type: "their-type" }), fromStrangers: "NOT_FOUND" },
  "entities.search": { input: () => ({ type: "their-type", query: "note" }), fromStrangers: "NOT_FOUND" },
  "entities.get": { input: () => ({ id: theirs.entity.id }), fromStrangers: "NOT_FOUND" },
  "entities.create": { input: () => ({ type: "their-type", data: { note: "x" } }), fromStrangers: "NOT_FOUND" },
  "entities.update": { input: () => ({ id: theirs.entity.id, data: { note: "x" } }), fromStrangers: "NOT_FOUND" },
  "entities.delete": { input: () => ({ id: theirs.entity.id }), fromStrangers: "NOT_FOUND" },
  "entityTypes.list": { input: nothing, fromStrangers: "nothing of theirs" },
  "entityTypes.get": { input: () => ({ slug: "their-type" }), fromStrangers: "NOT_FOUND" },
  "keys.create": { input: () => ({ name: "mine", permissions: ["admin"] }), fromStrangers: "nothing of theirs" },
  "keys.list": { input: nothing, fromStrangers: "nothing of theirs" },
  "keys.revoke": { input: () => ({ id: theirs.key.id }), fromStrangers: "NOT_FOUND" },
  "roles.list": { input: nothing, fromStrangers: "nothing of theirs" },
  "roles.get": { input: () => ({ slug: "their-role" }), fromStrangers: "NOT_FOUND" },
  "routers.list": { input: nothing, fromStrangers: "nothing of theirs" },
  "routers.get": { input: () => ({ slug: theirs.router.slug }), fromStrangers: "NOT_FOUND" },
  "routers.set": { input: () => ({ definition: routerDefinition(theirs.agent.slug) }), fromStrangers: "BAD_REQUEST" },
  "routers.delete": { input: () => ({ slug: theirs.router.slug }), fromStrangers: "NOT_FOUND" },
  // An empty project deletes everything there is: theirs must not be among it.
  "sync.plan": { input: () => ({ project: noProject }), fromStrangers: "nothing of theirs" },
  "sync.run": { input: () => ({ project: noProject, planDigest: "x", allowDelete: true }), fromStrangers: "CONFLICT" },
  "system.status": { input: nothing, fromStrangers: "nothing of theirs" },
  "threads.list": { input: () => ({}), fromStrangers: "nothing of theirs" },
  "threads.get": { input: () => ({ id: theirs.call.thread_id }), fromStrangers: "NOT_FOUND" },
  "threads.messages": { input: () => ({ id: theirs.call.thread_id }), fromStrangers: "NOT_FOUND" },
  "tools.get": { input: nothing, fromStrangers: "nothing of theirs" },
  "tools.signingSecret": { input: nothing, fromStrangers: "nothing of theirs" },
};

/** At run time flat, by path; its type is the tree. */
const PROCEDURES = Object.entries<unknown>(appRouter._def.procedures).map(([path, procedure]) => ({
  path,
  permission: permissionOf(procedure),
}));

function permissionOf(procedure: unknown): RequiredPermission | undefined {
  const meta: unknown = Reflect.get(Object(Reflect.get(Object(procedure), "_def")), "meta");
  const permission: unknown = Reflect.get(Object(meta), "permission");
  return permission === "any" ? permission : Permission.filter((one) => one !== "*").find((one) => one === permission);
}

/** Of a subscription: its first event. */
async function ask(key: string | null, path: string, input: unknown): Promise<unknown> {
  let found: unknown = await callerWith(using, key);
  for (const name of path.split(".")) found = Reflect.get(Object(found), name);
  if (typeof found !== "function") throw new TypeError(`${path} is no procedure`);
  const answer: unknown = await found(input);
  return typeof answer === "object" && answer !== null && Symbol.asyncIterator in answer ? await firstOf(answer) : answer;
}

async function firstOf(answer: object): Promise<unknown> {
  for await (const event of answer as AsyncIterable<unknown>) return event;
  return undefined;
}

async function outcome(asked: Promise<unknown>): Promise<string> {
  return await asked.then(
    (answer) => JSON.stringify(answer ?? null),
    (error: unknown) => (error instanceof TRPCError ? error.code : String(error)),
  );
}

const example = (path: string): Example => EXAMPLES[path] ?? { input: nothing, fromStrangers: "NOT_FOUND" };

test("every procedure asks for a permission and has an example", () => {
  expect(PROCEDURES.map(({ path }) => path).sort()).toEqual(Object.keys(EXAMPLES).sort());
  for (const { path, permission } of PROCEDURES) expect(permission, path).toBeDefined();
});

describe.each(PROCEDURES)("$path", ({ path, permission = "any" }) => {
  test("refuses a missing, malformed, unknown, revoked or expired key", async () => {
    const { db } = database;
    const { plaintext: expired } = await createKey(db, owner, { name: "x", permissions: ["*"], expiresAt: NOW, now: NOW });
    const { plaintext: revoked, info } = await createKey(db, owner, { name: "x", permissions: ["*"], expiresAt: null, now: NOW });
    await revokeKey(db, owner, info.id, NOW);
    const unknown = `${revoked.slice(0, -1)}${revoked.endsWith("0") ? "1" : "0"}`;
    for (const key of [null, "sk_prod_short", unknown, revoked, expired]) {
      expect(await outcome(ask(key, path, example(path).input()))).toBe("UNAUTHORIZED");
    }
  });

  test("opens to its own permission alone, and to nobody who has only the others", async () => {
    const askWith = async (held: readonly Permission[]) =>
      await outcome(ask(await aKey(database.db, playground, held), path, example(path).input()));
    const others = Permission.filter((one) => !mayCall([one], permission));
    if (others.length > 0) expect(await askWith(others)).toBe("FORBIDDEN");
    for (const right of Permission.filter((one) => mayCall([one], permission)))
      expect(await askWith([right])).not.toMatch(/^(FORBIDDEN|UNAUTHORIZED|INTERNAL_SERVER_ERROR)$/);
  });

  test.each(["another organization", "another environment"])("gives %s nothing", async (who) => {
    const stranger = strangers[who];
    if (!stranger) throw new Error(who);
    const answer = await outcome(ask(await aKey(database.db, stranger), path, example(path).input()));
    if (example(path).fromStrangers !== "nothing of theirs") expect(answer).toBe(example(path).fromStrangers);
    for (const id of [
      theirs.call.id,
      theirs.call.thread_id,
      theirs.connection.id,
      theirs.key.id,
      theirs.router.id,
      theirs.phoneNumber,
      theirs.entity.id,
      // What a stranger asked by may come back in a sentence; nothing else of theirs.
      ...WORDS_OF_THEIRS,
      ...(example(path).fromStrangers === "nothing of theirs" ? ["their"] : []),
    ]) {
      expect(answer).not.toContain(id);
    }
  });
});

test("after all the strangers' tries, the owner's things are as they were", async () => {
  const key = await aKey(database.db, owner);
  const caller = await callerWith(using, key);
  expect(await caller.agents.get({ slug: "their-agent" })).toMatchObject({ version: 1 });
  expect(await caller.routers.get({ slug: "their-router" })).toMatchObject({ version: 1 });
  expect(await caller.connections.list()).toMatchObject([{ phoneNumber: theirs.phoneNumber, status: "connected", agent: "their-agent" }]);
  expect((await caller.keys.list()).find((one) => one.id === theirs.key.id)).toMatchObject({ revokedAt: null });
  expect(await caller.calls.get({ id: theirs.call.id })).toMatchObject({ utterances: [{ text: "their words" }] });
  expect(await caller.entities.query({ type: "their-type" })).toMatchObject({
    items: [{ id: theirs.entity.id, data: { note: "their note" } }],
  });
  expect(await caller.billing.balance()).toMatchObject({ available: "7.00", creditLimit: null, caps: { hour: null } });
  expect(await caller.billing.balance()).toMatchObject({ available: "7.00", creditLimit: null, caps: { hour: null } });
  expect(await caller.roles.list()).toMatchObject([{ slug: "their-role", version: 1 }]);
  expect(await caller.tools.get()).toMatchObject({ version: 1 });
  expect(
    await setAgent(database.db, owner, {
      slug: "their-agent",
      name: "Intake",
      description: null,
      definition: theirs.agent.definition,
      now: NOW,
    }),
  ).toMatchObject({
    changed: false,
  });
});
