/** What has to hold between definitions, rule by rule, with the words that owners get to read. */
import {
  AgentDefinition,
  type AgentInput,
  checkProject,
  describeFinding,
  EntityTypeDefinition,
  type ProjectDefinitions,
  RoleDefinition,
  RouterDefinition,
  ToolsDefinition,
} from "struere";
import { describe, expect, test } from "vitest";

const anAgent = (slug: string, fields: Partial<AgentInput> = {}) =>
  AgentDefinition.parse({ name: slug, slug, systemPrompt: "You answer.", ...fields });
const aRouter = (fields: Record<string, unknown> = {}) =>
  RouterDefinition.parse({
    name: "Phone",
    slug: "phone",
    mode: "classify",
    agents: [{ slug: "intake" }],
    classifyModel: { model: "gpt-6.1-terra" },
    fallback: "intake",
    ...fields,
  });
const reservation = EntityTypeDefinition.parse({
  name: "Reservation",
  slug: "reservation",
  schema: {
    type: "object",
    properties: {
      guest: { type: "string" },
      dishes: { type: "array", items: { type: "object", properties: { name: { type: "string" } } } },
    },
  },
});
const tools = ToolsDefinition.parse([
  { name: "free_tables", description: "Free tables.", parameters: { type: "object", properties: {} }, url: "https://bistro.example/free" },
  {
    name: "weather",
    description: "The weather.",
    parameters: { type: "object", properties: {} },
    url: "https://bistro.example/weather",
    templateOnly: true,
  },
  { mcp: { name: "crm", url: "https://crm.example/mcp" } },
]);

const aProject = (parts: Partial<ProjectDefinitions>): ProjectDefinitions => ({
  agents: [anAgent("intake")],
  routers: [],
  entityTypes: [],
  roles: [],
  tools: [],
  today: "2026-09-01",
  ...parts,
});
const problemsOf = (parts: Partial<ProjectDefinitions>) => checkProject(aProject(parts)).problems.map(describeFinding);
const warningsOf = (parts: Partial<ProjectDefinitions>) => checkProject(aProject(parts)).warnings.map(describeFinding);

test("a finding says kind, slug, field, what is wrong and what is legal, and the file where that is known", () => {
  const fileOf = (kind: string, slug: string) => `${kind}s/${slug}.ts`;
  const { problems } = checkProject(aProject({ agents: [anAgent("intake", { roles: ["desk"] })], fileOf }));
  expect(problems).toEqual([
    {
      kind: "agent",
      slug: "intake",
      file: "agents/intake.ts",
      field: "roles[0]",
      message: '"desk" is not a role of this project',
      legal: [],
    },
  ]);
  expect(problems.map(describeFinding)).toEqual(['agents/intake.ts: roles[0]: "desk" is not a role of this project; legal: none']);
});

test("a slug is one definition", () => {
  expect(problemsOf({ agents: [anAgent("intake"), anAgent("intake")] })).toEqual([
    'agent "intake": slug: "intake" is defined twice; each slug is one definition',
  ]);
});

describe("tools of an agent", () => {
  test("are the platform's, the owner's, or of a server of tools", () => {
    expect(problemsOf({ agents: [anAgent("intake", { tools: ["entity.query", "free_tables", "crm.find"] })], tools })).toEqual([]);
    expect(problemsOf({ agents: [anAgent("intake", { tools: ["free_tables", "crm.find"] })] }).map((line) => line.slice(0, 60))).toEqual([
      'agent "intake": tools[0]: "free_tables" is not a tool; legal',
      'agent "intake": tools[1]: "crm.find" is not a tool; legal: "',
    ]);
    expect(problemsOf({ agents: [anAgent("intake", { tools: ["weather"] })], tools })).toEqual([
      'agent "intake": tools[0]: "weather" is templateOnly: prompts may call it as {{weather(…)}}, an agent may not',
    ]);
  });

  test("can not place a call when nobody could speak on it", () => {
    const outreach = anAgent("outreach", { tools: ["voice.call"] });
    expect(problemsOf({ agents: [outreach] })).toEqual([
      'agent "outreach": tools[0]: voice.call has nobody to call with: this project has no router and no agent but this one; define who speaks on the call',
    ]);
    expect(problemsOf({ agents: [outreach, anAgent("speaker")] })).toEqual([]);
    expect(problemsOf({ agents: [anAgent("outreach", { tools: ["agent.chat"] })] })).toEqual([
      'agent "outreach": tools[0]: agent.chat has nobody to chat with: this project has no other agent',
    ]);
  });
});

