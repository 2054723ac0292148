/**
 * Generated from the routes themselves: whatever REST route there is has examples here, or the test fails. Each refuses strangers, and none
 * shows or changes what belongs to another organization or another environment.
 */
import { randomBytes } from "node:crypto";
import { memoryBus } from "@struere/bus";
import { mayCall, Permission } from "@struere/domain";
import { createMetrics, silentLog, systemClock } from "@struere/runtime";
import { createKey, revokeKey, type Scope, setDiallingPolicy } from "@struere/store";
import { type TestDatabase, testDatabase } from "@struere/testkit";
import fastify, { type FastifyInstance } from "fastify";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { OPERATIONS } from "../../src/chat/operations.ts";
import type { ControlConfig } from "../../src/config.ts";
import { openContext } from "../../src/context.ts";
import { conversations } from "../../src/conversations.ts";
import { addresses } from "../../src/http/addresses.ts";
import { addRoutes } from "../../src/http/routes.ts";
import { evalFence } from "../../src/telephony/refusals.ts";
import { aKey, anAgent, aScope, NOW } from "../fixture.ts";
import { type OwnedThings, ownedThings, WORDS_OF_THEIRS } from "../owned-things.ts";
import { services } from "../trpc/server.ts";

let database: TestDatabase;
let app: FastifyInstance;
let owner: Scope;
/** One more scope, in which things may be changed. */
let playground: Scope;
let theirs: OwnedThings;
const strangers: Record<string, Scope> = {};
const routes = new Set<string>();
const parts = new AsyncDisposableStack();

beforeAll(async () => {
  database = parts.use(await testDatabase());
  const { db } = database;
  owner = await aScope(db, "production");
  playground = await aScope(db, "development");
  theirs = await ownedThings(db, owner);
  strangers["another organization"] = await aScope(db, "production");
  strangers["another environment"] = { ...owner, environment: "eval" };
  for (const scope of [playground, ...Object.values(strangers)]) {
    await anAgent(db, scope, "mine");
    await setDiallingPolicy(db, scope, { countries: ["US"] }, NOW);
  }

  const config: ControlConfig = {
    httpPort: 0,
    grpcPort: 0,
    host: "127.0.0.1",
    databaseUrl: database.url,
    natsUrl: null,
    publicUrl: null,
    gatewayUrl: null,
    gatewaySecret: "a secret of the planes",
    encryptionKey: randomBytes(32).toString("base64"),
    twilio: { apiBaseUrl: null, fallbackAuthToken: null },
    // Nobody listens there: a stranger's request that came so far would not be "not found".
    openai: { apiKey: "sk-none", baseUrl: "http://127.0.0.1:1/v1" },
    bootstrapApiKey: null,
  };
  const own = { db, bus: memoryBus(), clock: systemClock(), log: silentLog, metrics: createMetrics("test_") };
  const { context } = parts.use(await openContext(config, own));
  const where = addresses({ publicUrl: () => "http://127.0.0.1:1", gatewayUrl: "ws://127.0.0.1:1" });
  const fence = evalFence(null);
  app = fastify();
  parts.defer(() => app.close());
  app.addHook("onRoute", ({ method, url }) => {
    for (const one of [method].flat()) if (!["HEAD", "OPTIONS"].includes(one)) routes.add(`${one.toLowerCase()} ${url}`);
  });
  await addRoutes(app, {
    context,
    conversations: conversations(context, config, { addresses: where, ports: () => [], fence }),
    fence,
    telephony: services(db).telephony,
    gatewaySecret: config.gatewaySecret,
    fallbackAuthToken: null,
    addresses: where,
  });
  await app.ready();
});
afterAll(() => parts.disposeAsync());

type Asked = { readonly params?: Record<string, string>; readonly query?: Record<string, string>; readonly body?: unknown };
/** A status that strangers get, or 200 without anything of the owner's. */
type Example = { readonly asked: () => Asked; readonly fromStrangers: 400 | 404 | 409 | "nothing of theirs" };

