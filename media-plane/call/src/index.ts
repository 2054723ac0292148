export type { AgentProfile, CallConfig, HeardUtterance, ToolDefinition, TurnDetection, VoiceProfile } from "./config.ts";
export type { CallOutcome, Effect, PublishedBody, ResponsePurpose } from "./effect.ts";
export type { CallEvent, ToolCall, Usage } from "./event.ts";
