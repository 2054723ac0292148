/** Tools on a real database, with an owner's server that records what it gets. Only who is asked by agent.chat and Twilio's REST are the test's. */
import { memoryBus } from "@struere/bus";
import { randomBytes } from "node:crypto";
import { createServer, type IncomingHttpHeaders } from "node:http";
import { Fault, type ThreadId } from "@struere/kernel";
import { silentLog, systemClock } from "@struere/runtime";
import {
  type Call,
  createKeyRing,
  type Db,
  getCall,
  openThread,
  type Scope,
  setAgent,
  setEntityType,
  setRole,
  setTools,
} from "@struere/store";
import { type ToolAgent, type ToolOutcome, type ToolRequest, type ToolServices } from "../../src/tools/index.ts";
import { runTool } from "../../src/tools/index.ts";
import type { AgentChatQuestion } from "../../src/text/text-agents.ts";
import { aClaimedCall, aScope, NOW } from "../fixture.ts";
import { injector } from "../../src/injections/injector.ts";
import { diallerOf } from "../trpc/server.ts";

export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface OwnersServer extends AsyncDisposable {
  readonly url: string;
  readonly received: Received[];
  /** What it answers, by path; default `{ "ok": true }`. */
  readonly answers: Map<string, (received: Received) => Promise<OwnersAnswer> | OwnersAnswer>;
}

export interface OwnersAnswer {
  readonly status?: number;
  readonly type?: string;
  readonly body: string;
}

export async function ownersServer(): Promise<OwnersServer> {
  const received: Received[] = [];
  const answers: OwnersServer["answers"] = new Map();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const one = { path: request.url ?? "", headers: request.headers, body: Buffer.concat(chunks).toString("utf8") };
      received.push(one);
      const answer = answers.get(one.path) ?? ((): OwnersAnswer => ({ body: '{"ok":true}' }));
      void Promise.resolve(answer(one)).then(({ status = 200, type = "application/json", body }) => {
        response.writeHead(status, { "content-type": type }).end(body);
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    answers,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export interface ToolsWorld {
  readonly db: Db;
  readonly scope: Scope;
  readonly services: ToolServices;
  readonly threadId: ThreadId;
  readonly call: Call;
  /** Live calls that were redirected. */
  readonly redirected: { readonly callSid: string; readonly twiml: string }[];
  readonly chats: AgentChatQuestion[];
  /** A call of a tool by an agent that has it, each with a key of its own. */
  run(name: string, given: unknown, more?: Partial<ToolRequest>): Promise<ToolOutcome>;
}

let keys = 0;
export const nextKey = (): string => `test:${++keys}`;

export function agentWith(tools: readonly string[], more: Partial<ToolAgent> = {}): ToolAgent {
  return { slug: "intake", name: "Intake", version: 1, systemPrompt: "You take down orders.", tools, roles: [], ...more };
}

export async function aToolsWorld(db: Db, over: Partial<ToolServices> = {}): Promise<ToolsWorld> {
  const scope = await aScope(db, "development");
  const redirected: ToolsWorld["redirected"] = [];
  const chats: AgentChatQuestion[] = [];
  const services: ToolServices = {
    db,
    clock: systemClock(),
    log: silentLog,
    keyRing: createKeyRing(randomBytes(32).toString("base64")),
    guard: { allowLoopback: true, ownHosts: () => [], ownPorts: () => [], ownAddresses: () => [] },
    async chatWithAgent(question) {
      chats.push(question);
      return {
        response: "the answer",
        threadId: question.parentThread,
        agentSlug: question.agentSlug,
        usage: { inputTokens: 1, outputTokens: 1, totalTokens: 2 },
      };
    },
    redirector: {
      async redirect(_scope, { callSid, twiml }) {
        redirected.push({ callSid, twiml });
      },
    },
    injector: injector({ bus: memoryBus(), db, clock: systemClock() }),
    dialler: diallerOf(db),
    dialActionUrl: () => "https://voice.example/twilio/dial-action",
    ...over,
  };
  await anOrderType(db, scope);
  const { thread } = await openThread(db, scope, {
    channel: "api",
    target: { kind: "agent", slug: "intake" },
    externalId: null,
    parentThreadId: null,
    params: {},
    now: NOW,
  });
  const claimed = await aClaimedCall(db, scope);
  const call = await getCall(db, scope, claimed.id);
  if (!call) throw new Fault("not_found", "the call is gone");
  return {
    db,
    scope,
    services,
    threadId: thread.id,
    call,
    redirected,
    chats,
    run: (name, given, more = {}) =>
      runTool(services, {
        scope,
        agent: agentWith([name]),
        threadId: thread.id,
        name,
        argumentsJson: typeof given === "string" ? given : JSON.stringify(given),
        idempotencyKey: nextKey(),
        keyId: null,
        signal: new AbortController().signal,
        ...more,
      }),
  };
}

export async function anOrderType(db: Db, scope: Scope): Promise<void> {
  const definition = {
    name: "Order",
    slug: "order",
    schema: {
      type: "object",
      properties: { item: { type: "string" }, count: { type: "integer" }, note: { type: "string" }, phone: { type: "string" } },
      required: ["item"],
    },
  };
  await setEntityType(db, scope, { slug: "order", name: "Order", definition, now: NOW });
}

/** May read orders of the caller's own number, and never sees the note. */
export async function aCallersRole(db: Db, scope: Scope): Promise<void> {
  const definition = {
    name: "Caller's",
    slug: "callers",
    policies: [{ resource: "order", actions: ["read", "list", "update"], effect: "allow" }],
    scopeRules: [{ entityType: "order", field: "phone", operator: "eq", value: "actor.callerNumber" }],
    fieldMasks: [{ entityType: "order", fieldPath: "note", maskType: "hide" }],
  };
  await setRole(db, scope, { slug: "callers", name: "Caller's", definition, now: NOW });
}

export async function withTools(db: Db, scope: Scope, tools: readonly Record<string, unknown>[]): Promise<void> {
  await setTools(db, scope, { tools, now: NOW });
}

export const bookTool = (url: string, more: object = {}) => ({
  name: "book_table",
  description: "Books a table.",
  parameters: { type: "object", properties: { people: { type: "integer" }, name: { type: "string" } }, required: ["people"] },
  url,
  ...more,
});

export async function anAgentNow(db: Db, scope: Scope, slug: string, definition: object = {}) {
  const whole = { slug, name: slug, systemPrompt: `You are ${slug}.`, tools: [], ...definition };
  return (await setAgent(db, scope, { slug, name: slug, description: null, definition: whole, now: NOW })).agent;
}

export const outputOf = (outcome: ToolOutcome): unknown => JSON.parse(outcome.outputJson);