const of = (fromStrangers: Example["fromStrangers"], asked: () => Asked = () => ({})): Example => ({ asked, fromStrangers });
const message = "hello";
const type = "their-type";

/** For each route requests that name the owner's things, and what strangers get for them. */
const EXAMPLES: { readonly [route: string]: readonly Example[] } = {
  "post /v1/chat": [
    of(404, () => ({ body: { agentSlug: "their-agent", message } })),
    of(404, () => ({ body: { agentId: theirs.agent.id, message } })),
    of(404, () => ({ body: { routerSlug: "their-router", message } })),
    of(404, () => ({ body: { agentSlug: "mine", message, threadId: theirs.call.thread_id } })),
  ],
  "post /v1/agents/:slug/chat": [
    of(404, () => ({ params: { slug: "their-agent" }, body: { message } })),
    of(404, () => ({ params: { slug: "mine" }, body: { message, threadId: theirs.call.thread_id } })),
  ],
  "post /v1/routers/:slug/chat": [of(404, () => ({ params: { slug: "their-router" }, body: { message } }))],
  "get /v1/calls": [of("nothing of theirs"), of("nothing of theirs", () => ({ query: { threadId: theirs.call.thread_id } }))],
  "get /v1/calls/:id": [of(404, () => ({ params: { id: theirs.call.id } }))],
  "get /v1/calls/:id/recording": [of(404, () => ({ params: { id: theirs.call.id } }))],
  "get /v1/calls/:id/events": [of(404, () => ({ params: { id: theirs.call.id } }))],
  "get /v1/calls/:id/injections": [of(404, () => ({ params: { id: theirs.call.id } }))],
  "post /v1/calls/:id/inject": [of(404, () => ({ params: { id: theirs.call.id }, body: { message } }))],
  "post /v1/calls": [
    of(400, () => ({ body: { phoneNumber: "+14155550199", agentSlug: "their-agent" } })),
    of(400, () => ({ body: { phoneNumber: "+14155550199", routerSlug: "their-router" } })),
    of(400, () => ({ body: { phoneNumber: "+14155550199", agentSlug: "mine", from: theirs.phoneNumber } })),
  ],
  "post /v1/calls/:id/hangup": [of(404, () => ({ params: { id: theirs.call.id } }))],
  "get /v1/entity-types": [of("nothing of theirs")],
  "get /v1/data/:type": [of(404, () => ({ params: { type } }))],
  "post /v1/data/:type": [of(404, () => ({ params: { type }, body: { data: { note: "x" } } }))],
  "post /v1/data/:type/query": [of(404, () => ({ params: { type }, body: {} }))],
  "post /v1/data/:type/search": [of(404, () => ({ params: { type }, body: { query: "note" } }))],
  "get /v1/data/:type/:id": [of(404, () => ({ params: { type, id: theirs.entity.id } }))],
  "patch /v1/data/:type/:id": [of(404, () => ({ params: { type, id: theirs.entity.id }, body: { data: { note: "x" } } }))],
  "delete /v1/data/:type/:id": [of(404, () => ({ params: { type, id: theirs.entity.id } }))],
  "post /v1/compile-prompt": [of(404, () => ({ body: { agentSlug: "their-agent" } }))],
  "get /v1/voice/config": [
    of(404, () => ({ query: { phoneNumber: theirs.phoneNumber } })),
    of(404, () => ({ query: { connectionId: theirs.connection.id } })),
  ],
};

/** It says nothing about anybody's data. */
const FOR_EVERYBODY = ["get /v1/openapi.json"];
/** These prove themselves by Twilio's signature, or have a matrix of their own. */
const isRest = (route: string): boolean => !/ \/(?:twilio|trpc)\//.test(route);

