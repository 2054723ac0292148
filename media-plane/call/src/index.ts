export type { AgentProfile, CallConfig, HeardUtterance, ToolDefinition, TurnDetection, VoiceProfile } from "./config.ts";
export { describeEffect, describeEvent } from "./describe.ts";
export type { CallOutcome, Effect, PublishedBody, ResponsePurpose } from "./effect.ts";
export type { CallEvent, EventOf, ToolCall, Usage } from "./event.ts";
export { checkInvariants } from "./invariant.ts";
export { CLOSING_MS } from "./limits.ts";
export { type Mark, markName, parseMark } from "./playback.ts";
export { reduce, type Step } from "./reduce.ts";
export { type CallState, initialCall, isEnded } from "./state.ts";
