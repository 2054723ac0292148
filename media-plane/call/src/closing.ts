/**
 * The end of a call: who may still say what, for how long, and what must be told to whom before it is over.
 *
 *     farewell ──said, or not in time──▶ fading ──played──▶ settling ──all known──▶ recording ──recorded──▶ ended
 *
 * Every reason to end enters at one of these steps and goes the rest of the way; the first reason stays the reason. Each step has its own
 * deadline, so that time alone brings every call to its end (CLOSING_MS). While the agent says its last words nobody cuts it off, and the
 * vendor's own responses are not let in.
 *
 * The line is closed last, after the record: Twilio then asks the control plane how to go on, and the answer (an apology, for instance)
 * depends on how the call ended. What must stay true: whatever is open (utterances, usage, injections) is settled before `record.close`,
 * nothing is published after it, and an ended call does nothing.
 */
import { type Draft, emit, hasModel, note, type Stage } from "./draft.ts";
import { NOTHING_WAITS, waiting } from "./injection.ts";
import { NO_KEYS } from "./keys.ts";
import { FADE_MS, LAST_WORDS_MS, LEAVE_MS, PADDING_MS, RECORD_MS, SETTLE_MS } from "./limits.ts";
import { hasSocket } from "./model-leg.ts";
import { announceFloor, closeHeard, fallSilent, publishFinal } from "./play-out.ts";
import {
  offsetMs,
  publishAgentUtterance,
  publishCallerUtterance,
  publishEvent,
  publishResponseUsage,
  refuseAll,
  sendReceipt,
} from "./record.ts";
import { type Ask, forgotten, isQuiet, NO_RESPONSE, withdrawn } from "./response.ts";
import { routingOver } from "./routing.ts";
import type { ClosingStep, Ending } from "./state.ts";
import { gone } from "./telephony-leg.ts";
import { answered, hasFloor, isSpeaking, unshielded } from "./turn.ts";
import { isTransferring, toldOn } from "./tools.ts";
import { NO_SILENCE } from "./silence.ts";

/** Ends the call after the agent has said something. A reason that comes later than another changes nothing. */
export function closeWithFarewell(
  draft: Draft,
  ending: Ending,
  farewell: { readonly ask: Ask; readonly tell: string; readonly startMs: number },
): void {
  const { at } = draft;
  const { ask, tell, startMs } = farewell;
  begin(draft, ending, { name: "farewell", ask, tell, asked: false, startBy: at + startMs, until: at + LAST_WORDS_MS });
}

/** Ends the call; what is playing may finish within `ms`. */
export function closeAfterPlayOut(draft: Draft, ending: Ending, ms: number): void {
  begin(draft, ending, { name: "fading", until: draft.at + ms });
}

/** Responses follow each other without end: what plays may finish, and nothing more is heard that could bring another one. */
export function closeRunaway(draft: Draft): void {
  if (stepOf(draft)) hurry(draft);
  else closeAfterPlayOut(draft, { outcome: "failed", reason: "response_runaway" }, FADE_MS);
  emit(draft, { type: "lane.route", inbound: "drop" });
}

/** Ends the call at once: nobody listens, or nobody may speak. */
export function closeNow(draft: Draft, ending: Ending): void {
  if (draft.stage.phase === "closing") return;
  begin(draft, ending, { name: "settling", until: draft.at });
  enterSettling(draft);
}

/** The caller is being connected to a person. What was said until now is all that was said; Twilio ends the stream, not we. */
export function closeTransferred(draft: Draft): void {
  const { call, at } = draft;
  begin(draft, TRANSFERRED, { name: "leaving", until: at + LEAVE_MS });
  fallSilent(draft, { interrupted: false, tellModel: false });
  emit(draft, { type: "lane.route", inbound: "drop" });
  if (!hasModel(draft)) return;
  emit(draft, { type: "model.close" });
  call.model = { state: "gone", leg: call.model.leg };
  call.response = withdrawn(forgotten({ ...call.response, rival: null }));
}

