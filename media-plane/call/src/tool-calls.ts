/**
 * Carrying out what tools.ts keeps account of: running, answering, and the one tool that ends the call. Arguments and results pass through as
 * text: they are the control plane's and the model's business.
 */
import { askNow, tell } from "./asking.ts";
import { closeAfterPlayOut, closeTransferred, closeWithFarewell, learnTransferred } from "./closing.ts";
import { FAREWELL_END, FILLER, FILLER_AGAIN } from "./directive.ts";
import { type Draft, emit, hasModel, isLive, mintRequest, note } from "./draft.ts";
import type { EventOf, ToolCall, ToolEffect } from "./event.ts";
import { FAREWELL_AFTER_END_MS, LAST_WORDS_MS, OUTPUT_CHARS_MAX } from "./limits.ts";
import { cancelResponse } from "./play-out.ts";
import { publishEvent } from "./record.ts";
import { ask, isFree } from "./response.ts";
import { transferRefusal } from "./routing.ts";
import { areDigits, areTonesDue, tonesAsked } from "./tones.ts";
import {
  admitted,
  begun,
  CALL_END,
  CALL_TRANSFER,
  dismissedCall,
  errorOutput,
  explained,
  fillerDeadline,
  findRunning,
  finishedCall,
  heldBack,
  heldTool,
  isSeenCall,
  overdueTool,
  quietTools,
  roundBegan,
  roundEnded,
} from "./tools.ts";
import { hasFloor } from "./turn.ts";

/** Of a response that was completed: all of them are meant. */
export function callTools(draft: Draft, toolCalls: readonly ToolCall[], response: { readonly spoke: boolean }): void {
  const { call } = draft;
  if (!isLive(draft)) return dismissTools(draft, toolCalls);
  const fresh = toolCalls.filter((toolCall) => !isSeenCall(call.tools, toolCall.toolCallId));
  if (fresh.length < toolCalls.length) note(draft, "tool_called_twice");
  if (fresh.length === 0) return;
  call.tools = roundBegan(call.tools, response);
  for (const toolCall of fresh) callTool(draft, toolCall);
  if (fresh.some((toolCall) => toolCall.name === CALL_END)) endCall(draft, response);
  else if (call.tools.running.length === 0) call.tools = roundEnded(call.tools);
}

/** Of a response that was cut off, failed, or came too late: none of them happens, and the model shall know that. */
export function dismissTools(draft: Draft, toolCalls: readonly ToolCall[]): void {
  for (const { toolCallId } of toolCalls) {
    if (isSeenCall(draft.call.tools, toolCallId)) continue;
    draft.call.tools = dismissedCall(draft.call.tools, toolCallId);
    answer(draft, toolCallId, errorOutput("aborted", "interrupted, nothing was done"));
  }
}

export function toolFinished(draft: Draft, event: EventOf<"tool.finished">): void {
  const { toolCallId, outputJson, isError } = event;
  const tooLong = outputJson.length > OUTPUT_CHARS_MAX;
  const output = tooLong ? errorOutput("resource_exhausted", "the tool ran, but its result is too long to be read here") : outputJson;
  if (!findRunning(draft.call.tools, toolCallId)) return note(draft, "late_tool_result");
  const refusal = event.handoff && isLive(draft) ? transferRefusal(draft.call.routing, event.handoff) : undefined;
  if (refusal) return finish(draft, toolCallId, { output: errorOutput(refusal.code, refusal.message), isError: true });
  finish(draft, toolCallId, { output, isError: isError || tooLong });
  if (event.handoff && isLive(draft)) draft.call.routing = { ...draft.call.routing, decided: { agent: event.handoff, by: "tool" } };
  if (event.effect) takeEffect(draft, event.effect);
}

/** What the tool has done to the call. */
function takeEffect(draft: Draft, effect: ToolEffect): void {
  const { call, at } = draft;
  switch (effect.name) {
    case "end_call":
      return isLive(draft) ? endCall(draft, { spoke: false }) : undefined;
    case "transferred":
      return isLive(draft) ? closeTransferred(draft) : learnTransferred(draft);
    case "send_digits":
      if (!areDigits(effect.digits)) return note(draft, "unknown_digits");
      if (isLive(draft)) call.tones = tonesAsked(call.tones, effect.digits, at);
      return;
    default:
      effect satisfies never;
  }
}

/** State-triggered: the words before a transfer have been heard, and nobody has said "wait". True if it begins. */
export function runHeldTransfer(draft: Draft): boolean {
  const { call, at } = draft;
  const toolCall = heldTool(call.tools);
  if (!toolCall || call.playback.items.length > 0) return false;
  if (!isLive(draft)) {
    finish(draft, toolCall.toolCallId, { output: errorOutput("aborted", "the call is over, nothing was done"), isError: true });
    return true;
  }
  call.tools = begun(call.tools, toolCall.toolCallId, at);
  emit(draft, { type: "tool.run", ...toolCall, agent: call.routing.agent.slug });
  return true;
}

