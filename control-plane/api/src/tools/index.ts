/** Tools of agents. `runTool` is the only way to run one: for agents in text (`textToolRunner`) and on the phone (`voiceTools`) alike. */
export { runTool } from "./run-tool.ts";
export { textToolRunner } from "./text-tool-runner.ts";
export type { CallRedirector, ToolAgent, ToolEffect, ToolOutcome, ToolRequest, ToolServices } from "./tool-request.ts";
export { type VoiceTools, voiceTools } from "./voice-tools.ts";
