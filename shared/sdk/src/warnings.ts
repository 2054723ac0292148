/** What is legal but should be looked at: for `sync` and the console. One sentence each, beginning with the field. */
import type { AgentDefinition } from "./agent.ts";
import { DEFAULT_TEXT_MODEL, modelInUse } from "./models.ts";
import type { RouterDefinition } from "./router.ts";
import type { VoiceConfig } from "./voice-config.ts";

/** Below this, corrections come closer together than a caller can answer them. */
export const CALM_POLL_INTERVAL_MS = 5_000;

export const IDLE_SAMPLE = "has no effect without an auditorAgent: nobody audits, so there is nothing to compare";

/** `today`: a date in UTC, `2026-11-22`. */
export function agentWarnings(agent: AgentDefinition, today: string): string[] {
  return modelWarning("model.model", agent.model?.model ?? DEFAULT_TEXT_MODEL, today);
}

export function routerWarnings(router: RouterDefinition, today: string): string[] {
  return [
    ...(router.mode === "classify" ? modelWarning("classifyModel.model", router.classifyModel.model, today) : []),
    ...(router.voiceConfig ? voiceConfigWarnings(router.voiceConfig, today).map((warning) => `voiceConfig.${warning}`) : []),
  ];
}

export function voiceConfigWarnings(config: VoiceConfig, today: string): string[] {
  const idle = config.auditorAgent === undefined && config.auditorSample !== undefined;
  const hasty = config.auditorAgent !== undefined && config.pollInterval < CALM_POLL_INTERVAL_MS;
  return [
    ...modelWarning("model", config.model, today),
    ...modelWarning("transcriptionModel", config.transcriptionModel, today),
    ...(idle ? [`auditorSample: ${IDLE_SAMPLE}`] : []),
    ...(hasty
      ? [
          `pollInterval: ${config.pollInterval} is short, corrections may cut the agent off again and again; ${CALM_POLL_INTERVAL_MS} or more is calm`,
        ]
      : []),
  ];
}

function modelWarning(field: string, slug: string, today: string): string[] {
  const { warning } = modelInUse(slug, today);
  return warning === undefined ? [] : [`${field}: ${warning}`];
}
