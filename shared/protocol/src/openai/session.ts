/**
 * The session of a call: mu-law in and out, one voice, turn detection that may answer but never cuts the agent off by itself, because
 * the call machine does that (https://platform.openai.com/docs/guides/realtime-vad). Snake case lives here only.
 *
 * `noise_reduction: null` turns it off, says the vendor; the package's type of that one field has no null, hence `SessionUpdate`.
 */
import { Fault } from "@struere/kernel";
import type { NoiseReductionType, RealtimeAudioInputTurnDetection, RealtimeFunctionTool } from "openai/resources/realtime/realtime";
import { vendorToolName } from "./tool-name.ts";

/** Most tokens of one response, words, tool calls and audio together: above a minute and a half of speech. The vendor reserves them. */
const MAX_OUTPUT_TOKENS = 2_048;

export interface SessionAgent {
  readonly instructions: string;
  readonly tools: readonly {
    /** As the owner wrote it. */
    readonly name: string;
    readonly description: string;
    /** JSON schema of the arguments, as JSON text; empty: no arguments. */
    readonly parametersJson: string;
  }[];
}

export interface SessionVoice {
  readonly voice: string;
  readonly turnDetection:
    | { readonly type: "semantic_vad"; readonly eagerness: "low" | "medium" | "high" | "auto" }
    | { readonly type: "server_vad"; readonly threshold: number; readonly silenceDurationMs: number; readonly prefixPaddingMs: number };
  readonly noiseReduction: NoiseReductionType | null;
  readonly transcriptionModel: string;
}

export interface SessionUpdate {
  readonly type: "session.update";
  readonly event_id: string;
  readonly session: {
    readonly type: "realtime";
    readonly output_modalities: ["audio"];
    readonly instructions: string;
    readonly max_output_tokens: number;
    readonly tool_choice: "auto";
    readonly tools: RealtimeFunctionTool[];
    readonly audio: {
      readonly input: {
        readonly format: { readonly type: "audio/pcmu" };
        readonly noise_reduction: { readonly type: NoiseReductionType } | null;
        readonly transcription: { readonly model: string };
        readonly turn_detection: RealtimeAudioInputTurnDetection;
      };
      readonly output: { readonly format: { readonly type: "audio/pcmu" }; readonly voice: string };
    };
  };
}

/** The one session.update. The model is not in it: it was chosen when the socket was opened and can not change. */
export function sessionUpdate(options: {
  readonly eventId: string;
  readonly agent: SessionAgent;
  readonly voice: SessionVoice;
  /** May the vendor's VAD ask for responses by itself? */
  readonly autoRespond: boolean;
}): SessionUpdate {
  const { eventId, agent, voice, autoRespond } = options;
  return {
    type: "session.update",
    event_id: eventId,
    session: {
      type: "realtime",
      output_modalities: ["audio"],
      instructions: agent.instructions,
      max_output_tokens: MAX_OUTPUT_TOKENS,
      tool_choice: "auto",
      tools: agent.tools.map(functionTool),
      audio: {
        input: {
          // No `rate`: the vendor's schema for mu-law has none and refuses the whole update.
          format: { type: "audio/pcmu" },
          noise_reduction: voice.noiseReduction === null ? null : { type: voice.noiseReduction },
          transcription: { model: voice.transcriptionModel },
          turn_detection: turnDetection(voice.turnDetection, autoRespond),
        },
        output: { format: { type: "audio/pcmu" }, voice: voice.voice },
      },
    },
  };
}

/** What changes in a session that is in use. Whatever is absent stays as it is; the voice always does. */
export interface SessionChange {
  readonly type: "session.update";
  readonly event_id: string;
  readonly session: {
    readonly type: "realtime";
    readonly instructions?: string;
    readonly tools?: RealtimeFunctionTool[];
    readonly audio?: { readonly input: { readonly turn_detection: RealtimeAudioInputTurnDetection } };
  };
}

/** @throws Fault invalid_argument as `sessionUpdate`. */
export function sessionChange(options: {
  readonly eventId: string;
  readonly agent: SessionAgent | null;
  readonly turns: { readonly turnDetection: SessionVoice["turnDetection"]; readonly autoRespond: boolean } | null;
}): SessionChange {
  const { eventId, agent, turns } = options;
  return {
    type: "session.update",
    event_id: eventId,
    session: {
      type: "realtime",
      ...(agent ? { instructions: agent.instructions, tools: agent.tools.map(functionTool) } : {}),
      ...(turns ? { audio: { input: { turn_detection: turnDetection(turns.turnDetection, turns.autoRespond) } } } : {}),
    },
  };
}

function turnDetection(config: SessionVoice["turnDetection"], autoRespond: boolean): RealtimeAudioInputTurnDetection {
  const answers = { create_response: autoRespond, interrupt_response: false };
  return config.type === "semantic_vad"
    ? { type: "semantic_vad", eagerness: config.eagerness, ...answers }
    : {
        type: "server_vad",
        threshold: config.threshold,
        prefix_padding_ms: config.prefixPaddingMs,
        silence_duration_ms: config.silenceDurationMs,
        ...answers,
      };
}

function functionTool(tool: SessionAgent["tools"][number]): RealtimeFunctionTool {
  return { type: "function", name: vendorToolName(tool.name), description: tool.description, parameters: parametersOf(tool) };
}

function parametersOf(tool: SessionAgent["tools"][number]): object {
  if (tool.parametersJson === "") return { type: "object", properties: {} };
  try {
    const schema: unknown = JSON.parse(tool.parametersJson);
    if (typeof schema === "object" && schema !== null && !Array.isArray(schema)) return schema;
  } catch {
    // Falls through to the same sentence: it is no JSON schema either way.
  }
  throw new Fault("invalid_argument", `the parameters of the tool "${tool.name}" are not a JSON schema (a JSON object)`);
}
