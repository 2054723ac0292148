/**
 * Everything that can happen to a call: `source.past_participle`. The union is closed; what is not here can not wake the machine.
 * `at` is the media node's monotonic clock in milliseconds, and never goes back.
 *
 * Audio is not here. Frames take the lane (media-plane/bridge), which the machine steers by `lane.*` effects and which reports by
 * `lane.progressed`: the session hands over that report before any other event whenever the lane's counters have moved, so that the
 * machine's view of what was generated and sent is never older than the event in hand.
 */
import type { AgentProfile, CallConfig } from "./config.ts";

export type CallEvent = { readonly at: number } & (
  | TelephonyEvent
  | ConfigEvent
  | ModelEvent
  | LaneEvent
  | ToolEvent
  | RouterEvent
  | InjectionEvent
  | ShellEvent
);

/** The member of the union that has this type. */
export type EventOf<Type extends CallEvent["type"]> = Extract<CallEvent, { readonly type: Type }>;

type TelephonyEvent =
  /** Twilio's `start`: the stream is up. The shell resolves the configuration at once (ClaimCall). */
  | { readonly type: "telephony.started"; readonly streamSid: string }
  /** A mark came back: all that was sent before it has been played, or was cleared. See playback.ts for names. */
  | { readonly type: "telephony.marked"; readonly name: string }
  | { readonly type: "telephony.keyed"; readonly digit: string }
  /** `stop`, or the socket closed or broke: nobody is on the line any more. */
  | { readonly type: "telephony.stopped"; readonly cause: "stop" | "closed" | "protocol_error" };

type ConfigEvent =
  | { readonly type: "config.resolved"; readonly config: CallConfig }
  | { readonly type: "config.rejected"; readonly reason: string };

/** `leg` is the number that `model.open` gave: news from an older leg changes nothing. */
type ModelEvent = { readonly leg: number } & (
  | { readonly type: "model.opened"; readonly sessionId: string; readonly expiresAt: number | null }
  /** session.updated came and says what was asked for. */
  | { readonly type: "model.configured" }
  | { readonly type: "model.speech_started"; readonly itemId: string }
  | { readonly type: "model.speech_stopped"; readonly itemId: string }
  /** The caller's turn is an item of the conversation now; its transcription is on the way. */
  | { readonly type: "model.turn_committed"; readonly itemId: string }
  | { readonly type: "model.caller_transcribed"; readonly itemId: string; readonly text: string; readonly usage: Usage | null }
  | { readonly type: "model.transcription_failed"; readonly itemId: string; readonly code: string }
  /** `requestId` is the event id of our `model.request`, echoed in metadata; `null` when the vendor's VAD asked for it. */
  | { readonly type: "model.response_created"; readonly responseId: string; readonly requestId: string | null }
  /** An assistant item's audio begins; its words follow as transcript. */
  | { readonly type: "model.audio_started"; readonly responseId: string; readonly itemId: string }
  | { readonly type: "model.words_spoken"; readonly itemId: string; readonly text: string }
  | { readonly type: "model.words_finished"; readonly itemId: string; readonly text: string }
  | {
      readonly type: "model.response_done";
      readonly responseId: string;
      readonly status: "completed" | "cancelled" | "incomplete" | "failed";
      /** status_details: `turn_detected`, `client_cancelled`, `max_output_tokens`, `content_filter`, or an error code. */
      readonly reason: string | null;
      readonly toolCalls: readonly ToolCall[];
      readonly usage: Usage | null;
      /** The assistant messages that it left in the conversation. What was never played of them is taken back; absent: nothing is. */
      readonly itemIds?: readonly string[];
    }
  /** An `error` event. `requestId` is the event id that it answers, if any. */
  | { readonly type: "model.errored"; readonly code: string; readonly message: string; readonly requestId: string | null }
  /** The socket closed, broke, could not be opened, or the vendor refused for good (`fatal`): the leg is gone. */
  | { readonly type: "model.closed"; readonly code: string; readonly fatal: boolean }
);

type LaneEvent =
  /**
   * Cumulative, in milliseconds of audio. `finished`: the model has said that this item has no more audio, and all of it was sent.
   * `playsUntil`: when what was sent of it is over, if Twilio plays all it was sent as soon as it can.
   */
  | {
      readonly type: "lane.progressed";
      readonly itemId: string;
      readonly generatedMs: number;
      readonly sentMs: number;
      readonly finished: boolean;
      readonly playsUntil: number;
    }
  /** More audio than may wait for play-out; the rest of this response is being dropped. */
  | { readonly type: "lane.overflowed"; readonly responseId: string };

type ToolEvent = {
  readonly type: "tool.finished";
  readonly toolCallId: string;
  readonly outputJson: string;
  readonly isError: boolean;
  /** The call goes to this agent. */
  readonly handoff?: AgentProfile;
  readonly effect?: ToolEffect;
};

/** What a tool has done to the call, beside its output. */
export type ToolEffect =
  /** As `call.end`. */
  | { readonly name: "end_call" }
  /** A person takes over: Twilio connects the caller, and the stream will stop. */
  | { readonly name: "transferred" }
  /** Digits of `0-9 * # A-D`, `w` for a pause. */
  | { readonly name: "send_digits"; readonly digits: string };

type RouterEvent = {
  readonly type: "router.routed";
  /** Of the `router.ask` that this answers. */
  readonly questionId: string;
  /** Null: whoever has the call keeps it. */
  readonly agent: AgentProfile | null;
  readonly by: "classify" | "rule";
  /** There was no answer: nothing was decided. */
  readonly isError: boolean;
};

type InjectionEvent = {
  readonly type: "auditor.injected";
  readonly injectionId: string;
  readonly action: "correction" | "complete" | "abort";
  readonly message: string;
  /** On the machine's own clock. */
  readonly expiresAt: number;
  readonly field?: string;
  readonly value?: string;
  /** Position of the last utterance that its author had read. Absent: all that there is. */
  readonly basedOn?: number;
};

type ShellEvent =
  /** The armed moment has come. `lastMediaAt`: when the last frame of caller audio came in, on the same clock. */
  | { readonly type: "clock.struck"; readonly lastMediaAt: number }
  /** The control plane says that this node no longer holds the call: fall silent, touch nothing. */
  | { readonly type: "lease.lost" }
  /** Somebody with the right to do so ends the call, or the node drains and its time is up. */
  | { readonly type: "operator.hung_up"; readonly reason: string }
  /** The control plane: the call has to come to its end, softly or now. It says so again and again. */
  | { readonly type: "operator.advised"; readonly advice: "wrap_up" | "end_call"; readonly reason: string }
  /** EndCall was answered, or given up after its bound. */
  | { readonly type: "record.closed" };

export interface ToolCall {
  readonly toolCallId: string;
  /** The owner's name for it, already mapped back from the vendor's. */
  readonly name: string;
  readonly argumentsJson: string;
}

/** In the vendor's units; see UsageMessage in shared/protocol/bus. */
export interface Usage {
  readonly inputTextTokens: number;
  readonly inputAudioTokens: number;
  readonly cachedTextTokens: number;
  readonly cachedAudioTokens: number;
  readonly outputTextTokens: number;
  readonly outputAudioTokens: number;
  readonly seconds?: number;
}
