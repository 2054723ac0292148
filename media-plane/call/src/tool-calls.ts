/**
 * Carrying out what tools.ts keeps account of: running, answering, and the one tool that ends the call. Arguments and results pass through as
 * text: they are the control plane's and the model's business.
 */
import { closeAfterPlayOut, closeWithFarewell } from "./closing.ts";
import { FAREWELL_END } from "./directive.ts";
import { type Draft, emit, hasModel, isLive, mintRequest, note } from "./draft.ts";
import type { EventOf, ToolCall } from "./event.ts";
import { FAREWELL_AFTER_END_MS, LAST_WORDS_MS, OUTPUT_CHARS_MAX } from "./limits.ts";
import { publishEvent } from "./record.ts";
import { ask } from "./response.ts";
import {
  admitted,
  CALL_END,
  dismissedCall,
  errorOutput,
  findRunning,
  finishedCall,
  isSeenCall,
  overdueTool,
  roundBegan,
  roundEnded,
} from "./tools.ts";

/** Of a response that was completed: all of them are meant. */
export function callTools(draft: Draft, toolCalls: readonly ToolCall[], response: { readonly spoke: boolean }): void {
  const { call } = draft;
  if (!isLive(draft)) return dismissTools(draft, toolCalls);
  const fresh = toolCalls.filter((toolCall) => !isSeenCall(call.tools, toolCall.toolCallId));
  if (fresh.length < toolCalls.length) note(draft, "tool_called_twice");
  if (fresh.length === 0) return;
  call.tools = roundBegan(call.tools);
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
  finish(draft, toolCallId, { output, isError: isError || tooLong });
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
  if (admission.is === "run") return emit(draft, { type: "tool.run", toolCallId, name, argumentsJson });
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
  if (call.tools.running.length === 0 && isLive(draft)) call.tools = roundEnded(call.tools);
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
