/** Complete defaults; a test overrides what it is about. */
import { type AgentId, type CallId, mintId, type OrganizationId, type RouterId, type ThreadId } from "@struere/kernel";
import type { AgentVersion, ResolveQuestion, RouterVersion, VoiceSettings } from "../src/index.ts";

const random = (seed: number): Uint8Array => Uint8Array.from({ length: 24 }, (_, index) => seed + index);
const callId: CallId = mintId("call", random(1));
const threadId: ThreadId = mintId("thread", random(2));
const organizationId: OrganizationId = mintId("org", random(3));
export const agentId: AgentId = mintId("agent", random(4));
export const routerId: RouterId = mintId("router", random(5));

export function anAgent(overrides: Partial<AgentVersion> = {}): AgentVersion {
  return {
    agentId,
    version: 3,
    slug: "intake",
    name: "Intake",
    systemPrompt: "You take down orders.",
    tools: ["call.end"],
    roles: [],
    ...overrides,
  };
}

export function aVoice(overrides: Partial<VoiceSettings> = {}): VoiceSettings {
  return {
    model: "gpt-realtime-2.1-mini",
    voice: "alloy",
    pollInterval: 5_000,
    turnDetection: { type: "semantic_vad", eagerness: "medium" },
    transcriptionModel: "gpt-transcribe",
    voicemail: { policy: "treat_as_human" },
    ringSeconds: 30,
    ...overrides,
  };
}

export function aRouter(overrides: Partial<RouterVersion> = {}): RouterVersion {
  return {
    routerId,
    version: 7,
    slug: "phone",
    agents: [{ slug: "intake" }, { slug: "support" }],
    fallback: "intake",
    holdMs: 800,
    contextMessages: 10,
    ...overrides,
  };
}

export function aQuestion(overrides: Partial<ResolveQuestion> = {}): ResolveQuestion {
  return {
    call: {
      callId,
      threadId,
      organizationId,
      environment: "production",
      direction: "inbound",
      from: "+14155550100",
      to: "+14155550199",
    },
    connection: { status: "connected", target: { kind: "agent", agentId } },
    agent: anAgent(),
    router: null,
    agents: new Map(),
    defaultVoice: aVoice(),
    maxDurationMs: 3_600_000,
    modelInUse: (model) => ({ model }),
    ...overrides,
  };
}

/** The connection is bound to this router, and these agents are there. */
export function aRoutedQuestion(
  router: RouterVersion,
  agents: readonly AgentVersion[],
  overrides: Partial<ResolveQuestion> = {},
): ResolveQuestion {
  return aQuestion({
    connection: { status: "connected", target: { kind: "router", routerId } },
    agent: null,
    router,
    agents: new Map(agents.map((agent) => [agent.slug, agent])),
    ...overrides,
  });
}
