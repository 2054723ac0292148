/**
 * A case on the phone: a simulated caller dials the scene's number over simulated Twilio, speaks, listens, and judges by what was heard. The
 * caller is patient: it speaks when the agent has finished, and an agent that runs a tool has not. Waits are on what is heard and published,
 * so that the same conversation has the same turns however fast the machine is.
 */
import { type Clock, Fault } from "@struere/kernel";
import type { CallRecord } from "@struere/local/world.ts";
import { pause } from "@struere/runtime";
import type { PhoneCall } from "@struere/simulators";
import type { EvalCase, EvalTurn } from "struere";
import { CallNews } from "./call-news.ts";
import { callTimes } from "./call-times.ts";
import { costOfCall } from "./cost.ts";
import { actOf, type Reply, type TurnEvidence } from "./evidence.ts";
import { isPersona, type JudgeTurn, type Played, spoken, type Turns } from "./play.ts";
import type { Scene, Stage } from "./stage.ts";
import type { Voice } from "./voice.ts";
import type { Verdict } from "./assess/verdict.ts";

export interface VoiceCase {
  readonly stage: Stage;
  readonly scene: Scene;
  readonly case: EvalCase;
  readonly turns: Turns;
  readonly judge: JudgeTurn;
  readonly voice: Voice;
  readonly seed: number;
  readonly signal: AbortSignal;
}

/** So long the agent is silent before it has finished, with all its tools. */
const SETTLED_MS = 1_000;
/** A tool has answered, and the agent has not said anything about it yet. */
const AFTER_TOOL_MS = 3_500;
/** An agent that has not begun by then says nothing. */
const ANSWER_MS = 15_000;
/** After its last turn the caller gives the agent this time to end the call itself. */
const PARTING_MS = 2_500;
const MUMBLE_SHARE = 0.45;

export async function playVoiceCase(played: VoiceCase): Promise<Played> {
  const { stage, scene, case: one, signal } = played;
  const news = new CallNews(() => stage.clock.now());
  const leave = scene.follow((message) => news.add(message));
  const call = await stage.world.twilio.phone(one.caller.number).dial(scene.number);
  const hangUp = (): void => void call.hangUp();
  signal.addEventListener("abort", hangUp, { once: true });
  try {
    const tape = call.records();
    if (one.caller.line.noise !== "none" || one.caller.line.loss > 0) call.comesOver({ ...one.caller.line, seed: played.seed });
    const { turns, verdicts } = await converse(played, call, news);
    await call.hangUp();
    const record = await stage.world.recordOf(call.sid, scene.api);
    return {
      evidence: {
        turns: turns.map((turn) => withEnds(turn, record)),
        record,
        times: callTimes(tape),
        transferredTo: stage.world.twilio.calls.filter((other) => other.parentCallSid === call.sid).map(({ to }) => to),
        costMicros: costOfCall(record.usage),
        wav: tape.wav(),
      },
      verdicts,
    };
  } finally {
    signal.removeEventListener("abort", hangUp);
    leave();
    await call.hangUp();
  }
}

interface Conversation {
  readonly turns: TurnEvidence[];
  readonly verdicts: (readonly Verdict[])[];
}

/** A turn whose end is not known yet: the next one interrupts it, or goes on listening. Null: the agent speaks first. */
interface OpenTurn {
  readonly turn: EvalTurn | null;
}

async function converse(played: VoiceCase, call: PhoneCall, news: CallNews): Promise<Conversation> {
  const { stage, turns: given, judge, voice, signal } = played;
  const done: Conversation = { turns: [], verdicts: [] };
  const heard = (): readonly Reply[] => voice.heard(call, news);
  const before = { replies: 0, understood: 0, tools: 0 };

  /** @param until replies before this one are of this turn. */
  const finish = async (turn: EvalTurn | null, note: string | null, until = heard().length): Promise<void> => {
    const evidence: TurnEvidence = {
      act: turn && actOf(turn),
      said: turn?.user ?? null,
      replies: heard().slice(before.replies, until),
      understood: news.understood.slice(before.understood),
      tools: news.tools.slice(before.tools).map((tool) => ({ ...tool })),
      agent: news.agent,
      note: call.ending === null ? note : (note ?? "the call is over"),
    };
    Object.assign(before, { replies: until, understood: news.understood.length, tools: news.tools.length });
    done.turns.push(evidence);
    done.verdicts.push(await judge(turn, evidence));
  };
  const settle = (): Promise<string | null> =>
    settled({ clock: stage.clock, call, news, since: stage.clock.now(), heardBefore: before.replies, heard, signal });
  const scripted = isPersona(given) ? [] : given;
  const goesOn = (index: number): boolean => scripted[index]?.interruptAfter !== undefined || scripted[index]?.hear !== undefined;

  let open: OpenTurn | null = { turn: null };
  let count = 0;
  for (let index = 0; ; index++) {
    if (open && !goesOn(index)) {
      await finish(open.turn, await settle());
      open = null;
    }
    if (call.ending !== null || signal.aborted) break;
    const next = isPersona(given) ? await given.next(done.turns.at(-1)?.replies.map(({ text }) => text) ?? []) : given[index];
    if (next === undefined || next === "hang up") break;
    const turn = "say" in next ? spoken(next.say) : next;
    const acted = await act(played, call, turn, { index, news, heardNow: () => heard().length });
    count = index + 1;
    if (open) await finish(open.turn, null, Math.max(before.replies, acted.boundary));
    open = { turn };
    if (acted.failed === null && !turn.hangUp) continue;
    await finish(turn, acted.failed);
    open = null;
    break;
  }
  if (open) await finish(open.turn, null);
  if (call.ending === null) await untilOver(stage.clock, call, PARTING_MS, signal);
  for (const turn of scripted.slice(count)) {
    const nothing = { replies: [], understood: [], tools: [], agent: news.agent, note: "not played: the call was over before" };
    const evidence: TurnEvidence = { act: actOf(turn), said: turn.user ?? null, ...nothing };
    done.turns.push(evidence);
    done.verdicts.push(await judge(turn, evidence));
  }
  return done;
}

