/** What a client may send, as far as the simulator acts on it. Field names are the vendor's (platform.openai.com/docs/api-reference/realtime-client-events). */

export type ClientEvent = { readonly event_id?: string } & (
  | { readonly type: "session.update"; readonly session: SessionPatch }
  | { readonly type: "input_audio_buffer.append"; readonly audio: string }
  | { readonly type: "input_audio_buffer.commit" }
  | { readonly type: "input_audio_buffer.clear" }
  | { readonly type: "conversation.item.create"; readonly item: ItemInput; readonly previous_item_id?: string | null }
  | { readonly type: "conversation.item.retrieve"; readonly item_id: string }
  | { readonly type: "conversation.item.truncate"; readonly item_id: string; readonly content_index: number; readonly audio_end_ms: number }
  | { readonly type: "conversation.item.delete"; readonly item_id: string }
  | { readonly type: "response.create"; readonly response?: ResponseParams }
  | { readonly type: "response.cancel"; readonly response_id?: string }
);

export type AudioFormat =
  | { readonly type: "audio/pcm"; readonly rate?: number }
  | { readonly type: "audio/pcmu" }
  | { readonly type: "audio/pcma" };

export interface ServerVadSettings {
  readonly type: "server_vad";
  readonly threshold?: number;
  readonly prefix_padding_ms?: number;
  readonly silence_duration_ms?: number;
  readonly idle_timeout_ms?: number | null;
  readonly create_response?: boolean;
  readonly interrupt_response?: boolean;
}
export interface SemanticVadSettings {
  readonly type: "semantic_vad";
  readonly eagerness?: "low" | "medium" | "high" | "auto";
  readonly create_response?: boolean;
  readonly interrupt_response?: boolean;
}
export type TurnDetectionSettings = ServerVadSettings | SemanticVadSettings;

export interface ToolSettings {
  readonly type: string;
  readonly name?: string;
  readonly description?: string;
  readonly parameters?: unknown;
}

export interface SessionPatch {
  readonly type: "realtime";
  readonly model?: string;
  readonly output_modalities?: readonly ("audio" | "text")[];
  readonly instructions?: string;
  readonly tools?: readonly ToolSettings[];
  readonly tool_choice?: unknown;
  readonly max_output_tokens?: number | "inf";
  readonly include?: unknown;
  readonly tracing?: unknown;
  readonly prompt?: unknown;
  readonly truncation?: unknown;
  readonly reasoning?: unknown;
  readonly parallel_tool_calls?: boolean;
  readonly audio?: {
    readonly input?: {
      readonly format?: AudioFormat;
      readonly transcription?: { readonly model?: string; readonly language?: string } | null;
      readonly noise_reduction?: { readonly type?: string } | null;
      readonly turn_detection?: TurnDetectionSettings | null;
    };
    readonly output?: { readonly format?: AudioFormat; readonly voice?: string | { readonly id: string }; readonly speed?: number };
  };
}

export interface ContentInput {
  readonly type?: string;
  readonly text?: string;
  readonly audio?: string;
  readonly transcript?: string;
}

export type ItemInput =
  | {
      readonly type: "message";
      readonly id?: string;
      readonly role: "user" | "assistant" | "system";
      readonly content: readonly ContentInput[];
    }
  | { readonly type: "function_call"; readonly id?: string; readonly call_id?: string; readonly name: string; readonly arguments: string }
  | { readonly type: "function_call_output"; readonly id?: string; readonly call_id: string; readonly output: string }
  | { readonly type: "item_reference"; readonly id: string };

export interface ResponseParams {
  readonly conversation?: string;
  readonly input?: readonly ItemInput[];
  readonly instructions?: string;
  readonly max_output_tokens?: number | "inf";
  readonly metadata?: { readonly [key: string]: string } | null;
  readonly output_modalities?: readonly ("audio" | "text")[];
  readonly tools?: readonly ToolSettings[];
  readonly tool_choice?: unknown;
  readonly audio?: { readonly output?: { readonly format?: AudioFormat; readonly voice?: string | { readonly id: string } } };
}
