/**
 * From a configuration to a conversation: the model's leg is opened and configured while caller audio is held, so that not a word is lost and
 * nothing reaches a session that does not know yet what it is. Then the agent speaks first, or goes on where another node had to stop.
 */
import { NO_ADVICE } from "./advice.ts";
import { NO_PACE } from "./pace.ts";
import { askNow, tell } from "./asking.ts";
import { closeNow } from "./closing.ts";
import type { CallConfig } from "./config.ts";
import { CONTINUE, GREET } from "./directive.ts";
import { type Draft, emit, mintRequest, note } from "./draft.ts";
import type { EventOf } from "./event.ts";
import { NO_KEYS } from "./keys.ts";
import { brokenLeg, configuringLeg, firstLeg, openingLeg } from "./model-leg.ts";
import { SILENT } from "./playback.ts";
import { publishEvent } from "./record.ts";
import { ask, NO_RESPONSE } from "./response.ts";
import { NO_SILENCE } from "./silence.ts";
import { beginRouting } from "./routing.ts";
import type { Resolving } from "./state.ts";
import { NO_TONES } from "./tones.ts";
import { NO_TOOLS } from "./tools.ts";
import { BLANK } from "./transcript.ts";
import { NOBODY, shielded } from "./turn.ts";
import { NOTHING_USED } from "./usage.ts";

/** All machines at rest. The first leg is being opened, unless the call is over before it began. */
export function beginCall(state: Resolving, config: CallConfig, at: number): Draft {
  const { startedAt, telephony, armedAt, ending, injection } = state;
  const draft: Draft = {
    at,
    effects: [],
    stage: { phase: "connecting" },
    call: {
      at,
      armedAt,
      startedAt,
      config,
      telephony,
      model: ending ? { state: "gone", leg: 0 } : firstLeg(at),
      response: NO_RESPONSE,
      playback: SILENT,
      turn: NOBODY,
      transcript: BLANK,
      injection,
      tools: NO_TOOLS,
      tones: NO_TONES,
      routing: beginRouting(config),
      usage: NOTHING_USED,
      keys: NO_KEYS,
      silence: NO_SILENCE,
      advice: NO_ADVICE,
      pace: NO_PACE,
      seq: 0,
      requests: 0,
    },
  };
  const { direction, agent, voice, history } = config;
  publishEvent(draft, "call.started", {
    direction,
    agent: agent.slug,
    version: agent.version,
    model: voice.model,
    voice: voice.voice,
    resumed: history.length > 0,
  });
  if (ending) closeNow(draft, ending);
  else emit(draft, { type: "model.open", leg: 1, model: voice.model });
  return draft;
}

export function modelOpened(draft: Draft, event: EventOf<"model.opened">): void {
  const { call } = draft;
  const { model, config } = call;
  if (model.state !== "opening") return note(draft, "unexpected_event");
  const requestId = mintRequest(draft);
  const { leg, giveUpAt } = model;
  call.model = configuringLeg({ leg, at: draft.at, giveUpAt, requestId, sessionId: event.sessionId });
  publishEvent(draft, "model.opened", { leg, sessionId: event.sessionId });
  const { agent, autoRespond } = call.routing;
  emit(draft, { type: "model.configure", requestId, agent, voice: config.voice, autoRespond });
}

export function modelConfigured(draft: Draft): void {
  const { call } = draft;
  const { model, config } = call;
  if (model.state !== "configuring") return note(draft, "unexpected_event");
  call.model = { state: "open", leg: model.leg, sessionId: model.sessionId };
  draft.stage = { phase: "live" };
  emit(draft, { type: "lane.route", inbound: "flow" });
  if (config.history.length > 0) {
    emit(draft, { type: "model.replay", requestId: mintRequest(draft), history: config.history });
    tell(draft, "system", CONTINUE);
    return askNow(draft, ask("reply"));
  }
  // Somebody wants something else to be the first word, and the last.
  if (call.injection.abort) return;
  call.turn = shielded(call.turn);
  tell(draft, "system", GREET);
  askNow(draft, ask("greeting"));
}

/** An attempt broke. One more, or the call can not be. */
export function attemptBroke(draft: Draft, problem: { readonly code: string; readonly fatal: boolean }): void {
  const { call, at } = draft;
  const { code, fatal } = problem;
  const { leg } = call.model;
  publishEvent(draft, "model.lost", { leg, code, fatal });
  call.model = fatal ? { state: "gone", leg } : brokenLeg(call.model, at);
  if (call.model.state === "gone") closeNow(draft, { outcome: "failed", reason: fatal ? "model_refused" : "model_unavailable" });
}

/** State-triggered: an attempt hangs, or the pause after one is over. True if something was done. */
export function openFurther(draft: Draft): boolean {
  const { call, at } = draft;
  const { model } = call;
  if (draft.stage.phase !== "connecting" || model.state === "open" || model.state === "gone" || at < model.until) return false;
  if (model.state === "pausing") {
    const leg = model.leg + 1;
    call.model = openingLeg({ leg, at, giveUpAt: model.giveUpAt });
    emit(draft, { type: "model.open", leg, model: call.config.voice.model });
    return true;
  }
  emit(draft, { type: "model.close" });
  attemptBroke(draft, { code: "deadline_exceeded", fatal: false });
  return true;
}