describe("what a router names", () => {
  test("exists", () => {
    expect(problemsOf({ routers: [aRouter({ agents: [{ slug: "intake" }, { slug: "sales" }] })] })).toEqual([
      'router "phone": agents[1].slug: "sales" is not an agent of this project; legal: "intake"',
    ]);
  });

  test("as its auditor exists and can correct", () => {
    const audited = [aRouter({ voiceConfig: { auditorAgent: "form-auditor" } })];
    const mute = anAgent("form-auditor", { tools: ["entity.query"] });
    const fit = anAgent("other-auditor", { tools: ["voice.inject"] });
    expect(problemsOf({ routers: audited, agents: [anAgent("intake"), fit] })).toEqual([
      'router "phone": voiceConfig.auditorAgent: "form-auditor" is not an agent of this project; legal: "other-auditor"',
    ]);
    expect(problemsOf({ routers: audited, agents: [anAgent("intake"), mute] })).toEqual([
      'router "phone": voiceConfig.auditorAgent: "form-auditor" has not the tool voice.inject and could correct nothing; legal: none',
    ]);
    expect(problemsOf({ routers: audited, agents: [anAgent("intake"), anAgent("form-auditor", { tools: ["voice.inject"] })] })).toEqual([]);
    // Absent, empty and undefined are the same: nobody audits.
    for (const auditorAgent of ["", undefined]) expect(problemsOf({ routers: [aRouter({ voiceConfig: { auditorAgent } })] })).toEqual([]);
  });

  test("as a share of corrected calls is warned about when nobody audits", () => {
    expect(warningsOf({ agents: [anAgent("intake")], routers: [aRouter({ voiceConfig: { auditorSample: 0.5 } })] })).toEqual([
      'router "phone": voiceConfig.auditorSample: has no effect without an auditorAgent: nobody audits, so there is nothing to compare',
    ]);
  });

  test("as pollInterval is warned about below five seconds", () => {
    const agents = [anAgent("intake"), anAgent("form-auditor", { tools: ["voice.inject"] })];
    const every = (pollInterval: number) =>
      warningsOf({ agents, routers: [aRouter({ voiceConfig: { auditorAgent: "form-auditor", pollInterval } })] });
    expect(every(5_000)).toEqual([]);
    expect(every(4_999)).toEqual([
      'router "phone": voiceConfig.pollInterval: 4999 is short, corrections may cut the agent off again and again; 5000 or more is calm',
    ]);
  });
});

test("a model is warned about near its end, and refused after it", () => {
  const agents = [anAgent("intake", { model: { model: "openai/gpt-5-mini" } })];
  const routers = [aRouter({ voiceConfig: { model: "gpt-realtime-mini" } })];
  expect(checkProject(aProject({ agents, routers, today: "2026-09-01" }))).toEqual({ problems: [], warnings: [] });
  expect(warningsOf({ agents, routers, today: "2026-12-10" })).toEqual([
    'agent "intake": model.model: the model gpt-5-mini is shut down on 2026-12-11, in 1 day: change to gpt-6.1-terra',
    'router "phone": voiceConfig.model: the model gpt-realtime-mini is shut down on 2027-01-20, in 41 days: change to gpt-realtime-2.1-mini',
  ]);
  expect(problemsOf({ agents, routers, today: "2027-01-20" })).toEqual([
    'agent "intake": model.model: "openai/gpt-5-mini" was shut down on 2026-12-11; legal: "gpt-6.1-terra", "gpt-6.1-sol", "gpt-6-luna", "gpt-5.6-luna", "gpt-5.4-mini"',
    'router "phone": voiceConfig.model: "gpt-realtime-mini" was shut down on 2027-01-20; legal: "gpt-realtime-2.1-mini", "gpt-realtime-2.1", "gpt-realtime-2", "gpt-realtime-1.5"',
  ]);
  expect(problemsOf({ agents: [anAgent("intake", { model: { model: "gpt-9" } })] })[0]).toMatch(
    /"gpt-9" is not a known model: it has no price and can not be billed/,
  );
});

