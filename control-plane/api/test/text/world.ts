/** Text agents as their users meet them: over HTTP, on a real database, with the vendor simulated at the wire. Only the tools are the test's own. */
import { memoryBus } from "@struere/bus";
import { builtinRateCard } from "../../src/billing/builtin-rate-card.ts";
import { type Permission, renderTemplate } from "@struere/domain";
import type { Environment } from "@struere/kernel";
import { silentLog, systemClock } from "@struere/runtime";
import { type Mind, type SimulatedFault, type SimulatedOpenAI, startSimulatedOpenAI } from "@struere/simulators";
import { type Db, type Scope, setAgent, setRouter } from "@struere/store";
import fastify from "fastify";
import { handInjector } from "../../src/injections/hand-injector.ts";
import { addChatApi } from "../../src/chat/add-chat-api.ts";
import type { RateLimits } from "../../src/http/rate-limit.ts";
import { type TextAgents, textAgents } from "../../src/text/text-agents.ts";
import type { ToolRequest, ToolResult, ToolRunner } from "../../src/text/tool-runner.ts";
import { aKey, aScope, NOW } from "../fixture.ts";
import { diallerOf } from "../trpc/server.ts";

export type Tool = (request: ToolRequest, text: TextAgents) => Promise<ToolResult> | ToolResult;

export interface TextWorld extends AsyncDisposable {
  readonly url: string;
  readonly vendor: SimulatedOpenAI;
  readonly text: TextAgents;
  readonly bus: ReturnType<typeof memoryBus>;
  /** Every run of a tool, in the order of beginning. */
  readonly runs: readonly ToolRequest[];
  readonly tenant: Tenant;
  /** Another organization, or another environment of the same one. */
  anotherTenant(environment?: Environment, of?: Scope): Promise<Tenant>;
}

export interface Tenant {
  readonly scope: Scope;
  readonly key: string;
  keyWith(permissions: readonly Permission[]): Promise<string>;
  agent(slug: string, definition?: object): Promise<void>;
  router(slug: string, definition: object): Promise<void>;
}

export interface WorldOptions {
  readonly db: Db;
  readonly mind?: Mind;
  readonly tools?: { readonly [name: string]: Tool };
  readonly faults?: readonly SimulatedFault[];
  readonly apiKey?: string | null;
  readonly limits?: RateLimits;
}

const GENEROUS: RateLimits = { key: { perMinute: 6_000, burst: 1_000 }, organization: { perMinute: 6_000, burst: 1_000 } };
export const VENDOR_KEY = "sk-vendor-test";

/** Time runs 20 times faster than life. */
export async function aTextWorld(options: WorldOptions): Promise<TextWorld> {
  const { db, tools = {}, apiKey = VENDOR_KEY, limits = GENEROUS } = options;
  const clock = systemClock({ scale: 20 });
  const bus = memoryBus();
  const vendor = await startSimulatedOpenAI({
    clock,
    apiKey: VENDOR_KEY,
    ...(options.mind ? { mind: options.mind } : {}),
    faults: options.faults ?? [],
  });
  const runs: ToolRequest[] = [];
  const runner: ToolRunner = {
    offeredTools: async ({ agent }) =>
      agent.tools.map((name) => ({
        name,
        description: `Does ${name}.`,
        parametersJson: JSON.stringify({ type: "object", properties: {} }),
      })),
    async runTool(request) {
      runs.push(request);
      const tool = tools[request.name];
      return tool
        ? await tool(request, text)
        : { outputJson: JSON.stringify({ ran: request.name, with: JSON.parse(request.argumentsJson) }), isError: false };
    },
  };
  const text: TextAgents = textAgents({
    db,
    clock,
    log: silentLog,
    openai: { apiKey, baseUrl: vendor.baseUrl },
    rateCard: builtinRateCard(),
    tools: runner,
    renderPrompt: async ({ template, agent, thread, message }) =>
      renderTemplate(template, { agent, message, threadContext: { channel: thread.channel, params: thread.channel_params } }),
  });
  const app = fastify({ forceCloseConnections: true });
  await addChatApi(app, {
    db,
    scopedDb: () => db,
    bus,
    clock,
    log: silentLog,
    text,
    limits,
    injections: handInjector({ db, bus, clock }),
    dialler: diallerOf(db),
  });
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  const tenantOf = async (scope: Scope): Promise<Tenant> => ({
    scope,
    key: await aKey(db, scope, ["chat", "calls"]),
    keyWith: (permissions) => aKey(db, scope, permissions),
    async agent(slug, definition = {}) {
      const whole = { slug, name: slug, systemPrompt: `You are ${slug}.`, tools: [], ...definition };
      await setAgent(db, scope, { slug, name: slug, description: null, definition: whole, now: NOW });
    },
    async router(slug, definition) {
      await setRouter(db, scope, { slug, name: slug, definition: { slug, name: slug, ...definition }, now: NOW });
    },
  });
  return {
    url,
    vendor,
    text,
    bus,
    runs,
    tenant: await tenantOf(await aScope(db)),
    async anotherTenant(environment = "production", of) {
      return await tenantOf(of ? { ...of, environment } : await aScope(db, environment));
    },
    async [Symbol.asyncDispose]() {
      await app.close();
      await vendor.close();
    },
  };
}

/** Tests look at it field by field. */
type Json = ReturnType<typeof JSON.parse>;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Json;
}

export async function post(world: Pick<TextWorld, "url">, path: string, key: string | null, body: unknown): Promise<Answer> {
  const response = await fetch(`${world.url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...(key === null ? {} : { authorization: `Bearer ${key}` }) },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, body: JSON.parse(await response.text()) };
}

/** Writes to an agent as the world's tenant. */
export async function chat(world: TextWorld, agent: string, message: string, more: object = {}): Promise<Answer> {
  return await post(world, `/v1/agents/${agent}/chat`, world.tenant.key, { message, ...more });
}

export const toolAnswer = (value: unknown): ToolResult => ({ outputJson: JSON.stringify(value), isError: false });
