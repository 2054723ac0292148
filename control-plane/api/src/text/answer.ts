/**
 * One message, answered: the model is asked, the tools that it calls run, their results go back, until it answers in words. Ten steps at
 * most; in the last one the model is offered no tools, so that there is an answer. Every step is in the record before the next one
 * begins, calls before they run: what was done stays known when the process dies.
 */
import type { ToolDefinition } from "@struere/domain";
import { type ApiKeyId, type Clock, Fault } from "@struere/kernel";
import type { Log } from "@struere/runtime";
import {
  appendMessages,
  type Db,
  getThread,
  type MessageToAppend,
  recordTextUsage,
  type Scope,
  type TextUsage,
  type Thread,
  transferThread,
  type Turn,
} from "@struere/store";
import type { ResponseInputItem } from "openai/resources/responses/responses";
import { type HistoryMessage, historyItems } from "./history.ts";
import { type ModelSettings, modelSettings } from "./model-settings.ts";
import type { RenderPrompt } from "./render-prompt.ts";
import { runTools, type StepOfTools, type ToolCallSummary, type ToolRun } from "./run-tools.ts";
import { actorOf, type TextAgent } from "./text-agent.ts";
import type { ChargedAttempt, TextModel, TextModelResponse } from "./text-model.ts";
import type { AuditInHand, ToolRunner } from "./tool-runner.ts";

const STEPS_MAX = 10;
/** The owner's name of a tool has no more; what a model invents is cut. */
const TOOL_NAME_MAX = 64;

export interface AnswerServices {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Log;
  readonly model: TextModel;
  readonly tools: ToolRunner;
  readonly renderPrompt: RenderPrompt;
}

export interface MessageToAnswer {
  readonly scope: Scope;
  readonly turn: Turn;
  /** As it is now: params merged. */
  readonly thread: Thread;
  readonly agent: TextAgent;
  /** Whom the agent may transfer to, by slug; empty without a router. */
  readonly colleagues: ReadonlyMap<string, TextAgent>;
  readonly history: readonly HistoryMessage[];
  /** In the record already, as the newest of the thread. */
  readonly message: string;
  /** The message is a call's transcript, and the agent its auditor. */
  readonly audit?: AuditInHand;
  /** Behind the agent's own prompt. */
  readonly rules?: string;
  /** Whose caps it counts against: of whoever asked, be it through other agents; `null`: no key's. */
  readonly keyId: ApiKeyId | null;
  readonly deadlineAt: number;
  readonly signal: AbortSignal;
}

export interface Answered {
  readonly text: string;
  /** Of the last message in the thread: the answer. */
  readonly seq: number;
  readonly agent: TextAgent;
  readonly steps: number;
  /** `stop`, or the vendor's reason why the answer is not whole. */
  readonly finishReason: string;
  readonly toolCalls: readonly ToolCallSummary[];
  readonly usage: readonly TextUsage[];
  readonly warnings: readonly string[];
}

/** An agent made ready to speak. */
interface Speaker {
  readonly agent: TextAgent;
  readonly settings: ModelSettings;
  readonly instructions: string;
  readonly offered: readonly ToolDefinition[];
}

/** Gives the turn back with the answer. @throws Fault; all that happened until then is in the record, and the turn is still the asker's. */
export async function answerMessage(services: AnswerServices, asked: MessageToAnswer): Promise<Answered> {
  const { clock } = services;
  const past: HistoryMessage[] = [...asked.history, { role: "user", content: asked.message, tool_calls: null, tool_call_id: null }];
  let speaker = await speakerOf(services, asked, asked.agent);
  let input: ResponseInputItem[] = historyItems(past);
  const usage: TextUsage[] = [];
  const toolCalls: ToolCallSummary[] = [];
  const warnings = new Set<string>();
  for (let step = 1; step <= STEPS_MAX; step++) {
    if (speaker.settings.warning) warnings.add(speaker.settings.warning);
    const response = await ask(services, asked, speaker, { input, last: step === STEPS_MAX });
    const used = usageOf(response, speaker.agent, asked.keyId);
    usage.push(used);
    const calls = step === STEPS_MAX ? [] : response.calls.map((call) => ({ ...call, name: call.name.slice(0, TOOL_NAME_MAX) }));
    const records = calls.map((call) => ({ id: call.callId, name: call.name, arguments: call.argumentsJson }));
    const said = { role: "assistant", content: response.text, agent: speaker.agent, toolCalls: records, usage: used } as const;
    const seq = await append(services, asked, [said], { endsTurn: calls.length === 0 }).catch(async (thrown: unknown) => {
      // What cannot be said any more was paid for all the same.
      await recordTextUsage(services.db, asked.scope, { threadId: asked.thread.id, usage: [used], now: new Date(clock.wall()) });
      throw thrown;
    });
    if (calls.length === 0) {
      return {
        text: response.text,
        seq,
        agent: speaker.agent,
        steps: step,
        finishReason: response.cutFor ?? "stop",
        toolCalls,
        usage,
        warnings: [...warnings],
      };
    }
    const runs = await runTools(stepOf(services, asked, speaker), calls);
    toolCalls.push(...runs.map((run) => run.summary));
    await append(
      services,
      asked,
      runs.map((run) => ({ role: "tool", content: run.outputJson, toolCallId: run.call.callId })),
      { endsTurn: false },
    );
    if (clock.now() >= asked.deadlineAt || asked.signal.aborted) {
      throw new Fault("deadline_exceeded", "the answer took too long; what the tools did is done, and is in the thread");
    }
    past.push({ role: "assistant", content: response.text, tool_calls: records, tool_call_id: null });
    past.push(
      ...runs.map((run): HistoryMessage => ({ role: "tool", content: run.outputJson, tool_calls: null, tool_call_id: run.call.callId })),
    );
    const successor = await successorOf(services, asked, speaker.agent, runs);
    if (successor) {
      speaker = await speakerOf(services, asked, successor);
      // What another model thought can not be handed to this one.
      input = historyItems(past);
    } else {
      input = [
        ...input,
        ...response.output,
        ...runs.map((run) => ({ type: "function_call_output" as const, call_id: run.call.callId, output: run.outputJson })),
      ];
    }
  }
  throw new Fault("internal", "the loop of a text agent went past its last step");
}

