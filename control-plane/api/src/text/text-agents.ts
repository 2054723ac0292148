/**
 * Conversations in writing: a message comes in, its thread is found, its turn is taken, the router decides, the agent answers. One message
 * of a thread is answered at a time; the others wait.
 */
import type { AuditorPlan, RateCard } from "@struere/domain";
import { type ApiKeyId, type Clock, Fault, type ThreadId } from "@struere/kernel";
import type { Log } from "@struere/runtime";
import { pause } from "@struere/runtime";
import {
  appendMessages,
  type Db,
  endTurn,
  getThread,
  type JsonObject,
  listThreadMessages,
  type Message,
  openThread,
  recordTextUsage,
  routeThread,
  type Scope,
  takeTurn,
  type TextUsage,
  type Thread,
  threadChain,
  type Turn,
} from "@struere/store";
import type { AuditQuestion } from "./audit-question.ts";
import { type Answered, answerMessage, type AnswerServices } from "./answer.ts";
import { chooseAgent, type Choice, type ChooseQuestion } from "./choose-agent.ts";
import { HISTORY_MESSAGES } from "./history.ts";
import { pinnedAgents } from "./pinned-agents.ts";
import type { RenderPrompt } from "./render-prompt.ts";
import type { ToolCallSummary } from "./run-tools.ts";
import { agentsOfRouter, checkParams, findTextTarget, type TargetName, type TextAgent, type TextTarget } from "./text-agent.ts";
import { meteredModel } from "./metered-model.ts";
import { textModel } from "./text-model.ts";
import type { ToolRunner } from "./tool-runner.ts";
import { type ModelUsage, totalUsage, usageByModel } from "./usage.ts";
import { withDeadline } from "./with-deadline.ts";

export interface TextAgentsOptions {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Log;
  readonly openai: { readonly apiKey: string | null; readonly baseUrl: string | null };
  readonly tools: ToolRunner;
  readonly renderPrompt: RenderPrompt;
  /** A model that has no price is not asked. */
  readonly rateCard: RateCard;
}

export interface ChatQuestion {
  readonly scope: Scope;
  readonly target: TargetName;
  readonly message: string;
  /** At most one of both; neither: a new thread. */
  readonly threadId: ThreadId | null;
  readonly externalThreadId: string | null;
  /** Kept on the thread; in prompts `threadContext.params.*`. */
  readonly params: JsonObject;
  /** Whose caps it counts against. */
  readonly keyId: ApiKeyId;
  readonly signal?: AbortSignal;
}

export interface ChatAnswer {
  readonly threadId: ThreadId;
  readonly message: string;
  readonly assistantMessageId: string;
  readonly agentSlug: string;
  readonly usage: { readonly inputTokens: number; readonly outputTokens: number; readonly totalTokens: number };
  readonly executionMeta: {
    readonly steps: number;
    readonly durationMs: number;
    /** `stop`, or why the answer is not whole: `max_output_tokens`, `content_filter`. */
    readonly finishReason: string;
    readonly toolCallSummary: readonly ToolCallSummary[];
    readonly models: readonly ModelUsage[];
    readonly warnings: readonly string[];
  };
}

export interface AgentChatQuestion {
  /** Who asks: an agent of this scope. */
  readonly actor: Scope & { readonly slug: string };
  readonly parentThread: ThreadId;
  readonly agentSlug: string;
  readonly message: string;
  /** Becomes `threadContext.params.parentContext` of the child thread; its fields are params of it too. */
  readonly context?: unknown;
  /** Whose caps it counts against: of whoever asked the agent that asks; `null`: no key's. */
  readonly keyId: ApiKeyId | null;
  readonly signal?: AbortSignal;
}

export interface AgentChatAnswer {
  readonly response: string;
  readonly threadId: ThreadId;
  readonly agentSlug: string;
  readonly usage: ChatAnswer["usage"];
}

export interface TextAgents {
  /** @throws Fault not_found, invalid_argument, failed_precondition, aborted, unavailable, deadline_exceeded. */
  chat(question: ChatQuestion): Promise<ChatAnswer>;
  /** The tool agent.chat. @throws the same, and failed_precondition when the chain is too deep or goes in a circle. */
  chatWithAgent(question: AgentChatQuestion): Promise<AgentChatAnswer>;
  /** Who audits a call: as it is pinned, or where it is not, as it is now. @throws Fault not_found, failed_precondition */
  auditor(scope: Scope, plan: AuditorPlan): Promise<TextAgent>;
  /** An auditor reads a call. Every audit stands for itself: what was read before is in the report. @throws the same */
  audit(question: AuditQuestion): Promise<ChatAnswer>;
  /** For calls too. Never throws for what the classifier does. */
  chooseAgent(question: ChooseQuestion): Promise<Choice>;
}

