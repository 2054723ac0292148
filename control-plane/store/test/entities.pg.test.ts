import { Fault } from "@struere/kernel";
import { sql } from "kysely";
import { beforeAll, describe, expect, test } from "vitest";
import { entityStore, removeEntityType, type Scope, setEntityType } from "../src/index.ts";
import { aScope, NOW, useDatabase } from "./database.ts";
import { aKeyOf, anAgentOf, anEntityType, aRole, ticking } from "./entity-build.ts";

const server = useDatabase();
let scope: Scope;

const PROPERTIES = {
  name: { type: "string" },
  age: { type: "number" },
  vip: { type: "boolean" },
  born: { type: "string", format: "date" },
  seenAt: { type: "string", format: "date-time" },
  tags: { type: "array", items: { type: "string" } },
  scores: { type: "array", items: { type: "number" } },
  address: { type: "object", properties: { city: { type: "string" }, street: { type: "string" } } },
} as const;

const PEOPLE = [
  {
    name: "Ana",
    age: 9,
    vip: true,
    born: "2017-01-02",
    seenAt: "2026-01-01T00:00:00Z",
    tags: ["a", "b"],
    scores: [1, 2.5],
    address: { city: "Lima" },
  },
  {
    name: "bob",
    age: 10,
    vip: false,
    born: "2016-05-05",
    seenAt: "2026-01-01T01:30:00+02:00",
    tags: ["b"],
    scores: [],
    address: { city: "Quito" },
  },
  { name: "Ana Ruiz", age: 100, born: "1926-12-31", seenAt: "2026-01-01T00:00:00.5Z", tags: [] },
  { name: "100%_O'Brien\\" },
];

beforeAll(async () => {
  scope = await aScope(server.db);
  await anEntityType(server.db, scope, {
    slug: "person",
    properties: PROPERTIES,
    required: ["name"],
    searchFields: ["name", "age", "address.city", "tags"],
  });
  const store = ticking(server.db);
  for (const data of PEOPLE) await store.create(aKeyOf(scope), { type: "person", data });
  // Of a type that the schema once allowed: must never be an error, and never a match.
  await server.db
    .updateTable("entities")
    .set({ data: JSON.stringify({ name: "100%_O'Brien\\", legacy: 1 }) })
    .where("type", "=", "person")
    .where(sql<boolean>`data ->> 'name' like '100%'`)
    .execute();
});

const names = (items: readonly { readonly data: { readonly [field: string]: unknown } }[]): string =>
  items.map((item) => item.data["name"]).join(", ");
const ask = async (filters: unknown): Promise<string> =>
  names((await entityStore(server.db).query(aKeyOf(scope), { type: "person", filters, sort: "createdAt" })).items);
const BRIEN = "100%_O'Brien\\";

