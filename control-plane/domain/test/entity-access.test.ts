/** Who may do what with entities, as tables: policies, scope rules, masks. */
import { describe, expect, test } from "vitest";
import {
  accessTo,
  type EntityAction,
  fieldOf,
  isMasked,
  isWithin,
  maskData,
  maskedInChange,
  maskedInNew,
  masksOf,
  mayAct,
  readRole,
  type Role,
  roleProblems,
  type ScopeRule,
} from "../src/index.ts";
import { aRole, PATIENT } from "./entity-build.ts";

/** `+patient:read,list -*:delete` */
function policies(text: string): Role {
  const written = text.split(" ").map((one) => {
    const [resource = "", actions = ""] = one.slice(1).split(":");
    return {
      resource,
      actions: actions.split(",") as EntityAction[],
      effect: one.startsWith("+") ? ("allow" as const) : ("deny" as const),
    };
  });
  return aRole({ policies: written });
}

test.each([
  // roles                                             action    on         may
  [["+patient:read"], "read", "patient", true],
  [["+patient:read"], "list", "patient", false],
  [["+patient:read"], "read", "doctor", false],
  [["+*:*"], "delete", "doctor", true],
  [["+patient:*"], "update", "patient", true],
  [["+*:* -patient:delete"], "delete", "patient", false],
  [["+*:* -patient:delete"], "update", "patient", true],
  [["+*:* -*:delete"], "delete", "doctor", false],
  [["-patient:* +patient:*"], "read", "patient", false],
  [["+patient:read", "+patient:list"], "list", "patient", true],
  [["+patient:*", "-patient:update"], "update", "patient", false],
  [["-doctor:*"], "read", "patient", false],
  [[], "read", "patient", false],
] as const)("roles %j: %s of %s is %s", (roles, action, type, may) => {
  expect(mayAct(roles.map(policies), action, type)).toBe(may);
});

test("who has no roles may everything, which is not the same as having none left", () => {
  expect(mayAct(undefined, "delete", "patient")).toBe(true);
  expect(mayAct([], "read", "patient")).toBe(false);
});

describe("scope rules", () => {
  const rule = (field: string, operator: ScopeRule["operator"], value: unknown): ScopeRule => ({
    entityType: "patient",
    field,
    operator,
    value,
  });
  const within = (
    rules: readonly (readonly ScopeRule[])[],
    data: { readonly [field: string]: unknown },
    attributes?: { readonly [name: string]: string },
  ): boolean => {
    const actor = { roles: rules.map((scopeRules) => aRole({ scopeRules })), attributes };
    return isWithin(accessTo(actor, PATIENT), { id: "ent_1", status: "active", data });
  };

  test.each([
    [rule("ward", "eq", "north"), { ward: "north" }, true],
    [rule("data.ward", "eq", "north"), { ward: "south" }, false],
    [rule("ward", "eq", "north"), {}, false],
    [rule("ward", "neq", "north"), { ward: "south" }, true],
    [rule("ward", "neq", "north"), {}, true],
    [rule("ward", "neq", "north"), { ward: "north" }, false],
    [rule("age", "eq", 5), { age: 5 }, true],
    [rule("age", "in", [5, 6]), { age: 6 }, true],
    [rule("age", "in", [5, 6]), { age: 7 }, false],
    [rule("active", "eq", true), { active: true }, true],
    [rule("tags", "contains", "vip"), { tags: ["new", "vip"] }, true],
    [rule("tags", "contains", "vip"), { tags: ["vips"] }, false],
    [rule("name", "contains", "ane"), { name: "Jane" }, true],
    [rule("name", "contains", "ANE"), { name: "Jane" }, false],
    [rule("address.city", "eq", "Lima"), { address: { city: "Lima" } }, true],
    [rule("seenAt", "eq", "2026-03-01T00:30:00+01:00"), { seenAt: "2026-02-28T23:30:00Z" }, true],
    [rule("seenAt", "eq", "2026-03-01T00:30:00Z"), { seenAt: "2026-02-28T23:30:00Z" }, false],
    [rule("status", "eq", "active"), {}, true],
    [rule("status", "eq", "archived"), {}, false],
    // A rule that can not be evaluated holds for nothing, whatever its operator.
    [rule("age", "eq", "5"), { age: 5 }, false],
    [rule("age", "neq", "5"), { age: 6 }, false],
    [rule("nosuch", "neq", "x"), { nosuch: "y" }, false],
    [rule("ward", "in", "north"), { ward: "north" }, false],
    [rule("ward", "in", []), { ward: "north" }, false],
    [rule("address", "neq", "x"), {}, false],
    [rule("__proto__.x", "neq", "x"), {}, false],
    [{ ...rule("ward", "eq", "north"), entityType: "doctor" }, { ward: "south" }, true],
    [{ ...rule("ward", "eq", "north"), entityType: "*" }, { ward: "south" }, false],
  ])("%j on %j: %s", (one, data, expected) => {
    expect(within([[one]], data)).toBe(expected);
  });

  test("of all roles must all hold", () => {
    const [north, five] = [rule("ward", "eq", "north"), rule("age", "eq", 5)];
    expect(within([[north], [five]], { ward: "north", age: 5 })).toBe(true);
    expect(within([[north], [five]], { ward: "north", age: 6 })).toBe(false);
    expect(within([[north, five], []], { ward: "south", age: 5 })).toBe(false);
  });

  test("about the actor hold only when the actor has the attribute", () => {
    const mine = rule("phone", "eq", "actor.callerNumber");
    expect(within([[mine]], { phone: "+14155550100" }, { callerNumber: "+14155550100" })).toBe(true);
    expect(within([[mine]], { phone: "+14155550100" }, { callerNumber: "+14155550101" })).toBe(false);
    expect(within([[mine]], { phone: "actor.callerNumber" })).toBe(false);
    expect(within([[rule("phone", "neq", "actor.toString")]], { phone: "+1" }, {})).toBe(false);
  });
});