/** From the request to the answer. */
const ANSWER_MS = 60_000;
/** A turn that was never given back (its process died) ends by itself so long after its deadline. */
const TURN_GRACE_MS = 15_000;
/** So long a message waits for the one before it. */
const TURN_WAIT_MS = 30_000;
const TURN_LOOK_MS = 50;
const TURN_LOOK_MAX_MS = 500;
const CLASSIFY_MS = 8_000;
/** How many agents may stand between the first one and the one that is asked. */
export const AGENT_DEPTH_MAX = 3;

export function textAgents(options: TextAgentsOptions): TextAgents {
  const { db, clock, log, tools, renderPrompt } = options;
  const model = meteredModel(textModel({ ...options.openai, clock, log, rateCard: options.rateCard }), {
    db,
    clock,
    log,
    rateCard: options.rateCard,
  });
  const services: AnswerServices = { db, clock, log, model, tools, renderPrompt };
  const now = (): Date => new Date(clock.wall());
  const choose = (question: ChooseQuestion): Promise<Choice> => chooseAgent({ model, clock, log }, question);

  const pinned = pinnedAgents(db);

  async function converse(scope: Scope, target: TextTarget, thread: Thread, asked: Asked): Promise<ChatAnswer> {
    return await inTime(asked.signal, async (deadlineAt, signal) => {
      const turn = await waitForTurn(services, scope, { threadId: thread.id, params: asked.params, deadlineAt, signal });
      return await inTurn(turn, () =>
        answerInTurn({ scope, target, turn, message: asked.message, keyId: asked.keyId, deadlineAt, signal }),
      );
    });
  }

  async function inTime(
    given: AbortSignal | undefined,
    work: (deadlineAt: number, signal: AbortSignal) => Promise<Answered & { readonly threadId: ThreadId }>,
  ): Promise<ChatAnswer> {
    const startedAt = clock.now();
    const deadlineAt = startedAt + ANSWER_MS;
    const answered = await withDeadline({ clock, at: deadlineAt, signal: given }, (signal) => work(deadlineAt, signal));
    const { threadId, usage, warnings } = answered;
    const models = usageByModel(usage);
    return {
      threadId,
      message: answered.text,
      assistantMessageId: `${threadId}-${answered.seq}`,
      agentSlug: answered.agent.slug,
      usage: totalUsage(models),
      executionMeta: {
        steps: answered.steps,
        durationMs: Math.round(clock.now() - startedAt),
        finishReason: answered.finishReason,
        toolCallSummary: answered.toolCalls,
        models,
        warnings,
      },
    };
  }

  /** An answer gives the turn back by itself. */
  async function inTurn(turn: Turn, work: () => Promise<Answered>): Promise<Answered & { readonly threadId: ThreadId }> {
    const threadId = turn.thread.id;
    try {
      return { ...(await work()), threadId };
    } catch (thrown) {
      await endTurn(db, threadId, turn.token).catch((error: unknown) => log.warn({ err: error, threadId }, "a turn ends by its lease"));
      throw thrown;
    }
  }

  async function answerInTurn(given: {
    readonly scope: Scope;
    readonly target: TextTarget;
    readonly turn: Turn;
    readonly message: string;
    readonly keyId: ApiKeyId | null;
    readonly deadlineAt: number;
    readonly signal: AbortSignal;
  }): Promise<Answered> {
    const { scope, target, turn, message, keyId, deadlineAt, signal } = given;
    const { thread } = turn;
    const history = await listThreadMessages(db, scope, thread.id, HISTORY_MESSAGES);
    const colleagues = target.kind === "router" ? await agentsOfRouter(db, scope, target.router) : NOBODY;
    const routed = target.kind === "router" ? await route(scope, target.router, thread, { history, message, keyId, signal }) : null;
    const agent = target.kind === "agent" ? target.agent : colleagues.get(routed?.agent ?? "");
    if (!agent) throw new Fault("failed_precondition", `the router's agent "${routed?.agent ?? ""}" is not in ${scope.environment}`);
    checkParams(agent, thread.channel_params);
    const messages = [{ role: "user", content: message }] as const;
    await appendMessages(db, scope, { threadId: thread.id, turnToken: turn.token, messages, endsTurn: false, now: now() });
    const answered = await answerMessage(services, { scope, turn, thread, agent, colleagues, history, message, keyId, deadlineAt, signal });
    const warnings = routed?.warning === undefined ? answered.warnings : [routed.warning, ...answered.warnings];
    return { ...answered, warnings, usage: routed?.usage ? [routed.usage, ...answered.usage] : answered.usage };
  }

  /** Asked anew for every message; the row of the thread has the last word. */
  async function route(
    scope: Scope,
    router: Extract<TextTarget, { readonly kind: "router" }>["router"],
    thread: Thread,
    newest: {
      readonly history: readonly Message[];
      readonly message: string;
      readonly keyId: ApiKeyId | null;
      readonly signal: AbortSignal;
    },
  ): Promise<{ readonly agent: string; readonly usage: TextUsage | null; readonly warning?: string }> {
    const { definition } = router;
    const said = newest.history.flatMap(({ role, content }) => (role === "tool" || content === "" ? [] : [{ role, text: content }]));
    const choice = await choose({
      asker: { scope, threadId: thread.id, payer: { agentSlug: router.slug, keyId: newest.keyId } },
      router: definition,
      messages: [...said, { role: "user", text: newest.message }],
      params: thread.channel_params,
      channel: thread.channel,
      currentAgent: thread.current_agent,
      withinMs: CLASSIFY_MS,
      signal: newest.signal,
    });
    await recordTextUsage(db, scope, { threadId: thread.id, usage: choice.charged, now: now() });
    const legal = definition.agents.map((agent) => agent.slug);
    const { agent, switched } = await routeThread(db, scope, { threadId: thread.id, decision: choice.agent, legal, now: now() });
    if (switched)
      log.info(
        { event: "router.transferred", threadId: thread.id, router: router.slug, from: thread.current_agent, to: agent, by: choice.by },
        "the router gave the conversation to another agent",
      );
    return { agent, usage: choice.usage, ...(choice.warning === undefined ? {} : { warning: choice.warning }) };
  }

  return {
    async chat(question) {
      model.ensureReady();
      const { scope } = question;
      const target = await findTextTarget(db, scope, question.target);
      const thread = await threadFor(services, question, target, now());
      if (target.kind === "agent") checkParams(target.agent, { ...thread.channel_params, ...question.params });
      return await converse(scope, target, thread, question);
    },

    async chatWithAgent({ actor, parentThread, agentSlug, message, context, keyId, signal }) {
      model.ensureReady();
      const scope: Scope = { organizationId: actor.organizationId, environment: actor.environment };
      await checkChain(db, scope, { actor, parentThread, agentSlug });
      const target = await findTextTarget(db, scope, { agent: agentSlug });
      const params = { ...(isFields(context) ? context : {}), ...(context === undefined ? {} : { parentContext: context }) };
      if (target.kind === "agent") checkParams(target.agent, params);
      const { thread } = await openThread(db, scope, {
        channel: "agent",
        target: { kind: "agent", slug: agentSlug },
        externalId: null,
        parentThreadId: parentThread,
        params,
        now: now(),
      });
      const answer = await converse(scope, target, thread, { message, params: {}, keyId, ...(signal ? { signal } : {}) });
      return { response: answer.message, threadId: answer.threadId, agentSlug: answer.agentSlug, usage: answer.usage };
    },

    async auditor(scope, { agentSlug, pinned: version }) {
      model.ensureReady();
      const agent = version && (await pinned(scope, { slug: agentSlug, ...version }));
      if (agent) return agent;
      const target = await findTextTarget(db, scope, { agent: agentSlug });
      if (target.kind !== "agent") throw new Fault("internal", "an auditor is an agent");
      return target.agent;
    },

    async audit({ signal: given, ...question }) {
      const { scope, agent, turn, report, attempt } = question;
      return await inTime(given, async (deadlineAt, signal) =>
        inTurn(turn, async () => {
          checkParams(agent, turn.thread.channel_params);
          const written = attempt === 1 ? [] : await listThreadMessages(db, scope, turn.thread.id, HISTORY_MESSAGES);
          const history = attemptsOf(written, attempt).slice(0, -1);
          const { audit, rules, keyId } = question;
          const asked = {
            scope,
            turn,
            thread: turn.thread,
            agent,
            colleagues: NOBODY,
            history,
            message: report,
            audit,
            rules,
            keyId,
          };
          return await answerMessage(services, { ...asked, deadlineAt, signal });
        }),
      );
    },

    chooseAgent: choose,
  };
}

