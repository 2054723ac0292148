/**
 * Plays a script to the call machine and prints what came of it. The only place in these tests that touches the API: the machine can be
 * rebuilt without rewriting the stories.
 *
 * Between two events the clock strikes whenever it was armed to, as in the real shell. Times are milliseconds since the stream began.
 * After every step all invariants are checked, and every published body against the schemas of the bus.
 */
import { EventMessage, TranscriptMessage, UsageMessage } from "@struere/protocol/bus";
import {
  type CallConfig,
  type CallEvent,
  type CallState,
  checkInvariants,
  describeEffect,
  describeEvent,
  type Effect,
  initialCall,
  markName,
  reduce,
} from "../src/index.ts";
import { aCallConfig } from "./a-call-config.ts";

type WithoutLeg<Event> = Event extends { readonly leg: number } ? Omit<Event, "leg"> & { readonly leg?: number } : Event;
type WithoutClock<Event> = Event extends { readonly playsUntil: number }
  ? Omit<Event, "playsUntil"> & { readonly playsUntil?: number }
  : Event;

/** An event, of leg 1, and of audio that is sent just now, unless it says otherwise; or time that passes; or the caller's media, which no longer come. */
export type Scripted = WithoutClock<WithoutLeg<CallEvent>> | { readonly at: number; readonly type: "wait" | "media_stops" };

export interface Played {
  readonly state: CallState;
  readonly effects: readonly Effect[];
  /** `at event`, followed by its effects, indented. */
  readonly text: string;
}

/** What follows from `script` after what went before, as text: timers and notes left out. */
export function play(before: readonly Scripted[], ...script: readonly Scripted[]): string {
  return playAll([...before, ...script], before.length).text;
}

/** As `play`, with the notes. */
export function playNotes(before: readonly Scripted[], ...script: readonly Scripted[]): string {
  return playAll([...before, ...script], before.length, { notes: true }).text;
}

export function playAll(script: readonly Scripted[], silentSteps = 0, options: { readonly notes?: boolean } = {}): Played {
  let state = initialCall({ at: 0 });
  let armedAt: number | null = null;
  let mediaStopAt = Number.POSITIVE_INFINITY;
  const line = new PlayedAtOnce();
  const effects: Effect[] = [];
  const lines: string[] = [];

  const step = (event: CallEvent, isPrinted: boolean): void => {
    const [next, out] = reduce(state, event);
    state = next;
    effects.push(...out);
    for (const effect of out) {
      if (effect.type === "clock.arm") armedAt = effect.at;
      if (effect.type === "bus.publish") assertPublishable(effect);
    }
    const problems = checkInvariants(state);
    if (problems.length > 0) throw new Error(`after ${describeEvent(event)}: ${problems.join("; ")}`);
    const shown = out.filter((effect) => effect.type !== "clock.arm" && (options.notes || effect.type !== "note"));
    const isTick = event.type === "clock.struck";
    if (isPrinted && (shown.length > 0 || !isTick)) {
      lines.push(`${String(event.at).padStart(6)} ${isTick ? "clock.struck" : describeEvent(withoutUsual(event))}`);
      for (const effect of shown) lines.push(`         > ${describeEffect(effect)}`);
    }
  };

  const passTime = (until: number, isPrinted: boolean): void => {
    for (let strikes = 0; armedAt !== null && armedAt <= until; strikes++) {
      if (strikes > 10_000) throw new Error(`the clock strikes without end at ${armedAt}`);
      const at = armedAt;
      armedAt = null;
      step({ at, type: "clock.struck", lastMediaAt: Math.min(at, mediaStopAt) }, isPrinted);
    }
  };

  script.forEach((scripted, index) => {
    const isPrinted = index >= silentSteps;
    passTime(scripted.type === "wait" ? scripted.at : scripted.at - 1, isPrinted);
    if (scripted.type === "wait") return;
    if (scripted.type === "media_stops") mediaStopAt = scripted.at;
    else step(line.clocked(withLeg(scripted as WithoutLeg<CallEvent>)), isPrinted);
  });
  return { state, effects, text: lines.join("\n") };
}

