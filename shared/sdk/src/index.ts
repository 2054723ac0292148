export { AgentDefinition, type AgentInput } from "./agent.ts";
export { defineAgent, defineRouter, DefinitionError } from "./define.ts";
export { ModelChoice } from "./model-choice.ts";
export {
  bareSlug,
  DEFAULT_REALTIME_MODEL,
  DEFAULT_TEXT_MODEL,
  DEFAULT_TRANSCRIPTION_MODEL,
  type ModelInfo,
  modelInfo,
  modelInUse,
  type ModelKind,
  type ModelPrices,
  MODELS,
  modelSlugs,
} from "./models.ts";
export { describeProblems } from "./problems.ts";
export { RouterDefinition, type RouterInput } from "./router.ts";
export { Slug, ToolName } from "./slug.ts";
export { TurnDetection, VoiceConfig, type VoiceConfigInput, VOICES } from "./voice-config.ts";
export { agentWarnings, routerWarnings, voiceConfigWarnings } from "./warnings.ts";