/** The stream stopped before it was known why. */
export function learnTransferred(draft: Draft): void {
  const { stage } = draft;
  if (stage.phase !== "closing" || stage.closing.reason !== HUNG_UP.reason) return;
  draft.stage = { phase: "closing", closing: { ...stage.closing, ...TRANSFERRED } };
}

export const HUNG_UP = { outcome: "completed", reason: "caller_hung_up" } as const;
const TRANSFERRED = { outcome: "completed", reason: "transferred" } as const;

/** The model is gone while the call was to end anyway: what plays may finish, nothing more will come. */
export function closeWithoutModel(draft: Draft): void {
  if (stepOf(draft)?.name === "farewell") enter(draft, { name: "fading", until: draft.at + FADE_MS });
}

/** Nobody is on the line any more. */
export function hangUp(draft: Draft, ending: Ending): void {
  if (draft.call.telephony.state !== "gone") draft.call.telephony = gone(draft.at);
  const step = stepOf(draft);
  if (!step) closeNow(draft, ending);
  else if (step.name === "farewell" || step.name === "fading" || step.name === "leaving") enterSettling(draft);
}

/** Somebody ends a call that was saying goodbye: it may finish the sentence. */
export function hurry(draft: Draft): void {
  const step = stepOf(draft);
  if (step?.name === "farewell") enter(draft, { name: "fading", until: draft.at + FADE_MS });
  else if (step?.name === "fading") enter(draft, { name: "fading", until: Math.min(step.until, draft.at + FADE_MS) });
  else if (step?.name === "leaving") enterSettling(draft);
}

/** The farewell is being asked for. */
export function farewellAsked(draft: Draft): void {
  const step = stepOf(draft);
  if (step?.name === "farewell") enter(draft, { ...step, asked: true });
}

/** State-triggered: goes on to the next step when this one is done or has taken too long. True if it did. */
export function closeFurther(draft: Draft): boolean {
  const step = stepOf(draft);
  switch (step?.name) {
    case undefined:
      return false;
    case "farewell":
      return sayFarewell(draft, step);
    case "fading":
      if (draft.call.playback.items.length > 0 && draft.at < step.until) return false;
      enterSettling(draft);
      return true;
    case "leaving":
      if (draft.at < step.until) return false;
      enterSettling(draft);
      return true;
    case "settling":
      if (!isSettled(draft) && draft.at < step.until) return false;
      record(draft);
      return true;
    case "recording":
      if (draft.at < step.until) return false;
      note(draft, "record_unanswered");
      end(draft);
      return true;
  }
}

/** The control plane knows; nothing is left to do. */
export function end(draft: Draft): void {
  const { stage, call } = draft;
  if (stage.phase !== "closing") return;
  const { outcome, reason } = stage.closing;
  if (call.telephony.state === "streaming") emit(draft, { type: "telephony.close", code: outcome === "failed" ? FAILED : NORMAL });
  draft.stage = { phase: "ended", outcome, reason };
}

/** Another node holds the call: not a sound, not a word to anybody. */
export function abandon(draft: Draft): void {
  const { call } = draft;
  emit(draft, { type: "lane.mute" });
  emit(draft, { type: "lane.route", inbound: "drop" });
  if (hasSocket(call.model)) emit(draft, { type: "model.close" });
  if (call.telephony.state === "streaming") emit(draft, { type: "telephony.close", code: POLICY });
  draft.stage = { phase: "ended", outcome: "failed", reason: "lease_lost" };
}

export function closingDeadline(stage: Stage): number {
  if (stage.phase !== "closing") return Number.POSITIVE_INFINITY;
  const { step } = stage.closing;
  return step.name === "farewell" ? Math.min(step.startBy ?? step.until, step.until) : step.until;
}

/** Close codes of the WebSocket (RFC 6455, 7.4.1). */
const NORMAL = 1000;
export const POLICY = 1008;
export const FAILED = 1011;

