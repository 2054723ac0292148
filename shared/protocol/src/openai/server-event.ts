/**
 * The server events that we act on (https://platform.openai.com/docs/api-reference/realtime-server-events), in our words: camelCase,
 * milliseconds, ids that are always there. Whatever else the vendor sends is `unknown`.
 */
import type { Usage } from "./usage.ts";

export type ServerEvent =
  /** First of all. `session` is the vendor's default configuration: nothing may be sent or played under it. */
  | { readonly type: "session.created"; readonly sessionId: string; readonly expiresAtMs: number | null; readonly session: unknown }
  /** The echo of a session.update; see `echoMismatch`. */
  | { readonly type: "session.updated"; readonly sessionId: string; readonly expiresAtMs: number | null; readonly session: unknown }
  /** Most errors leave the session open. `clientEventId`: the event of ours that it answers. */
  | {
      readonly type: "error";
      readonly code: string;
      readonly message: string;
      readonly param: string | null;
      readonly clientEventId: string | null;
    }
  /** `clientEventId` is null when the vendor's VAD asked for it. `outOfBand`: writes to no conversation and is not for the caller. */
  | {
      readonly type: "response.created";
      readonly responseId: string;
      readonly clientEventId: string | null;
      readonly outOfBand: boolean;
    }
  /** The end of a response, whatever became of it. May come without a `response.created` before it. */
  | {
      readonly type: "response.done";
      readonly responseId: string;
      readonly clientEventId: string | null;
      readonly outOfBand: boolean;
      readonly status: "completed" | "cancelled" | "incomplete" | "failed";
      /** `turn_detected`, `client_cancelled`, `max_output_tokens`, `content_filter`, or the code of the error; null when completed. */
      readonly reason: string | null;
      /** The vendor's sentence about the failure. */
      readonly message: string | null;
      readonly functionCalls: readonly FunctionCall[];
      /** Null when the vendor did not say. */
      readonly usage: Usage | null;
    }
  | { readonly type: "response.output_item.added"; readonly responseId: string; readonly itemId: string; readonly kind: ItemKind }
  | { readonly type: "response.output_item.done"; readonly responseId: string; readonly itemId: string; readonly kind: ItemKind }
  /** base64 mu-law. The audio lane reads these without parsing; this is for everybody else. */
  | { readonly type: "response.output_audio.delta"; readonly responseId: string; readonly itemId: string; readonly audio: string }
  | { readonly type: "response.output_audio.done"; readonly responseId: string; readonly itemId: string }
  | {
      readonly type: "response.output_audio_transcript.delta";
      readonly responseId: string;
      readonly itemId: string;
      readonly delta: string;
    }
  | {
      readonly type: "response.output_audio_transcript.done";
      readonly responseId: string;
      readonly itemId: string;
      readonly transcript: string;
    }
  /** Offsets count the audio appended so far, not time. */
  | { readonly type: "input_audio_buffer.speech_started"; readonly itemId: string; readonly audioStartMs: number | null }
  | { readonly type: "input_audio_buffer.speech_stopped"; readonly itemId: string; readonly audioEndMs: number | null }
  | { readonly type: "input_audio_buffer.committed"; readonly itemId: string; readonly previousItemId: string | null }
  /** server_vad's idle timeout: the vendor asks for a response by itself. */
  | { readonly type: "input_audio_buffer.timeout_triggered"; readonly itemId: string }
  | {
      readonly type: "conversation.item.added";
      readonly itemId: string;
      readonly previousItemId: string | null;
      readonly kind: ItemKind;
      readonly role: "user" | "assistant" | "system" | null;
    }
  | {
      readonly type: "conversation.item.input_audio_transcription.completed";
      readonly itemId: string;
      readonly transcript: string;
      readonly usage: Usage | null;
    }
  | {
      readonly type: "conversation.item.input_audio_transcription.failed";
      readonly itemId: string;
      readonly code: string;
      readonly message: string | null;
    }
  | { readonly type: "rate_limits.updated"; readonly limits: readonly RateLimit[] }
  /** An event that we do not act on (`reason` null), or one that lacks what we need of it. */
  | { readonly type: "unknown"; readonly name: string; readonly reason: string | null };

/** The vendor's word: `message`, `function_call`, `function_call_output`, … */
export type ItemKind = string;

export interface FunctionCall {
  readonly itemId: string | null;
  readonly callId: string;
  /** The vendor's name for the tool; see `ownerToolName`. */
  readonly name: string;
  /** As the model wrote them: JSON text, not trusted. */
  readonly argumentsJson: string;
}

export interface RateLimit {
  readonly name: string;
  readonly limit: number;
  readonly remaining: number;
  readonly resetMs: number;
}
