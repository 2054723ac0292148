/** What an agent would be told, for whoever writes it: the same renderer as in a conversation, and every problem in words. */
import type { TemplateProblem } from "@struere/domain";
import { Fault } from "@struere/kernel";
import { type Db, getAgent, type JsonObject, listAgents, type Scope } from "@struere/store";
import { AgentDefinition } from "struere";
import type { ToolServices } from "../tools/tool-request.ts";
import { fillPrompt, TEXT_PROMPT_MS } from "./render-prompt.ts";

export interface CompileQuestion {
  readonly scope: Scope;
  readonly agentSlug: string;
  /** Default "api". */
  readonly channel?: string | undefined;
  readonly params?: JsonObject | undefined;
  readonly message?: string | undefined;
  readonly signal?: AbortSignal;
}

export interface CompiledPrompt {
  readonly agentSlug: string;
  readonly version: number;
  /** As it was written. */
  readonly rawPrompt: string;
  readonly compiledPrompt: string;
  readonly problems: readonly TemplateProblem[];
}

/** Stands for the conversation that there is not. */
const NO_THREAD = "thread_compile_prompt";

/** @throws Fault not_found, naming the agents there are. */
export async function compilePrompt(services: ToolServices, question: CompileQuestion): Promise<CompiledPrompt> {
  const { scope, agentSlug, channel = "api", params = {}, message = null } = question;
  const row = await getAgent(services.db, scope, agentSlug);
  if (!row) throw await noSuchAgent(services.db, scope, agentSlug);
  const definition = AgentDefinition.parse(row.definition);
  const { text, problems } = await fillPrompt(services, {
    scope,
    agent: { ...definition, version: row.version },
    thread: { id: NO_THREAD, channel, channelStatus: "active", params },
    message,
    withinMs: TEXT_PROMPT_MS,
    ...(question.signal ? { signal: question.signal } : {}),
  });
  return { agentSlug, version: row.version, rawPrompt: definition.systemPrompt, compiledPrompt: text, problems };
}

async function noSuchAgent(db: Db, scope: Scope, slug: string): Promise<Fault> {
  const known = (await listAgents(db, scope)).map((agent) => `"${agent.slug}"`).join(", ") || "none";
  return new Fault("not_found", `there is no agent "${slug}" in ${scope.environment}; there are: ${known}`);
}
