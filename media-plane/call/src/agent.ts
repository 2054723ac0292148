/**
 * What the agent does: respond, speak, be heard, come to an end. The news of the model and of the lane, as they come in, each put into the
 * machines that it concerns: response.ts knows which response it is, playback.ts what was heard, transcript.ts what was said.
 *
 * Decided here is what a response is to us when it appears (the one voice, or one too many) and what its end calls for: tools, a retry, or
 * nothing. When the next word may be said is for settle.ts. What must stay true: audio reaches the caller only after `lane.play` of the one
 * active response, and what did not reach the caller does not stay in the model's memory.
 */
import { askAgain, mayBeAsked } from "./asking.ts";
import { closeRunaway } from "./closing.ts";
import { type Draft, emit, hasModel, mintRequest, note } from "./draft.ts";
import type { EventOf } from "./event.ts";
import { spokenBy } from "./injection.ts";
import { BUSY_MAX, USAGE_AWAITED_MAX } from "./limits.ts";
import { isRunaway, paced } from "./pace.ts";
import { cancelResponse } from "./play-out.ts";
import { findItem, itemRefused, itemStarted, marked, parseMark, progressed } from "./playback.ts";
import { publishResponseUsage, warn } from "./record.ts";
import { activeResponseId, asksWhenFree, audioMoved, created, done, isAnsweredByAnyReply, isAside, refused } from "./response.ts";
import { changeRefused } from "./route.ts";
import { callTools, dismissTools } from "./tool-calls.ts";
import { TONES_MARK, tonesEnded } from "./tones.ts";
import { toldOn } from "./tools.ts";
import { agentAppeared, isKnownItem, soundedFrom, worded } from "./transcript.ts";
import { answered } from "./turn.ts";
import { awaits, generatedMore } from "./usage.ts";

const BUSY = "conversation_already_has_active_response";
const RATE_LIMITED: ReadonlySet<string> = new Set(["rate_limit_exceeded", "inference_rate_limit_exceeded"]);

export function responseCreated(draft: Draft, news: { readonly responseId: string; readonly requestId: string | null }): void {
  const { call, at } = draft;
  const { responseId } = news;
  const result = created(call.response, { ...news, at });
  if (result.is === "known") return note(draft, "response_known");
  call.response = result.response;
  awaitUsage(draft, responseId);
  call.pace = paced(call.pace, at);
  if (isRunaway(call.pace)) closeRunaway(draft);
  if (result.is === "younger") {
    note(draft, "response_discarded");
    if (hasModel(draft)) emit(draft, { type: "model.cancel", requestId: mintRequest(draft), responseId });
    return;
  }
  if (result.unwanted || !mayBeAsked(draft, result.ask)) return cancelResponse(draft);
  if (result.ask.purpose === "injection") call.injection = spokenBy(call.injection, responseId);
  if (isAnsweredByAnyReply(result.ask) && !isAside(result.ask)) {
    call.turn = answered(call.turn);
    call.tools = toldOn(call.tools);
  }
  emit(draft, { type: "lane.play", responseId, generation: call.playback.generation });
}

export function audioStarted(draft: Draft, event: EventOf<"model.audio_started">): void {
  const { call, at } = draft;
  const { responseId, itemId } = event;
  // Its beginning was not announced, or the announcement was lost: it is here, so it has begun.
  if (isUnheardOf(draft, responseId)) responseCreated(draft, { responseId, requestId: awaitedRequest(draft) });
  if (isItemKnown(draft, itemId)) return note(draft, "item_known");
  if (activeResponseId(call.response) !== responseId) return refuseItem(draft, itemId);
  startItem(draft, { itemId, responseId, at });
  call.response = audioMoved(call.response, responseId, "moving", at);
}

export function wordsSpoken(draft: Draft, itemId: string, words: { readonly piece: string } | { readonly whole: string }): void {
  draft.call.transcript = worded(draft.call.transcript, itemId, words);
}

export function laneProgressed(draft: Draft, event: EventOf<"lane.progressed">): void {
  const { call } = draft;
  const { at, itemId } = event;
  const active = activeResponseId(call.response);
  // The lane plays nothing but the response that it was told to play: audio that comes before its announcement belongs to that.
  if (active && !isItemKnown(draft, itemId)) startItem(draft, { itemId, responseId: active, at });
  const before = findItem(call.playback, itemId);
  if (!before) return note(draft, "late_audio");
  const soundsAt = Math.max(Math.min(event.playsUntil - event.sentMs, at), call.playback.playsUntil);
  call.playback = progressed(call.playback, event);
  const after = findItem(call.playback, itemId);
  if (!after || after === before) return;
  if (before.sentMs === 0 && after.sentMs > 0) call.transcript = soundedFrom(call.transcript, itemId, soundsAt);
  call.usage = generatedMore(call.usage, after.responseId, after.generatedMs - before.generatedMs);
  const isFinished = call.playback.items.every((item) => item.finished || item.responseId !== after.responseId);
  call.response = audioMoved(call.response, after.responseId, isFinished ? "finished" : "moving", at);
}

