import { silentLog } from "@struere/runtime";
import { bindConnection, disconnectConnection, getAgent, type Scope, setAgent, setRouter } from "@struere/store";
import { FakeClock, type TestDatabase, testDatabase } from "@struere/testkit";
import fastify, { type FastifyInstance } from "fastify";
import { AgentDefinition, RouterDefinition, type RouterInput, type VoiceConfigInput } from "struere";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { VoiceConfigShape } from "../../src/voice-config/voice-config-shapes.ts";
import { addVoiceConfig } from "../../src/voice-config/voice-config-route.ts";
import { ACCOUNT, aKey, aScope, NOW } from "../fixture.ts";

let database: TestDatabase;
let app: FastifyInstance;
let scope: Scope;
let key: string;
let numbers = 0;
let number: string;

beforeAll(async () => {
  database = await testDatabase();
  app = fastify();
  const limits = { perMinute: 6_000, burst: 1_000 };
  await addVoiceConfig(app, {
    db: database.db,
    scopedDb: () => database.db,
    clock: new FakeClock({ wall: NOW.getTime() }),
    log: silentLog,
    limits: { key: limits, organization: limits },
  });
});
afterAll(async () => {
  await app.close();
  await database[Symbol.asyncDispose]();
});
beforeEach(async () => {
  scope = await aScope(database.db, "development");
  key = await aKey(database.db, scope, ["calls"]);
  number = `+1415555${String(++numbers).padStart(4, "0")}`;
});

async function anAgent(slug: string, tools: readonly string[] = []): Promise<void> {
  const definition = AgentDefinition.parse({ name: slug, slug, systemPrompt: `You are ${slug}.`, tools: [...tools] });
  await setAgent(database.db, scope, { slug, name: slug, description: null, definition, now: NOW });
}

async function aRouter(over: Partial<RouterInput> & { readonly voiceConfig?: VoiceConfigInput } = {}) {
  const definition = RouterDefinition.parse({
    name: "Phone",
    slug: "phone",
    mode: "classify",
    agents: [{ slug: "intake" }, { slug: "support" }],
    classifyModel: { model: "gpt-6.1-terra" },
    fallback: "intake",
    ...over,
  });
  return (await setRouter(database.db, scope, { slug: "phone", name: "Phone", definition, now: NOW })).router;
}

async function bindAgent(slug: string): Promise<string> {
  const agent = await getAgent(database.db, scope, slug);
  if (!agent) throw new Error(slug);
  return await bind({ kind: "agent", agentId: agent.id });
}

async function bind(target: Parameters<typeof bindConnection>[2]["target"]): Promise<string> {
  const binding = { phoneNumber: number, target, label: null, phoneNumberSid: "PN1", accountSid: ACCOUNT, formerSettings: null, now: NOW };
  return (await bindConnection(database.db, scope, binding)).id;
}

async function ask(query: string, apiKey = key) {
  const answer = await app.inject({ url: `/v1/voice/config${query}`, headers: { authorization: `Bearer ${apiKey}` } });
  return { status: answer.statusCode, body: answer.json() };
}
const askNumber = (phoneNumber = number) => ask(`?phoneNumber=${encodeURIComponent(phoneNumber)}`);

