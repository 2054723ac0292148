/** What a definition must be beyond its own schema: everything that it names has to exist. Each refusal names the legal values. */
import { BUILTIN_TOOL_NAMES } from "@struere/domain";
import { Fault } from "@struere/kernel";
import { type Db, listAgents, type Scope } from "@struere/store";
import { AgentDefinition, modelInfo, modelSlugs, type RouterDefinition } from "struere";

/** The tool that makes an agent fit to be an auditor. */
const INJECT = "voice.inject";

/** @throws Fault invalid_argument */
export function checkAgent(definition: AgentDefinition): void {
  const unknown = definition.tools.filter((tool) => !BUILTIN_TOOL_NAMES.includes(tool));
  if (unknown.length > 0) {
    throw new Fault(
      "invalid_argument",
      `definition.tools: ${quoted(unknown)} ${unknown.length === 1 ? "does" : "do"} not exist; legal: ${quoted(BUILTIN_TOOL_NAMES)}`,
    );
  }
  if (definition.model) checkTextModel("definition.model.model", definition.model.model);
}

/** @throws Fault invalid_argument */
export async function checkRouter(db: Db, scope: Scope, definition: RouterDefinition): Promise<void> {
  if (definition.mode === "classify") checkTextModel("definition.classifyModel.model", definition.classifyModel.model);
  const agents = await listAgents(db, scope);
  const known = agents.map((agent) => agent.slug);
  const missing = definition.agents.map((agent) => agent.slug).filter((slug) => !known.includes(slug));
  if (missing.length > 0) {
    throw new Fault("invalid_argument", `definition.agents: ${quoted(missing)} not in ${scope.environment}; legal: ${quoted(known)}`);
  }
  const auditor = definition.voiceConfig?.auditorAgent;
  if (auditor === undefined) return;
  const fit = agents.filter((agent) => toolsOf(agent.definition).includes(INJECT)).map((agent) => agent.slug);
  if (!fit.includes(auditor)) {
    const why = known.includes(auditor) ? `has not the tool ${INJECT}` : `is not in ${scope.environment}`;
    throw new Fault(
      "invalid_argument",
      `definition.voiceConfig.auditorAgent: "${auditor}" ${why}; legal: ${quoted(fit)}, or none for single-agent mode`,
    );
  }
}

function checkTextModel(field: string, model: string): void {
  if (modelInfo(model)?.kind === "text") return;
  throw new Fault("invalid_argument", `${field}: "${model}" is not a known text model; legal: ${quoted(modelSlugs("text"))}`);
}

function toolsOf(definition: unknown): readonly string[] {
  const parsed = AgentDefinition.safeParse(definition);
  return parsed.success ? parsed.data.tools : [];
}

export function quoted(words: readonly string[]): string {
  return words.length === 0 ? "none" : words.map((word) => `"${word}"`).join(", ");
}
