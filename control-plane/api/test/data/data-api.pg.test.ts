/** The Data API over real HTTP: shapes, errors, limits, and a matrix of strangers over every one of its routes. */
import { Permission } from "@struere/domain";
import { silentLog, systemClock } from "@struere/runtime";
import { createKey, entityStore, revokeKey, type Scope, setEntityType } from "@struere/store";
import { type TestDatabase, testDatabase } from "@struere/testkit";
import fastify, { type FastifyInstance } from "fastify";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addDataApi } from "../../src/data/data-api.ts";
import type { RateLimits } from "../../src/http/rate-limit.ts";
import { aKey, aScope, NOW } from "../fixture.ts";

const PLENTY: RateLimits = { key: { perMinute: 1e6, burst: 1e6 }, organization: { perMinute: 1e6, burst: 1e6 } };

let database: TestDatabase;
let server: { readonly app: FastifyInstance; readonly url: string; readonly routes: readonly string[] };
let owner: Scope;
let key: string;
let theirs: string;

beforeAll(async () => {
  database = await testDatabase();
  server = await serve(PLENTY);
  owner = await aScope(database.db);
  key = await aKey(database.db, owner, ["data"]);
  await defineCustomer(owner);
  theirs = (await entityStore(database.db).create({ kind: "key", ...owner }, { type: "customer", data: { name: "their words" } })).id;
});
afterAll(async () => {
  await server.app.close();
  await database[Symbol.asyncDispose]();
});

async function serve(limits?: RateLimits) {
  const app = fastify({ forceCloseConnections: true });
  const routes: string[] = [];
  app.addHook("onRoute", ({ method, url }) => {
    if (url !== "/outside")
      routes.push(
        ...[method]
          .flat()
          .filter((one) => !["HEAD", "OPTIONS"].includes(one))
          .map((one) => `${one} ${url}`),
      );
  });
  app.get("/outside", () => ({ ok: true }));
  await addDataApi(app, {
    db: database.db,
    scopedDb: () => database.db,
    clock: systemClock(),
    log: silentLog,
    ...(limits ? { limits } : {}),
  });
  return { app, routes, url: await app.listen({ host: "127.0.0.1", port: 0 }) };
}

async function defineCustomer(scope: Scope): Promise<void> {
  const properties = { name: { type: "string" }, age: { type: "number" }, email: { type: "string", format: "email" } };
  const definition = {
    name: "Customer",
    slug: "customer",
    schema: { type: "object", properties, required: ["name"] },
    searchFields: ["name"],
  };
  await setEntityType(database.db, scope, { slug: "customer", name: "Customer", definition, now: NOW });
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Headers;
}

