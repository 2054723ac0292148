/** Entity types, roles and tools, one by one: what they are, and what is said about what they are not. */
import { AgentDefinition, describeProblems, EntityTypeDefinition, RoleDefinition, settlePrompt, slugify, ToolsDefinition } from "struere";
import { describe, expect, test } from "vitest";
import type { z } from "zod";

const problems = (schema: z.ZodType, value: unknown): readonly string[] => {
  const { success, error } = schema.safeParse(value);
  return success ? [] : describeProblems(error).split("\n");
};

describe("an entity type", () => {
  const reservation = {
    name: "Reservation",
    slug: "reservation",
    schema: {
      type: "object",
      properties: {
        guest: { type: "string", description: "Who comes" },
        email: { type: "string", format: "email" },
        seats: { type: "integer", enum: [2, 4, 6] },
        smoker: { type: "boolean" },
        table: { type: "string", references: "table" },
        address: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
        dishes: { type: "array", items: { type: "object", properties: { name: { type: "string" } } } },
      },
      required: ["guest"],
    },
    searchFields: ["guest", "address.city"],
    displayConfig: { titleField: "guest" },
  };
  const withProperty = (property: unknown) =>
    problems(EntityTypeDefinition, {
      ...reservation,
      searchFields: [],
      schema: { type: "object", properties: { guest: property } },
      displayConfig: {},
    });

  test("parses to what it says, and again from that", () => {
    expect(EntityTypeDefinition.parse(reservation)).toEqual(reservation);
    expect(EntityTypeDefinition.parse(EntityTypeDefinition.parse(reservation))).toEqual(reservation);
  });

  test("is written with keywords that are enforced, and no others", () => {
    expect(withProperty({ type: "string", minLength: 3 })).toEqual([
      'schema.properties.guest: unknown key "minLength"; legal keys of a property of type string: type, description, format, enum, references',
    ]);
    expect(withProperty({ type: "number", format: "email" })).toEqual([
      'schema.properties.guest: unknown key "format"; legal keys of a property of type number: type, description, enum',
    ]);
    expect(withProperty({ type: "string", format: "hostname" })).toEqual([
      'schema.properties.guest.format: "hostname" is not legal; legal: "email", "date", "date-time", "uri", "phone"',
    ]);
    expect(withProperty({ type: ["string", "null"] })[0]).toMatch(
      /guest\.type: .* legal: "string", "number", "integer", "boolean", "array", "object"$/,
    );
    expect(withProperty({ type: "array" })[0]).toMatch(
      /^schema\.properties\.guest\.items: is missing; legal: an object whose type is one of/,
    );
    expect(withProperty({ type: "object", properties: {}, additionalProperties: true })[0]).toMatch(
      /additionalProperties: is not legal; legal: false, or nothing/,
    );
    expect(withProperty({ type: "object" })[0]).toMatch(/^schema\.properties\.guest\.properties: is missing/);
  });

  test("requires, searches and shows only fields that it has", () => {
    expect(
      problems(EntityTypeDefinition, {
        ...reservation,
        searchFields: ["guest"],
        schema: {
          type: "object",
          properties: { guest: { type: "string" }, dishes: reservation.schema.properties.dishes },
          required: ["name"],
        },
      }),
    ).toEqual(['schema.required[0]: "name" is not a property; legal: "guest", "dishes"']);
    expect(
      problems(EntityTypeDefinition, {
        ...reservation,
        searchFields: ["seats", "phone", "dishes.name"],
        displayConfig: { titleField: "title" },
      }),
    ).toEqual([
      'searchFields[0]: "seats" is of type integer; legal: a field of type string',
      'searchFields[1]: "phone" is not a field of this entity type; legal: "guest", "email", "seats", "smoker", "table", "address", "address.city", "dishes", "dishes.name"',
      'searchFields[2]: "dishes.name" is in a list and names no single value; legal: a field outside of lists',
      expect.stringMatching(/^displayConfig\.titleField: "title" is not a field/),
    ]);
  });

  test("has fields by names that can be filtered by", () => {
    const named = (name: string) =>
      problems(EntityTypeDefinition, { name: "A", slug: "a", schema: { type: "object", properties: { [name]: { type: "string" } } } });
    expect(named("teléfono")).toEqual([]);
    expect(named("_op_in")[0]).toMatch(/"_op_in" names no field/);
    expect(named("$in")[0]).toMatch(/"\$in" names no field/);
    expect(named("a.b")[0]).toMatch(/"a\.b" names no field/);
    expect(named("data")[0]).toMatch(/^schema\.properties\.data: "data" is what all fields are called together/);
    const sly = EntityTypeDefinition.parse(
      JSON.parse('{"name":"A","slug":"a","schema":{"type":"object","properties":{"__proto__":{"type":"string"}}}}'),
    );
    expect(Object.keys(sly.schema.properties)).toEqual([]);
  });

  test("is bounded in depth and number", () => {
    const nested = (levels: number): unknown =>
      levels === 0 ? { type: "string" } : { type: "object", properties: { a: nested(levels - 1) } };
    expect(withProperty(nested(4))).toEqual([]);
    expect(withProperty(nested(8))[0]).toMatch(/is nested too deeply; legal: at most 6 levels/);
    const many = Object.fromEntries(Array.from({ length: 201 }, (_, index) => [`f${index}`, { type: "string" }]));
    expect(problems(EntityTypeDefinition, { name: "A", slug: "a", schema: { type: "object", properties: many } })).toEqual([
      "schema: has 201 properties; legal: at most 200 in all",
    ]);
  });

  test("belongs to people only of a role that it names", () => {
    expect(problems(EntityTypeDefinition, { ...reservation, userIdField: "guest" })).toEqual([
      "userIdField: means nothing without boundToRole; legal: both or none",
    ]);
  });
});