async function ask(key: string | null, route: string, { params = {}, query = {}, body }: Asked) {
  const [method = "", path = ""] = route.split(" ");
  const url = path.replaceAll(/:(\w+)/g, (_, name: string) => encodeURIComponent(params[name] ?? ""));
  const answer = await app.inject({
    method: method.toUpperCase() as "GET",
    url,
    query,
    headers: key === null ? {} : { authorization: `Bearer ${key}` },
    ...(body === undefined ? {} : { payload: body as object }),
  });
  return { status: answer.statusCode, text: answer.body };
}

const ROWS = Object.entries(EXAMPLES).flatMap(([route, examples]) => examples.map((example, index) => ({ route, index, ...example })));

test("every REST route has an example, and is in the OpenAPI document", () => {
  expect([...routes].filter(isRest).toSorted()).toEqual([...Object.keys(EXAMPLES), ...FOR_EVERYBODY].toSorted());
  expect(OPERATIONS.map(({ method, path }) => `${method} ${path}`).toSorted()).toEqual(Object.keys(EXAMPLES).toSorted());
  expect(ROWS.length).toBeGreaterThan(Object.keys(EXAMPLES).length);
});

describe.each(ROWS)("$route ($index)", ({ route, asked, fromStrangers }) => {
  const permission = OPERATIONS.find(({ method, path }) => `${method} ${path}` === route)?.permission ?? "admin";

  test("refuses a missing, malformed, unknown, revoked or expired key", async () => {
    const { db } = database;
    const { plaintext: expired } = await createKey(db, owner, { name: "x", permissions: ["*"], expiresAt: NOW, now: NOW });
    const { plaintext: revoked, info } = await createKey(db, owner, { name: "x", permissions: ["*"], expiresAt: null, now: NOW });
    await revokeKey(db, owner, info.id, NOW);
    const unknown = `${revoked.slice(0, -1)}${revoked.endsWith("0") ? "1" : "0"}`;
    for (const key of [null, "sk_prod_short", unknown, revoked, expired])
      expect(await ask(key, route, asked())).toMatchObject({ status: 401 });
  });

  test("opens to its own permission alone, and to nobody who has only the others", async () => {
    const askWith = async (held: readonly Permission[]) => (await ask(await aKey(database.db, playground, held), route, asked())).status;
    expect(await askWith(Permission.filter((one) => !mayCall([one], permission)))).toBe(403);
    for (const right of Permission.filter((one) => mayCall([one], permission))) expect([401, 403]).not.toContain(await askWith([right]));
  });

  test.each(["another organization", "another environment"])("gives %s nothing", async (who) => {
    const stranger = strangers[who];
    if (!stranger) throw new Error(who);
    const { status, text } = await ask(await aKey(database.db, stranger), route, asked());
    expect(status, text).toBe(fromStrangers === "nothing of theirs" ? 200 : fromStrangers);
    const asksBy = JSON.stringify(asked());
    const { agent, router, call, connection, entity, phoneNumber } = theirs;
    for (const secret of [agent.id, router.id, call.id, call.thread_id, connection.id, entity.id, phoneNumber, ...WORDS_OF_THEIRS]) {
      // What a stranger asked by may come back in a sentence.
      if (!asksBy.includes(secret)) expect(text).not.toContain(secret);
    }
    if (fromStrangers === "nothing of theirs") expect(text).not.toContain("their");
  });
});

test("the owner gets what the strangers did not, as it was", async () => {
  const key = await aKey(database.db, owner);
  expect(await ask(key, "get /v1/data/:type/:id", { params: { type, id: theirs.entity.id } })).toMatchObject({
    status: 200,
    text: expect.stringContaining("their note"),
  });
  expect((await ask(key, "get /v1/calls/:id", { params: { id: theirs.call.id } })).text).toContain("their words");
  expect(await ask(key, "get /v1/voice/config", { query: { phoneNumber: theirs.phoneNumber } })).toMatchObject({
    status: 200,
    text: expect.stringContaining('"opensWith":{"slug":"their-agent","version":1}'),
  });
});
