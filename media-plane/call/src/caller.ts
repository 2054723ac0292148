/**
 * What the caller does: speak, fall silent, have their words transcribed, press keys. Each turn gets its place in the transcript when it is
 * committed, and is owed an answer; whether speech cuts the agent off, and when the answer is asked for, is for settle.ts.
 *
 * The VAD's news may be late, doubled or lost: starts and ends belong together by item id, and no wait for the caller is without an end.
 */
import { type Draft, emit, isLive, note } from "./draft.ts";
import type { EventOf, Usage } from "./event.ts";
import { isComplete, isFull, isKey, NO_KEYS, pressed } from "./keys.ts";
import { keysPressed } from "./directive.ts";
import { tell } from "./asking.ts";
import { PADDING_MS } from "./limits.ts";
import { publishCallerUtterance, publishEvent, publishTranscriptionUsage, warn } from "./record.ts";
import { isFree } from "./response.ts";
import { heldFor, unheld } from "./routing.ts";
import { broken } from "./silence.ts";
import { hasGap, padded } from "./telephony-leg.ts";
import { newTurn } from "./tools.ts";
import { callerAppeared, findUtterance, isKnownItem, overdueCallerUtterance } from "./transcript.ts";
import { floorEndsAt, isSpeaking, owes, startedSpeaking, stoppedPausing, stoppedSpeaking } from "./turn.ts";
import { callerSpoke } from "./usage.ts";

export function speechStarted(draft: Draft, event: EventOf<"model.speech_started">): void {
  const { call, at } = draft;
  const { caller } = call.turn;
  if (caller.state === "speaking" && caller.itemId === event.itemId) return note(draft, "speech_started_twice");
  // The end of the speech before was lost.
  if (caller.state === "speaking") fallsSilent(draft);
  call.turn = startedSpeaking(call.turn, event.itemId, at);
  call.silence = broken(call.silence);
  publishEvent(draft, "caller.speaking", { itemId: event.itemId });
}

export function speechStopped(draft: Draft, itemId: string): void {
  const { caller } = draft.call.turn;
  if (caller.state !== "speaking" || caller.itemId !== itemId) return note(draft, "late_speech_stopped");
  fallsSilent(draft);
}

/** The caller's turn is complete: it has its place in the transcript, and is owed an answer. */
export function turnCommitted(draft: Draft, event: EventOf<"model.turn_committed">): void {
  const { call, at } = draft;
  const { itemId } = event;
  const { caller } = call.turn;
  if (caller.state === "speaking" && caller.itemId === itemId) fallsSilent(draft);
  call.turn = stoppedPausing(call.turn);
  call.tools = newTurn(call.tools);
  appear(draft, itemId);
  if (!isLive(draft)) return;
  // Whatever is in flight keeps the vendor's VAD from asking for the answer by itself.
  call.routing = heldFor(call.routing, itemId, at);
  call.turn = owes(call.turn, at, { ours: !isFree(call.response) || !call.routing.autoRespond });
}

export function callerTranscribed(
  draft: Draft,
  itemId: string,
  result: { readonly text: string; readonly transcription: "completed" | "failed"; readonly usage: Usage | null },
): void {
  const { text, transcription, usage } = result;
  appear(draft, itemId);
  const utterance = findUtterance(draft.call.transcript, itemId);
  const isAwaited = utterance?.speaker === "caller";
  const spokenMs = isAwaited && transcription === "completed" ? utterance.endedAt - utterance.startedAt : 0;
  publishTranscriptionUsage(draft, itemId, usage, spokenMs);
  if (!isAwaited) return note(draft, "late_transcription");
  publishCallerUtterance(draft, utterance, { text, transcription });
  if (text.trim() === "") draft.call.routing = unheld(draft.call.routing, itemId);
}

export function keyPressed(draft: Draft, event: EventOf<"telephony.keyed">): void {
  const { call, at } = draft;
  const { digit } = event;
  if (!isKey(digit)) return note(draft, "unknown_key");
  publishEvent(draft, "key.pressed", { digit });
  call.silence = broken(call.silence);
  if (draft.stage.phase === "closing") return;
  // Only while nobody can be told.
  if (isFull(call.keys)) return note(draft, "key_dropped");
  call.keys = pressed(call.keys, digit, at);
}

/** State-triggered: the number is complete, and the model may know it. True if it was told. */
export function passKeysOn(draft: Draft): boolean {
  const { call, at } = draft;
  if (!isLive(draft) || call.keys.digits === "" || !isComplete(call.keys, at)) return false;
  tell(draft, "user", keysPressed(call.keys.digits));
  call.keys = NO_KEYS;
  call.turn = owes(call.turn, at, { ours: true });
  call.tools = newTurn(call.tools);
  return true;
}

/** State-triggered: waits that the caller's side has kept open too long. True if one was ended. */
export function endCallerWaits(draft: Draft): boolean {
  const { call, at } = draft;
  const utterance = overdueCallerUtterance(call.transcript, at);
  if (utterance) {
    publishCallerUtterance(draft, utterance, { text: "", transcription: "timed_out" });
    return true;
  }
  if (at >= floorEndsAt(call.turn)) {
    if (isSpeaking(call.turn)) warn(draft, "speech_without_end");
    fallsSilent(draft);
    call.turn = stoppedPausing(call.turn);
    return true;
  }
  if (isLive(draft) && isSpeaking(call.turn) && hasGap(call.telephony, at)) {
    call.telephony = padded(call.telephony, at);
    emit(draft, { type: "model.append_silence", ms: PADDING_MS });
    return true;
  }
  return false;
}

/** Gives the item its place, unless it has one. Transcriptions have been seen before the commit. */
function appear(draft: Draft, itemId: string): void {
  const { call, at } = draft;
  if (isKnownItem(call.transcript, itemId)) return;
  const { spoken } = call.turn;
  const times = spoken?.itemId === itemId ? { startedAt: spoken.startedAt, endedAt: spoken.endedAt } : { startedAt: at, endedAt: at };
  call.transcript = callerAppeared(call.transcript, { itemId, agent: call.routing.agent.slug, ...times, at });
}

function fallsSilent(draft: Draft): void {
  const { call, at } = draft;
  const { caller } = call.turn;
  if (caller.state !== "speaking") return;
  call.turn = stoppedSpeaking(call.turn, at);
  call.usage = callerSpoke(call.usage, at - caller.since);
  publishEvent(draft, "caller.silent", { itemId: caller.itemId });
}
