/**
 * Who answers a call, and how: one function for direct and routed calls, inbound and outbound. What it returns is pinned on the call for
 * the call's life; what it refuses is said to the caller and recorded. There is no default persona: a target that can not be
 * resolved is a problem, never a model without instructions.
 */
import {
  type AgentId,
  type CallId,
  type Environment,
  err,
  ok,
  type OrganizationId,
  type Result,
  type RouterId,
  type ThreadId,
} from "@struere/kernel";
import type { ToolDefinition } from "./builtin-tools.ts";
import { type AuditorTrial, auditorTrial } from "./auditor-sample.ts";
import type { CallDirection } from "./call-record.ts";
import type { ConnectionState } from "./connection.ts";
import type { ContextParam, VoicemailPolicy } from "./outbound-call.ts";

/** proto3 JSON of `struere.voice.v1.CallConfig`, as gRPC and the bus's PrepareMessage carry it. */
export interface CallConfig {
  readonly callId: CallId;
  readonly organizationId: OrganizationId;
  readonly environment: Environment;
  readonly threadId: ThreadId;
  readonly direction: "CALL_DIRECTION_INBOUND" | "CALL_DIRECTION_OUTBOUND";
  readonly from: string;
  readonly to: string;
  readonly agent: {
    readonly slug: string;
    readonly name: string;
    readonly version: number;
    readonly instructions: string;
    readonly tools: ToolDefinition[];
  };
  readonly voice: VoiceProfile;
  readonly limits: { readonly maxDurationMs: number };
  readonly auditor?: AuditorPlan;
  /** Only of a router with more than one agent. */
  readonly routing?: { readonly classifyFirst: boolean; readonly holdMs: number; readonly contextMessages: number };
  readonly recording?: { readonly consentText: string };
  readonly history: { readonly speaker: "SPEAKER_CALLER" | "SPEAKER_AGENT"; readonly text: string }[];
}

/** The media plane has no use for it; it goes along as a part of what the call was resolved to. */
export interface AuditorPlan {
  readonly agentSlug: string;
  readonly pollIntervalMs: number;
  /** As it was when the call came. Absent where it was not there then, and on calls of before. */
  readonly pinned?: { readonly agentId: AgentId; readonly version: number };
}

type VoiceProfile = {
  readonly model: string;
  readonly voice: string;
  readonly noiseReduction?: "near_field" | "far_field";
  readonly transcriptionModel: string;
} & (
  | { readonly semanticVad: { readonly eagerness: "low" | "medium" | "high" | "auto" } }
  | { readonly serverVad: { readonly threshold: number; readonly silenceDurationMs: number; readonly prefixPaddingMs: number } }
);

/** One version of an agent, as it is defined in the call's environment. */
export interface AgentVersion {
  readonly agentId: AgentId;
  readonly version: number;
  readonly slug: string;
  readonly name: string;
  readonly systemPrompt: string;
  readonly tools: readonly string[];
  /** Slugs of roles; none: full access within organization and environment. */
  readonly roles: readonly string[];
  /** What a conversation has to bring along. */
  readonly contextParams?: readonly ContextParam[];
}

export interface RouterVersion {
  readonly routerId: RouterId;
  readonly version: number;
  readonly slug: string;
  readonly agents: readonly { readonly slug: string; readonly description?: string | undefined }[];
  readonly fallback: string;
  /** So long the reply to the first utterance waits for the choice; and by how many utterances it is made. */
  readonly holdMs: number;
  readonly contextMessages: number;
  /** Absent: the platform's defaults, single-agent mode. */
  readonly voiceConfig?: VoiceSettings | undefined;
}