async function speakerOf(services: AnswerServices, asked: MessageToAnswer, agent: TextAgent): Promise<Speaker> {
  const { scope, thread, message, rules, signal } = asked;
  const actor = actorOf(scope, agent);
  const [prompt, offered] = await Promise.all([
    services.renderPrompt({
      actor,
      agent,
      template: agent.systemPrompt,
      thread,
      message,
      signal,
    }),
    services.tools.offeredTools({ actor, agent, thread }),
  ]);
  const instructions = rules === undefined ? prompt : `${prompt}\n\n${rules}`;
  return { agent, instructions, offered, settings: modelSettings(agent.model, new Date(services.clock.wall()).toISOString().slice(0, 10)) };
}

async function ask(
  services: AnswerServices,
  asked: MessageToAnswer,
  speaker: Speaker,
  step: { readonly input: readonly ResponseInputItem[]; readonly last: boolean },
): Promise<TextModelResponse> {
  return await services.model.respond({
    settings: speaker.settings,
    instructions: speaker.instructions,
    input: step.input,
    tools: speaker.offered,
    toolChoice: step.last ? "none" : "auto",
    purpose: "reply",
    asker: { scope: asked.scope, threadId: asked.thread.id, payer: { agentSlug: speaker.agent.slug, keyId: asked.keyId } },
    cacheKey: `${speaker.agent.slug}.${speaker.agent.version}.${asked.thread.id}`,
    deadlineAt: asked.deadlineAt,
    signal: asked.signal,
    onCharged: async (attempt) =>
      await recordTextUsage(services.db, asked.scope, {
        threadId: asked.thread.id,
        usage: [usageOf(attempt, speaker.agent, asked.keyId)],
        now: new Date(services.clock.wall()),
      }),
  });
}

function stepOf(services: AnswerServices, asked: MessageToAnswer, speaker: Speaker): StepOfTools {
  const { tools, clock, log } = services;
  const { agent, offered } = speaker;
  return {
    tools,
    clock,
    log,
    agent,
    offered,
    actor: actorOf(asked.scope, agent),
    threadId: asked.thread.id,
    ...(asked.audit ? { audit: asked.audit } : {}),
    keyId: asked.keyId,
    deadlineAt: asked.deadlineAt,
    signal: asked.signal,
  };
}

/**
 * Who speaks on after a transfer. The row of the thread decides: the tool may have written the transfer itself, and of several transfers
 * in one step the first one counts.
 */
async function successorOf(
  services: AnswerServices,
  asked: MessageToAnswer,
  agent: TextAgent,
  runs: readonly ToolRun[],
): Promise<TextAgent | undefined> {
  const to = runs.find((run) => run.handoff !== null)?.handoff ?? null;
  if (to === null) return undefined;
  const { scope, thread, colleagues } = asked;
  if (colleagues.has(to)) {
    await transferThread(services.db, scope, { threadId: thread.id, from: agent.slug, to, now: new Date(services.clock.wall()) });
  }
  const now = await getThread(services.db, scope, thread.id);
  const current = now?.current_agent ?? agent.slug;
  if (current !== agent.slug) {
    services.log.info(
      { event: "router.transferred", threadId: thread.id, from: agent.slug, to: current, by: "agent" },
      "an agent gave the conversation to another one",
    );
  }
  return current === agent.slug ? undefined : colleagues.get(current);
}

async function append(
  { db, clock }: AnswerServices,
  { scope, thread, turn }: MessageToAnswer,
  messages: readonly MessageToAppend[],
  { endsTurn }: { readonly endsTurn: boolean },
): Promise<number> {
  return await appendMessages(db, scope, { threadId: thread.id, turnToken: turn.token, messages, endsTurn, now: new Date(clock.wall()) });
}

function usageOf({ responseId, model, tokens, requestId }: ChargedAttempt, agent: TextAgent, keyId: ApiKeyId | null): TextUsage {
  const usage = { responseId, purpose: "reply", agentSlug: agent.slug, model, ...tokens, ...(keyId === null ? {} : { keyId }) } as const;
  return requestId === undefined ? usage : { ...usage, requestId };
}
