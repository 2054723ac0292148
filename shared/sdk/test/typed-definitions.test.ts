/** What the compiler refuses, the schema refuses too: `tsc` judges the comments, the test the sentences. */
import {
  type AgentDefinition,
  type AgentInput,
  defineAgent,
  defineData,
  defineRole,
  defineRouter,
  defineTools,
  DefinitionError,
  type EntityTypeDefinition,
  type RouterInput,
  type RouterDefinition,
  ToolsDefinition,
  type VoiceConfigInput,
} from "struere";
import { expect, test } from "vitest";
import type { z } from "zod";

const agent = { name: "Intake", slug: "intake", systemPrompt: "You take down who calls and why." } as const;
const refused = (define: () => unknown): void => expect(define).toThrow(DefinitionError);

test("an agent has only the keys that there are, and models and tools by name", () => {
  // @ts-expect-error instructions is no key
  refused(() => defineAgent({ ...agent, instructions: "…" }));
  // @ts-expect-error the prompt is missing
  refused(() => defineAgent({ name: "Intake", slug: "intake" }));
  // @ts-expect-error an effort that does not exist
  refused(() => defineAgent({ ...agent, model: { model: "openai/gpt-5-mini", reasoning: { effort: "huge" } } }));
  // @ts-expect-error a parameter of a type that does not exist
  refused(() => defineAgent({ ...agent, threadContextParams: [{ name: "orderId", type: "uuid" }] }));
  expect(defineAgent({ ...agent, model: { model: "openai/gpt-7-nova" }, tools: ["entity.query", "own_tool", "crm.find"] }).slug).toBe(
    "intake",
  );
});

test("instructions may be made by a function, also one that waits", () => {
  const made: AgentInput[] = [
    defineAgent({ ...agent, systemPrompt: () => "You answer." }),
    defineAgent({ ...agent, systemPrompt: async () => "You answer." }),
  ];
  expect(made).toHaveLength(2);
  // @ts-expect-error a function of a number
  expect(typeof defineAgent({ ...agent, systemPrompt: () => 7 }).systemPrompt).toBe("function");
});

test("the slug keeps its literal type", () => {
  const slug: "intake" = defineAgent(agent).slug;
  expect(slug).toBe("intake");
});

const router = {
  name: "Phone",
  slug: "phone",
  mode: "classify",
  agents: [{ slug: "intake" }, { slug: "support" }],
  classifyModel: { model: "openai/gpt-6.1-terra" },
} as const;

test("a router falls back and routes to its own agents, and speaks with voices that there are", () => {
  expect(defineRouter({ ...router, fallback: "support", voiceConfig: { voice: "coral", auditorAgent: "form-auditor" } }).slug).toBe(
    "phone",
  );
  const sampled = defineRouter({ ...router, fallback: "support", voiceConfig: { auditorAgent: "form-auditor", auditorSample: 0.5 } });
  expect(sampled.voiceConfig?.auditorSample).toBe(0.5);
  // @ts-expect-error a share is a number
  refused(() => defineRouter({ ...router, fallback: "intake", voiceConfig: { auditorAgent: "form-auditor", auditorSample: "50%" } }));
  // @ts-expect-error nobody is not among the agents
  refused(() => defineRouter({ ...router, fallback: "nobody" }));
  // @ts-expect-error nova is no voice
  refused(() => defineRouter({ ...router, fallback: "intake", voiceConfig: { voice: "nova" } }));
  // @ts-expect-error a model that does not speak
  refused(() => defineRouter({ ...router, fallback: "intake", voiceConfig: { model: "gpt-5-mini" } }));
  // @ts-expect-error eagerness belongs to semantic_vad
  refused(() => defineRouter({ ...router, fallback: "intake", voiceConfig: { turnDetection: { type: "server_vad", eagerness: "low" } } }));
  const rules = { ...router, mode: "rules", fallback: "intake", classifyModel: undefined } as const;
  // @ts-expect-error sales is not among the agents
  refused(() => defineRouter({ ...rules, rules: [{ conditions: [{ field: "a", operator: "eq", value: 1 }], route: "sales" }] }));
});

test("an entity type names only fields that it has", () => {
  const schema = { type: "object", properties: { guest: { type: "string" }, seats: { type: "integer" } } } as const;
  const reservation = { name: "Reservation", slug: "reservation" };
  expect(defineData({ ...reservation, schema: { ...schema, required: ["guest"] }, searchFields: ["guest"] }).slug).toBe("reservation");
  // @ts-expect-error name is no field
  refused(() => defineData({ ...reservation, schema: { ...schema, required: ["name"] } }));
  // @ts-expect-error name is no field
  refused(() => defineData({ ...reservation, schema, searchFields: ["name"] }));
  // @ts-expect-error a type that does not exist
  refused(() => defineData({ ...reservation, schema: { type: "object", properties: { guest: { type: "text" } } } }));
  // @ts-expect-error a format that is not checked
  refused(() => defineData({ ...reservation, schema: { type: "object", properties: { guest: { type: "string", format: "hostname" } } } }));
});

test("a role compares with operators that there are", () => {
  const policies = [{ resource: "reservation", actions: ["*"], effect: "allow" }] as const;
  expect(defineRole({ name: "Front desk", policies }).name).toBe("Front desk");
  const ofSeats = { entityType: "reservation", field: "seats", value: 1 } as const;
  // @ts-expect-error ne is not neq
  refused(() => defineRole({ name: "Front desk", policies, scopeRules: [{ ...ofSeats, operator: "ne" }] }));
  const ofCard = { entityType: "reservation", fieldPath: "card" } as const;
  // @ts-expect-error blur is no mask
  refused(() => defineRole({ name: "Front desk", policies, fieldMasks: [{ ...ofCard, maskType: "blur" }] }));
});

test("a tool is an address, not a function", () => {
  const tool = { name: "free_tables", description: "Free tables.", parameters: { type: "object", properties: {} } } as const;
  const [first] = defineTools([{ ...tool, url: "https://bistro.example/free" }, { mcp: { name: "crm", url: "https://crm.example/mcp" } }]);
  expect(first && "name" in first ? first.name : undefined).toBe("free_tables");
  // @ts-expect-error the platform runs nobody's code
  refused(() => defineTools([{ ...tool, url: "https://bistro.example/free", handler: () => 1 }]));
  // @ts-expect-error no url
  refused(() => defineTools([tool]));
});

/** `true` when every `From` is a `To`. */
type Fits<From, To> = From extends To ? true : false;

test("what is typed for owners is what the schemas take, and what they give can be given to them again", () => {
  const inputs: [
    Fits<Omit<AgentInput, "systemPrompt"> & { systemPrompt: string }, z.input<typeof AgentDefinition>>,
    Fits<RouterInput, z.input<typeof RouterDefinition>>,
    Fits<AgentDefinition, AgentInput>,
    Fits<RouterDefinition, RouterInput>,
    Fits<NonNullable<RouterDefinition["voiceConfig"]>, VoiceConfigInput>,
    Fits<EntityTypeDefinition, z.input<typeof EntityTypeDefinition>>,
  ] = [true, true, true, true, true, true];
  expect(inputs.every(Boolean)).toBe(true);
  expect(ToolsDefinition.parse([])).toEqual([]);
});