async function ask(
  route: string,
  options: { readonly as?: string | null; readonly body?: unknown; readonly raw?: string; readonly at?: string } = {},
): Promise<Answer> {
  const [method = "", path = ""] = route.split(" ");
  const { as = key, body, raw = body === undefined ? undefined : JSON.stringify(body), at = server.url } = options;
  const response = await fetch(`${at}${path}`, {
    method,
    headers: {
      ...(as === null ? {} : { authorization: `Bearer ${as}` }),
      ...(raw === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(raw === undefined ? {} : { body: raw }),
  });
  const text = await response.text();
  return { status: response.status, body: text === "" ? null : JSON.parse(text), headers: response.headers };
}

const field = (body: unknown, name: string): unknown => Reflect.get(Object(body), name);

test("an entity is created, read, changed, found and deleted in the documented shapes", async () => {
  const made = await ask("POST /v1/data/customer", { body: { data: { name: "Jane Doe", age: 30 } } });
  const id = String(field(made.body, "id"));
  const entity = {
    id,
    type: "customer",
    status: "active",
    data: { name: "Jane Doe", age: 30 },
    version: 1,
    createdAt: expect.any(Number),
    updatedAt: expect.any(Number),
  };
  expect(made).toMatchObject({ status: 201, body: entity });
  expect(made.headers.get("content-type")).toMatch(/^application\/json/);
  expect(made.headers.get("access-control-allow-origin")).toBe("*");
  expect(await ask(`GET /v1/data/customer/${id}`)).toMatchObject({ status: 200, body: entity });

  const changed = await ask(`PATCH /v1/data/customer/${id}`, { body: { data: { age: 31 }, status: "vip" } });
  expect(changed).toMatchObject({ status: 200, body: { data: { name: "Jane Doe", age: 31 }, status: "vip", version: 2 } });
  expect(await ask(`PATCH /v1/data/customer/${id}`, { body: { data: { age: 32 }, version: 1 } })).toMatchObject({ status: 409 });

  const query = { filters: { age: { $gte: 31 } }, status: "vip", limit: 10, sort: "-age" };
  expect((await ask("POST /v1/data/customer/query", { body: query })).body).toEqual({ data: [changed.body], cursor: null, hasMore: false });
  expect((await ask("POST /v1/data/customer/search", { body: { query: "JANE" } })).body).toEqual({ data: [changed.body] });
  expect((await ask("GET /v1/data/customer?status=vip")).body).toEqual({ data: [changed.body], cursor: null, hasMore: false });
  expect(await ask("GET /v1/entity-types")).toMatchObject({
    status: 200,
    body: { data: [{ slug: "customer", name: "Customer", schema: { type: "object" }, searchFields: ["name"] }] },
  });

  expect(await ask(`DELETE /v1/data/customer/${id}`)).toMatchObject({ status: 200, body: { success: true } });
  expect(await ask(`GET /v1/data/customer/${id}`)).toMatchObject({
    status: 404,
    body: { error: `there is no entity "${id}" in production` },
  });
});

test("lists come in pages that end", async () => {
  const mine = await aScope(database.db);
  await defineCustomer(mine);
  const as = await aKey(database.db, mine, ["data"]);
  for (let index = 0; index < 5; index++) await ask("POST /v1/data/customer", { as, body: { data: { name: `c${index}` } } });
  const seen: unknown[] = [];
  let cursor: unknown = "";
  for (let page = 0; page < 3; page++) {
    const { body } = await ask(`GET /v1/data/customer?limit=2${cursor === "" ? "" : `&cursor=${String(cursor)}`}`, { as });
    const { data, hasMore } = body as { readonly data: readonly { readonly data: unknown }[]; readonly hasMore: boolean };
    seen.push(...data.map((one) => one.data));
    cursor = field(body, "cursor");
    expect(hasMore).toBe(page < 2);
  }
  expect(cursor).toBeNull();
  expect(seen).toHaveLength(5);
  expect(new Set(seen.map((one) => field(one, "name"))).size).toBe(5);
});

test.each([
  ["POST /v1/data/customer", {}, 400, "data: is required: an object with the entity's fields"],
  ["POST /v1/data/customer", { data: [] }, 400, "data: is required: an object with the entity's fields"],
  ["POST /v1/data/customer", { data: {} }, 400, "name is missing; it is required"],
  ["POST /v1/data/customer", { data: { name: "x", nmae: 1 } }, 400, /^nmae is not a field; legal: .*name/],
  ["POST /v1/data/customer", { data: { name: "x", email: "x" } }, 400, /^email: "x" is not legal; legal: an e-mail address/],
  ["POST /v1/data/customer", { dta: {} }, 400, /unknown "dta"; legal: data, status/],
  ["POST /v1/data/customer", { data: { name: "x" }, status: "deleted" }, 400, /^status: "deleted" is not legal/],
  ["POST /v1/data/customer", { data: { name: "\u0000" } }, 400, /can not be stored/],
  ["POST /v1/data/customer", [], 400, /the body is not legal/],
  ["POST /v1/data/nosuch", { data: {} }, 404, 'there is no entity type "nosuch" in production; there are: "customer"'],
  ["PATCH /v1/data/customer/ent_x", { data: {} }, 404, 'there is no entity "ent_x" in production'],
  ["POST /v1/data/customer/query", { filters: { age: { $regex: 1 } } }, 400, /"\$regex" is not an operator; legal: \$eq/],
  ["POST /v1/data/customer/query", { filters: { age: { $gt: "1" } } }, 400, 'filters.age: "1" is not legal; legal: a number'],
  ["POST /v1/data/customer/query", { limit: 101 }, 400, "limit: 101 is not legal; legal: a whole number from 1 to 100"],
  ["POST /v1/data/customer/query", { cursor: "nonsense" }, 400, /^the cursor is not one/],
  ["POST /v1/data/customer/search", {}, 400, "query: is not legal; legal: text"],
  ["GET /v1/data/customer?limit=x", undefined, 400, /^limit: is not legal/],
  ["GET /v1/data/customer?filter=x", undefined, 400, /unknown "filter"/],
] as const)("%s with %j is refused with %s %s", async (route, body, status, error) => {
  const answer = await ask(route, { body });
  expect(answer.status).toBe(status);
  expect(Object.keys(Object(answer.body))).toEqual(["error"]);
  expect(field(answer.body, "error")).toMatch(error);
});

test("what is no JSON, or too much of it, is refused as such", async () => {
  expect(await ask("POST /v1/data/customer", { raw: "{" })).toMatchObject({ status: 400, body: { error: expect.any(String) } });
  expect(await ask("POST /v1/data/customer", { raw: '{"data":{"__proto__":{"name":"x"}}}' })).toMatchObject({ status: 400 });
  expect(await ask("POST /v1/data/customer", { body: { data: { name: "x".repeat(300_000) } } })).toMatchObject({
    status: 413,
    body: { error: expect.any(String) },
  });
});

test("browsers of any origin may ask, and only the data is open to them", async () => {
  const response = await fetch(`${server.url}/v1/data/customer/query`, { method: "OPTIONS" });
  expect(response.status).toBe(204);
  expect(Object.fromEntries(response.headers)).toMatchObject({
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "GET, POST, PATCH, DELETE, OPTIONS",
    "access-control-allow-headers": "Authorization, Content-Type, Idempotency-Key",
  });
  expect((await fetch(`${server.url}/outside`)).headers.get("access-control-allow-origin")).toBeNull();
});

/** Every route, with a body that would do something to the owner's entity. */
const ROUTES = [
  { route: () => "GET /v1/entity-types", strangers: "nothing of theirs" },
  { route: () => "GET /v1/data/customer", strangers: 404 },
  { route: () => "POST /v1/data/customer", body: { data: { name: "x" } }, strangers: 404 },
  { route: () => "POST /v1/data/customer/query", body: { filters: { name: "their words" } }, strangers: 404 },
  { route: () => "POST /v1/data/customer/search", body: { query: "their" }, strangers: 404 },
  { route: () => `GET /v1/data/customer/${theirs}`, strangers: 404 },
  { route: () => `PATCH /v1/data/customer/${theirs}`, body: { data: { name: "x" } }, strangers: 404 },
  { route: () => `DELETE /v1/data/customer/${theirs}`, strangers: 404 },
] as const;

test("the matrix knows every route", () => {
  const shape = (route: string): string => route.replace(theirs, ":id").replace("customer", ":type");
  expect(ROUTES.map(({ route }) => shape(route())).sort()).toEqual([...server.routes].sort());
});

describe.each(ROUTES.map((one) => ({ ...one, body: "body" in one ? one.body : undefined })))("$route", ({ route, body, strangers }) => {
  test("needs a key that is valid and may use data", async () => {
    const { db } = database;
    const revoked = await createKey(db, owner, { name: "x", permissions: ["*"], expiresAt: null, now: NOW });
    await revokeKey(db, owner, revoked.info.id, NOW);
    const expired = await createKey(db, owner, { name: "x", permissions: ["*"], expiresAt: NOW, now: NOW });
    expect(await ask(route(), { as: null, body })).toMatchObject({ status: 401, body: { error: expect.stringMatching(/^Unauthorized/) } });
    for (const as of ["sk_prod_x", "", "' or 1=1 --", revoked.plaintext, expired.plaintext]) {
      expect(await ask(route(), { as, body }), as).toMatchObject({
        status: 401,
        body: { error: expect.stringMatching(/^Invalid API key/) },
      });
    }
    const others = Permission.filter((one) => one !== "*" && one !== "data");
    expect(await ask(route(), { as: await aKey(db, owner, others), body })).toMatchObject({ status: 403 });
  });

  test.each([
    "another organization",
    "another environment",
    "another organization with the same type",
    "another environment with the same type",
  ])("gives %s nothing", async (who) => {
    const { db } = database;
    const stranger: Scope = who.includes("organization")
      ? await aScope(db, "production")
      : { ...owner, environment: who.endsWith("type") ? "development" : "eval" };
    const sameType = who.endsWith("type");
    if (sameType) await defineCustomer(stranger);
    const answer = await ask(route(), { as: await aKey(db, stranger, ["*"]), body });
    expect(JSON.stringify(answer.body)).not.toMatch(/their words/);
    if (!route().includes(theirs) || answer.status !== 404) expect(JSON.stringify(answer.body)).not.toContain(theirs);
    if (strangers === 404 && (!sameType || route().includes(theirs))) expect(answer.status).toBe(404);
  });
});

test("after all the strangers' tries the entity is as it was", async () => {
  expect(await ask(`GET /v1/data/customer/${theirs}`)).toMatchObject({ status: 200, body: { data: { name: "their words" }, version: 1 } });
});

test("more requests than the limit are answered 429, with when to come back", async () => {
  const limited = await serve();
  try {
    const mine = await aScope(database.db);
    const as = await aKey(database.db, mine, ["data"]);
    const answers = await Promise.all(Array.from({ length: 40 }, () => ask("GET /v1/entity-types", { as, at: limited.url })));
    const refused = answers.filter((answer) => answer.status === 429);
    expect(answers.filter((answer) => answer.status === 200).length).toBeGreaterThanOrEqual(20);
    expect(refused.length).toBeGreaterThan(0);
    for (const { body, headers } of refused) {
      expect(body).toEqual({ error: "Rate limit exceeded", retryAt: expect.any(Number) });
      expect(Number(headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
      expect(headers.get("access-control-allow-origin")).toBe("*");
    }
    expect((await ask("GET /v1/entity-types", { at: limited.url })).status).toBe(200);
  } finally {
    await limited.app.close();
  }
});