describe("a role", () => {
  const role = { name: "Front Desk", policies: [{ resource: "*", actions: ["read"], effect: "allow" }] };

  test("has the slug of its name when it gives none", () => {
    expect(RoleDefinition.parse(role)).toEqual({ ...role, slug: "front-desk", scopeRules: [], fieldMasks: [] });
    expect(RoleDefinition.parse({ ...role, slug: "desk" }).slug).toBe("desk");
    expect(RoleDefinition.parse(RoleDefinition.parse(role)).slug).toBe("front-desk");
    expect(slugify("  Recepción / Zürich ")).toBe("recepcion-zurich");
    expect(problems(RoleDefinition, { ...role, name: "前台" })[0]).toMatch(/^slug: is missing, and the name "前台" has no letter/);
  });

  test("has at least one policy, of actions that there are", () => {
    expect(problems(RoleDefinition, { ...role, policies: [] })).toEqual(["policies: has 0 elements; legal: a list of 1 to 200 policies"]);
    expect(problems(RoleDefinition, { ...role, policies: [{ resource: "a", actions: ["write"], effect: "allow" }] })).toEqual([
      'policies[0].actions[0]: "write" is not legal; legal: "create", "read", "update", "delete", "list", "*"',
    ]);
  });

  test("is told that ne is neq", () => {
    const scoped = (rule: unknown) => problems(RoleDefinition, { ...role, scopeRules: [rule] });
    expect(scoped({ entityType: "a", field: "data.b", operator: "ne", value: 1 })).toEqual([
      'scopeRules[0].operator: "ne" means nothing here: write "neq"; legal: "eq", "neq", "contains", "in"',
    ]);
    expect(scoped({ entityType: "a", field: "data.b", operator: "in", value: 1 })).toEqual([
      "scopeRules[0].value: 1 is not legal; legal: a list of 1 to 100 values",
    ]);
    expect(scoped({ entityType: "a", field: "b", operator: "neq", value: "actor.callerNumber" })).toEqual([]);
  });
});