/** What is asked of a thread. */
interface Asked {
  readonly message: string;
  /** Whose caps it counts against; `null`: no key's. */
  readonly keyId: ApiKeyId | null;
  readonly params: JsonObject;
  readonly signal?: AbortSignal;
}

const NOBODY: ReadonlyMap<string, TextAgent> = new Map();

/** What the attempts at this audit have written, this one's report included: as many reports as there were attempts. */
function attemptsOf(written: readonly Message[], attempt: number): readonly Message[] {
  const reports = written.flatMap(({ role }, index) => (role === "user" ? [index] : []));
  return written.slice(reports.at(-attempt) ?? reports[0] ?? written.length);
}

/** @throws Fault not_found for an id that is not the scope's, in the same words as for one that never was. */
async function threadFor({ db }: AnswerServices, question: ChatQuestion, target: TextTarget, now: Date): Promise<Thread> {
  const { scope, threadId, externalThreadId } = question;
  const named = target.kind === "agent" ? target.agent.slug : target.router.slug;
  if (threadId !== null) {
    const thread = await getThread(db, scope, threadId);
    if (!thread) throw new Fault("not_found", `there is no thread ${threadId} in ${scope.environment}`);
    return ofTarget(thread, target.kind, named);
  }
  const { thread } = await openThread(db, scope, {
    channel: "api",
    target: { kind: target.kind, slug: named },
    externalId: externalThreadId,
    parentThreadId: null,
    params: question.params,
    now,
  });
  return ofTarget(thread, target.kind, named);
}

