/** Nobody sees, finds or changes more than the rules allow: as a law against a plain oracle, and as tables. */
import type { EntityAction, FieldMask, Policy, Role, ScopeRule } from "@struere/domain";
import { Fault } from "@struere/kernel";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { agentActor, type Entity, entityStore, removeRole, type Scope, setRole } from "../src/index.ts";
import { anAgent, aScope, NOW, useDatabase } from "./database.ts";
import { aKeyOf, anAgentOf, anEntityType, aRole, ticking } from "./entity-build.ts";
import { allowed, FIELDS, filtersHold, type Filters, inScope, isMasked, shown, type Thing } from "./entity-oracle.ts";

const server = useDatabase();
let scope: Scope;
let things: readonly Entity[] = [];
let others: readonly Entity[] = [];

const PROPERTIES = {
  word: { type: "string" },
  n: { type: "number" },
  flag: { type: "boolean" },
  at: { type: "string", format: "date-time" },
  tags: { type: "array", items: { type: "string" } },
  inner: { type: "object", properties: { word: { type: "string" } } },
} as const;

const WORDS = ["", "a", "ab", "B", "é", "'", "%", "1"];
const NUMBERS = [-1, 0, 0.1, 1, 9, 10, 1e21];
const MOMENTS = ["2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00", "2025-12-31T23:59:59.999Z", "2026-06-01T00:00:00-05:00"];
const word = fc.constantFrom(...WORDS);
const number = fc.constantFrom(...NUMBERS);
const moment = fc.constantFrom(...MOMENTS);

const data = fc.record(
  {
    word,
    n: number,
    flag: fc.boolean(),
    at: moment,
    tags: fc.array(word, { maxLength: 3 }),
    inner: fc.record({ word }, { requiredKeys: [] }),
  },
  { requiredKeys: [] },
);

const valueOf = { word, n: number, flag: fc.boolean(), at: moment, tags: word, "inner.word": word };

const filter = fc.constantFrom(...FIELDS).chain((field): fc.Arbitrary<Filters> => {
  const equalities = ["$eq", "$ne", "$in", "$nin", "$exists"];
  const orderings = ["$gt", "$gte", "$lt", "$lte"];
  const text = field === "word" || field === "inner.word";
  const operators =
    field === "tags"
      ? ["$contains", "$exists"]
      : field === "flag"
        ? equalities
        : [...equalities, ...orderings, ...(text ? ["$contains"] : [])];
  return fc.constantFrom(...operators).chain((operator) => {
    const one: fc.Arbitrary<unknown> = valueOf[field];
    const value =
      operator === "$exists"
        ? fc.boolean()
        : operator === "$in" || operator === "$nin"
          ? fc.array(one, { minLength: 1, maxLength: 3 })
          : one;
    return value.map((wanted) => ({ [field]: { [operator]: wanted } }));
  });
});
const filters = fc.array(filter, { maxLength: 2 }).map((all): Filters => Object.assign({}, ...all));

const policy: fc.Arbitrary<Policy> = fc.record({
  resource: fc.constantFrom("thing", "thing", "*", "other"),
  actions: fc.uniqueArray(fc.constantFrom<EntityAction | "*">("read", "list", "*", "update", "create"), { minLength: 1, maxLength: 3 }),
  effect: fc.constantFrom("allow" as const, "allow" as const, "allow" as const, "deny" as const),
});
const scopeRule: fc.Arbitrary<ScopeRule> = fc.constantFrom(...FIELDS, "nosuch").chain((field) =>
  fc.record({
    entityType: fc.constantFrom("thing", "thing", "*", "other"),
    field: fc.constantFrom(field, `data.${field}`),
    operator: fc.constantFrom<ScopeRule["operator"]>("eq", "neq", "in", "contains"),
    // Mostly of the field's type, sometimes of another.
    value: fc.oneof({ weight: 6, arbitrary: field === "nosuch" ? word : valueOf[field] }, fc.array(word, { maxLength: 2 }), number, word),
  }),
);
const mask: fc.Arbitrary<FieldMask> = fc.record({
  entityType: fc.constantFrom("thing", "thing", "*", "other"),
  fieldPath: fc.constantFrom(...FIELDS, "inner", "data.word", "nosuch"),
  maskType: fc.constantFrom("hide", "redact"),
});
const role: fc.Arbitrary<Role> = fc.record({
  name: fc.constant("r"),
  policies: fc.array(policy, { minLength: 1, maxLength: 3 }),
  scopeRules: fc.array(scopeRule, { maxLength: 2 }),
  fieldMasks: fc.array(mask, { maxLength: 2 }),
});
const roles = fc.array(role, { minLength: 1, maxLength: 3 });

