/** An agent's instructions, with everything in its place: the same for agents in writing and on the phone. */
import { fillTemplate, type FilledTemplate, parseTemplate, type TemplateFilling } from "@struere/domain";
import { type Clock, Fault } from "@struere/kernel";
import { entityStore, getOrganizationName } from "@struere/store";
import type { RenderPrompt } from "../text/render-prompt.ts";
import { entityActorOf } from "../tools/entity-tools.ts";
import type { ToolRequest, ToolServices } from "../tools/tool-request.ts";
import { templateFunctions } from "./template-functions.ts";
import { type TemplateThread, templateValues } from "./template-values.ts";

export interface PromptToFill {
  readonly scope: ToolRequest["scope"];
  readonly agent: ToolRequest["agent"];
  /** As it is, or as it will be when the call is recorded. */
  readonly thread: TemplateThread;
  /** For what scope rules call `actor.callerNumber`; only on the phone. */
  readonly call?: ToolRequest["call"];
  /** While it has no row yet: the network's word. */
  readonly callerNumber?: string | undefined;
  readonly message: string | null;
  /** All functions together. */
  readonly withinMs: number;
  readonly signal?: AbortSignal;
}

/** Functions of a prompt in writing may take so long. */
export const TEXT_PROMPT_MS = 10_000;
/** A phone is ringing. */
export const VOICE_PROMPT_MS = 2_500;

/** @throws whatever the database throws. Problems of the prompt stand in the text, and in `problems`. */
export async function fillPrompt(services: ToolServices, prompt: PromptToFill): Promise<FilledTemplate> {
  const { scope, agent, thread } = prompt;
  const template = parseTemplate(agent.systemPrompt);
  const names = template.parts.flatMap((part) => (part.kind === "text" ? [] : [part.name]));
  // Nothing in its place: nothing to ask for.
  if (names.length === 0) return await fillTemplate(template, { valueOf: () => undefined, call: async () => ({ kind: "not_found" }) });
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  prompt.signal?.addEventListener("abort", abort, { once: true });
  const disarm = services.clock.arm(services.clock.now() + prompt.withinMs, abort);
  try {
    const mentions = (word: string): boolean => agent.systemPrompt.includes(word);
    const actor = { scope, agent, threadId: thread.id, callerNumber: prompt.callerNumber, ...(prompt.call ? { call: prompt.call } : {}) };
    const entityTypes = mentions("entityTypes") ? await entityStore(services.db).types(await entityActorOf(services.db, actor)) : [];
    const organizationName = mentions("organizationName") ? await getOrganizationName(services.db, scope.organizationId) : "";
    const valueOf = templateValues({
      scope,
      organizationName,
      agent,
      thread,
      message: prompt.message,
      wallMs: services.clock.wall(),
      entityTypes,
    });
    const call = templateFunctions(services, actor, controller.signal);
    return await fillTemplate(template, { valueOf, call: inTime(services.clock, prompt.withinMs, call) });
  } finally {
    disarm();
    prompt.signal?.removeEventListener("abort", abort);
  }
}

function inTime(clock: Clock, ms: number, call: TemplateFilling["call"]): TemplateFilling["call"] {
  const until = clock.now() + ms;
  return async (name, argument) => {
    const late = Promise.withResolvers<never>();
    const disarm = clock.arm(until, () => late.reject(new Fault("deadline_exceeded", "late")));
    const work = call(name, argument);
    work.catch(() => undefined);
    try {
      return await Promise.race([work, late.promise]);
    } catch {
      return { kind: "failed", problem: `there was no answer within ${ms} ms` };
    } finally {
      disarm();
    }
  };
}

/** For the loop of text agents. */
export function textPromptRenderer(services: ToolServices): RenderPrompt {
  return async ({ actor, agent, template, thread, message, signal }) => {
    const scope = { organizationId: actor.organizationId, environment: actor.environment };
    const { text, problems } = await fillPrompt(services, {
      scope,
      agent: { ...agent, systemPrompt: template, roles: actor.roles },
      thread: {
        id: thread.id,
        channel: thread.channel,
        channelStatus: thread.channel_status,
        params: thread.channel_params,
        metadata: thread.metadata,
        parentThreadId: thread.parent_thread_id,
      },
      message,
      withinMs: TEXT_PROMPT_MS,
      signal,
    });
    if (problems.length > 0)
      services.log.warn({ agent: agent.slug, places: problems.map((one) => one.name) }, "a prompt could not be filled everywhere");
    return text;
  };
}
