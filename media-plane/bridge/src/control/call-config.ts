/**
 * The control plane's CallConfig (proto) → the call machine's. One door for both ways in: the answer to ClaimCall, and the proto3 JSON of
 * a `prepare` message, in which fields that hold their default may be absent.
 */
import type { AgentProfile, CallConfig, RoutingPlan, TurnDetection, VoiceProfile } from "@struere/call";
import { type CallId, Environment, Fault, parseId } from "@struere/kernel";
import { z } from "zod";

const Tool = z.object({ name: z.string().min(1), description: z.string().default(""), parametersJson: z.string().default("{}") });

const Agent = z.object({
  slug: z.string().min(1),
  name: z.string().default(""),
  version: z.number().int().nonnegative().default(0),
  instructions: z.string().default(""),
  tools: z.array(Tool).default([]),
});

const Voice = z.object({
  model: z.string().min(1),
  voice: z.string().min(1),
  semanticVad: z.object({ eagerness: z.enum(["low", "medium", "high", "auto"]) }).nullish(),
  serverVad: z
    .object({
      threshold: z.number().min(0).max(1).default(0),
      silenceDurationMs: z.number().int().nonnegative().default(0),
      prefixPaddingMs: z.number().int().nonnegative().default(0),
    })
    .nullish(),
  /** Empty is how some writers of proto3 say "absent". */
  noiseReduction: z.enum(["near_field", "far_field", ""]).nullish(),
  transcriptionModel: z.string().min(1),
});

const Config = z.object({
  callId: z.string(),
  organizationId: z.string(),
  environment: z.enum(Environment),
  threadId: z.string(),
  direction: z.enum(["CALL_DIRECTION_INBOUND", "CALL_DIRECTION_OUTBOUND"]),
  agent: Agent,
  voice: Voice,
  limits: z.object({ maxDurationMs: z.number().int().positive() }),
  auditor: z.object({ agentSlug: z.string().min(1), pollIntervalMs: z.number().int().nonnegative().default(0) }).nullish(),
  routing: z
    .object({
      classifyFirst: z.boolean().default(false),
      holdMs: z.number().int().nonnegative().default(0),
      contextMessages: z.number().int().nonnegative().default(0),
    })
    .nullish(),
  recording: z.object({ consentText: z.string().default("") }).nullish(),
  history: z.array(z.object({ speaker: z.enum(["SPEAKER_CALLER", "SPEAKER_AGENT"]), text: z.string().default("") })).default([]),
});

/**
 * @param proto a decoded `struere.voice.v1.CallConfig`, or its JSON
 * @param epoch the grant under which the call is held; 0 for a call that is only being prepared
 * @throws Fault invalid_argument, naming the field: the planes do not speak the same contract
 */
export function toCallConfig(proto: unknown, epoch: number): CallConfig {
  const parsed = Config.safeParse(proto);
  if (!parsed.success) throw misunderstood(parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("; "));
  const config = parsed.data;
  const callId = parseId("call", config.callId);
  const organizationId = parseId("org", config.organizationId);
  const threadId = parseId("thread", config.threadId);
  if (callId === undefined) throw misunderstood("callId: not the id of a call");
  if (organizationId === undefined) throw misunderstood("organizationId: not the id of an organization");
  if (threadId === undefined) throw misunderstood("threadId: not the id of a thread");
  return {
    callId,
    organizationId,
    environment: config.environment,
    threadId,
    epoch,
    direction: config.direction === "CALL_DIRECTION_INBOUND" ? "inbound" : "outbound",
    agent: config.agent,
    voice: toVoice(config.voice),
    maxDurationMs: config.limits.maxDurationMs,
    auditor: config.auditor ?? null,
    routing: config.routing ? toRoutingPlan(config.routing) : null,
    ...(config.recording ? { isRecorded: true } : {}),
    history: config.history.map(({ speaker, text }) => ({ speaker: speaker === "SPEAKER_CALLER" ? "caller" : "agent", text })),
  };
}

/** @throws Fault invalid_argument: an agent that the control plane hands a call to is not what was agreed on. */
export function toAgentProfile(proto: unknown): AgentProfile {
  const parsed = Agent.safeParse(proto);
  if (parsed.success) return parsed.data;
  throw misunderstood(parsed.error.issues.map((issue) => `agent.${issue.path.join(".")}: ${issue.message}`).join("; "));
}

/** proto3 says "not said" by zero. */
function toRoutingPlan({ classifyFirst, holdMs, contextMessages }: RoutingPlan): RoutingPlan {
  return {
    classifyFirst,
    holdMs: Math.min(holdMs || DEFAULT_HOLD_MS, HOLD_MAX_MS),
    contextMessages: Math.min(contextMessages || DEFAULT_CONTEXT_MESSAGES, CONTEXT_MESSAGES_MAX),
  };
}

const DEFAULT_HOLD_MS = 800;
const HOLD_MAX_MS = 5_000;
const DEFAULT_CONTEXT_MESSAGES = 10;
const CONTEXT_MESSAGES_MAX = 100;

/** What a model leg is opened and configured with: equal for two calls exactly when one leg would serve both. */
export function legFingerprint({ agent, voice }: { readonly agent: AgentProfile; readonly voice: VoiceProfile }): string {
  return JSON.stringify([agent, voice]);
}

/** A call that is about to arrive. */
export interface Preparation {
  readonly callId: CallId;
  readonly agent: AgentProfile;
  readonly voice: VoiceProfile;
  readonly routing: CallConfig["routing"];
  readonly history: CallConfig["history"];
}

function toVoice(voice: z.infer<typeof Voice>): VoiceProfile {
  const { model, transcriptionModel } = voice;
  return {
    model,
    voice: voice.voice,
    turnDetection: toTurnDetection(voice),
    noiseReduction: voice.noiseReduction || null,
    transcriptionModel,
  };
}

function toTurnDetection({ semanticVad, serverVad }: z.infer<typeof Voice>): TurnDetection {
  if (serverVad) return { type: "server_vad", ...serverVad };
  if (semanticVad) return { type: "semantic_vad", eagerness: semanticVad.eagerness };
  throw misunderstood("voice.turnDetection: neither semanticVad nor serverVad is set");
}

function misunderstood(what: string): Fault {
  return new Fault(
    "invalid_argument",
    `the control plane sent a CallConfig that this node can not use: ${what}; check that both run the same version`,
  );
}
