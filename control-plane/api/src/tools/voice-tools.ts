/** Tools for agents on the phone, and the agents themselves as a media node is given them. */
import { contextNote, type ToolDefinition } from "@struere/domain";
import { Fault } from "@struere/kernel";
import type { AgentProfile, RunToolResponse } from "@struere/protocol/grpc";
import { type Call, getAgentVersion, getThread, type PinnedAgent, type Scope } from "@struere/store";
import { AgentDefinition } from "struere";
import { fillPrompt, VOICE_PROMPT_MS } from "../templates/render-prompt.ts";
import type { TemplateThread } from "../templates/template-values.ts";
import { colleaguesOnCall } from "./conversation-tools.ts";
import { offeredTools } from "./offered-tools.ts";
import { runTool } from "./run-tool.ts";
import type { ToolAgent, ToolOutcome, ToolServices } from "./tool-request.ts";

export interface VoiceTools {
  /**
   * @param asked.agent the one that called the tool; empty: the one that opened the call. It runs with that agent's rights.
   * @throws Fault permission_denied when no such agent is on this call; unimplemented when it has no such tool; unavailable when the database is away: the same request may be sent again.
   */
  runTool(call: Call, asked: VoiceToolCall): Promise<RunToolResponse>;
  /** An agent of the call's router, rendered as at the call's start. @throws Fault not_found */
  profileOf(call: Call, slug: string): Promise<AgentProfile>;
  /** What the agent that opens a call is told and offered, before there is a call. */
  opening(question: OpeningQuestion): Promise<{ readonly instructions: string; readonly tools: readonly ToolDefinition[] }>;
}

export interface VoiceToolCall {
  readonly toolCallId: string;
  readonly agent: string;
  readonly name: string;
  readonly argumentsJson: string;
}

export interface OpeningQuestion {
  readonly scope: Scope;
  readonly agent: ToolAgent;
  readonly thread: TemplateThread;
  readonly callerNumber: string;
  readonly colleagues: readonly { readonly slug: string; readonly description?: string | undefined }[];
}

export function voiceTools(services: ToolServices): VoiceTools {
  const profileOf = async (call: Call, slug: string): Promise<AgentProfile> => {
    const scope = scopeOf(call);
    const agent = await agentOnCall(services, call, slug);
    const row = await getThread(services.db, scope, call.thread_id);
    if (!row) throw new Fault("not_found", `there is no thread ${call.thread_id}`);
    const thread: TemplateThread = {
      id: row.id,
      channel: row.channel,
      channelStatus: row.channel_status,
      params: row.channel_params,
      metadata: row.metadata,
      parentThreadId: row.parent_thread_id,
    };
    const colleagues = colleaguesOnCall(call, slug);
    const [{ text }, tools] = await Promise.all([
      fillPrompt(services, { scope, agent, thread, call, message: null, withinMs: VOICE_PROMPT_MS }),
      offeredTools(services, { scope, agent, call, channel: "call", colleagues }),
    ]);
    return {
      slug: agent.slug,
      name: agent.name,
      version: agent.version,
      instructions: text + contextNote(row.channel_params),
      tools: [...tools],
    };
  };

  return {
    async runTool(call, asked) {
      const agent = await agentOnCall(services, call, asked.agent || (call.config?.agent.slug ?? ""));
      if (!agent.tools.includes(asked.name)) {
        const legal = agent.tools.join(", ") || "none";
        throw new Fault("unimplemented", `agent "${agent.slug}" has no tool "${asked.name.slice(0, 64)}"; its tools: ${legal}`);
      }
      const outcome = await runTool(services, {
        scope: scopeOf(call),
        agent,
        threadId: call.thread_id,
        call,
        name: asked.name,
        argumentsJson: asked.argumentsJson,
        idempotencyKey: `${call.id}:${asked.toolCallId}`,
        keyId: call.api_key_id,
        // A node that asks again gets the same run: nobody's leaving stops it.
        signal: new AbortController().signal,
      });
      const handoff = outcome.handoff ? { handoff: await profileOf(call, outcome.handoff.slug) } : {};
      return { outputJson: outcome.outputJson, isError: outcome.isError, ...handoff, ...effectOf(outcome) };
    },

    profileOf,

    async opening({ scope, agent, thread, callerNumber, colleagues }) {
      const [{ text }, tools] = await Promise.all([
        fillPrompt(services, { scope, agent, thread, callerNumber, message: null, withinMs: VOICE_PROMPT_MS }),
        offeredTools(services, { scope, agent, channel: "call", colleagues }),
      ]);
      return { instructions: text + contextNote(thread.params), tools };
    },
  };
}

const scopeOf = (call: Call): Scope => ({ organizationId: call.organization_id, environment: call.environment });

/** The version that the call is pinned to, whatever was synced since. */
async function agentOnCall({ db }: ToolServices, call: Call, slug: string): Promise<ToolAgent> {
  const pinned = pinnedOf(call, slug);
  const definition = pinned && (await getAgentVersion(db, scopeOf(call), pinned));
  if (!pinned || !definition) {
    const legal = [...new Set([call.config?.agent.slug ?? "", ...call.pinned_agents.map((one) => one.slug)])].join(", ");
    throw new Fault("permission_denied", `agent "${slug.slice(0, 64)}" is not on this call; legal: ${legal}`);
  }
  const read = AgentDefinition.safeParse(definition);
  if (!read.success) throw new Fault("internal", `the stored definition of agent "${slug}" can not be read; sync it again`);
  const { name, systemPrompt, tools, roles } = read.data;
  return { slug, name, version: pinned.version, systemPrompt, tools, roles };
}

function pinnedOf(call: Call, slug: string): PinnedAgent | undefined {
  const opens = call.config?.agent.slug === slug;
  if (opens && call.agent_id !== null && call.agent_version !== null) return { slug, agentId: call.agent_id, version: call.agent_version };
  return call.pinned_agents.find((one) => one.slug === slug);
}

function effectOf({ effect }: ToolOutcome): Pick<RunToolResponse, "effect" | "effectData"> {
  if (!effect) return {};
  return effect.kind === "send_digits" ? { effect: effect.kind, effectData: effect.digits } : { effect: effect.kind };
}
