/** The configuration of a simulated session: the vendor's defaults, and what session.update makes of them. */
import { err, ok, type Result } from "@struere/kernel";
import type {
  AudioFormat,
  SemanticVadSettings,
  ServerVadSettings,
  SessionPatch,
  ToolSettings,
  TurnDetectionSettings,
} from "./client-event.ts";
import type { VendorProblem } from "./vendor-problem.ts";

export interface SessionConfig {
  readonly type: "realtime";
  readonly object: "realtime.session";
  readonly id: string;
  readonly model: string;
  readonly output_modalities: readonly ("audio" | "text")[];
  readonly instructions: string;
  readonly tools: readonly ToolSettings[];
  readonly tool_choice: unknown;
  readonly max_output_tokens: number | "inf";
  readonly tracing: unknown;
  readonly truncation: unknown;
  readonly prompt: unknown;
  /** Epoch seconds. */
  readonly expires_at: number;
  readonly include: unknown;
  readonly audio: {
    readonly input: {
      readonly format: AudioFormat;
      readonly transcription: { readonly model?: string; readonly language?: string } | null;
      readonly noise_reduction: { readonly type?: string } | null;
      readonly turn_detection: TurnDetection | null;
    };
    readonly output: { readonly format: AudioFormat; readonly voice: string | { readonly id: string }; readonly speed: number };
  };
  readonly reasoning?: unknown;
  readonly parallel_tool_calls?: boolean;
}

export type TurnDetection = Required<ServerVadSettings> | Required<SemanticVadSettings>;

/** As session.created shows a fresh session: 24 kHz PCM both ways, server VAD with 200 ms of silence. */
export function defaultSession(options: { readonly id: string; readonly model: string; readonly expiresAt: number }): SessionConfig {
  return {
    type: "realtime",
    object: "realtime.session",
    id: options.id,
    model: options.model,
    output_modalities: ["audio"],
    instructions: "You are a helpful, witty, and friendly AI.",
    tools: [],
    tool_choice: "auto",
    max_output_tokens: "inf",
    tracing: null,
    truncation: "auto",
    prompt: null,
    expires_at: options.expiresAt,
    include: null,
    audio: {
      input: {
        format: { type: "audio/pcm", rate: 24_000 },
        transcription: null,
        noise_reduction: null,
        turn_detection: withDefaults({ type: "server_vad", silence_duration_ms: 200 }),
      },
      output: { format: { type: "audio/pcm", rate: 24_000 }, voice: "alloy", speed: 1 },
    },
  };
}

/**
 * The session after a valid session.update: only the fields that are present change, `null` switches off.
 * `spoken`: audio has been produced, so the voice is fixed.
 */
export function updateSession(session: SessionConfig, patch: SessionPatch, spoken: boolean): Result<SessionConfig, VendorProblem> {
  const output = patch.audio?.output;
  if (patch.model !== undefined && patch.model !== session.model) {
    return err({
      code: "invalid_value",
      param: "session.model",
      message: `The model of a session cannot be changed: it is '${session.model}'.`,
    });
  }
  if (spoken && output?.voice !== undefined && JSON.stringify(output.voice) !== JSON.stringify(session.audio.output.voice)) {
    return err({
      code: "cannot_update_voice",
      param: "session.audio.output.voice",
      message: "Cannot update a conversation's voice if assistant audio is present.",
    });
  }
  const pcma = patch.audio?.input?.format?.type === "audio/pcma" || output?.format?.type === "audio/pcma";
  if (pcma) {
    return err({
      code: "invalid_value",
      param: "session.audio",
      message: "This simulator speaks 'audio/pcmu' and 'audio/pcm' only; the vendor also takes 'audio/pcma'.",
    });
  }
  const { audio, model: _same, type: _type, ...rest } = patch;
  const input = audio?.input;
  return ok({
    ...session,
    ...rest,
    audio: {
      input: {
        ...session.audio.input,
        ...input,
        format: input?.format ? settled(input.format) : session.audio.input.format,
        turn_detection: nextTurnDetection(session.audio.input.turn_detection, input?.turn_detection),
      },
      output: { ...session.audio.output, ...output, format: output?.format ? settled(output.format) : session.audio.output.format },
    },
  });
}

function nextTurnDetection(current: TurnDetection | null, patch: TurnDetectionSettings | null | undefined): TurnDetection | null {
  if (patch === undefined) return current;
  return patch === null ? null : withDefaults(patch);
}

function settled(format: AudioFormat): AudioFormat {
  return format.type === "audio/pcm" ? { type: "audio/pcm", rate: 24_000 } : format;
}

function withDefaults(settings: TurnDetectionSettings): TurnDetection {
  if (settings.type === "semantic_vad") return { eagerness: "auto", create_response: true, interrupt_response: true, ...settings };
  return {
    threshold: 0.5,
    prefix_padding_ms: 300,
    silence_duration_ms: 500,
    idle_timeout_ms: null,
    create_response: true,
    interrupt_response: true,
    ...settings,
  };
}