function begin(draft: Draft, ending: Ending, step: ClosingStep): void {
  const { call, stage } = draft;
  if (stage.phase === "closing" || stage.phase === "ended") return;
  refuseAll(draft, waiting(call.injection), "call_over");
  call.injection = { ...call.injection, ...NOTHING_WAITS };
  call.response = withdrawn(call.response);
  call.turn = unshielded(answered(call.turn));
  call.tools = toldOn(call.tools);
  call.keys = NO_KEYS;
  call.silence = NO_SILENCE;
  call.tones = { ...call.tones, waiting: "" };
  call.routing = routingOver(call.routing);
  draft.stage = { phase: "closing", closing: { ...ending, step } };
}

function stepOf(draft: Draft): ClosingStep | undefined {
  return draft.stage.phase === "closing" ? draft.stage.closing.step : undefined;
}

function enter(draft: Draft, step: ClosingStep): void {
  if (draft.stage.phase === "closing") draft.stage = { phase: "closing", closing: { ...draft.stage.closing, step } };
}

/** The farewell is over when nothing more comes of it; one that does not begin in time is left out. */
function sayFarewell(draft: Draft, step: ClosingStep & { readonly name: "farewell" }): boolean {
  const { call, at } = draft;
  const { slot } = call.response;
  const sounds = slot.state === "active" && slot.ask.purpose === step.ask.purpose && slot.audio !== "none";
  if (step.startBy !== null && step.asked && sounds) {
    enter(draft, { ...step, startBy: null });
    return true;
  }
  const said = step.asked && isQuiet(call.response) && call.playback.items.length === 0;
  if (said || at >= step.until) {
    enterSettling(draft);
    return true;
  }
  if (step.startBy === null || at < step.startBy) return false;
  enter(draft, { name: "fading", until: at + FADE_MS });
  return true;
}

function enterSettling(draft: Draft): void {
  fallSilent(draft, { interrupted: false, tellModel: false });
  // Whoever hangs up with the last word leaves the VAD waiting for the end of it; what was said belongs in the record.
  if (isCutOff(draft) && isSpeaking(draft.call.turn) && hasModel(draft)) emit(draft, { type: "model.append_silence", ms: PADDING_MS });
  emit(draft, { type: "lane.route", inbound: "drop" });
  enter(draft, { name: "settling", until: draft.at + SETTLE_MS });
}

/** The caller hung up in the middle of a sentence, or just after it. */
function isCutOff({ call }: Draft): boolean {
  return call.telephony.state === "gone" && hasFloor(call.turn);
}

/** The vendor owes us nothing any more, or can not pay. */
function isSettled(draft: Draft): boolean {
  const { call } = draft;
  if (isTransferring(call.tools)) return false;
  if (!hasModel(draft)) return true;
  return call.response.slot.state === "idle" && call.transcript.open.length === 0 && !isCutOff(draft);
}

function record(draft: Draft): void {
  const { call, at, stage } = draft;
  if (stage.phase !== "closing") return;
  const { outcome, reason } = stage.closing;
  while (closeHeard(draft) || publishFinal(draft));
  announceFloor(draft);
  for (const utterance of call.transcript.open) {
    if (utterance.speaker === "caller") publishCallerUtterance(draft, utterance, { text: "", transcription: "timed_out" });
    else publishAgentUtterance(draft, utterance, utterance.heard ?? { heardMs: 0, generatedMs: 0, endedAt: at, interrupted: false });
  }
  const { speaking } = call.injection;
  if (speaking) sendReceipt(draft, speaking.injected, { outcome: "refused", reason: "call_over", heardMs: speaking.heardMs });
  call.injection = { ...call.injection, speaking: null };
  for (const { responseId } of call.usage.awaited) publishResponseUsage(draft, responseId, null);
  call.response = NO_RESPONSE;
  publishEvent(draft, "call.ended", { outcome, reason });
  if (hasSocket(call.model)) emit(draft, { type: "model.close" });
  call.model = { state: "gone", leg: call.model.leg };
  const endedAt = call.telephony.state === "gone" ? call.telephony.since : at;
  const durationMs = offsetMs(draft, endedAt);
  emit(draft, { type: "record.close", outcome, reason, durationMs, lastSeq: call.seq });
  enter(draft, { name: "recording", until: at + RECORD_MS });
}
