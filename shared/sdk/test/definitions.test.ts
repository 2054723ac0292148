import { AgentDefinition, defineAgent, DefinitionError, defineRouter, describeProblems, RouterDefinition, Slug, ToolName } from "struere";
import { describe, expect, test } from "vitest";
import type { z } from "zod";

const agent = { name: "Intake", slug: "intake", systemPrompt: "You take down who calls and why." };
const router = {
  name: "Phone",
  slug: "phone",
  mode: "rules",
  agents: [{ slug: "intake" }, { slug: "support" }],
  rules: [{ conditions: [{ field: "contact.type", operator: "in", value: ["lead", "customer"] }], route: "support" }],
  fallback: "intake",
};

const problems = (schema: z.ZodType, value: unknown): string => {
  const { success, error } = schema.safeParse(value);
  return success ? "fine" : describeProblems(error);
};

describe("an agent", () => {
  test("needs a name, a slug and instructions, and has no tools by default", () => {
    expect(AgentDefinition.parse(agent)).toEqual({ ...agent, tools: [], roles: [] });
    expect(problems(AgentDefinition, {}).split("\n")).toEqual([
      "name: is missing; legal: the agent's name, text of 1 to 100 characters",
      'slug: is missing; legal: a slug such as "intake-agent": a-z, 0-9, words joined by - or _, at most 64 characters',
      "systemPrompt: is missing; legal: the agent's instructions, text of 1 to 100000 characters",
    ]);
  });

  test("with a key that does not exist is told so, with the keys that do", () => {
    expect(problems(AgentDefinition, { ...agent, instructions: "…" })).toBe(
      'unknown key "instructions"; legal keys of an agent: name, slug, version, description, systemPrompt, model, tools, roles, firstMessageSuggestions, threadContextParams',
    );
  });

  test("names each tool once, by a name that a model can call", () => {
    expect(problems(AgentDefinition, { ...agent, tools: ["call.end", "call.end"] })).toBe(
      "tools: names a tool twice; legal: each tool once",
    );
    expect(problems(AgentDefinition, { ...agent, tools: ["call end"] })).toBe(
      'tools[0]: "call end" is not legal; legal: the name of a tool such as "entity.query": letters and digits, words joined by . or - or _',
    );
    expect(problems(ToolName, `${"a".repeat(62)}.b`)).toBe("is too long; legal: at most 64 characters, a dot counting as two");
  });

  test("thinks with a text model of any month, but not with a voice or a stranger's", () => {
    expect(problems(AgentDefinition, { ...agent, model: { model: "openai/gpt-7-nova" } })).toBe("fine");
    expect(problems(AgentDefinition, { ...agent, model: { model: "gpt-realtime-2.1" } })).toMatch(
      /^model.model: "gpt-realtime-2.1" does not write text; legal:/,
    );
    expect(problems(AgentDefinition, { ...agent, model: { model: "anthropic/claude" } })).toMatch(
      /^model.model: "anthropic\/claude" is not legal; legal: an OpenAI/,
    );
    expect(problems(AgentDefinition, { ...agent, model: "gpt-5-mini" })).toMatch(
      /^model: "gpt-5-mini" is not legal; legal: model, an object with model, temp/,
    );
  });
});

test.each(["a", "voice-suplente", "a1_b2", "7"])("%s is a slug", (slug) => {
  expect(Slug.parse(slug)).toBe(slug);
});

test.each(["", "A", "-a", "a-", "a--b", "a b", "é", "a".repeat(65)])("%j is no slug", (slug) => {
  expect(problems(Slug, slug)).toMatch(/is not legal; legal: a slug/);
});

describe("a router", () => {
  test("of mode rules parses to what it says", () => {
    expect(RouterDefinition.parse(router)).toEqual({ ...router, contextMessages: 10 });
  });

  test("falls back and routes to its own agents only, each listed once", () => {
    const rules = [{ ...router.rules[0], route: "sales" }];
    expect(
      problems(RouterDefinition, { ...router, fallback: "nobody", rules, agents: [...router.agents, { slug: "intake" }] }).split("\n"),
    ).toEqual([
      'agents[2].slug: "intake" is listed twice; legal: each agent once',
      'fallback: "nobody" is not an agent of this router; legal: "intake", "support"',
      'rules[0].route: "sales" is not an agent of this router; legal: "intake", "support"',
    ]);
  });

  test("has at least one agent, and rules or a model to choose by", () => {
    expect(problems(RouterDefinition, { ...router, agents: [] })).toBe("agents: has 0 elements; legal: a list of 1 to 50 agents");
    expect(problems(RouterDefinition, { ...router, rules: undefined })).toBe("rules: is missing; legal: a list of 1 to 100 rules");
    expect(problems(RouterDefinition, { ...router, mode: "classify", rules: undefined })).toMatch(
      /^classifyModel: is missing; legal: model, an object with/m,
    );
    expect(problems(RouterDefinition, { ...router, mode: "magic" })).toBe('mode: "magic" is not legal; legal: "rules", "classify"');
  });

  test("is not audited by an agent that speaks on it", () => {
    expect(problems(RouterDefinition, { ...router, voiceConfig: { auditorAgent: "intake" } })).toBe(
      'voiceConfig.auditorAgent: "intake" speaks on this router ("intake", "support") and would audit itself; legal: another agent, or no auditorAgent for single-agent mode',
    );
  });

  test("compares lists with in, and single values with the rest", () => {
    const withCondition = (condition: unknown) => ({ ...router, rules: [{ conditions: [condition], route: "support" }] });
    expect(problems(RouterDefinition, withCondition({ field: "a", operator: "eq", value: ["x"] }))).toBe(
      "rules[0].conditions[0].value: is not legal; legal: text, a number, true or false",
    );
    expect(problems(RouterDefinition, withCondition({ field: "a", operator: "like", value: "x" }))).toBe(
      'rules[0].conditions[0].operator: "like" is not legal; legal: "eq", "neq", "contains", "in"',
    );
  });
});

describe("the define functions", () => {
  test("give back the very object they were given", () => {
    expect(defineAgent(agent)).toBe(agent);
    const typed = { ...router, mode: "rules" } as const;
    expect(defineRouter({ ...typed, rules: [{ conditions: [{ field: "a", operator: "eq", value: 1 }], route: "intake" }] }).mode).toBe(
      "rules",
    );
  });

  test("throw one error that names the definition and every problem", () => {
    expect(() => defineAgent({ ...agent, systemPrompt: " " })).toThrow(DefinitionError);
    expect(() => defineAgent({ ...agent, systemPrompt: " " })).toThrow(
      'the agent "intake" can not be used:\nsystemPrompt: "" is not legal; legal: the agent\'s instructions, text of 1 to 100000 characters',
    );
  });

  test("keep the literal types of what was written", () => {
    const slug: "intake" = defineAgent({ name: "Intake", slug: "intake", systemPrompt: "…" }).slug;
    expect(slug).toBe("intake");
  });
});

test("problems name the file they are in", () => {
  const { error } = AgentDefinition.safeParse({ ...agent, name: 7 });
  expect(error && describeProblems(error, { file: "agents/intake.ts" })).toBe(
    "agents/intake.ts: name: 7 is not legal; legal: the agent's name, text of 1 to 100 characters",
  );
});