/** Policies that let nearly everything through, so that scope rules and masks are what decides. */
const writers = roles.map((held) =>
  held.map(
    (one): Role => ({ ...one, policies: [{ resource: "*", actions: ["*"], effect: "allow" }], scopeRules: one.scopeRules?.slice(0, 1) }),
  ),
);

beforeAll(async () => {
  scope = await aScope(server.db);
  const strangers: readonly Scope[] = [await aScope(server.db), { ...scope, environment: "eval" }];
  for (const one of [scope, ...strangers])
    await anEntityType(server.db, one, { slug: "thing", properties: PROPERTIES, searchFields: ["word", "inner.word"] });
  await anEntityType(server.db, scope, { slug: "other", properties: PROPERTIES });
  const store = ticking(server.db);
  const make = async (where: Scope, type: string, count: number): Promise<Entity[]> => {
    const made: Entity[] = [];
    for (const one of fc.sample(data, { numRuns: count, seed: 7 })) made.push(await store.create(aKeyOf(where), { type, data: one }));
    return made;
  };
  things = await make(scope, "thing", 60);
  others = [
    ...(await make(scope, "other", 5)),
    ...(await make(strangers[0] ?? scope, "thing", 10)),
    ...(await make(strangers[1] ?? scope, "thing", 10)),
  ];
  const gone = await make(scope, "thing", 5);
  for (const { id } of gone) await store.delete(aKeyOf(scope), { id });
  others = [...others, ...gone];
});

/** What was answered, or the code of the refusal. */
async function answerOf<Answer>(asked: Promise<Answer>): Promise<Answer | string> {
  return await asked.catch((error: unknown) => {
    if (error instanceof Fault) return error.code;
    throw error;
  });
}

const seen = (entities: readonly Entity[]) =>
  entities.map(({ id, data: one }) => ({ id, data: one })).sort((a, b) => (a.id < b.id ? -1 : 1));

test("an agent sees by query, get and search exactly what a plain reading of its roles allows", { timeout: 60_000 }, async () => {
  const store = entityStore(server.db);
  const tally = { found: 0, denied: 0, got: 0 };
  await fc.assert(
    fc.asyncProperty(roles, filters, fc.constantFrom("a", "B", "'", "%"), fc.nat({ max: 59 }), async (held, asked, words, index) => {
      const actor = anAgentOf(scope, ...held);
      const visible = (things as readonly Thing[]).filter((thing) => inScope(held, thing));
      const expected = (some: readonly Thing[]) =>
        seen(some.map((thing) => ({ ...thing, data: shown(held, thing) })) as unknown as readonly Entity[]);

      const answer = await answerOf(store.query(actor, { type: "thing", filters: asked, limit: 100 }));
      const denied = !allowed(held, "list") || Object.keys(asked).some((field) => isMasked(held, field));
      if (denied) {
        expect(answer).toBe("permission_denied");
        tally.denied++;
      } else {
        const matching = visible.filter((thing) => filtersHold(thing, asked));
        expect(typeof answer === "string" ? answer : seen(answer.items)).toEqual(expected(matching));
        tally.found += matching.length;
      }

      const found = await answerOf(store.search(actor, { type: "thing", query: words, limit: 100 }));
      const searched = (["word", "inner.word"] as const).filter((field) => !isMasked(held, field));
      if (!allowed(held, "list") || searched.length === 0) expect(found).toBe("permission_denied");
      else {
        const has = (thing: Thing): boolean => {
          const { word: outer, inner } = thing.data as { readonly word?: string; readonly inner?: { readonly word?: string } };
          const texts = { word: outer, "inner.word": inner?.word };
          return searched.some((field) => texts[field]?.toLowerCase().includes(words.toLowerCase()));
        };
        expect(typeof found === "string" ? found : seen(found)).toEqual(expected(visible.filter(has)));
      }

      const one = things[index];
      if (!one) return;
      const got = await answerOf(store.get(actor, { id: one.id }));
      if (allowed(held, "read") && inScope(held, one)) {
        expect(got).toMatchObject({ id: one.id, data: shown(held, one) });
        tally.got++;
      } else expect(got).toBe("not_found");
      const stranger = others[index % others.length];
      if (stranger && stranger.type === "thing") expect(await answerOf(store.get(actor, { id: stranger.id }))).toBe("not_found");
    }),
    { numRuns: 200, seed: 20_261_122 },
  );
  // The law was not kept by nobody ever seeing anything.
  expect(tally.found).toBeGreaterThan(200);
  expect(tally.denied).toBeGreaterThan(20);
  expect(tally.got).toBeGreaterThan(10);
});

