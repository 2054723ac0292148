/**
 * A call in its phases, each with only what it has:
 *
 *     resolving ──config──▶ connecting ──model configured──▶ live ──▶ closing ──record closed──▶ ended
 *         └───────────────────────┴──────── whatever goes wrong ───────────┘
 *
 * From connecting on a call consists of the same independent small machines (`CallParts`), one file each. The state is data: it can be
 * printed, compared, stored; a step never changes one, it makes the next.
 */
import type { Advice } from "./advice.ts";
import type { Pace } from "./pace.ts";
import type { CallConfig } from "./config.ts";
import type { CallOutcome } from "./effect.ts";
import { type Injection, NONE_INJECTED } from "./injection.ts";
import type { Keys } from "./keys.ts";
import { START_MS } from "./limits.ts";
import type { ModelLeg } from "./model-leg.ts";
import type { Playback } from "./playback.ts";
import type { Ask, Response } from "./response.ts";
import type { Routing } from "./routing.ts";
import type { Silence } from "./silence.ts";
import type { TelephonyLeg } from "./telephony-leg.ts";
import type { Tones } from "./tones.ts";
import type { Tools } from "./tools.ts";
import type { Transcript } from "./transcript.ts";
import type { Turn } from "./turn.ts";
import type { UsageBook } from "./usage.ts";

export type CallState = Resolving | InCall | Ended;

/** The stream has not begun, or nobody has said yet what this call is. */
export interface Resolving {
  readonly phase: "resolving";
  readonly at: number;
  readonly armedAt: number | null;
  readonly telephony: TelephonyLeg;
  readonly startedAt: number;
  readonly until: number;
  /** It is over already, but the record does not know it yet: the configuration says where to tell it. */
  readonly ending: Ending | null;
  /** Only what was refused: nothing can be said yet. */
  readonly injection: Injection;
}

export type InCall = { readonly call: CallParts } & (
  | { readonly phase: "connecting" }
  | { readonly phase: "live" }
  | { readonly phase: "closing"; readonly closing: Closing }
);

/** The end. Nothing comes out of it. */
export type Ended = { readonly phase: "ended"; readonly at: number } & Ending;

export interface CallParts {
  /** Of the last event. Time never goes back. */
  readonly at: number;
  /** What the one timer is set to. */
  readonly armedAt: number | null;
  /** When the stream began: all offsets count from here. */
  readonly startedAt: number;
  readonly config: CallConfig;
  readonly telephony: TelephonyLeg;
  readonly model: ModelLeg;
  readonly response: Response;
  readonly playback: Playback;
  readonly turn: Turn;
  readonly transcript: Transcript;
  readonly injection: Injection;
  readonly tools: Tools;
  readonly tones: Tones;
  readonly routing: Routing;
  readonly usage: UsageBook;
  readonly keys: Keys;
  readonly silence: Silence;
  readonly advice: Advice;
  readonly pace: Pace;
  /** Last published, over all kinds. */
  readonly seq: number;
  /** How many request ids were given out. */
  readonly requests: number;
}

export interface Ending {
  readonly outcome: CallOutcome;
  /** A stable snake_case word. */
  readonly reason: string;
}

export type Closing = Ending & { readonly step: ClosingStep };

/** farewell → fading → settling → recording, or leaving → settling → recording; an end may begin at any of them. */
export type ClosingStep =
  /** The agent has something to say. `startBy` is null once it sounds. */
  | {
      readonly name: "farewell";
      readonly ask: Ask;
      readonly asked: boolean;
      /** What the model is told before it is asked. */
      readonly tell: string;
      readonly startBy: number | null;
      readonly until: number;
    }
  /** What is playing may finish. */
  | { readonly name: "fading"; readonly until: number }
  /** A person takes over; the stream is about to stop. Not a sound any more, and the line is not ours to cut. */
  | { readonly name: "leaving"; readonly until: number }
  /** Nobody listens any more; the last usage and transcriptions are on their way. */
  | { readonly name: "settling"; readonly until: number }
  /** All is said; the control plane is told that the call is over. */
  | { readonly name: "recording"; readonly until: number };

/** @param options.at the media node's monotonic clock, in milliseconds, as in every event. */
export function initialCall(options: { readonly at: number }): CallState {
  const { at } = options;
  return {
    phase: "resolving",
    at,
    armedAt: null,
    telephony: { state: "waiting", since: at },
    startedAt: at,
    until: at + START_MS,
    ending: null,
    injection: NONE_INJECTED,
  };
}

/** Whether the call is over: its state and everything that belongs to it can be let go. */
export function isEnded(state: CallState): boolean {
  return state.phase === "ended";
}
