/** Data against entity types, and filters in both spellings. */
import { describe, expect, test } from "vitest";
import { changeProblems, dataProblems, entityTypeProblems, mergeData, parseFilters, readEntityType, referencesIn } from "../src/index.ts";
import { anEntityType, PATIENT } from "./entity-build.ts";

const NAMES = Object.keys(PATIENT.schema.properties).join(", ");

describe("data", () => {
  test.each([
    [{}, []],
    [{ name: "Jane", age: 5, weight: 1.5, active: false, tags: [], address: { city: "Lima" } }, []],
    [
      { email: "jane@example.com", born: "2024-02-29", seenAt: "2026-11-22T10:00:00Z", site: "https://a.example/b", phone: "+14155550100" },
      [],
    ],
    [{ nmae: "Jane" }, [`nmae is not a field; legal: ${NAMES}`]],
    [
      JSON.parse('{"__proto__": {"name": 1}, "constructor": 1}'),
      [`__proto__ is not a field; legal: ${NAMES}`, `constructor is not a field; legal: ${NAMES}`],
    ],
    [{ name: 5 }, ["name: 5 is not legal; legal: text"]],
    [{ name: null }, ["name: null is not legal; legal: text"]],
    [{ age: 5.5 }, ["age: 5.5 is not legal; legal: a whole number"]],
    [{ age: "5" }, ['age: "5" is not legal; legal: a whole number']],
    [{ weight: Number.POSITIVE_INFINITY }, ["weight: null is not legal; legal: a number"]],
    [{ active: "yes" }, ['active: "yes" is not legal; legal: true, false']],
    [{ ward: "west" }, ['ward: "west" is not legal; legal: "north", "south"']],
    [{ tags: "vip" }, ['tags: "vip" is not legal; legal: a list']],
    [{ tags: ["a", 1] }, ["tags[1]: 1 is not legal; legal: text"]],
    [{ address: {} }, ["address.city is missing; it is required"]],
    [{ address: { city: "Lima", zip: 1 } }, ["address.zip is not a field; legal: city, street"]],
    [{ address: ["Lima"] }, ['address: ["Lima"] is not legal; legal: an object']],
    [{ name: "a\u0000b" }, ["name holds a character that can not be stored (U+0000 or half of a surrogate pair)"]],
    [{ name: "a\ud800" }, ["name holds a character that can not be stored (U+0000 or half of a surrogate pair)"]],
    [{ name: "x".repeat(20_001) }, ["name is too long (20001 characters); legal: at most 20000"]],
  ])("%j: %j", (data, problems) => {
    expect(dataProblems(PATIENT.schema, data)).toEqual(problems);
  });

  test.each([
    ["email", ["a@b.co", "ü@bücher.example"], ["a", "a@b", "a@@b.co", "a b@c.de", "@b.co", `${"a".repeat(65)}@b.co`]],
    ["born", ["2024-02-29", "0001-01-01"], ["2023-02-29", "2024-13-01", "2024-1-1", "2024-04-31", "0000-01-01", "2024-02-29T00:00:00Z"]],
    [
      "seenAt",
      ["2026-11-22T10:00Z", "2026-11-22t10:00:00.123456+05:30"],
      ["2026-11-22", "2026-11-22T10:00:00", "2026-11-22T24:00:00Z", "2026-02-30T10:00:00Z"],
    ],
    ["site", ["https://a.example", "mailto:a@b.co"], ["a.example", "//a.example", "https://a b"]],
    ["phone", ["+14155550100"], ["4155550100", "+0123", "+1415555010012345", "+1 415"]],
  ])("%s takes %j and not %j", (field, legal, illegal) => {
    for (const value of legal) expect(dataProblems(PATIENT.schema, { [field]: value }), value).toEqual([]);
    for (const value of illegal) expect(dataProblems(PATIENT.schema, { [field]: value }), value).toHaveLength(1);
  });

  test("that is very wrong is refused with ten problems, not ten thousand", () => {
    expect(dataProblems(PATIENT.schema, Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`f${index}`, 1])))).toHaveLength(
      10,
    );
  });

  test("a change is judged by what it touches; null removes what is not required", () => {
    const type = anEntityType("t", { a: { type: "string" }, b: { type: "string" }, c: { type: "number" } }, ["a", "b"]);
    expect(changeProblems(type.schema, { a: "x", c: null })).toEqual([]);
    expect(changeProblems(type.schema, { a: null })).toEqual(["a is required and can not be removed"]);
    expect(changeProblems(type.schema, { d: 1 })).toEqual(["d is not a field; legal: a, b, c"]);
    expect(mergeData({ a: "x", c: 1, old: 2 }, { a: "y", c: null })).toEqual({ a: "y", old: 2 });
  });

  test("names what it references, in lists too", () => {
    expect(referencesIn(PATIENT.schema, { doctor: "ent_a", visits: [{ note: "x" }, { doctor: "ent_b" }] })).toEqual([
      { field: "visits[1].doctor", type: "doctor", id: "ent_b" },
      { field: "doctor", type: "doctor", id: "ent_a" },
    ]);
  });
});

