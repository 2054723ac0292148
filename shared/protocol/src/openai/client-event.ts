/**
 * The client events that we send (https://platform.openai.com/docs/api-reference/realtime-client-events), typed by the `openai` package,
 * so that the compiler proves each of them. All carry an `event_id`, which an `error` echoes; only audio goes without.
 *
 * Never sent: `output_audio_buffer.clear` (WebRTC and SIP only), `input_audio_buffer.commit` (the VAD does it).
 */
import type {
  ConversationItemCreateEvent,
  ConversationItemDeleteEvent,
  ConversationItemTruncateEvent,
  InputAudioBufferAppendEvent,
  ResponseCancelEvent,
  ResponseCreateEvent,
} from "openai/resources/realtime/realtime";
import type { SessionChange, SessionUpdate } from "./session.ts";

/** Everything that goes to the model. */
export type ClientEvent =
  | SessionUpdate
  | SessionChange
  | ConversationItemCreateEvent
  | ConversationItemDeleteEvent
  | ConversationItemTruncateEvent
  | InputAudioBufferAppendEvent
  | ResponseCancelEvent
  | ResponseCreateEvent;

/**
 * Asks for a response. `eventId` and `purpose` come back as metadata of the response. `instructions` REPLACE those of the session for
 * this response and cost the prompt cache: prefer a system message before it.
 */
export function responseCreate(options: {
  readonly eventId: string;
  readonly purpose: string;
  readonly instructions?: string | null;
  /** `none`: speak, call nothing. */
  readonly toolChoice?: "auto" | "none" | "required";
}): ResponseCreateEvent {
  const { eventId, purpose, instructions, toolChoice } = options;
  return {
    type: "response.create",
    event_id: eventId,
    response: {
      metadata: { client_event_id: eventId, purpose },
      ...(instructions ? { instructions } : {}),
      ...(toolChoice ? { tool_choice: toolChoice } : {}),
    },
  };
}

/** Answered by `response.done` (cancelled), or by the harmless error `response_cancel_not_active`. */
export function responseCancel(options: { readonly eventId: string; readonly responseId: string }): ResponseCancelEvent {
  return { type: "response.cancel", event_id: options.eventId, response_id: options.responseId };
}

/** How much of an assistant item was heard. Fractions are refused by the vendor, so they are cut off here. */
export function itemTruncate(options: {
  readonly eventId: string;
  readonly itemId: string;
  readonly audioEndMs: number;
}): ConversationItemTruncateEvent {
  const { eventId, itemId, audioEndMs } = options;
  return {
    type: "conversation.item.truncate",
    event_id: eventId,
    item_id: itemId,
    content_index: 0,
    audio_end_ms: Math.max(0, Math.floor(audioEndMs)),
  };
}

export function itemDelete(options: { readonly eventId: string; readonly itemId: string }): ConversationItemDeleteEvent {
  return { type: "conversation.item.delete", event_id: options.eventId, item_id: options.itemId };
}

/** One text message of the conversation. Assistant audio can not be created, so what the agent said comes back as text. */
export function messageCreate(options: {
  readonly eventId: string;
  readonly role: "system" | "user" | "assistant";
  readonly text: string;
  /** Chosen by us, so that it can be deleted later; at most 32 characters. */
  readonly itemId?: string;
  /** `root` puts it first; absent: last. */
  readonly previousItemId?: string;
}): ConversationItemCreateEvent {
  const { eventId, role, text, itemId, previousItemId } = options;
  const id = itemId === undefined ? {} : { id: itemId };
  return {
    type: "conversation.item.create",
    event_id: eventId,
    ...(previousItemId === undefined ? {} : { previous_item_id: previousItemId }),
    item:
      role === "assistant"
        ? { ...id, type: "message", role, content: [{ type: "output_text", text }] }
        : { ...id, type: "message", role, content: [{ type: "input_text", text }] },
  };
}

/** What a tool said. Ask for ONE response after the outputs of all calls of a response. */
export function functionCallOutput(options: {
  readonly eventId: string;
  readonly callId: string;
  readonly output: string;
}): ConversationItemCreateEvent {
  const { eventId, callId, output } = options;
  return { type: "conversation.item.create", event_id: eventId, item: { type: "function_call_output", call_id: callId, output } };
}

/** Caller audio: base64 of raw mu-law, any length. There is no answer to it. */
export function inputAudioAppend(audioBase64: string): InputAudioBufferAppendEvent {
  return { type: "input_audio_buffer.append", audio: audioBase64 };
}