test("an agent writes only from and to what its rules allow, and nothing else changes", { timeout: 60_000 }, async () => {
  const store = entityStore(server.db);
  const key = aKeyOf(scope);
  const tally = { written: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(fc.oneof(roles, writers), data, data, fc.boolean(), async (held, before, change, creating) => {
      const actor = anAgentOf(scope, ...held);
      const touchesMask = Object.keys(change).some((field) => isMasked(held, field));
      if (creating) {
        const made = await answerOf(store.create(actor, { type: "thing", data: change }));
        const may = allowed(held, "create") && inScope(held, { id: "", data: change });
        if (typeof made !== "string") {
          expect(may).toBe(true);
          expect((await store.get(key, made)).data).toEqual(change);
          await store.delete(key, made);
          tally.written++;
        } else {
          expect(made).toBe("permission_denied");
          expect(may && !touchesMask).toBe(false);
          tally.refused++;
        }
        return;
      }
      const { id } = await store.create(key, { type: "thing", data: before });
      const after = { ...before, ...change };
      const may = allowed(held, "update") && inScope(held, { id, data: before }) && inScope(held, { id, data: after }) && !touchesMask;
      const updated = await answerOf(store.update(actor, { id, data: change }));
      expect(typeof updated !== "string").toBe(may);
      expect((await store.get(key, { id })).data).toEqual(may ? after : before);
      if (typeof updated !== "string") {
        const readable = allowed(held, "read") || allowed(held, "list");
        expect(updated.data).toEqual(readable ? shown(held, { id, data: after }) : {});
        tally.written++;
      } else tally.refused++;
      const deleted = await answerOf(store.delete(actor, { id }));
      expect(deleted).toBe(
        allowed(held, "delete") && inScope(held, may ? { id, data: after } : { id, data: before }) ? undefined : "not_found",
      );
      if (deleted !== undefined) await store.delete(key, { id });
    }),
    { numRuns: 300, seed: 20_261_122 },
  );
  expect(tally.written).toBeGreaterThan(10);
  expect(tally.refused).toBeGreaterThan(20);
});