/** A thread stays with whom it was begun: another agent would read what was not meant for it. */
function ofTarget(thread: Thread, kind: "agent" | "router", slug: string): Thread {
  if (thread.target_kind === kind && thread.target_slug === slug) return thread;
  const whose =
    thread.target_kind === null
      ? `a thread of the channel "${thread.channel}"`
      : `the thread of the ${thread.target_kind} "${thread.target_slug}"`;
  throw new Fault("failed_precondition", `${thread.id} is ${whose}, not of the ${kind} "${slug}"; begin a new thread for it`);
}

async function waitForTurn(
  { db, clock }: AnswerServices,
  scope: Scope,
  wanted: { readonly threadId: ThreadId; readonly params: JsonObject; readonly deadlineAt: number; readonly signal: AbortSignal },
): Promise<Turn> {
  const { threadId, params, deadlineAt, signal } = wanted;
  const until = Math.min(clock.now() + TURN_WAIT_MS, deadlineAt);
  for (let lookMs = TURN_LOOK_MS; ; lookMs = Math.min(lookMs * 2, TURN_LOOK_MAX_MS)) {
    const now = new Date(clock.wall());
    const expiresAt = new Date(now.getTime() + (deadlineAt - clock.now()) + TURN_GRACE_MS);
    const turn = await takeTurn(db, scope, { threadId, params, now, expiresAt });
    if (turn) return turn;
    if (clock.now() + lookMs >= until || signal.aborted) {
      throw new Fault("aborted", `another message of ${threadId} is still being answered; send this one again when its answer has come`);
    }
    await pause(clock, lookMs, signal);
  }
}

/** @throws Fault not_found, failed_precondition */
async function checkChain(
  db: Db,
  scope: Scope,
  asked: { readonly actor: { readonly slug: string }; readonly parentThread: ThreadId; readonly agentSlug: string },
): Promise<void> {
  const chain = await threadChain(db, scope, asked.parentThread);
  if (chain.length === 0) throw new Fault("not_found", `there is no thread ${asked.parentThread} in ${scope.environment}`);
  const path = [
    ...chain
      .slice(1)
      .toReversed()
      .flatMap((link) => (link.agent === null ? [] : [link.agent])),
    asked.actor.slug,
  ];
  if (path.includes(asked.agentSlug)) {
    throw new Fault(
      "failed_precondition",
      `agent.chat would go in a circle: ${[...path, asked.agentSlug].join(" → ")}; ask another agent, or answer yourself`,
    );
  }
  if (chain.length > AGENT_DEPTH_MAX) {
    throw new Fault("failed_precondition", `agent.chat is ${AGENT_DEPTH_MAX} agents deep already: ${path.join(" → ")}; answer yourself`);
  }
}

function isFields(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