/** A voiceConfig with its defaults filled in; the SDK's schema is the only place that knows them. */
export interface VoiceSettings {
  readonly model: string;
  readonly voice: string;
  readonly auditorAgent?: string | undefined;
  /** Share of calls that it corrects. Absent: all. */
  readonly auditorSample?: number | undefined;
  readonly pollInterval: number;
  readonly turnDetection:
    | { readonly type: "semantic_vad"; readonly eagerness: "low" | "medium" | "high" | "auto" }
    | { readonly type: "server_vad"; readonly threshold: number; readonly silenceDurationMs: number; readonly prefixPaddingMs: number };
  readonly noiseReduction?: "near_field" | "far_field" | undefined;
  readonly transcriptionModel: string;
  readonly recording?: { readonly enabled: boolean; readonly consentText?: string | undefined } | undefined;
  /** Of calls that are placed. */
  readonly voicemail: VoicemailPolicy;
  readonly ringSeconds: number;
}

export interface CallFacts {
  readonly callId: CallId;
  readonly threadId: ThreadId;
  readonly organizationId: OrganizationId;
  readonly environment: Environment;
  readonly direction: CallDirection;
  readonly from: string;
  readonly to: string;
  /** Handed to templates as `threadContext.params.*`, next to callerNumber. */
  readonly params?: { readonly [name: string]: unknown };
  /** What else templates see of the thread. */
  readonly thread?: { readonly metadata?: { readonly [name: string]: unknown }; readonly parentThreadId?: ThreadId };
}

export interface ResolveQuestion {
  readonly call: CallFacts;
  readonly connection: ConnectionState;
  /** The connection's agent as it is in the call's environment; `null`: the connection has none, or it is gone. */
  readonly agent: AgentVersion | null;
  readonly router: RouterVersion | null;
  /** Agents of the environment by slug: at least those that the router names, its auditor among them. */
  readonly agents: ReadonlyMap<string, AgentVersion>;
  /** What holds where a router says nothing: the SDK schema's defaults. */
  readonly defaultVoice: VoiceSettings;
  readonly maxDurationMs: number;
  /** The model to use for a configured one: itself, or its successor after its shutdown, with a sentence about it for the record. */
  readonly modelInUse: (model: string) => { readonly model: string; readonly warning?: string };
}

/** What the answering agent is told and offered. */
export interface Opening {
  /** Rendered. */
  readonly instructions: string;
  readonly tools: readonly ToolDefinition[];
}

export interface ResolvedCall {
  readonly config: CallConfig;
  readonly agent: { readonly agentId: AgentId; readonly version: number };
  readonly router: { readonly routerId: RouterId; readonly version: number } | null;
  /** The router's agents that are there, in its order: the call is pinned to these versions. */
  readonly agents: readonly { readonly slug: string; readonly agentId: AgentId; readonly version: number }[];
  /** `null`: nobody audits it. The media plane has no part in this. */
  readonly trial: AuditorTrial | null;
  /** Sentences for the call's record: a model that was replaced, or soon will be. */
  readonly warnings: readonly string[];
  /** For a call that is placed, where it says nothing else itself. */
  readonly ringing: { readonly voicemail: VoicemailPolicy; readonly ringSeconds: number };
}

export type ResolveReason =
  | "connection_not_connected"
  | "agent_not_found"
  | "router_not_found"
  | "router_agent_not_found"
  | "tool_not_found";

export interface ResolveProblem {
  readonly reason: ResolveReason;
  /** For the record and the log: names what is missing. */
  readonly detail: string;
  /** For the caller. */
  readonly spoken: string;
}

/** Said to a caller whom nobody can answer; gives nothing away about why. */
export const NOT_AVAILABLE = "We are sorry. This number is not available right now. Please try again later. Goodbye.";

