/**
 * The call: `reduce(state, event) → [state, effects]`.
 *
 * Everything that can happen to a call is in the one `switch` below, and what can follow from it in settle.ts. There is no I/O here, no
 * clock and no chance: the same events make the same call, which is why a call can be tested, simulated and replayed.
 *
 * What must stay true is written in invariant.ts and checked after every step of the tests. What does not fit the state (late, repeated,
 * out of order, or not ours) changes nothing and leaves a note: the wire is never trusted to be in order.
 */
import {
  audioStarted,
  laneOverflowed,
  laneProgressed,
  markReturned,
  modelErrored,
  responseCreated,
  responseDone,
  wordsSpoken,
} from "./agent.ts";
import { advised } from "./advice.ts";
import { loseModel } from "./asking.ts";
import { callerTranscribed, keyPressed, speechStarted, speechStopped, turnCommitted } from "./caller.ts";
import { abandon, closeAfterPlayOut, end, HUNG_UP, hangUp, hurry } from "./closing.ts";
import { type Draft, draftOf, emit, note, stateOf } from "./draft.ts";
import type { Effect } from "./effect.ts";
import type { CallEvent } from "./event.ts";
import { type Fact, NO_FACTS } from "./fact.ts";
import { auditorInjected } from "./inject.ts";
import { FADE_MS } from "./limits.ts";
import { attemptBroke, modelConfigured, modelOpened } from "./opening.ts";
import { resolve } from "./resolving.ts";
import { changeConfirmed, routed } from "./route.ts";
import { settle } from "./settle.ts";
import type { CallState, InCall } from "./state.ts";
import { heardMedia } from "./telephony-leg.ts";
import { toolFinished } from "./tool-calls.ts";

export type Step = readonly [CallState, readonly Effect[]];

/**
 * Pure. Effects are to be carried out in order, all of them before the next event is reduced.
 * @param facts what else is known at the moment of the event, and was not told yet: taken in before it, without a step for each
 */
export function reduce(state: CallState, event: CallEvent, facts: readonly Fact[] = NO_FACTS): Step {
  switch (state.phase) {
    case "resolving":
      return resolve(state, event);
    case "ended":
      return [state, []];
    default:
      return advance(state, event, facts);
  }
}

function advance(state: InCall, event: CallEvent, facts: readonly Fact[]): Step {
  const draft = draftOf(state, event.at);
  if (state.phase === "closing" && state.closing.step.name === "recording") {
    happenAfterRecord(draft, event);
  } else {
    for (const fact of facts) happen(draft, fact);
    happen(draft, event);
  }
  settle(draft);
  return [stateOf(draft), draft.effects];
}

function happen(draft: Draft, event: CallEvent): void {
  const { call } = draft;
  switch (event.type) {
    case "telephony.marked":
      return markReturned(draft, event);
    case "telephony.keyed":
      return keyPressed(draft, event);
    case "telephony.stopped":
      return stopped(draft, event.cause);

    case "model.opened":
    case "model.configured":
    case "model.closed":
    case "model.errored":
    case "model.speech_started":
    case "model.speech_stopped":
    case "model.turn_committed":
    case "model.caller_transcribed":
    case "model.transcription_failed":
    case "model.response_created":
    case "model.audio_started":
    case "model.words_spoken":
    case "model.words_finished":
    case "model.response_done":
      return event.leg === call.model.leg && call.model.state !== "gone" ? modelReported(draft, event) : note(draft, "stale_leg");

    case "lane.progressed":
      return laneProgressed(draft, event);
    case "lane.overflowed":
      return laneOverflowed(draft, event);
    case "tool.finished":
      return toolFinished(draft, event);
    case "router.routed":
      return routed(draft, event);
    case "auditor.injected":
      return auditorInjected(draft, event);

    case "clock.struck":
      return struck(draft, event.lastMediaAt);
    case "lease.lost":
      return abandon(draft);
    case "operator.hung_up":
      if (draft.stage.phase === "closing") return hurry(draft);
      return closeAfterPlayOut(draft, { outcome: "stopped", reason: event.reason }, FADE_MS);

    case "operator.advised":
      return advised(draft, event);

    case "telephony.started":
    case "config.resolved":
    case "config.rejected":
    case "record.closed":
      return note(draft, "unexpected_event");
    default:
      event satisfies never;
  }
}

type ModelReport = Extract<CallEvent, { readonly leg: number }>;

/** Of the leg that we have. Before it is configured only its own state is news. */
function modelReported(draft: Draft, event: ModelReport): void {
  const { call } = draft;
  if (call.model.state !== "open") return legReported(draft, event);
  switch (event.type) {
    case "model.configured":
      return changeConfirmed(draft) ? undefined : note(draft, "unexpected_event");
    case "model.opened":
      return note(draft, "unexpected_event");
    case "model.closed":
      return loseModel(draft, event);
    case "model.errored":
      return modelErrored(draft, event);
    case "model.speech_started":
      return speechStarted(draft, event);
    case "model.speech_stopped":
      return speechStopped(draft, event.itemId);
    case "model.turn_committed":
      return turnCommitted(draft, event);
    case "model.caller_transcribed":
      return callerTranscribed(draft, event.itemId, { text: event.text, transcription: "completed", usage: event.usage });
    case "model.transcription_failed":
      return callerTranscribed(draft, event.itemId, { text: "", transcription: "failed", usage: null });
    case "model.response_created":
      return responseCreated(draft, event);
    case "model.audio_started":
      return audioStarted(draft, event);
    case "model.words_spoken":
      return wordsSpoken(draft, event.itemId, { piece: event.text });
    case "model.words_finished":
      return wordsSpoken(draft, event.itemId, { whole: event.text });
    case "model.response_done":
      return responseDone(draft, event);
    default:
      event satisfies never;
  }
}

function legReported(draft: Draft, event: ModelReport): void {
  const { model } = draft.call;
  if (event.type === "model.opened") return modelOpened(draft, event);
  if (event.type === "model.configured") return modelConfigured(draft);
  if (model.state === "pausing") return note(draft, "stale_leg");
  if (event.type === "model.closed") return attemptBroke(draft, event);
  // A session that the vendor will not have as it is: asking again would change nothing.
  const isRefused = event.type === "model.errored" && model.state === "configuring" && event.requestId === model.requestId;
  if (!isRefused) return note(draft, "unexpected_event");
  emit(draft, { type: "model.close" });
  attemptBroke(draft, { code: event.code, fatal: true });
}

function stopped(draft: Draft, cause: "stop" | "closed" | "protocol_error"): void {
  hangUp(draft, cause === "protocol_error" ? { outcome: "failed", reason: "protocol_error" } : HUNG_UP);
}

/** The timer is used up; what was due is settle's to see. */
function struck(draft: Draft, lastMediaAt: number): void {
  const { call, at } = draft;
  call.armedAt = null;
  call.telephony = heardMedia(call.telephony, lastMediaAt, at);
}

/** Nothing may be published any more; injections still get their answer. */
function happenAfterRecord(draft: Draft, event: CallEvent): void {
  switch (event.type) {
    case "record.closed":
      return end(draft);
    case "telephony.stopped":
      return stopped(draft, event.cause);
    case "lease.lost":
      return abandon(draft);
    case "auditor.injected":
      return auditorInjected(draft, event);
    case "clock.struck":
      return struck(draft, event.lastMediaAt);
    default:
      return note(draft, "late_event");
  }
}