test.each([
  [{ name: "Ana" }, "Ana"],
  [{ name: BRIEN }, BRIEN],
  [{ name: { $eq: "ana" } }, ""],
  [{ name: { $ne: "Ana" } }, `bob, Ana Ruiz, ${BRIEN}`],
  [{ name: { $neq: "Ana" } }, `bob, Ana Ruiz, ${BRIEN}`],
  [{ name: { _op_ne: "Ana" } }, `bob, Ana Ruiz, ${BRIEN}`],
  [{ name: { $in: ["Ana", "bob", "x"] } }, "Ana, bob"],
  [{ name: { _op_in: [BRIEN] } }, BRIEN],
  [{ name: { $nin: ["Ana", "bob"] } }, `Ana Ruiz, ${BRIEN}`],
  [{ name: { _op_nin: ["Ana", "bob"] } }, `Ana Ruiz, ${BRIEN}`],
  [{ name: { $contains: "na" } }, "Ana, Ana Ruiz"],
  [{ name: { $contains: "%_" } }, BRIEN],
  [{ name: { $contains: "%" } }, BRIEN],
  // Code points: capitals before small letters.
  [{ name: { $gt: "Z" } }, "bob"],
  [{ name: { $lte: "Ana" } }, `Ana, ${BRIEN}`],
  // Numbers compare as numbers: 9 < 10 < 100.
  [{ age: { $gt: 9 } }, "bob, Ana Ruiz"],
  [{ age: { $gte: 10 } }, "bob, Ana Ruiz"],
  [{ age: { $lt: 10 } }, "Ana"],
  [{ age: { $lte: 10.0 } }, "Ana, bob"],
  [{ age: { _op_gt: 9, _op_lt: 100 } }, "bob"],
  [{ age: { _op_gte: 100 } }, "Ana Ruiz"],
  [{ age: { _op_lte: 1e300 } }, "Ana, bob, Ana Ruiz"],
  [{ age: 10 }, "bob"],
  [{ age: { $ne: 10 } }, `Ana, Ana Ruiz, ${BRIEN}`],
  [{ age: { $in: [9, 100] } }, "Ana, Ana Ruiz"],
  [{ age: { $nin: [9, 100] } }, `bob, ${BRIEN}`],
  [{ age: { $exists: true } }, "Ana, bob, Ana Ruiz"],
  [{ age: { $exists: false } }, BRIEN],
  [{ vip: true }, "Ana"],
  [{ vip: { $ne: true } }, `bob, Ana Ruiz, ${BRIEN}`],
  [{ vip: { $in: [false] } }, "bob"],
  [{ born: { $lt: "1999-12-31" } }, "Ana Ruiz"],
  [{ born: { $gte: "2016-05-05" } }, "Ana, bob"],
  [{ born: "2017-01-02" }, "Ana"],
  // Moments compare as moments: bob was seen at 23:30 UTC the day before.
  [{ seenAt: { $lt: "2026-01-01" } }, "bob"],
  [{ seenAt: { $gte: "2026-01-01T00:00:00Z" } }, "Ana, Ana Ruiz"],
  [{ seenAt: { $gt: "2026-01-01T00:00:00Z" } }, "Ana Ruiz"],
  [{ seenAt: "2025-12-31T23:30:00Z" }, "bob"],
  [{ seenAt: { $in: ["2026-01-01T01:00:00+01:00", "2025-12-31T23:30:00Z"] } }, "Ana, bob"],
  [{ seenAt: { $nin: ["2026-01-01T01:00:00+01:00"] } }, `bob, Ana Ruiz, ${BRIEN}`],
  [{ seenAt: { $ne: "2026-01-01T00:00:00Z" } }, `bob, Ana Ruiz, ${BRIEN}`],
  [{ tags: { $contains: "b" } }, "Ana, bob"],
  [{ tags: { $contains: "ab" } }, ""],
  [{ scores: { $contains: 2.5 } }, "Ana"],
  [{ tags: { $exists: true } }, "Ana, bob, Ana Ruiz"],
  [{ "address.city": "Lima" }, "Ana"],
  [{ "data.address.city": { $contains: "i" } }, "Ana, bob"],
  [{ address: { $exists: false } }, `Ana Ruiz, ${BRIEN}`],
  [{ status: "active", createdAt: { $gte: "2026-01-01" } }, `Ana, bob, Ana Ruiz, ${BRIEN}`],
  [{ status: { $ne: "active" } }, ""],
  [{ status: { $in: ["archived", "active"] }, id: { $exists: true }, name: "bob" }, "bob"],
  [{ createdAt: { $gt: NOW.getTime() + 3_000 } }, BRIEN],
  [{ createdAt: { $nin: [NOW.getTime() + 1_000] }, updatedAt: { $exists: false } }, ""],
])("%j finds %s", async (filters, expected) => {
  expect(await ask(filters)).toBe(expected);
});

test.each([
  ["ana", "Ana Ruiz, Ana"],
  [" ANA ", "Ana Ruiz, Ana"],
  ["%", BRIEN],
  ["o'brien\\", BRIEN],
  ["lima", "Ana"],
  ["100", `${BRIEN}, Ana Ruiz`],
  ["zzz", ""],
  ['"', ""],
])("a search for %j finds %s, newest first", async (query, expected) => {
  expect(names(await entityStore(server.db).search(aKeyOf(scope), { type: "person", query }))).toBe(expected);
});