describe("a prompt", () => {
  const says = (systemPrompt: string, fields: Partial<AgentInput> = {}, parts: Partial<ProjectDefinitions> = {}) =>
    problemsOf({ agents: [anAgent("intake", { systemPrompt, ...fields })], entityTypes: [reservation], tools, ...parts });

  test("names variables that there are", () => {
    const all =
      "{{currentTime}} {{ datetime }} {{agent.slug}} {{threadContext.channel}} {{threadContext.params.callerNumber}} {{entityTypes.0.slug}} {{threadContext.metadata.a.b}}";
    expect(says(all)).toEqual([]);
    expect(says("Hello {{customerName}}, {{customerName}}")).toEqual([
      expect.stringMatching(
        /^agent "intake": systemPrompt: \{\{customerName\}\} can never be filled, there is no such variable; legal: "currentTime"/,
      ),
    ]);
    expect(says("{{__proto__}} {{agent.constructor}} {{threadContext.channel.x}}")).toHaveLength(3);
  });

  test("names parameters that are declared, or given by the platform", () => {
    const agents = [anAgent("intake", { systemPrompt: "Order {{threadContext.params.orderId}}, {{threadContext.params.orderId.x}}" })];
    expect(checkProject(aProject({ agents }))).toMatchObject({ problems: [], warnings: [{ field: "systemPrompt" }] });
    expect(warningsOf({ agents })[0]).toMatch(
      /only when whoever starts the conversation happens to give "orderId"; declare it in threadContextParams/,
    );
    expect(says("For {{threadContext.params.entity.guest}}")).toEqual([]);
    const declared = [
      anAgent("intake", { systemPrompt: "{{threadContext.params.orderId}}", threadContextParams: [{ name: "orderId", type: "string" }] }),
    ];
    expect(checkProject(aProject({ agents: declared }))).toEqual({ problems: [], warnings: [] });
  });

  test("names no parameter that a caller would have to give", () => {
    const agents = [anAgent("intake", { systemPrompt: "Order {{threadContext.params.orderId}}" })];
    for (const parts of [{ numbers: [{ agent: "intake" }] }, { routers: [aRouter()], numbers: [{ router: "phone" }] }]) {
      expect(problemsOf({ agents, ...parts })).toEqual([
        'agent "intake": systemPrompt: {{threadContext.params.orderId}} can never be filled: this agent answers a phone number, and a caller gives no "orderId"; legal: "threadContext.params.callerNumber", "threadContext.params.entityType", "threadContext.params.entityId", "threadContext.params.entity", "threadContext.params.metadata", "threadContext.params.parentContext"',
      ]);
    }
    expect(problemsOf({ agents, routers: [aRouter({ voiceConfig: {} })] })).toHaveLength(1);
  });

  test("calls functions that there are, with arguments that can be read, of types that there are", () => {
    expect(says('{{entity.query({"type": "reservation", "filters": {"guest": "{{threadContext.params.callerNumber}} :) }}"}})}}')).toEqual(
      [],
    );
    expect(
      says('{{entity.get({"type": "reservation", "id": {{threadContext.params.entityId}}})}} {{free_tables({})}} {{crm.find()}}'),
    ).toEqual([]);
    expect(says('{{entity.query({"type": "{{threadContext.params.entityType}}"})}}')).toEqual([]);
    expect(says('{{entity.query({"type": "order"})}}')).toEqual([
      'agent "intake": systemPrompt: {{entity.query(…)}} asks for "order", which is not an entity type of this project; legal: "reservation"',
    ]);
    expect(says('{{entity.query({"type": "reservation", "filters": {"guest": "{{nobody}}"}})}}')[0]).toMatch(
      /\{\{nobody\}\} can never be filled/,
    );
    expect(says("{{entity.delete({})}}")[0]).toMatch(
      /\{\{entity\.delete\(…\)\}\} calls what does not exist; legal: "entity\.query", "entity\.get", "free_tables"/,
    );
    for (const broken of ["{{entity.query(type)}}", '{{entity.query({"type": "reservation"', "{{entity.query([1])}}"]) {
      expect(says(broken)[0]).toMatch(/\{\{entity\.query\(…\)\}\} has no arguments that can be read/);
    }
  });

  test("has a bounded number of places", () => {
    expect(says("{{message}}".repeat(500))).toEqual([]);
    expect(says("{{free_tables(".repeat(5_000)).at(-1)).toMatch(/systemPrompt: has more than 500 places/);
  });

  test("has no blocks, and may speak of braces", () => {
    expect(says("{{#each entityTypes}}{{/each}} {{else}}")).toHaveLength(3);
    expect(says('Answer as {"a": {"b": 1}} or {{ "a": 1 }} or {{}}.')).toEqual([]);
  });
});