interface Acted {
  /** Why it could not be done. */
  readonly failed: string | null;
  /** Replies before this one came before it. */
  readonly boundary: number;
}

async function act(
  { voice, seed, stage, signal }: VoiceCase,
  call: PhoneCall,
  turn: EvalTurn,
  place: { readonly index: number; readonly news: CallNews; readonly heardNow: () => number },
): Promise<Acted> {
  const listen = (text: string) => ({ call, news: place.news, clock: stage.clock, pattern: patternOf(text), signal });
  // What sounds at this moment is heard by who goes on listening.
  let boundary = place.heardNow() - (turn.hear !== undefined && call.hearsSomebody ? 1 : 0);
  try {
    if (turn.pauseMs !== undefined) await pause(stage.clock, turn.pauseMs, signal);
    if (turn.user !== undefined) {
      const manner = {
        ...(await voice.speech(turn.user)),
        ...(turn.mumble ? { mumble: { share: MUMBLE_SHARE, seed: seed * 101 + place.index } } : {}),
      };
      if (turn.interruptAfter !== undefined) await voice.hearsSome(listen(turn.interruptAfter));
      boundary = place.heardNow();
      await call.says(turn.user, manner);
    } else if (turn.silent !== undefined) await call.staysSilent(turn.silent);
    else if (turn.press !== undefined) await call.presses(turn.press);
    else if (turn.hear !== undefined) await voice.hears(listen(turn.hear));
    else if (turn.hangUp) await call.hangUp();
    return { failed: null, boundary };
  } catch (thrown) {
    if (!(thrown instanceof Fault)) throw thrown;
    // The rest of its sentence is the call's whole timeline, which the report has anyway.
    return { failed: (thrown.sentence.split("\n")[0] ?? "").replace(/\. The call CA\w+ so far:$/, ""), boundary };
  }
}

function patternOf(text: string): string | RegExp {
  const [, source, flags] = /^\/(.+)\/([imsu]*)$/s.exec(text) ?? [];
  return source === undefined ? text : new RegExp(source, flags);
}

interface Settling {
  readonly clock: Clock;
  readonly call: PhoneCall;
  readonly news: CallNews;
  /** When the caller had finished. */
  readonly since: number;
  readonly heardBefore: number;
  readonly heard: () => readonly Reply[];
  readonly signal: AbortSignal;
}

/** Waits until the agent has finished. @returns what is to be noted: it has said nothing. */
async function settled({ clock, call, news, since, heardBefore, heard, signal }: Settling): Promise<string | null> {
  let soundAt = clock.now();
  const stop = call.onChange(() => {
    if (call.hearsSomebody) soundAt = clock.now();
  });
  try {
    for (;;) {
      if (call.ending !== null || signal.aborted) return null;
      const now = clock.now();
      const hasSpoken = heard().length > heardBefore;
      const quietMs = now - soundAt;
      if (!call.hearsSomebody && news.openTools === 0) {
        const owes = news.toolFinishedAt !== null && news.toolFinishedAt > soundAt;
        const waitMs = owes ? AFTER_TOOL_MS : hasSpoken ? SETTLED_MS : ANSWER_MS;
        if (quietMs >= waitMs && now - since >= waitMs && (!owes || now - (news.toolFinishedAt ?? now) >= waitMs)) {
          return hasSpoken ? null : "the agent said nothing";
        }
      }
      if (now - since > LONGEST_MS) return "the agent did not come to an end";
      await pause(clock, LOOK_MS, signal);
    }
  } finally {
    stop();
  }
}

const LOOK_MS = 40;
const LONGEST_MS = 90_000;

async function untilOver(clock: Clock, call: PhoneCall, ms: number, signal: AbortSignal): Promise<void> {
  const timer = new AbortController();
  void call.ended.then(() => timer.abort());
  await pause(clock, ms, AbortSignal.any([timer.signal, signal]));
}

/** The record knows all that would have been said, and how tools ended that had not when their turn was over. */
function withEnds(turn: TurnEvidence, { utterances, events }: Pick<CallRecord, "utterances" | "events">): TurnEvidence {
  const replies = turn.replies.map((reply) => {
    if (!reply.isCut) return reply;
    const whole = utterances.find(
      ({ generatedText, interrupted }) => interrupted && generatedText !== null && generatedText.startsWith(reply.text),
    );
    return { ...reply, whole: whole?.generatedText ?? null };
  });
  const tools = turn.tools.map((tool) => {
    const end = events.map(finishOf).find((one) => one?.id === tool.id);
    return tool.status !== "running" || !end ? tool : { ...tool, status: end.isError ? ("error" as const) : ("success" as const) };
  });
  return { ...turn, replies, tools };
}

function finishOf({ name, body }: CallRecord["events"][number]): { readonly id: unknown; readonly isError: boolean } | undefined {
  const data = body["data"];
  if (name !== "tool.finished" || typeof data !== "object" || data === null) return undefined;
  return { id: Reflect.get(data, "toolCallId"), isError: Reflect.get(data, "isError") === true };
}