/** The caller has cut in before it began: they may not want it any more. */
export function dismissHeldTransfer(draft: Draft): void {
  const toolCall = heldTool(draft.call.tools);
  if (toolCall)
    finish(draft, toolCall.toolCallId, { output: errorOutput("aborted", "the caller cut in, nothing was done"), isError: true });
}

/** Before each look at the rules: does a tool run while nobody says anything? */
export function noticeToolSilence(draft: Draft): void {
  const { call, at } = draft;
  const { tools, response, playback, turn, tones } = call;
  const isQuiet =
    isLive(draft) &&
    // Who is being connected hears soon enough.
    tools.running.some((tool) => tool.name !== CALL_TRANSFER) &&
    isFree(response) &&
    response.next === null &&
    playback.items.length === 0 &&
    !hasFloor(turn) &&
    turn.owed === null &&
    !areTonesDue(tones);
  call.tools = quietTools(tools, isQuiet, at);
}

/** State-triggered: the caller has waited for a tool without a word. True if the agent speaks up. */
export function fillToolSilence(draft: Draft): boolean {
  const { call, at } = draft;
  if (!isLive(draft) || at < fillerDeadline(call.tools)) return false;
  tell(draft, "system", call.tools.explained ? FILLER_AGAIN : FILLER);
  call.tools = explained(call.tools);
  askNow(draft, ask("filler"));
  return true;
}

/** State-triggered: a tool that takes too long is answered for. True if one was. */
export function endToolWaits(draft: Draft): boolean {
  const overdue = overdueTool(draft.call.tools, draft.at);
  if (!overdue) return false;
  const output = errorOutput("deadline_exceeded", "the tool did not answer in time; it may or may not have been done");
  finish(draft, overdue.toolCallId, { output, isError: true });
  return true;
}

function callTool(draft: Draft, toolCall: ToolCall): void {
  const { call, at } = draft;
  const { toolCallId, name, argumentsJson } = toolCall;
  if (name === CALL_END) {
    call.tools = dismissedCall(call.tools, toolCallId);
    publishEvent(draft, "tool.called", { toolCallId, name });
    return answer(draft, toolCallId, JSON.stringify({ ok: true }));
  }
  const admission = admitted(call.tools, toolCall, at);
  if (admission.is === "repeated") return note(draft, "tool_called_twice");
  call.tools = admission.tools;
  publishEvent(draft, "tool.called", { toolCallId, name });
  if (admission.is === "run" && name === CALL_TRANSFER && call.playback.items.length > 0) {
    call.tools = heldBack(call.tools, toolCall);
    return;
  }
  if (admission.is === "run") return emit(draft, { type: "tool.run", toolCallId, name, argumentsJson, agent: call.routing.agent.slug });
  publishEvent(draft, "tool.finished", { toolCallId, name, isError: true, durationMs: 0 });
  answer(draft, toolCallId, errorOutput(admission.code, admission.message));
}

function finish(draft: Draft, toolCallId: string, result: { readonly output: string; readonly isError: boolean }): void {
  const { call, at } = draft;
  const running = findRunning(call.tools, toolCallId);
  if (!running) return;
  const { name, since } = running;
  call.tools = finishedCall(call.tools, toolCallId);
  publishEvent(draft, "tool.finished", { toolCallId, name, isError: result.isError, durationMs: Math.round(at - since) });
  answer(draft, toolCallId, result.output);
  if (call.tools.running.length > 0 || !isLive(draft)) return;
  call.tools = roundEnded(call.tools);
  // The result is here before the words that it is being looked for.
  const { slot } = call.response;
  const isUnheard = slot.state === "requested" || (slot.state === "active" && slot.audio === "none");
  if (isUnheard && slot.ask.purpose === "filler") cancelResponse(draft);
}

function answer(draft: Draft, toolCallId: string, output: string): void {
  if (hasModel(draft)) emit(draft, { type: "model.answer_tool", requestId: mintRequest(draft), toolCallId, output });
}

/** Everything that was said is heard before the line is cut; if nothing was, there is a moment for a goodbye. */
function endCall(draft: Draft, response: { readonly spoke: boolean }): void {
  const ending = { outcome: "completed", reason: "agent_hung_up" } as const;
  if (response.spoke || draft.call.playback.items.length > 0) return closeAfterPlayOut(draft, ending, LAST_WORDS_MS);
  closeWithFarewell(draft, ending, { ask: ask("farewell"), tell: FAREWELL_END, startMs: FAREWELL_AFTER_END_MS });
}
