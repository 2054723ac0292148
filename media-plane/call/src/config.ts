/** What the machine needs to know about a call before it can live. Resolved by the control plane, pinned for the call's life. */
import type { CallId, Environment, OrganizationId, ThreadId } from "@struere/kernel";

export interface CallConfig {
  readonly callId: CallId;
  readonly organizationId: OrganizationId;
  readonly environment: Environment;
  readonly threadId: ThreadId;
  /** The grant under which this node holds the call, from 1. */
  readonly epoch: number;
  readonly direction: "inbound" | "outbound";
  readonly agent: AgentProfile;
  readonly voice: VoiceProfile;
  /** The call is ended in order when it has lasted so long. */
  readonly maxDurationMs: number;
  /** Of a router with more than one agent: who has the call is decided by what the caller says. */
  readonly routing: RoutingPlan | null;
  readonly auditor: { readonly agentSlug: string; readonly pollIntervalMs: number } | null;
  /** Both sides of the call are kept as sound. The machine has no part in it. */
  readonly isRecorded?: boolean;
  /** What was said under earlier epochs. Not empty: continue, do not greet again. */
  readonly history: readonly HeardUtterance[];
}

export interface RoutingPlan {
  /** The reply to the first utterance waits for the router, no longer than `holdMs` from the end of the caller's turn. */
  readonly classifyFirst: boolean;
  readonly holdMs: number;
  /** By how many of the last utterances it decides, from 1. */
  readonly contextMessages: number;
}

export interface AgentProfile {
  readonly slug: string;
  readonly name: string;
  readonly version: number;
  readonly instructions: string;
  readonly tools: readonly ToolDefinition[];
}

export interface ToolDefinition {
  /** As the owner wrote it, dots included: `entity.query`. */
  readonly name: string;
  readonly description: string;
  /** JSON schema of the arguments, as JSON text. */
  readonly parametersJson: string;
}

export interface VoiceProfile {
  readonly model: string;
  readonly voice: string;
  readonly turnDetection: TurnDetection;
  readonly noiseReduction: "near_field" | "far_field" | null;
  readonly transcriptionModel: string;
}

export type TurnDetection =
  | { readonly type: "semantic_vad"; readonly eagerness: "low" | "medium" | "high" | "auto" }
  | { readonly type: "server_vad"; readonly threshold: number; readonly silenceDurationMs: number; readonly prefixPaddingMs: number };

export interface HeardUtterance {
  readonly speaker: "caller" | "agent";
  readonly text: string;
}
