/** A case in writing: each turn is a message over the API, as any program would send it. */
import { type Clock, Fault } from "@struere/kernel";
import { pause } from "@struere/runtime";
import type { EvalCase, EvalSuite } from "struere";
import { z } from "zod";
import { costOfText } from "./cost.ts";
import { actOf, type TurnEvidence } from "./evidence.ts";
import { isPersona, type JudgeTurn, type Played, spoken, type Turns } from "./play.ts";
import type { Scene } from "./stage.ts";
import type { Verdict } from "./assess/verdict.ts";

const Answer = z.object({
  threadId: z.string(),
  message: z.string(),
  agentSlug: z.string(),
  executionMeta: z.object({
    toolCallSummary: z.array(z.object({ name: z.string(), status: z.string() })),
    models: z.array(z.object({ model: z.string(), inputTokens: z.number(), cachedInputTokens: z.number(), outputTokens: z.number() })),
  }),
});
type Answer = z.output<typeof Answer>;

export interface TextCase {
  readonly clock: Clock;
  readonly scene: Scene;
  readonly suite: EvalSuite;
  readonly case: EvalCase;
  readonly turns: Turns;
  readonly judge: JudgeTurn;
  readonly signal: AbortSignal;
}

/** @throws Fault with what the server said. */
export async function playTextCase(played: TextCase): Promise<Played> {
  const turns: TurnEvidence[] = [];
  const verdicts: (readonly Verdict[])[] = [];
  const models: Answer["executionMeta"]["models"] = [];
  let threadId: string | null = null;
  let heard: readonly string[] = [];
  for (let index = 0; ; index++) {
    const next = isPersona(played.turns) ? await played.turns.next(heard) : played.turns[index];
    if (next === undefined || next === "hang up") break;
    const turn = "say" in next ? spoken(next.say) : next;
    const answer = await write(played, turn.user ?? "", threadId);
    threadId = answer.threadId;
    models.push(...answer.executionMeta.models);
    heard = answer.message === "" ? [] : [answer.message];
    const evidence: TurnEvidence = {
      act: actOf(turn),
      said: turn.user ?? null,
      replies: heard.map((text) => ({ agent: answer.agentSlug, text, isCut: false, whole: null })),
      understood: turn.user === undefined ? [] : [turn.user],
      tools: answer.executionMeta.toolCallSummary.map(({ name, status }) => ({
        id: "",
        name,
        status: status === "success" ? "success" : "error",
      })),
      agent: answer.agentSlug,
      note: answer.message === "" ? "the agent answered nothing" : null,
    };
    turns.push(evidence);
    verdicts.push(await played.judge(turn, evidence));
  }
  return { evidence: { turns, record: null, times: null, transferredTo: [], costMicros: costOfText(models), wav: null }, verdicts };
}

/** The API takes only so many messages a minute; who sends more is told when to come again. */
const ATTEMPTS = 6;

async function write({ clock, scene, suite, case: one, signal }: TextCase, message: string, threadId: string | null): Promise<Answer> {
  const path = suite.agent === undefined ? `/v1/routers/${suite.router ?? ""}/chat` : `/v1/agents/${suite.agent}/chat`;
  const params = one.contextParams;
  for (let attempt = 1; ; attempt++) {
    const response = await fetch(`${scene.httpUrl}${path}`, {
      method: "POST",
      signal,
      headers: { authorization: `Bearer ${scene.apiKey}`, "content-type": "application/json" },
      body: JSON.stringify({ message, ...(threadId === null ? {} : { threadId }), ...(params ? { threadContext: { params } } : {}) }),
    });
    const body: unknown = await response.json();
    if (response.ok) return Answer.parse(body);
    if (response.status === 429 && attempt < ATTEMPTS) {
      await pause(clock, Number(response.headers.get("retry-after") ?? 1) * 1_000, signal);
      signal.throwIfAborted();
      continue;
    }
    const { data } = z.object({ error: z.string() }).safeParse(body);
    throw new Fault("failed_precondition", data?.error ?? `the API answered ${response.status}`);
  }
}
