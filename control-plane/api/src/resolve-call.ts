/** Reads what a connection is bound to and lets the domain decide who answers. Nothing is cached: what was synced counts for the next call. */
import {
  type AgentVersion,
  answeringAgent,
  type CallFacts,
  type ConnectionState,
  contextProblems,
  MAX_CALL_MS,
  NOT_AVAILABLE,
  type Opening,
  type ResolveProblem,
  type ResolveReason,
  resolveCallConfig,
  type RateCard,
  type RouterVersion,
  type Target,
} from "@struere/domain";
import { err, Fault, type Result } from "@struere/kernel";
import { type AgentRow, type Db, getAgentById, getAgentsBySlug, getRouterById, type RouterRow, type Scope } from "@struere/store";
import { priceCall, type PricedCall } from "./billing/price-call.ts";
import type { VoiceTools } from "./tools/voice-tools.ts";
import { AgentDefinition, describeProblems, modelInUse, RouterDefinition, VoiceConfig } from "struere";

/**
 * `definition_unreadable`: what is stored is not what the API let in, or a newer version wrote it. `context_missing`: an agent on a call that
 * is placed demands more than was given.
 */
export type CallProblem = Omit<ResolveProblem, "reason"> & {
  readonly reason: ResolveReason | "definition_unreadable" | "context_missing" | "price_unknown";
};

/** What a connection is bound to, as it is stored now. */
export interface BoundTarget {
  /** `null`: the connection has none, or it is gone. */
  readonly agent: AgentVersion | null;
  readonly router: RouterVersion | null;
  /** Of the agents that the router names, those that there are; its auditor is one of them. */
  readonly agents: ReadonlyMap<string, AgentVersion>;
}

/** @throws whatever the database throws. */
export async function readTarget(db: Db, scope: Scope, target: Target | null): Promise<Result<BoundTarget, CallProblem>> {
  const [agentRow, routerRow] = await Promise.all([
    target?.kind === "agent" ? getAgentById(db, scope, target.agentId) : undefined,
    target?.kind === "router" ? getRouterById(db, scope, target.routerId) : undefined,
  ]);
  const router = routerRow ? readRouter(routerRow) : null;
  if (router?.ok === false) return router;
  const named = router ? await getAgentsBySlug(db, scope, [...router.value.agents.map((one) => one.slug), ...auditorOf(router.value)]) : [];
  const agent = agentRow ? readAgent(agentRow) : null;
  if (agent?.ok === false) return agent;
  const agents = new Map<string, AgentVersion>();
  for (const row of named) {
    const read = readAgent(row);
    if (read.ok) agents.set(row.slug, read.value);
    // Without its auditor a call is a call.
    else if (router?.value.agents.some(({ slug }) => slug === row.slug)) return read;
  }
  return { ok: true, value: { agent: agent?.value ?? null, router: router?.value ?? null, agents } };
}

/** @throws whatever the database throws. */
export async function resolveCall(
  db: Db,
  voice: Pick<VoiceTools, "opening">,
  question: {
    readonly connection: ConnectionState;
    readonly call: CallFacts;
    readonly wallMs: number;
    readonly rateCard: RateCard;
  },
): Promise<Result<PricedCall, CallProblem>> {
  const { connection, call, wallMs } = question;
  const scope: Scope = { organizationId: call.organizationId, environment: call.environment };
  const target = await readTarget(db, scope, connection.target);
  if (!target.ok) return target;
  const today = new Date(wallMs).toISOString().slice(0, 10);
  const asked = {
    call,
    connection,
    ...target.value,
    defaultVoice: VoiceConfig.parse({}),
    maxDurationMs: MAX_CALL_MS,
    modelInUse: (model: string) => modelInUse(model, today),
  };
  const answering = answeringAgent(asked);
  if (!answering.ok) return answering;
  const { router, agents } = target.value;
  // The auditor does not speak, and brings its own.
  const speakers = [...agents.values()].filter(({ slug }) => router?.agents.some((one) => one.slug === slug) === true);
  const missing = call.direction === "outbound" ? missingContext([answering.value, ...speakers], call) : null;
  if (missing !== null) return err({ reason: "context_missing" as const, detail: missing, spoken: NOT_AVAILABLE });
  const opening = await openingOf(voice, scope, call, answering.value, router);
  const resolved = opening.ok ? resolveCallConfig(asked, opening.value) : opening;
  return resolved.ok ? await priceCall(db, { rateCard: question.rateCard, resolved: resolved.value, call, today }) : resolved;
}

function auditorOf({ voiceConfig }: RouterVersion): readonly string[] {
  return voiceConfig?.auditorAgent ? [voiceConfig.auditorAgent] : [];
}

/** Whoever may come to speak on a call that is placed has what it counts on; `null`: all is there. A caller brings nothing but a number. */
function missingContext(agents: readonly AgentVersion[], { params = {} }: CallFacts): string | null {
  const problems = [
    ...new Set(agents.flatMap((agent) => contextProblems({ slug: agent.slug, params: agent.contextParams ?? [] }, params))),
  ];
  return problems.length === 0 ? null : problems.join("; ");
}

/** As the thread will be when the call is recorded. */
async function openingOf(
  voice: Pick<VoiceTools, "opening">,
  scope: Scope,
  call: CallFacts,
  agent: AgentVersion,
  router: RouterVersion | null,
): Promise<Result<Opening, CallProblem>> {
  const callerNumber = call.direction === "inbound" ? call.from : call.to;
  const thread = {
    id: call.threadId,
    channel: "voice",
    channelStatus: "pending",
    params: { ...call.params, callerNumber },
    ...call.thread,
  };
  const colleagues = (router?.agents ?? []).filter((one) => one.slug !== agent.slug);
  try {
    return { ok: true, value: await voice.opening({ scope, agent, thread, callerNumber, colleagues }) };
  } catch (thrown) {
    if (!(thrown instanceof Fault) || thrown.code !== "failed_precondition") throw thrown;
    return err({ reason: "tool_not_found" as const, detail: thrown.sentence, spoken: NOT_AVAILABLE });
  }
}

function readAgent(row: AgentRow): Result<AgentVersion, CallProblem> {
  const read = AgentDefinition.safeParse(row.definition);
  if (!read.success) return unreadable(`agent "${row.slug}"`, describeProblems(read.error));
  const { name, systemPrompt, tools, roles, threadContextParams: contextParams = [] } = read.data;
  return { ok: true, value: { agentId: row.id, version: row.version, slug: row.slug, name, systemPrompt, tools, roles, contextParams } };
}

const RULES_HOLD_MS = 800;

function readRouter(row: RouterRow): Result<RouterVersion, CallProblem> {
  const read = RouterDefinition.safeParse(row.definition);
  if (!read.success) return unreadable(`router "${row.slug}"`, describeProblems(read.error));
  const { agents, fallback, voiceConfig, contextMessages } = read.data;
  // Rules need no model, and no owner sets a time for them.
  const holdMs = read.data.mode === "classify" ? read.data.classifyTimeoutMs : RULES_HOLD_MS;
  return {
    ok: true,
    value: { routerId: row.id, version: row.version, slug: row.slug, agents, fallback, holdMs, contextMessages, voiceConfig },
  };
}

function unreadable(what: string, why: string) {
  return err({
    reason: "definition_unreadable" as const,
    detail: `the stored definition of ${what} can not be read: ${why}`,
    spoken: NOT_AVAILABLE,
  });
}