/** The rest of this response is lost; what was taken of it is played, and the model learns how much that was. */
export function laneOverflowed(draft: Draft, event: EventOf<"lane.overflowed">): void {
  warn(draft, "audio_overflow");
  if (activeResponseId(draft.call.response) === event.responseId) cancelResponse(draft);
}

export function markReturned(draft: Draft, event: EventOf<"telephony.marked">): void {
  const { call } = draft;
  if (event.name === TONES_MARK && call.tones.playsUntil !== null) {
    call.tones = tonesEnded(call.tones);
    return;
  }
  const mark = parseMark(event.name);
  if (!mark) return note(draft, "unknown_mark");
  if (mark.generation !== call.playback.generation) return note(draft, "stale_mark");
  call.playback = marked(call.playback, mark, event.at);
}

export function responseDone(draft: Draft, event: EventOf<"model.response_done">): void {
  const { call } = draft;
  const { responseId, status, reason, toolCalls, usage } = event;
  publishResponseUsage(draft, responseId, usage);
  for (const itemId of event.itemIds ?? []) if (!isItemKnown(draft, itemId)) refuseItem(draft, itemId);
  const { response, was } = done(call.response, responseId);
  call.response = response;
  if (was.is === "over") note(draft, "response_done_twice");
  if (was.is !== "heard") return dismissTools(draft, toolCalls);
  if (status === "completed" && toolCalls.length > 0) return callTools(draft, toolCalls, { spoke: was.spoke });
  dismissTools(draft, toolCalls);
  switch (status) {
    case "cancelled":
      return note(draft, "response_cancelled_by_vendor");
    case "failed":
      return askAgain(draft, was.ask, RATE_LIMITED.has(reason ?? "") ? "rate_limited" : "failed");
    case "incomplete":
      warn(draft, "response_incomplete");
      break;
    case "completed":
      break;
  }
  if (!was.spoke) askAgain(draft, was.ask, "empty");
}

/** An error that left the session open. What it answers is ours to do again, or does not matter. */
export function modelErrored(draft: Draft, event: EventOf<"model.errored">): void {
  const { call, at } = draft;
  if (changeRefused(draft, event.requestId)) return;
  const result = refused(call.response, event.requestId);
  call.response = result.response;
  note(draft, "model_error");
  if (result.is !== "slot" || result.unwanted || !mayBeAsked(draft, result.ask)) return;
  if (event.code !== BUSY) return askAgain(draft, result.ask, "rejected");
  // The model insists on a response that it does not show us: as good as gone.
  if (result.ask.refusals >= BUSY_MAX) return askAgain(draft, { ...result.ask, attempt: Number.MAX_SAFE_INTEGER }, "rejected");
  call.response = asksWhenFree(call.response, result.ask, at);
}

function startItem(draft: Draft, item: { readonly itemId: string; readonly responseId: string; readonly at: number }): void {
  const { call } = draft;
  const { itemId, responseId, at } = item;
  call.transcript = agentAppeared(call.transcript, { itemId, responseId, agent: call.routing.agent.slug, at });
  call.playback = itemStarted(call.playback, { itemId, responseId }, at);
}

function isItemKnown(draft: Draft, itemId: string): boolean {
  return isKnownItem(draft.call.transcript, itemId) || draft.call.playback.closed.includes(itemId);
}

/** It will never be heard, so the model must not believe that it was said. */
function refuseItem(draft: Draft, itemId: string): void {
  draft.call.playback = itemRefused(draft.call.playback, itemId);
  if (hasModel(draft)) emit(draft, { type: "model.delete", requestId: mintRequest(draft), itemId });
}

function isUnheardOf(draft: Draft, responseId: string): boolean {
  const { slot, discarded, over } = draft.call.response;
  if ((slot.state === "active" || slot.state === "cancelling") && slot.responseId === responseId) return false;
  return !discarded.includes(responseId) && !over.includes(responseId);
}

function awaitedRequest(draft: Draft): string | null {
  const { slot } = draft.call.response;
  return slot.state === "requested" ? slot.requestId : null;
}

/** Too many that never reported: the oldest is taken for lost. */
function awaitUsage(draft: Draft, responseId: string): void {
  const { awaited } = draft.call.usage;
  if (awaited[0] && awaited.length >= USAGE_AWAITED_MAX) publishResponseUsage(draft, awaited[0].responseId, null);
  draft.call.usage = awaits(draft.call.usage, responseId);
}
