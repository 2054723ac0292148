/**
 * Everything that a call can ask of the world: `target.imperative`. Effects are data, handed out in order and never answered directly;
 * what becomes of them comes back as an event. `requestId`s are unique within a call and come back in `model.errored`.
 */
import type { AgentProfile, HeardUtterance, TurnDetection, VoiceProfile } from "./config.ts";

export type Effect = ModelEffect | LaneEffect | TelephonyEffect | RecordEffect | ShellEffect;

type ModelEffect =
  /** Open leg number `leg` to `model`; a warm one that was prepared while the phone rang will do. */
  | { readonly type: "model.open"; readonly leg: number; readonly model: string }
  /** One session.update. `autoRespond`: may the vendor's VAD create responses by itself? It never interrupts by itself. */
  | {
      readonly type: "model.configure";
      readonly requestId: string;
      readonly agent: AgentProfile;
      readonly voice: VoiceProfile;
      readonly autoRespond: boolean;
    }
  /** What changes in a session that is in use, in one session.update; null stays as it is, and so does everything else. */
  | {
      readonly type: "model.reconfigure";
      readonly requestId: string;
      /** Instructions and tools. */
      readonly agent: AgentProfile | null;
      readonly turns: { readonly turnDetection: TurnDetection; readonly autoRespond: boolean } | null;
    }
  /** Fill a fresh conversation with what was said before. */
  | { readonly type: "model.replay"; readonly requestId: string; readonly history: readonly HeardUtterance[] }
  | { readonly type: "model.request"; readonly requestId: string; readonly purpose: ResponsePurpose; readonly instructions: string | null }
  | { readonly type: "model.cancel"; readonly requestId: string; readonly responseId: string }
  | { readonly type: "model.truncate"; readonly requestId: string; readonly itemId: string; readonly audioEndMs: number }
  | { readonly type: "model.delete"; readonly requestId: string; readonly itemId: string }
  | { readonly type: "model.tell"; readonly requestId: string; readonly role: "system" | "user"; readonly text: string }
  | { readonly type: "model.answer_tool"; readonly requestId: string; readonly toolCallId: string; readonly output: string }
  /** The caller's media has gaps while the VAD waits for silence: give it some. */
  | { readonly type: "model.append_silence"; readonly ms: number }
  | { readonly type: "model.close" };

type LaneEffect =
  /** hold: keep caller audio (bounded, oldest dropped); flow: pass on what was held, then everything; drop: forget it. */
  | { readonly type: "lane.route"; readonly inbound: "hold" | "flow" | "drop" }
  /** Audio of this response may be played; marks carry this generation. */
  | { readonly type: "lane.play"; readonly responseId: string; readonly generation: number }
  /** Nothing may be played: drop what waits, and every late delta, until the next `lane.play`. */
  | { readonly type: "lane.mute" }
  /** These keys as tones, at once: 100 ms each and 100 ms of silence after it, `w` 500 ms. When played, a mark called TONES_MARK returns. */
  | { readonly type: "lane.play_tones"; readonly digits: string };

type TelephonyEffect = { readonly type: "telephony.clear" } | { readonly type: "telephony.close"; readonly code: number };

type RecordEffect =
  /** Body of a bus message without epoch and time, which the shell adds. `seq` is gapless over all kinds. */
  | { readonly type: "bus.publish"; readonly kind: "transcript" | "event" | "usage"; readonly seq: number; readonly body: PublishedBody }
  /** For the shell's counters and log: the record has it as the event `injection.done`. */
  | {
      readonly type: "bus.receipt";
      readonly injectionId: string;
      readonly outcome: "spoken" | "superseded" | "expired" | "refused";
      readonly reason: string | null;
      readonly heardMs: number | null;
    }
  /** EndCall. Answered by `record.closed`. */
  | {
      readonly type: "record.close";
      readonly outcome: CallOutcome;
      readonly reason: string;
      readonly durationMs: number;
      readonly lastSeq: number;
    };

type ShellEffect =
  | {
      readonly type: "tool.run";
      readonly toolCallId: string;
      readonly name: string;
      readonly argumentsJson: string;
      /** Slug of the agent that called it. */
      readonly agent: string;
    }
  /** Who shall have the call after the last of these utterances? Answered by `router.routed`, with the same `questionId`. */
  | {
      readonly type: "router.ask";
      readonly questionId: string;
      /** `first`: the reply waits for the answer. */
      readonly mode: "first" | "background";
      readonly currentAgent: string;
      readonly utterances: readonly HeardUtterance[];
    }
  /** The one timer; `null` takes it back. */
  | { readonly type: "clock.arm"; readonly at: number | null }
  /** For counters and the debug log: a low-cardinality name, and numbers. */
  | { readonly type: "note"; readonly name: string; readonly value: number };

export type ResponsePurpose = "greeting" | "reply" | "tool_result" | "filler" | "injection" | "nudge" | "farewell" | "retry";
export type CallOutcome = "completed" | "stopped" | "failed";
export type PublishedBody = { readonly [field: string]: unknown };