describe("what an agent requires of a conversation", () => {
  const needy = anAgent("intake", {
    threadContextParams: [
      { name: "orderId", type: "string", required: true },
      { name: "callerNumber", type: "string", required: true },
    ],
  });

  test("is no matter of the phone where it does not answer one", () => {
    expect(checkProject(aProject({ agents: [needy], routers: [aRouter()] }))).toEqual({ problems: [], warnings: [] });
  });

  test("can not come from a caller", () => {
    for (const numbers of [[{ agent: "intake" }], [{ router: "phone" }]]) {
      expect(problemsOf({ agents: [needy], routers: [aRouter()], numbers })).toEqual([
        'agent "intake": threadContextParams: requires "orderId", but this agent answers a phone number, and a caller gives only callerNumber; give up required, or let it not answer the phone',
      ]);
    }
    expect(problemsOf({ agents: [needy], routers: [aRouter({ voiceConfig: {} })] })).toEqual([
      'agent "intake": threadContextParams: requires "orderId", but this agent speaks on the router "phone", and a caller gives only callerNumber; give up required, or let it not answer the phone',
    ]);
  });

  test("can come from whoever places the call", () => {
    const parts = { agents: [needy, anAgent("outreach", { tools: ["voice.call"] })], routers: [aRouter({ voiceConfig: {} })] };
    expect(problemsOf(parts)).toEqual([]);
    expect(warningsOf(parts)[0]).toMatch(/a caller gives only callerNumber: only calls placed by voice\.call can bring it in metadata/);
  });
});

describe("roles and entity types", () => {
  const aRole = (fields: Record<string, unknown>) =>
    RoleDefinition.parse({ name: "Desk", policies: [{ resource: "*", actions: ["read"], effect: "allow" }], ...fields });

  test("name entity types and fields that there are", () => {
    const role = aRole({
      policies: [{ resource: "order", actions: ["read"], effect: "allow" }],
      scopeRules: [
        { entityType: "reservation", field: "data.guest", operator: "eq", value: "actor.callerNumber" },
        { entityType: "reservation", field: "status", operator: "eq", value: "active" },
        { entityType: "reservation", field: "seats", operator: "eq", value: 1 },
        { entityType: "reservation", field: "dishes.name", operator: "eq", value: "soup" },
      ],
      fieldMasks: [
        { entityType: "reservation", fieldPath: "data.dishes.name", maskType: "hide" },
        { entityType: "reservation", fieldPath: "card", maskType: "hide" },
        { entityType: "table", fieldPath: "seats", maskType: "redact" },
      ],
      agentAccess: ["sales"],
    });
    expect(problemsOf({ roles: [role], entityTypes: [reservation] })).toEqual([
      'role "desk": policies[0].resource: "order" is not an entity type of this project; legal: "reservation"',
      'role "desk": scopeRules[2].field: "seats" is not a field of the entity type "reservation"; legal: "guest", "dishes", "dishes.name"',
      'role "desk": scopeRules[3].field: "dishes.name" is in a list and names no single value',
      'role "desk": fieldMasks[1].fieldPath: "card" is not a field of the entity type "reservation"; legal: "guest", "dishes", "dishes.name"',
      'role "desk": fieldMasks[2].entityType: "table" is not an entity type of this project; legal: "reservation"',
      'role "desk": agentAccess[0]: "sales" is not an agent of this project; legal: "intake"',
    ]);
  });

  test("that compare with what nobody has are warned about", () => {
    const role = aRole({ scopeRules: [{ entityType: "reservation", field: "guest", operator: "eq", value: "actor.userId" }] });
    expect(warningsOf({ roles: [role], entityTypes: [reservation] })[0]).toMatch(
      /"actor\.userId" is not known of anybody, so that no entity fits this rule/,
    );
  });

  test("refer to each other only where there is another", () => {
    const property = { type: "string", references: "table" } as const;
    const type = EntityTypeDefinition.parse({
      name: "Seat",
      slug: "seat",
      boundToRole: "guest",
      schema: { type: "object", properties: { table: property } },
    });
    expect(problemsOf({ entityTypes: [type] })).toEqual([
      'entity-type "seat": schema.properties.table.references: "table" is not an entity type of this project; legal: "seat"',
      'entity-type "seat": boundToRole: "guest" is not a role of this project; legal: none',
    ]);
  });
});