/** @param opening of the agent that `answeringAgent` names. */
export function resolveCallConfig(question: ResolveQuestion, opening: Opening): Result<ResolvedCall, ResolveProblem> {
  const answering = answeringAgent(question);
  if (!answering.ok) return answering;
  const agent = answering.value;
  const { call, router } = question;
  const pinned = (router?.agents ?? []).flatMap(({ slug }) => {
    const there = question.agents.get(slug);
    return there ? [{ slug, agentId: there.agentId, version: there.version }] : [];
  });
  const voice = router?.voiceConfig ?? question.defaultVoice;
  const speaking = question.modelInUse(voice.model);
  const transcribing = question.modelInUse(voice.transcriptionModel);
  const config: CallConfig = {
    callId: call.callId,
    organizationId: call.organizationId,
    environment: call.environment,
    threadId: call.threadId,
    direction: call.direction === "inbound" ? "CALL_DIRECTION_INBOUND" : "CALL_DIRECTION_OUTBOUND",
    from: call.from,
    to: call.to,
    agent: {
      slug: agent.slug,
      name: agent.name,
      version: agent.version,
      instructions: opening.instructions,
      tools: [...opening.tools],
    },
    voice: {
      model: speaking.model,
      voice: voice.voice,
      ...turnDetection(voice.turnDetection),
      ...(voice.noiseReduction ? { noiseReduction: voice.noiseReduction } : {}),
      transcriptionModel: transcribing.model,
    },
    limits: { maxDurationMs: question.maxDurationMs },
    ...(voice.auditorAgent ? { auditor: auditorPlan(voice.auditorAgent, voice.pollInterval, question.agents) } : {}),
    ...(router && pinned.length > 1
      ? { routing: { classifyFirst: true, holdMs: router.holdMs, contextMessages: router.contextMessages } }
      : {}),
    ...(voice.recording?.enabled ? { recording: { consentText: voice.recording.consentText ?? "" } } : {}),
    history: [],
  };
  return ok({
    config,
    agent: { agentId: agent.agentId, version: agent.version },
    router: router ? { routerId: router.routerId, version: router.version } : null,
    agents: pinned,
    trial: voice.auditorAgent ? auditorTrial(call.callId, auditorSampleOf(call.environment, voice)) : null,
    warnings: [speaking.warning, transcribing.warning].filter((warning) => warning !== undefined),
    ringing: { voicemail: voice.voicemail, ringSeconds: voice.ringSeconds },
  });
}

/** A router's call opens as its fallback agent. */
export function answeringAgent(
  question: Pick<ResolveQuestion, "connection" | "agent" | "router" | "agents"> & { readonly call: Pick<CallFacts, "environment"> },
): Result<AgentVersion, ResolveProblem> {
  const { connection, agent, router, agents } = question;
  if (connection.status !== "connected" || connection.target === null) {
    return problem(
      "connection_not_connected",
      `the number is ${connection.status === "connected" ? "bound to nobody" : connection.status}`,
    );
  }
  if (connection.target.kind === "agent") {
    return agent ? ok(agent) : problem("agent_not_found", `agent ${connection.target.agentId} is not in ${question.call.environment}`);
  }
  if (!router) return problem("router_not_found", `router ${connection.target.routerId} does not exist any more`);
  const fallback = agents.get(router.fallback);
  if (fallback) return ok(fallback);
  return problem(
    "router_agent_not_found",
    `router "${router.slug}" falls back to "${router.fallback}", which is not in ${question.call.environment}`,
  );
}

function auditorPlan(agentSlug: string, pollIntervalMs: number, agents: ResolveQuestion["agents"]): AuditorPlan {
  const there = agents.get(agentSlug);
  return { agentSlug, pollIntervalMs, ...(there ? { pinned: { agentId: there.agentId, version: there.version } } : {}) };
}

/** An eval asks what a call is like when it is corrected; by chance it would ask something else. */
export function auditorSampleOf(environment: Environment, { auditorSample = 1 }: Pick<VoiceSettings, "auditorSample">): number {
  return environment === "eval" ? 1 : auditorSample;
}

function turnDetection(settings: VoiceSettings["turnDetection"]) {
  if (settings.type === "semantic_vad") return { semanticVad: { eagerness: settings.eagerness } };
  const { threshold, silenceDurationMs, prefixPaddingMs } = settings;
  return { serverVad: { threshold, silenceDurationMs, prefixPaddingMs } };
}

function problem(reason: ResolveReason, detail: string): { readonly ok: false; readonly problem: ResolveProblem } {
  return err({ reason, detail, spoken: NOT_AVAILABLE });
}