describe("GET /v1/voice/config", () => {
  test("of a number that is bound to an agent: that agent, with the platform's defaults", async () => {
    await anAgent("intake");
    const connectionId = await bindAgent("intake");
    const intake = { slug: "intake", version: 1 };
    const answer = {
      status: 200,
      body: {
        connectionId,
        phoneNumber: number,
        environment: "development",
        agent: intake,
        router: null,
        opensWith: intake,
        agents: [intake],
        voiceConfig: {
          provider: "openai-realtime",
          model: "gpt-realtime-2.1-mini",
          voice: "alloy",
          auditorAgent: null,
          auditorSample: null,
          pollInterval: 5_000,
          turnDetection: { type: "semantic_vad", eagerness: "medium" },
          noiseReduction: null,
          transcriptionModel: "gpt-transcribe",
        },
        warnings: [],
      },
    };
    expect(await askNumber()).toEqual(answer);
    expect(await ask(`?connectionId=${connectionId}`)).toEqual(answer);
    expect(await ask(`?phoneNumber=${number}`), "with a plus sign that nobody encoded").toEqual(answer);
    expect(VoiceConfigShape.parse(answer.body)).toEqual(answer.body);
  });

  test("of a number that is bound to a router: who opens, who may speak, and the router's voiceConfig", async () => {
    for (const slug of ["intake", "support"]) await anAgent(slug);
    await anAgent("auditor", ["voice.inject"]);
    const router = await aRouter({
      voiceConfig: {
        model: "gpt-realtime-mini",
        voice: "coral",
        auditorAgent: "auditor",
        auditorSample: 0.8,
        pollInterval: 8_000,
        turnDetection: { type: "server_vad", threshold: 0.4, silenceDurationMs: 700, prefixPaddingMs: 200 },
        noiseReduction: "near_field",
      },
    });
    await bind({ kind: "router", routerId: router.id });
    const { status, body } = await askNumber();
    expect(status).toBe(200);
    expect(body).toMatchObject({
      agent: null,
      router: { slug: "phone", version: 1 },
      opensWith: { slug: "intake", version: 1 },
      agents: [
        { slug: "intake", version: 1 },
        { slug: "support", version: 1 },
      ],
      voiceConfig: {
        voice: "coral",
        auditorAgent: "auditor",
        auditorSample: 0.8,
        pollInterval: 8_000,
        turnDetection: { type: "server_vad", threshold: 0.4, silenceDurationMs: 700, prefixPaddingMs: 200 },
        noiseReduction: "near_field",
      },
      warnings: [expect.stringContaining("gpt-realtime-mini")],
    });
    expect(VoiceConfigShape.parse(body)).toEqual(body);
  });

  const conflict = (why: string) => ({
    status: 409,
    body: {
      error: `calls to ${number} can not be answered as it is set up: ${why}; sync what is missing, or bind the number to another agent or router`,
    },
  });

  test("of a number whose agent is gone is an error that says so", async () => {
    await anAgent("intake");
    await bindAgent("intake");
    // Nothing that we offer does this to a number that is bound.
    await database.db.updateTable("agents").set({ deleted_at: NOW }).where("organization_id", "=", scope.organizationId).execute();
    const { id } = await database.db
      .selectFrom("agents")
      .select("id")
      .where("organization_id", "=", scope.organizationId)
      .executeTakeFirstOrThrow();
    expect(await askNumber()).toEqual(conflict(`agent ${id} is not in development`));
  });

  test("names the agent of a router, and the auditor, that are not there or can not do it", async () => {
    await anAgent("intake");
    const router = await aRouter();
    await bind({ kind: "router", routerId: router.id });
    expect(await askNumber()).toEqual(conflict('router "phone" names agent "support", which is not in development'));
    await anAgent("support");
    await aRouter({ voiceConfig: { auditorAgent: "auditor" } });
    expect(await askNumber()).toEqual(conflict('voiceConfig.auditorAgent names agent "auditor", which is not in development'));
    await anAgent("auditor");
    expect(await askNumber()).toEqual(conflict('voiceConfig.auditorAgent is "auditor", which has not the tool voice.inject'));
    await aRouter({ agents: [{ slug: "support" }], fallback: "support" });
    expect(await askNumber()).toMatchObject({ status: 200, body: { opensWith: { slug: "support" } } });
  });

  test("of a number that is disconnected, or unknown, says so and lists those that are connected", async () => {
    await anAgent("intake");
    await bindAgent("intake");
    expect(await askNumber("+14155550000")).toEqual({
      status: 404,
      body: { error: `+14155550000 is not connected in development; connected: ${number}` },
    });
    await disconnectConnection(database.db, scope, number, NOW);
    expect(await askNumber()).toEqual(conflict("the number is disconnected"));
  });

  test.for([
    ["?", /^give exactly one of phoneNumber/],
    ["?phoneNumber=%2B15550100200&connectionId=conn_000000000000000000000000", /^give exactly one of/],
    ["?phoneNumber=0151", /^phoneNumber: is not a phone number in E\.164 form/],
    ["?connectionId=call_1", /^connectionId: is not an id of the form conn_/],
    ["?number=x", /number/],
  ] as const)("refuses %s in a sentence", async ([query, sentence]) => {
    expect(await ask(query)).toEqual({ status: 400, body: { error: expect.stringMatching(sentence) } });
  });

  test("needs the permission calls", async () => {
    expect(await ask(`?phoneNumber=${number}`, await aKey(database.db, scope, ["chat", "data"]))).toMatchObject({
      status: 403,
      body: { error: expect.stringContaining('it needs the permission "calls"') },
    });
  });
});