describe("masks", () => {
  const masked = (...masks: readonly (readonly [path: string, type: "hide" | "redact"])[]) =>
    masksOf([aRole({ fieldMasks: masks.map(([fieldPath, maskType]) => ({ entityType: "patient", fieldPath, maskType })) })], "patient");

  test.each([
    [["name", "hide"], { name: "Jane", age: 5 }, { age: 5 }],
    [["data.name", "redact"], { name: "Jane", age: 5 }, { name: "[redacted]", age: 5 }],
    [["name", "redact"], { age: 5 }, { age: 5 }],
    [["address", "redact"], { address: { city: "Lima" } }, { address: "[redacted]" }],
    [["address.street", "hide"], { address: { city: "Lima", street: "x" } }, { address: { city: "Lima" } }],
    [["address.street", "hide"], { address: "Lima" }, { address: "Lima" }],
    [["visits.note", "redact"], { visits: [{ note: "a" }, { doctor: "d" }] }, { visits: [{ note: "[redacted]" }, { doctor: "d" }] }],
    [["visits.note", "hide"], { visits: [[{ note: "a" }]] }, { visits: [[{}]] }],
    [["nosuch", "hide"], { name: "Jane" }, { name: "Jane" }],
    [["toString", "redact"], { name: "Jane" }, { name: "Jane" }],
  ] as const)("%j shows %j as %j", (mask, data, shown) => {
    expect(maskData(data, masked([mask[0], mask[1]]))).toEqual(shown);
  });

  test("hide wins over redact, in either order", () => {
    expect(maskData({ name: "J" }, masked(["name", "redact"], ["name", "hide"]))).toEqual({});
    expect(maskData({ name: "J" }, masked(["name", "hide"], ["name", "redact"]))).toEqual({});
  });

  test.each([
    // mask            asked by          refused
    ["name", "name", true],
    ["name", "data.name", true],
    ["name", "names", false],
    ["address.street", "address", true],
    ["address.street", "address.city", false],
    ["address", "address.city", true],
    ["status", "status", false],
  ])("a mask on %s makes asking by %s refused: %s", (path, asked, refused) => {
    const field = fieldOf(PATIENT.schema, asked);
    expect(field !== undefined && isMasked(field, masked([path, "hide"]))).toBe(refused);
  });

  test("new data may not hold what is masked, and a change may not replace what holds it", () => {
    const masks = masked(["address.street", "redact"], ["visits.note", "hide"]);
    expect(maskedInNew({ address: { city: "Lima" }, visits: [{}] }, masks)).toEqual([]);
    expect(maskedInNew({ address: { city: "Lima", street: "x" }, visits: [{}, { note: "" }] }, masks)).toEqual([
      "address.street",
      "visits.note",
    ]);
    expect(maskedInChange({ name: "Jane" }, masks)).toEqual([]);
    expect(maskedInChange({ address: { city: "Lima" } }, masks)).toEqual(["address.street"]);
    expect(maskedInChange({ address: null }, masks)).toEqual(["address.street"]);
  });
});

test("what a role names that is not there is said, with what would be legal", () => {
  const role = aRole({
    policies: [{ resource: "patents", actions: ["read"], effect: "allow" }],
    scopeRules: [
      { entityType: "patient", field: "age", operator: "eq", value: "5" },
      { entityType: "patient", field: "nosuch", operator: "eq", value: "5" },
      { entityType: "patient", field: "ward", operator: "eq", value: "actor.ward" },
    ],
    fieldMasks: [
      { entityType: "patient", fieldPath: "visits.note", maskType: "hide" },
      { entityType: "patient", fieldPath: "visits.notes", maskType: "hide" },
    ],
  });
  expect(roleProblems(role, [PATIENT])).toEqual([
    'policies[0].resource: there is no entity type "patents"; legal: "patient", "*"',
    'scopeRules[0]: patient.age: "5" is not legal; legal: a number',
    "scopeRules[1]: patient.nosuch: there is no such field",
    'fieldMasks[1].fieldPath: there is no field "visits.notes" in "patient"',
  ]);
});

test("a stored role that can not be read opens nothing", () => {
  for (const stored of [
    null,
    {},
    { name: "r" },
    { name: "r", policies: [{ resource: "*", actions: ["fly"], effect: "allow" }] },
    { ...aRole(), fieldMasks: [{}] },
    { ...aRole(), scopeRules: "none" },
  ]) {
    expect(() => readRole(stored)).toThrow(/can not be read/);
  }
});
