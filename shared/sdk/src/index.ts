export { AgentDefinition, type AgentInput, settlePrompt, ThreadContextParam } from "./agent.ts";
export { BUILTIN_TOOLS, type BuiltinTool } from "./builtin-tools.ts";
export {
  checkProject,
  describeFinding,
  type DefinitionKind,
  type Finding,
  type ProjectDefinitions,
  type ProjectFindings,
} from "./check/check-project.ts";
export { GIVEN_PARAMS, TEMPLATE_FUNCTIONS, TEMPLATE_VARIABLES } from "./check/template-names.ts";
export { DATA_FORMATS, type DataProperty, DataSchema, type ObjectProperty, ToolParameters } from "./data-schema.ts";
export { defineAgent, defineData, defineRole, defineRouter, defineTools, DefinitionError } from "./define.ts";
export { EntityTypeDefinition, type EntityTypeInput } from "./entity-type.ts";
export { CALL_ONLY, EVAL_ASSERTIONS, EvalAssertion, type EvalAssertionType } from "./evals/assertion.ts";
export { EvalCaller, EvalLine, EvalPersona } from "./evals/caller.ts";
export { EvalFixture, resolveRefs } from "./evals/fixture.ts";
export { type EvalCase, EVAL_CHANNELS, EvalSuite, type EvalToolStub, EvalTurn } from "./evals/suite.ts";
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
  type ModelSlug,
  modelSlugs,
} from "./models.ts";
export { describeProblems } from "./problems.ts";
export { RoleDefinition, type RoleInput } from "./role.ts";
export { RouterDefinition, type RouterInput } from "./router.ts";
export { Slug, slugify, ToolName } from "./slug.ts";
export { HttpTool, isMcpServer, McpServer, type ToolInput, ToolsDefinition } from "./tools.ts";
export { RingSeconds, TurnDetection, VoiceConfig, type VoiceConfigInput, VOICES, Voicemail } from "./voice-config.ts";
export { agentWarnings, routerWarnings, voiceConfigWarnings } from "./warnings.ts";
