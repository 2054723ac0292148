/** A project as a whole: the plan, the sync, what is refused, who may, and what is left when two come at once. */
import { bindConnection, entityStore, getAgent, getRouter, getTools, listAudit, type Scope, setRouter } from "@struere/store";
import { type TestDatabase, testDatabase } from "@struere/testkit";
import { VoiceConfig } from "struere";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ACCOUNT, aKey, aScope, NOW } from "../fixture.ts";
import { callerWith, serve, services } from "./server.ts";

let database: TestDatabase;
let scope: Scope;
let caller: Awaited<ReturnType<typeof callerWith>>;
let numbers = 0;

beforeAll(async () => {
  database = await testDatabase();
});
beforeEach(async () => {
  scope = await aScope(database.db, "development");
  caller = await callerWith(services(database.db), await aKey(database.db, scope, ["sync", "data"]));
});
afterAll(() => database[Symbol.asyncDispose]());

const intake = { name: "Intake", slug: "intake", systemPrompt: "You take down orders.", tools: ["entity.create"], roles: ["clerk"] };
const support = { name: "Support", slug: "support", systemPrompt: "You help." };
const order = {
  name: "Order",
  slug: "order",
  schema: { type: "object" as const, properties: { item: { type: "string" as const }, price: { type: "number" as const } } },
};
const clerk = { name: "Clerk", policies: [{ resource: "order", actions: ["create" as const], effect: "allow" as const }] };
const phone = {
  name: "Phone",
  slug: "phone",
  mode: "classify" as const,
  agents: [{ slug: "intake" }, { slug: "support" }],
  classifyModel: { model: "gpt-6.1-terra" },
  fallback: "intake",
};
const findOrder = {
  name: "find_order",
  description: "Finds an order.",
  parameters: { type: "object" as const, properties: {} },
  url: "https://shop.example/find",
};
const whole = { agents: [intake, support], routers: [phone], entityTypes: [order], roles: [clerk], tools: [findOrder] };
const nothing = { agents: [], routers: [], entityTypes: [], roles: [], tools: [] };

type Given = Parameters<typeof caller.sync.plan>[0]["project"];

async function sync(project: Given, options: { readonly keep?: boolean; readonly allowDelete?: boolean } = {}) {
  const { keep = false, allowDelete = false } = options;
  const { digest } = await caller.sync.plan({ project, keep });
  return await caller.sync.run({ project, keep, planDigest: digest, allowDelete });
}

const actionsOf = ({ changes }: Awaited<ReturnType<typeof caller.sync.plan>> | Awaited<ReturnType<typeof caller.sync.run>>) =>
  changes.map(({ kind, slug, action }) => `${action} ${kind} ${slug}`);

async function aNumber(target: { readonly agent: string } | { readonly router: string }): Promise<string> {
  const { db } = database;
  const phoneNumber = `+1415555${String(2_000 + numbers++)}`;
  const found = "agent" in target ? await caller.agents.get({ slug: target.agent }) : await caller.routers.get({ slug: target.router });
  const bound =
    "agent" in target
      ? ({ kind: "agent", agentId: (await getAgent(db, scope, target.agent))?.id ?? found.id } as const)
      : ({ kind: "router", routerId: found.id } as const);
  await bindConnection(db, scope, {
    phoneNumber,
    target: bound as Parameters<typeof bindConnection>[2]["target"],
    label: null,
    phoneNumberSid: "PN1",
    accountSid: ACCOUNT,
    formerSettings: null,
    now: NOW,
  });
  return phoneNumber;
}