/** The shell's part: epoch, seq and wall time. */
export function assertPublishable(effect: Extract<Effect, { type: "bus.publish" }>): void {
  const message = { ...effect.body, epoch: 1, seq: effect.seq, at: 1_700_000_000_000 };
  const schema = { transcript: TranscriptMessage, event: EventMessage, usage: UsageMessage }[effect.kind];
  const parsed = schema.safeParse(message);
  if (!parsed.success) throw new Error(`${JSON.stringify(effect.body)} is not a ${effect.kind} message: ${parsed.error.message}`);
}

// Scenes: what happens before the part that a test is about.

/** The phone has answered, the configuration is there, the model is being opened. */
export function connecting(config: CallConfig = aCallConfig()): readonly Scripted[] {
  return [
    { at: 0, type: "telephony.started", streamSid: "MZ1" },
    { at: 40, type: "config.resolved", config },
  ];
}

/** The model is configured and the greeting is asked for (r1.3). */
export function live(config: CallConfig = aCallConfig()): readonly Scripted[] {
  return [
    ...connecting(config),
    { at: 200, type: "model.opened", sessionId: "sess_1", expiresAt: null },
    { at: 300, type: "model.configured" },
  ];
}

/** A response, complete within 100 ms, none of it heard yet. */
export function says(
  at: number,
  said: {
    readonly responseId: string;
    readonly itemId: string;
    readonly requestId?: string | null;
    readonly text: string;
    readonly ms: number;
  },
): readonly Scripted[] {
  const { responseId, itemId, requestId = null, text, ms } = said;
  return [
    { at, type: "model.response_created", responseId, requestId },
    { at: at + 20, type: "model.audio_started", responseId, itemId },
    { at: at + 60, type: "model.words_finished", itemId, text },
    { at: at + 80, type: "lane.progressed", itemId, generatedMs: ms, sentMs: ms, finished: true },
    { at: at + 100, type: "model.response_done", responseId, status: "completed", reason: null, toolCalls: [], usage: A_USAGE },
  ];
}

/** A mark came back. */
export function heard(at: number, itemId: string, sentMs: number, generation = 1): Scripted {
  return { at, type: "telephony.marked", name: markName({ generation, itemId, sentMs }) };
}

/** The greeting was said and heard; nobody speaks. It is 2,900 ms after the start. */
export function greeted(config: CallConfig = aCallConfig()): readonly Scripted[] {
  return [
    ...live(config),
    ...says(500, {
      responseId: "resp_1",
      itemId: "agent_1",
      requestId: "r1.3",
      text: "Hello, this is Ada. How can I help you?",
      ms: 2_000,
    }),
    heard(2_700, "agent_1", 2_000),
  ];
}

/** The caller has said something, and the vendor's VAD took it as a turn. */
export function callerSays(at: number, itemId: string, ms = 800): readonly Scripted[] {
  return [
    { at, type: "model.speech_started", itemId },
    { at: at + ms, type: "model.speech_stopped", itemId },
    { at: at + ms + 10, type: "model.turn_committed", itemId },
  ];
}

export const A_USAGE = {
  inputTextTokens: 100,
  inputAudioTokens: 20,
  cachedTextTokens: 0,
  cachedAudioTokens: 0,
  outputTextTokens: 10,
  outputAudioTokens: 40,
};

function withLeg(scripted: WithoutLeg<CallEvent>): CallEvent {
  return (scripted.type.startsWith("model.") ? { leg: 1, ...scripted } : scripted) as CallEvent;
}

/** What every event of a story has, and says nothing. */
function withoutUsual(event: CallEvent): CallEvent {
  const isUsual = ([name, value]: readonly [string, unknown]): boolean => (name === "leg" && value === 1) || name === "playsUntil";
  return Object.fromEntries(Object.entries(event).filter((field) => !isUsual(field))) as CallEvent;
}

/** The lane's clock: audio plays as soon as it is sent and what was sent before it is over. */
class PlayedAtOnce {
  readonly #sentMs = new Map<string, number>();
  #playsUntil = 0;

  clocked(event: CallEvent): CallEvent {
    if (event.type === "lane.progressed") {
      const { at, itemId, sentMs } = event;
      this.#playsUntil = Math.max(this.#playsUntil, at) + sentMs - (this.#sentMs.get(itemId) ?? 0);
      this.#sentMs.set(itemId, sentMs);
      return { ...event, playsUntil: event.playsUntil ?? this.#playsUntil };
    }
    return event;
  }
}