describe("a masked field", () => {
  const secret = (maskType: "hide" | "redact", fieldPath = "word") => aRole({ fieldMasks: [{ entityType: "thing", fieldPath, maskType }] });

  test.each(["hide", "redact"] as const)("that is to %s can not be read, filtered, sorted, searched or written", async (maskType) => {
    const store = ticking(server.db);
    const [actor, key] = [anAgentOf(scope, secret(maskType)), aKeyOf(scope)];
    const made = await store.create(key, { type: "thing", data: { word: "s3cret", n: 77, inner: { word: "open" } } });
    const masked = maskType === "hide" ? { n: 77, inner: { word: "open" } } : { word: "[redacted]", n: 77, inner: { word: "open" } };

    expect((await store.get(actor, { id: made.id })).data).toEqual(masked);
    expect((await store.query(actor, { type: "thing", filters: { n: 77 } })).items.map((one) => one.data)).toEqual([masked]);
    expect(await store.search(actor, { type: "thing", query: "s3cret" })).toEqual([]);
    expect((await store.search(actor, { type: "thing", query: "open" })).map((one) => one.data)).toEqual([masked]);
    const denied = { code: "permission_denied", sentence: expect.stringMatching(/^Permission denied: word is masked/) as string };
    for (const filters_ of [
      { word: "s3cret" },
      { "data.word": { $gte: "s" } },
      { word: { $exists: true } },
      { word: { _op_in: ["s3cret"] } },
      { n: 77, word: { $ne: "x" } },
    ]) {
      await expect(store.query(actor, { type: "thing", filters: filters_ })).rejects.toMatchObject(denied);
    }
    for (const sort of ["word", "-word", "data.word"])
      await expect(store.query(actor, { type: "thing", sort })).rejects.toMatchObject(denied);
    // A cursor of somebody else's order does not smuggle the field in.
    const { nextCursor } = await store.query(key, { type: "thing", sort: "word", limit: 1 });
    await expect(store.query(actor, { type: "thing", cursor: nextCursor })).rejects.toMatchObject({ code: "invalid_argument" });
    await expect(store.create(actor, { type: "thing", data: { word: "mine" } })).rejects.toMatchObject(denied);
    await expect(store.update(actor, { id: made.id, data: { word: "mine" } })).rejects.toMatchObject(denied);
    await expect(store.update(actor, { id: made.id, data: { word: null } })).rejects.toMatchObject(denied);
    expect((await store.update(actor, { id: made.id, data: { n: 78 } })).data).toEqual({ ...masked, n: 78 });
    expect((await store.get(key, { id: made.id })).data).toMatchObject({ word: "s3cret", n: 78 });
    await store.delete(key, made);
  });

  test("inside an object can not be taken out with the object, and what is beside it stays open", async () => {
    const store = ticking(server.db);
    const [actor, key] = [anAgentOf(scope, secret("hide", "data.inner.word")), aKeyOf(scope)];
    const made = await store.create(key, { type: "thing", data: { word: "beside", inner: { word: "s3cret" } } });
    expect((await store.get(actor, made)).data).toEqual({ word: "beside", inner: {} });
    await expect(store.update(actor, { id: made.id, data: { inner: {} } })).rejects.toMatchObject({ code: "permission_denied" });
    await expect(store.query(actor, { type: "thing", filters: { inner: { $exists: true } } })).rejects.toMatchObject({
      code: "permission_denied",
    });
    expect((await store.create(actor, { type: "thing", data: { inner: {} } })).data).toEqual({ inner: {} });
    await store.delete(key, made);
  });

  test("that a type gets later is open unless a mask names it", async () => {
    const mine = await aScope(server.db);
    await anEntityType(server.db, mine, { slug: "thing", properties: { word: { type: "string" } } });
    const actor = anAgentOf(mine, secret("hide"));
    await anEntityType(server.db, mine, { slug: "thing", properties: { word: { type: "string" }, fresh: { type: "string" } } });
    const { id } = await ticking(server.db).create(aKeyOf(mine), { type: "thing", data: { word: "s", fresh: "f" } });
    expect((await entityStore(server.db).get(actor, { id })).data).toEqual({ fresh: "f" });
  });

  test("masks hold when search has no other field left", async () => {
    const both = aRole({ fieldMasks: [...(secret("hide").fieldMasks ?? []), ...(secret("hide", "inner").fieldMasks ?? [])] });
    await expect(entityStore(server.db).search(anAgentOf(scope, both), { type: "thing", query: "a" })).rejects.toMatchObject({
      code: "permission_denied",
    });
  });
});

test("types that an agent may do nothing with are not shown to it", async () => {
  const actor = anAgentOf(scope, aRole({ policies: [{ resource: "other", actions: ["create"], effect: "allow" }] }));
  expect((await entityStore(server.db).types(actor)).map((type) => type.slug)).toEqual(["other"]);
  expect((await entityStore(server.db).types(aKeyOf(scope))).map((type) => type.slug)).toEqual(["other", "thing"]);
  await expect(entityStore(server.db).query(actor, { type: "nosuch" })).rejects.toMatchObject({
    sentence: expect.stringMatching(/there are: "other"$/) as string,
  });
});

test("an agent is its roles: without any it has full access, with one that is gone it has none", async () => {
  const mine = await aScope(server.db);
  expect((await agentActor(server.db, mine, { roles: [] })).roles).toBeUndefined();
  await expect(agentActor(server.db, mine, { roles: ["clerk"] })).rejects.toMatchObject({
    code: "failed_precondition",
    sentence: expect.stringMatching(/the role "clerk", which is not in production/) as string,
  });
  await setRole(server.db, mine, { slug: "clerk", name: "Clerk", definition: { ...aRole({ name: "Clerk" }) }, now: NOW });
  expect(await agentActor(server.db, mine, { roles: ["clerk"] })).toMatchObject({ kind: "agent", ...mine, roles: [{ name: "Clerk" }] });
  await expect(agentActor(server.db, { ...mine, environment: "eval" }, { roles: ["clerk"] })).rejects.toMatchObject({
    code: "failed_precondition",
  });
  await anAgent(server.db, mine);
  expect(await removeRole(server.db, mine, "clerk", NOW)).toEqual({ outcome: "removed" });
});