describe("tools", () => {
  const tool = {
    name: "free_tables",
    description: "Free tables.",
    parameters: { type: "object", properties: { day: { type: "string", format: "date" } } },
    url: "https://bistro.example/free",
  };
  const of = (...tools: readonly unknown[]) => problems(ToolsDefinition, tools);

  test("wait five seconds for an answer unless they say otherwise, at most fifteen", () => {
    expect(ToolsDefinition.parse([tool])).toEqual([{ ...tool, timeoutMs: 5_000 }]);
    expect(of({ ...tool, timeoutMs: 15_001 })).toEqual([
      "[0].timeoutMs: 15001 is not legal; legal: a whole number from 100 to 15000 milliseconds",
    ]);
  });

  test("are not run by the platform", () => {
    expect(of({ ...tool, handler: () => 1 })[0]).toMatch(
      /^\[0\]: handler can not be used: the platform does not run your code\. Serve it over HTTP/,
    );
  });

  test("have names of their own", () => {
    expect(of({ ...tool, name: "entity.query" })[0]).toBe('[0].name: "entity.query" is a tool of the platform; legal: any other name');
    expect(of({ ...tool, name: "Free Tables" })[0]).toMatch(/^\[0\]\.name: "Free Tables" is not legal/);
    expect(of(tool, tool)).toEqual(['[1].name: "free_tables" is defined twice; legal: each name once']);
    expect(of({ mcp: { name: "call", url: "https://crm.example/mcp" } })[0]).toMatch(
      /^\[0\]\.mcp\.name: "call" is what tools of the platform begin with/,
    );
    expect(of({ mcp: { name: "crm", url: "https://crm.example/mcp" } }, { ...tool, name: "crm.find" })).toEqual([
      '[1].name: "crm.find" would be a tool of the server "crm"; legal: any other name',
    ]);
  });

  test.each([
    "http://bistro.example/free",
    "ftp://bistro.example",
    "https://user:secret@bistro.example",
    "bistro.example",
    "http://localhost.example/x",
    "http://127.0.0.1.example/x",
    "file:///etc/passwd",
  ])("are not at %s", (url) => {
    const [problem = "nothing"] = of({ ...tool, url });
    expect(problem).toMatch(/^\[0\]\.url: .* is not legal; legal: an https address/);
    expect(problem).not.toContain("secret");
  });

  test.each(["https://bistro.example/free?x=1", "http://localhost:3000/free", "http://127.0.0.1:1/", "http://[::1]:3000/"])(
    "are at %s",
    (url) => {
      expect(of({ ...tool, url })).toEqual([]);
    },
  );

  test("hold no secret", () => {
    expect(of({ ...tool, headers: { "x-tenant": "bistro" } })).toEqual([]);
    expect(of({ ...tool, headers: { "x-tenant": { secret: "CRM_KEY" } } })[0]).toMatch(
      /^\[0\]\.headers\.x-tenant: refers to a secret, which is not possible/,
    );
    expect(of({ ...tool, headers: { Authorization: "Bearer abc" } })[0]).toMatch(/^\[0\]\.headers\.Authorization: carries a secret/);
    expect(of({ ...tool, headers: { "content-length": "7" } })[0]).toMatch(/is set by the platform/);
    expect(of({ ...tool, headers: { "x-a": "b\r\nx-c: d" } })[0]).toMatch(/one line/);
  });

  test("do not refer to entity types", () => {
    expect(of({ ...tool, parameters: { type: "object", properties: { table: { type: "string", references: "table" } } } })).toEqual([
      "[0].parameters.properties.table.references: belongs to entity types; legal: a plain string with a description",
    ]);
  });
});

describe("an agent's instructions as a function", () => {
  const agent = { name: "Intake", slug: "intake" };
  test("are called once, and judged as text", async () => {
    expect(AgentDefinition.parse(await settlePrompt({ ...agent, systemPrompt: async () => "You answer." })).systemPrompt).toBe(
      "You answer.",
    );
    expect(problems(AgentDefinition, await settlePrompt({ ...agent, systemPrompt: () => 7 }))[0]).toMatch(/^systemPrompt: 7 is not legal/);
    expect(await settlePrompt({ ...agent, systemPrompt: "You answer." })).toEqual({ ...agent, systemPrompt: "You answer." });
    expect(await settlePrompt("no agent")).toBe("no agent");
  });

  test("that fail are told so by field", async () => {
    const failing = () => {
      throw new Error("no such file");
    };
    await expect(settlePrompt({ ...agent, systemPrompt: failing })).rejects.toThrow("systemPrompt: the function failed: no such file");
  });
});
