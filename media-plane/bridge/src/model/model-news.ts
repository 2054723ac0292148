/** The vendor's events → the machine's. Pure; what only the leg itself must know (sessions, errors) is not here. */
import type { Usage } from "@struere/call";
import { ownerToolName, type ServerEvent } from "@struere/protocol/openai";
import type { ModelNews } from "./model-leg.ts";

/** The machine's event, or `null` when the vendor's changes nothing for it. Out-of-band responses are not for the caller. */
export function toModelNews(event: ServerEvent): ModelNews | null {
  switch (event.type) {
    case "input_audio_buffer.speech_started":
      return { type: "model.speech_started", itemId: event.itemId };
    case "input_audio_buffer.speech_stopped":
      return { type: "model.speech_stopped", itemId: event.itemId };
    case "input_audio_buffer.committed":
      return { type: "model.turn_committed", itemId: event.itemId };
    case "conversation.item.input_audio_transcription.completed":
      return { type: "model.caller_transcribed", itemId: event.itemId, text: event.transcript, usage: event.usage };
    case "conversation.item.input_audio_transcription.failed":
      return { type: "model.transcription_failed", itemId: event.itemId, code: event.code };
    case "response.created":
      if (event.outOfBand) return null;
      return { type: "model.response_created", responseId: event.responseId, requestId: event.clientEventId };
    case "response.output_audio_transcript.delta":
      return { type: "model.words_spoken", itemId: event.itemId, text: event.delta };
    case "response.output_audio_transcript.done":
      return { type: "model.words_finished", itemId: event.itemId, text: event.transcript };
    case "response.done":
      if (event.outOfBand) return null;
      return {
        type: "model.response_done",
        responseId: event.responseId,
        status: event.status,
        reason: event.reason,
        toolCalls: event.functionCalls.map(({ callId, name, argumentsJson }) => ({
          toolCallId: callId,
          name: ownerToolName(name),
          argumentsJson,
        })),
        usage: event.usage satisfies Usage | null,
      };
    case "error":
      return { type: "model.errored", code: event.code, message: event.message, requestId: requestIdOf(event.clientEventId) };
    default:
      return null;
  }
}

const BEGINNING = /^\{"type":"([a-z._]+)"/;
/** Several of them accompany each response. */
const NO_NEWS: ReadonlySet<string> = new Set([
  "conversation.item.added",
  "conversation.item.deleted",
  "conversation.item.done",
  "conversation.item.truncated",
  "rate_limits.updated",
  "response.content_part.added",
  "response.content_part.done",
  "response.output_item.added",
  "response.output_item.done",
]);

/** Whether a message says at its very beginning that `toModelNews` would make nothing of it: then nobody needs to parse it. */
export function isNoNews(text: string): boolean {
  return NO_NEWS.has(BEGINNING.exec(text)?.[1] ?? "");
}

/** One request may take several client events; their ids are `<requestId>#<n>`. */
export function eventIdOf(requestId: string, part: number): string {
  return `${requestId}#${part}`;
}

export function requestIdOf(clientEventId: string | null): string | null {
  return clientEventId?.split("#", 1)[0] ?? null;
}