test("a type that references another that is not there is told of it", () => {
  expect(entityTypeProblems(PATIENT, ["patient"])).toEqual([
    'schema.properties.visits.items.properties.doctor.references: there is no entity type "doctor"; legal: "patient"',
    'schema.properties.doctor.references: there is no entity type "doctor"; legal: "patient"',
  ]);
  expect(entityTypeProblems(PATIENT, ["patient", "doctor"])).toEqual([]);
  expect(() => readEntityType({ name: "x", slug: "x", schema: { type: "object" } })).toThrow(/can not be read/);
});

describe("filters", () => {
  const read = (filters: unknown): unknown => {
    const parsed = parseFilters(PATIENT.schema, filters);
    if (!parsed.ok) return parsed.problem;
    return parsed.value.map((one) => {
      const name = one.field.kind === "data" ? `data.${one.field.path.join(".")}` : one.field.name;
      const value = "value" in one ? one.value : "values" in one ? one.values : one.expected;
      return [name, one.operator, value];
    });
  };

  test.each([
    [undefined, []],
    [{}, []],
    [{ name: "Jane" }, [["data.name", "eq", "Jane"]]],
    [
      { "data.age": { $gte: 18, $lt: 65 } },
      [
        ["data.age", "gte", 18],
        ["data.age", "lt", 65],
      ],
    ],
    [
      { age: { _op_gte: 18, _op_nin: [20] } },
      [
        ["data.age", "gte", 18],
        ["data.age", "nin", [20]],
      ],
    ],
    [
      { ward: { $neq: "north", $exists: true } },
      [
        ["data.ward", "ne", "north"],
        ["data.ward", "exists", true],
      ],
    ],
    [{ tags: { $contains: "vip" } }, [["data.tags", "contains", "vip"]]],
    [{ "address.city": "Lima" }, [["data.address.city", "eq", "Lima"]]],
    [{ seenAt: { $gt: "2026-01-01" } }, [["data.seenAt", "gt", "2026-01-01T00:00:00Z"]]],
    [
      { createdAt: { $gt: 5 }, status: { $in: ["active"] } },
      [
        ["createdAt", "gt", 5],
        ["status", "in", ["active"]],
      ],
    ],
  ])("%j is %j", (filters, conditions) => {
    expect(read(filters)).toEqual(conditions);
  });

  test.each([
    ["name", /^filters is not legal/],
    [["name"], /^filters is not legal/],
    [{ nosuch: 1 }, /^there is no field "nosuch"; legal: name, age/],
    [{ constructor: 1 }, /^there is no field "constructor"/],
    [{ "address.zip": 1 }, /^there is no field "address.zip"/],
    [{ "data.status": "x" }, /^there is no field "data.status"/],
    [{ "tags.0": "x" }, /^there is no field/],
    [{ name: {} }, /^filters.name is empty/],
    [{ name: { $regex: "x" } }, /^filters.name: "\$regex" is not an operator; legal: \$eq/],
    [{ name: { toString: "x" } }, /is not an operator/],
    [{ name: { eq: "x" } }, /is not an operator/],
    [{ age: "5" }, /^filters.age: "5" is not legal; legal: a number/],
    [{ age: null }, /^filters.age: null is not legal/],
    [{ age: { $contains: 5 } }, /does not fit a number; legal: eq, ne, in, nin, gt/],
    [{ active: { $gt: true } }, /does not fit true or false/],
    [{ tags: "vip" }, /does not fit a list; legal: contains, exists/],
    [{ tags: { $contains: 5 } }, /legal: text/],
    [{ address: { $eq: "x" } }, /does not fit an object/],
    [{ visits: { $contains: "x" } }, /does not fit an object or a list of objects/],
    [{ name: { $in: "x" } }, /in needs a list of 1 to 100 values/],
    [{ name: { $in: [] } }, /in needs a list/],
    [{ name: { $in: [{ $gt: "" }] } }, /legal: text/],
    [{ name: { $exists: "yes" } }, /legal: true, false/],
    [{ born: { $gt: "yesterday" } }, /legal: a date such as/],
    [{ seenAt: { $gt: 5 } }, /legal: a date and time such as/],
    [{ name: "a\u0000" }, /a character that no data has/],
  ])("%j is refused: %s", (filters, problem) => {
    expect(read(filters)).toMatch(problem);
  });
});