test.each([
  ["age", "Ana, bob, Ana Ruiz, " + BRIEN],
  ["-age", "Ana Ruiz, bob, Ana, " + BRIEN],
  ["name", `${BRIEN}, Ana, Ana Ruiz, bob`],
  ["-seenAt", `Ana Ruiz, Ana, bob, ${BRIEN}`],
  ["address.city", "Ana, bob, (Ana Ruiz, O'Brien in any order)"],
  ["vip", "bob, Ana, (Ana Ruiz, O'Brien in any order)"],
  ["-createdAt", `${BRIEN}, Ana Ruiz, bob, Ana`],
])("pages of one, sorted by %s, show everything once", async (sort, expected) => {
  const seen: string[] = [];
  let cursor: string | null = null;
  do {
    const page = await entityStore(server.db).query(aKeyOf(scope), { type: "person", sort, cursor, limit: 1 });
    expect(page.items).toHaveLength(1);
    seen.push(names(page.items));
    cursor = page.nextCursor;
  } while (cursor !== null);
  expect(seen).toHaveLength(4);
  const certain = expected.replace(/\(.*/, "");
  expect(seen.join(", ").startsWith(certain)).toBe(true);
  expect(new Set(seen).size).toBe(4);
});

describe("SQL in every position", () => {
  const EVIL = [
    "'; drop table entities; --",
    "' or '1'='1",
    "name' or true --",
    'name" or true --',
    "name}') is not null or true --",
    "data->>'name'",
    "$1",
    "$$; delete from entities; $$",
    "\\'; select pg_sleep(9); --",
    "{name}",
    '{"a","b"}',
    "name\\",
    "%' or 1=1 --",
    "1; truncate entities",
    ") union select * from api_keys --",
    "\u0000",
    "\ud800",
    "__proto__",
    "constructor",
  ];

  test.each(EVIL)("%j is a name or a value and nothing else", async (evil) => {
    const store = entityStore(server.db);
    const actor = aKeyOf(scope);
    const refused = { code: expect.stringMatching(/^(not_found|invalid_argument)$/) as string };
    await expect(store.query(actor, { type: evil })).rejects.toMatchObject(refused);
    await expect(store.search(actor, { type: evil, query: "x" })).rejects.toMatchObject(refused);
    await expect(store.create(actor, { type: evil, data: { name: "x" } })).rejects.toMatchObject(refused);
    await expect(store.get(actor, { id: evil })).rejects.toMatchObject(refused);
    await expect(store.get(actor, { id: evil, type: "person" })).rejects.toMatchObject(refused);
    await expect(store.update(actor, { id: evil, type: evil, data: {} })).rejects.toMatchObject(refused);
    await expect(store.delete(actor, { id: evil })).rejects.toMatchObject(refused);
    await expect(store.query(actor, { type: "person", filters: Object.fromEntries([[evil, "x"]]) })).rejects.toMatchObject(refused);
    await expect(store.query(actor, { type: "person", filters: Object.fromEntries([[`data.${evil}`, "x"]]) })).rejects.toMatchObject(
      refused,
    );
    await expect(store.query(actor, { type: "person", filters: Object.fromEntries([[`address.${evil}`, "x"]]) })).rejects.toMatchObject(
      refused,
    );
    await expect(store.query(actor, { type: "person", filters: { name: Object.fromEntries([[evil, "x"]]) } })).rejects.toMatchObject(
      refused,
    );
    await expect(store.query(actor, { type: "person", filters: { age: evil } })).rejects.toMatchObject(refused);
    await expect(store.query(actor, { type: "person", sort: evil })).rejects.toMatchObject(refused);
    await expect(store.query(actor, { type: "person", cursor: evil })).rejects.toMatchObject(refused);
    for (const position of [
      ["name", evil, "ent_1"],
      ["name", "x", evil],
      [evil, "x", "y"],
    ]) {
      const cursor = Buffer.from(JSON.stringify(position)).toString("base64url");
      const page = await store.query(actor, { type: "person", sort: position[0], cursor }).catch((error: unknown) => error);
      expect(page).toSatisfy((found) => (found instanceof Fault ? found.code === "invalid_argument" : found.items.length <= 4));
    }
    for (const operator of ["$eq", "$contains"]) {
      const page = await store.query(actor, { type: "person", filters: { name: { [operator]: evil } } }).catch((error: unknown) => error);
      // "name" is text: any text may be asked for, but what can not be stored.
      expect(page).toSatisfy((found) =>
        found instanceof Error ? /a character that no data has/.test(found.message) : found.items.length === 0,
      );
    }
    const found = await store.search(actor, { type: "person", query: evil }).catch((error: unknown) => error);
    expect(found).toSatisfy((answer) =>
      answer instanceof Error ? /a character that no data has/.test(answer.message) : answer.length === 0,
    );
  });

  test("is stored and found again as it was", async () => {
    const mine = await aScope(server.db);
    await anEntityType(server.db, mine, { slug: "note", properties: { text: { type: "string" } } });
    const store = entityStore(server.db);
    for (const text of EVIL.filter((one) => one.isWellFormed() && !one.includes("\u0000"))) {
      await store.create(aKeyOf(mine), { type: "note", data: { text } });
      for (const filter of [{ text }, { text: { $in: [text] } }, { text: { $contains: text } }]) {
        const { items } = await store.query(aKeyOf(mine), { type: "note", filters: filter });
        expect(items.map((item) => item.data)).toContainEqual({ text });
      }
    }
  });
});

describe("an entity", () => {
  test("that was deleted is nowhere, and its type can go when nothing needs it any more", async () => {
    const mine = await aScope(server.db);
    await anEntityType(server.db, mine, {
      slug: "note",
      properties: { text: { type: "string" }, next: { type: "string", references: "note" } },
      searchFields: ["text"],
    });
    const [store, actor] = [ticking(server.db), aKeyOf(mine)];
    const { id } = await store.create(actor, { type: "note", data: { text: "hello" } });
    expect(await removeEntityType(server.db, mine, "note", NOW)).toEqual({ outcome: "in_use", entities: 1, entityTypes: [], roles: [] });
    await store.delete(actor, { id });
    await expect(store.get(actor, { id })).rejects.toMatchObject({ code: "not_found" });
    await expect(store.update(actor, { id, data: {} })).rejects.toMatchObject({ code: "not_found" });
    await expect(store.delete(actor, { id })).rejects.toMatchObject({ code: "not_found" });
    expect((await store.query(actor, { type: "note" })).items).toEqual([]);
    expect((await store.query(actor, { type: "note", status: "deleted" })).items).toEqual([]);
    expect(await store.search(actor, { type: "note", query: "hello" })).toEqual([]);
    await expect(store.create(actor, { type: "note", data: { next: id } })).rejects.toMatchObject({ code: "invalid_argument" });
    expect(await removeEntityType(server.db, mine, "note", NOW)).toEqual({ outcome: "removed" });
    expect(await removeEntityType(server.db, mine, "note", NOW)).toEqual({ outcome: "not_found" });
  });

  test("is changed field by field; null removes a field; the version goes up", async () => {
    const [store, actor] = [ticking(server.db), aKeyOf(scope)];
    const made = await store.create(actor, { type: "person", data: { name: "Zoe", age: 1, vip: null }, status: "archived" });
    expect(made).toMatchObject({ status: "archived", version: 1, data: { name: "Zoe", age: 1 } });
    const changed = await store.update(actor, { id: made.id, data: { age: null, vip: true }, status: "done" });
    expect(changed).toMatchObject({ data: { name: "Zoe", vip: true }, status: "done", version: 2, createdAt: made.createdAt });
    expect(changed.updatedAt.getTime()).toBeGreaterThan(made.updatedAt.getTime());
    await expect(store.update(actor, { id: made.id, status: "deleted" })).rejects.toMatchObject({ code: "invalid_argument" });
    await expect(store.update(actor, { id: made.id })).rejects.toMatchObject({ sentence: "data is required" });
    await expect(store.update(actor, { id: made.id, data: { nmae: 1 } })).rejects.toMatchObject({
      sentence: expect.stringMatching(/^nmae is not a field/) as string,
    });
    await store.delete(actor, made);
  });

  test("written under a former schema can be changed, and keeps what it had", async () => {
    const mine = await aScope(server.db);
    await anEntityType(server.db, mine, { slug: "note", properties: { old: { type: "string" }, size: { type: "string" } } });
    const [store, actor] = [ticking(server.db), aKeyOf(mine)];
    const { id } = await store.create(actor, { type: "note", data: { old: "x", size: "big" } });
    await anEntityType(server.db, mine, {
      slug: "note",
      properties: { size: { type: "number" }, text: { type: "string" } },
      required: ["text"],
    });
    expect((await store.update(actor, { id, data: { text: "new" } })).data).toEqual({ old: "x", size: "big", text: "new" });
    expect((await store.query(actor, { type: "note", filters: { size: { $gt: 0 } }, sort: "size" })).items).toEqual([]);
    expect((await store.query(actor, { type: "note", sort: "size" })).items).toHaveLength(1);
  });

  test("that is larger than what may be is refused", async () => {
    const text = "x".repeat(19_000);
    const mine = await aScope(server.db);
    const properties = Object.fromEntries(["a", "b", "c", "d"].map((name) => [name, { type: "string" } as const]));
    await anEntityType(server.db, mine, { slug: "big", properties });
    const store = entityStore(server.db);
    const { id } = await store.create(aKeyOf(mine), { type: "big", data: { a: text, b: text, c: text } });
    await expect(store.update(aKeyOf(mine), { id, data: { d: text } })).rejects.toMatchObject({
      sentence: expect.stringMatching(/too large .* at most 65536/) as string,
    });
  });

  test("references only what is there and what its writer may see", async () => {
    const mine = await aScope(server.db);
    const other: Scope = { ...mine, environment: "eval" };
    for (const one of [mine, other]) {
      await anEntityType(server.db, one, { slug: "doctor", properties: { ward: { type: "string" } } });
      await anEntityType(server.db, one, {
        slug: "visit",
        properties: { doctors: { type: "array", items: { type: "string", references: "doctor" } } },
      });
    }
    const store = ticking(server.db);
    const north = await store.create(aKeyOf(mine), { type: "doctor", data: { ward: "north" } });
    const south = await store.create(aKeyOf(mine), { type: "doctor", data: { ward: "south" } });
    const visit = await store.create(aKeyOf(mine), { type: "visit", data: { doctors: [north.id, south.id] } });
    const elsewhere = await store.create(aKeyOf(other), { type: "doctor", data: {} });
    const refused = (id: string) => ({ code: "invalid_argument", sentence: `doctors[0]: there is no "doctor" with the id "${id}"` });
    for (const id of [elsewhere.id, visit.id, "nobody", "ent_000000000000000000000000"]) {
      await expect(store.create(aKeyOf(mine), { type: "visit", data: { doctors: [id] } })).rejects.toMatchObject(refused(id));
      await expect(store.update(aKeyOf(mine), { id: visit.id, data: { doctors: [id] } })).rejects.toMatchObject(refused(id));
    }
    const scoped = anAgentOf(mine, aRole({ scopeRules: [{ entityType: "doctor", field: "ward", operator: "eq", value: "north" }] }));
    await expect(store.create(scoped, { type: "visit", data: { doctors: [south.id] } })).rejects.toMatchObject(refused(south.id));
    expect((await store.create(scoped, { type: "visit", data: { doctors: [north.id] } })).version).toBe(1);
    const blind = anAgentOf(mine, aRole({ policies: [{ resource: "visit", actions: ["*"], effect: "allow" }] }));
    await expect(store.create(blind, { type: "visit", data: { doctors: [north.id] } })).rejects.toMatchObject(refused(north.id));
  });

  test("that many change at once loses no field, and a version wins once", async () => {
    const mine = await aScope(server.db);
    const fields = ["a", "b", "c", "d", "e", "f"];
    await anEntityType(server.db, mine, {
      slug: "form",
      properties: Object.fromEntries(fields.map((name) => [name, { type: "string" } as const])),
    });
    const [store, actor] = [entityStore(server.db), aKeyOf(mine)];
    const { id } = await store.create(actor, { type: "form", data: {} });
    await Promise.all(fields.map((name) => store.update(actor, { id, data: { [name]: name } })));
    const full = await store.get(actor, { id });
    expect(full).toMatchObject({ version: 7, data: Object.fromEntries(fields.map((name) => [name, name])) });
    const tries = await Promise.allSettled(fields.map((name) => store.update(actor, { id, data: { a: name }, version: 7 })));
    expect(tries.filter((one) => one.status === "fulfilled")).toHaveLength(1);
    for (const one of tries) if (one.status === "rejected") expect(one.reason).toMatchObject({ code: "aborted" });
    expect(await store.get(actor, { id })).toMatchObject({ version: 8 });
  });

  test("is not made of a type that is being removed", async () => {
    const mine = await aScope(server.db);
    const [store, actor] = [entityStore(server.db), aKeyOf(mine)];
    for (let round = 0; round < 5; round++) {
      const slug = `t${round}`;
      await anEntityType(server.db, mine, { slug, properties: { a: { type: "string" } } });
      const [made, removed] = await Promise.allSettled([
        store.create(actor, { type: slug, data: {} }),
        removeEntityType(server.db, mine, slug, NOW),
      ]);
      const gone = removed.status === "fulfilled" && removed.value.outcome === "removed";
      expect(made.status).toBe(gone ? "rejected" : "fulfilled");
    }
  });
});

test("limit, sort and status are refused when they are not legal", async () => {
  const store = entityStore(server.db);
  for (const limit of [0, 101, 1.5, Number.NaN]) {
    await expect(store.query(aKeyOf(scope), { type: "person", limit })).rejects.toMatchObject({ code: "invalid_argument" });
  }
  await expect(store.query(aKeyOf(scope), { type: "person", sort: "tags" })).rejects.toMatchObject({
    sentence: expect.stringMatching(/is a list/) as string,
  });
  await expect(store.search(aKeyOf(scope), { type: "person", query: "  " })).rejects.toMatchObject({ code: "invalid_argument" });
  await setEntityType(server.db, scope, {
    slug: "bare",
    name: "bare",
    definition: { name: "bare", slug: "bare", schema: { type: "object", properties: {} } },
    now: NOW,
  });
  await expect(store.search(aKeyOf(scope), { type: "bare", query: "x" })).rejects.toMatchObject({ code: "failed_precondition" });
});
