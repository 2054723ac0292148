import { ID_RANDOM_BYTES, mintId } from "@struere/kernel";
import type { AgentProfile, CallConfig } from "../src/index.ts";

const RANDOM = new Uint8Array(ID_RANDOM_BYTES);

/** Whom a call may be handed to. */
export function anAgent(slug: string): AgentProfile {
  return { slug, name: slug.replace(/^./, (first) => first.toUpperCase()), version: 2, instructions: `You are ${slug}.`, tools: [] };
}

/** Of a router: the reply to the first utterance waits up to 800 ms. */
export function aRoutedConfig(config: Partial<CallConfig> = {}): CallConfig {
  return aCallConfig({ routing: { classifyFirst: true, holdMs: 800, contextMessages: 10 }, ...config });
}

/** A complete configuration; a test says only what it is about. */
export function aCallConfig(config: Partial<CallConfig> = {}): CallConfig {
  return {
    callId: mintId("call", RANDOM),
    organizationId: mintId("org", RANDOM),
    environment: "development",
    threadId: mintId("thread", RANDOM),
    epoch: 1,
    direction: "inbound",
    agent: { slug: "intake", name: "Intake", version: 3, instructions: "You are Ada.", tools: [] },
    voice: {
      model: "gpt-realtime-2.1-mini",
      voice: "alloy",
      turnDetection: { type: "semantic_vad", eagerness: "medium" },
      noiseReduction: null,
      transcriptionModel: "gpt-transcribe",
    },
    maxDurationMs: 3_600_000,
    auditor: null,
    routing: null,
    history: [],
    ...config,
  };
}