describe("a plan", () => {
  test("says what would be created, and leaves nothing behind", async () => {
    const plan = await caller.sync.plan({ project: whole });
    expect(actionsOf(plan)).toEqual([
      "create entity-type order",
      "create role clerk",
      "create tools tools",
      "create agent intake",
      "create agent support",
      "create router phone",
    ]);
    expect(plan).toMatchObject({ environment: "development", problems: [], warnings: [] });
    expect(await caller.agents.list()).toEqual([]);
    expect(await caller.entityTypes.list()).toEqual([]);
    expect(await listAudit(database.db, scope, 10)).toEqual([]);
  });

  test("says field by field what an update changes", async () => {
    await sync(whole);
    const changed = {
      ...whole,
      agents: [{ ...intake, systemPrompt: "You take down orders, in French.", tools: ["entity.create", "find_order"] }, support],
      routers: [{ ...phone, agents: [phone.agents[0]!, { slug: "support", description: "Trouble" }], contextMessages: 5 }],
      tools: [{ ...findOrder, timeoutMs: 9_000 }],
    };
    const plan = await caller.sync.plan({ project: changed });
    expect(plan.changes.filter((change) => change.action !== "unchanged")).toEqual([
      { kind: "tools", slug: "tools", action: "update", version: 1, diff: [{ field: "[0].timeoutMs", before: 5_000, after: 9_000 }] },
      {
        kind: "agent",
        slug: "intake",
        action: "update",
        version: 1,
        diff: [
          { field: "systemPrompt", before: "You take down orders.", after: "You take down orders, in French." },
          { field: "tools", before: ["entity.create"], after: ["entity.create", "find_order"] },
        ],
      },
      {
        kind: "router",
        slug: "phone",
        action: "update",
        version: 1,
        diff: [
          { field: "agents[1].description", after: "Trouble" },
          { field: "contextMessages", before: 10, after: 5 },
        ],
      },
    ]);
  });

  test("says that the share of corrected calls changes, and nothing about one that was never named", async () => {
    const auditor = { name: "Auditor", slug: "form-auditor", systemPrompt: "You audit.", tools: ["voice.inject"] };
    const sampled = (voiceConfig: NonNullable<Given["routers"][number]["voiceConfig"]>): Given => ({
      ...whole,
      agents: [intake, support, auditor],
      routers: [{ ...phone, voiceConfig }],
    });
    const changesOf = async (project: Given) =>
      (await caller.sync.plan({ project })).changes.filter(({ action }) => action !== "unchanged").map(({ diff }) => diff);
    await sync(sampled({ auditorAgent: "form-auditor" }));
    // As a release wrote it that knew of no share.
    const { definition } = (await getRouter(database.db, scope, "phone"))!;
    const { auditorSample, ...voiceConfig } = VoiceConfig.parse(definition["voiceConfig"]);
    await setRouter(database.db, scope, { slug: "phone", name: "Phone", definition: { ...definition, voiceConfig }, now: NOW });
    expect(auditorSample).toBe(1);
    expect(await changesOf(sampled({ auditorAgent: "form-auditor" }))).toEqual([]);
    expect(await changesOf(sampled({ auditorAgent: "form-auditor", auditorSample: 0.5 }))).toEqual([
      [{ field: "voiceConfig.auditorSample", before: 1, after: 0.5 }],
    ]);
  });

  test("has the problems of the whole project and writes down nothing of it", async () => {
    const plan = await caller.sync.plan({ project: { ...whole, roles: [], tools: [] } });
    expect(plan.problems.map(({ kind, slug, field, message }) => ({ kind, slug, field, message }))).toEqual([
      { kind: "agent", slug: "intake", field: "roles[0]", message: '"clerk" is not a role of this project' },
    ]);
    await expect(
      caller.sync.run({ project: { ...whole, roles: [], tools: [] }, planDigest: plan.digest, allowDelete: true }),
    ).rejects.toMatchObject({
      code: "PRECONDITION_FAILED",
      message: 'nothing was synced: agent "intake": roles[0]: "clerk" is not a role of this project; legal: none',
    });
    expect(await caller.agents.list()).toEqual([]);
  });

  test("warns of what is legal: a call that has no number to come from, a model at its end", async () => {
    const outreach = { ...support, slug: "outreach", tools: ["voice.call"] };
    const { warnings } = await caller.sync.plan({ project: { ...nothing, agents: [support, outreach] } });
    expect(warnings).toMatchObject([{ slug: "outreach", field: "tools[0]", message: expect.stringContaining("no number to call from") }]);
  });
});

describe("a sync", () => {
  test("sets everything in one transaction, numbers versions and writes who did it; the same again changes nothing", async () => {
    const applied = await sync(whole);
    expect(applied.changes.map(({ slug, version }) => [slug, version])).toEqual([
      ["order", 1],
      ["clerk", 1],
      ["tools", 1],
      ["intake", 1],
      ["support", 1],
      ["phone", 1],
    ]);
    expect(await caller.agents.get({ slug: "intake" })).toMatchObject({ version: 1, definition: { roles: ["clerk"] } });
    expect(await caller.entityTypes.get({ slug: "order" })).toMatchObject({ definition: { schema: order.schema } });
    expect(await caller.roles.get({ slug: "clerk" })).toMatchObject({ version: 1 });
    expect(await caller.tools.get()).toMatchObject({ tools: [{ name: "find_order", timeoutMs: 5_000 }] });
    const actions = (await listAudit(database.db, scope, 20)).map(({ action, subject }) => `${action} ${subject}`);
    expect(actions.sort()).toEqual([
      "agent.set intake",
      "agent.set support",
      "entity_type.set order",
      "project.synced development",
      "role.set clerk",
      "router.set phone",
      "tools.set tools",
    ]);
    expect(actionsOf(await sync(whole)).filter((action) => !action.startsWith("unchanged "))).toEqual([]);
    expect(await caller.agents.get({ slug: "intake" })).toMatchObject({ version: 1 });
  });

  test("deletes what the project has no more only when that is allowed", async () => {
    await sync(whole);
    const { digest, ...plan } = await caller.sync.plan({ project: nothing });
    expect(actionsOf({ digest, ...plan })).toEqual([
      "delete entity-type order",
      "delete role clerk",
      "delete tools tools",
      "delete agent intake",
      "delete agent support",
      "delete router phone",
    ]);
    await expect(caller.sync.run({ project: nothing, planDigest: digest, allowDelete: false })).rejects.toMatchObject({
      code: "PRECONDITION_FAILED",
      message: expect.stringContaining('it would delete entity-type "order", role "clerk", tools "tools", agent "intake"'),
    });
    expect(await caller.agents.list()).toHaveLength(2);
    await caller.sync.run({ project: nothing, planDigest: digest, allowDelete: true });
    expect(await caller.agents.list()).toEqual([]);
    expect(await caller.routers.list()).toEqual([]);
    expect(await caller.entityTypes.list()).toEqual([]);
    expect(await caller.roles.list()).toEqual([]);
    expect(await getTools(database.db, scope)).toBeUndefined();
  });

  test("can keep what the project has no more, which then has to go on working", async () => {
    await sync(whole);
    const renamed = { ...whole, agents: [{ ...intake, slug: "reception" }], routers: [] };
    expect(actionsOf(await sync(renamed, { keep: true }))).toEqual(
      expect.arrayContaining(["create agent reception", "kept agent intake", "kept agent support", "kept router phone"]),
    );
    expect((await caller.agents.list()).map(({ slug }) => slug)).toEqual(["intake", "reception", "support"]);
    const { problems } = await caller.sync.plan({ project: { ...renamed, tools: [{ ...findOrder, name: "find" }] }, keep: true });
    expect(problems).toEqual([]);
    await sync({ ...whole, agents: [{ ...intake, tools: ["find_order"] }, support] }, { allowDelete: true });
    const broken = await caller.sync.plan({ project: { ...renamed, tools: [{ ...findOrder, name: "find" }] }, keep: true });
    expect(broken.problems).toMatchObject([{ kind: "agent", slug: "intake", message: '"find_order" is not a tool' }]);
  });

  test("is refused when the environment has changed since the plan", async () => {
    const { digest } = await caller.sync.plan({ project: whole });
    await caller.agents.set({ definition: { ...support, systemPrompt: "You help, and you sing." } });
    await expect(caller.sync.run({ project: whole, planDigest: digest, allowDelete: true })).rejects.toMatchObject({
      code: "CONFLICT",
      message: "development or the project has changed since this was planned; plan it again",
    });
    expect(await caller.agents.list()).toMatchObject([{ slug: "support", version: 1 }]);
  });

  test("of two at once one is done and the other told to plan again", async () => {
    const { digest } = await caller.sync.plan({ project: whole });
    const answers = await Promise.allSettled(
      [1, 2, 3].map(() => caller.sync.run({ project: whole, planDigest: digest, allowDelete: false })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected", "rejected"]);
    expect(await caller.agents.list()).toMatchObject([{ version: 1 }, { version: 1 }]);
  });
});

describe("what something needs is not deleted, and what needs it is named", () => {
  const problemsOf = async (project: Given) =>
    (await caller.sync.plan({ project })).problems.map(({ slug, message }) => `${slug}: ${message}`);

  test("an agent or a router that answers a number; nothing else of the sync happens either", async () => {
    await sync(whole);
    const [toAgent, toRouter] = [await aNumber({ agent: "intake" }), await aNumber({ router: "phone" })];
    const renamed = {
      ...whole,
      agents: [{ ...intake, slug: "reception" }, support],
      routers: [{ ...phone, agents: [{ slug: "support" }], fallback: "support" }],
    };
    expect(await problemsOf(renamed)).toEqual([
      `intake: "intake" would be deleted, and it answers ${toAgent}; sync with --keep, bind the number to another agent (struere integration twilio --phone-number ${toAgent} --agent <slug>), then sync again`,
    ]);
    expect((await problemsOf({ ...whole, routers: [] }))[0]).toContain(`"phone" would be deleted, and it answers ${toRouter}`);
    const { digest } = await caller.sync.plan({ project: renamed });
    await expect(caller.sync.run({ project: renamed, planDigest: digest, allowDelete: true })).rejects.toMatchObject({
      code: "PRECONDITION_FAILED",
      message: expect.stringContaining(toAgent),
    });
    expect((await caller.agents.list()).map(({ slug }) => slug)).toEqual(["intake", "support"]);
  });

  test("an entity type of which there are entities", async () => {
    await sync(whole);
    const { id } = await entityStore(database.db).create({ kind: "key", ...scope }, { type: "order", data: { item: "Tea" } });
    const without = { ...whole, agents: [{ ...intake, roles: [] }, support], entityTypes: [], roles: [] };
    expect(await problemsOf(without)).toEqual(['order: "order" would be deleted, and 1 entity of it exist; delete them first']);
    await caller.entities.delete({ id });
    expect(await problemsOf(without)).toEqual([]);
  });
});

test("a definition that its schema refuses never gets as far as a plan, and the field is named", async () => {
  await expect(caller.sync.plan({ project: { ...nothing, agents: [{ ...support, slug: "Not a slug" }] } })).rejects.toMatchObject({
    code: "BAD_REQUEST",
  });
});

test("a project of two megabytes passes over HTTP", async () => {
  const server = await serve(services(database.db));
  try {
    const agents = Array.from({ length: 25 }, (_, index) => ({ ...support, slug: `agent-${index}`, systemPrompt: "x".repeat(90_000) }));
    const client = server.client(await aKey(database.db, scope, ["sync"]));
    const plan = await client.sync.plan.mutate({ project: { ...nothing, agents } });
    expect(plan.changes).toHaveLength(25);
  } finally {
    await server.close();
  }
});
