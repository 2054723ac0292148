/**
 * What is known of a conversation, for assertions and reports. What depends on the clock stands apart from the rest: with the same seed
 * everything else is the same in every run.
 */
import type { CallRecord } from "@struere/local/world.ts";
import type { EvalTurn } from "struere";
import type { CallTimes } from "./call-times.ts";

/** One utterance of the agent as the caller had it. */
export interface Reply {
  readonly agent: string | null;
  /** What was heard, or written. */
  readonly text: string;
  /** The caller heard no more of it than `text`. */
  readonly isCut: boolean;
  /** Of one that was cut: all that would have been said, as far as the record knows it. */
  readonly whole: string | null;
}

export interface ToolUse {
  /** Of the model; empty in writing. */
  readonly id: string;
  readonly name: string;
  readonly status: "success" | "error" | "running";
}

export interface TurnEvidence {
  /** What the caller did, in words: `says "Hello"`, `presses 5`. Null: the agent spoke first. */
  readonly act: string | null;
  readonly said: string | null;
  readonly replies: readonly Reply[];
  /** What the agent understood of what was said in this turn. */
  readonly understood: readonly string[];
  readonly tools: readonly ToolUse[];
  /** Who has the conversation after it. */
  readonly agent: string | null;
  /** Something that a reader should know: the agent said nothing, the call ended. */
  readonly note: string | null;
}

export interface CaseEvidence {
  readonly turns: readonly TurnEvidence[];
  readonly record: CallRecord | null;
  readonly times: CallTimes | null;
  /** Phone numbers to which the call was given. */
  readonly transferredTo: readonly string[];
  /** Micro-dollars at list prices; null: a model without a price. */
  readonly costMicros: number | null;
  readonly wav: Uint8Array | null;
}

/** In the words of a report. */
export function actOf(turn: EvalTurn): string {
  if (turn.user !== undefined) {
    const how = [
      turn.mumble ? "mumbles" : "says",
      ...(turn.interruptAfter === undefined ? [] : [`over the agent, after "${turn.interruptAfter}",`]),
    ];
    return `${how.join(" ")} "${turn.user}"`;
  }
  if (turn.silent !== undefined) return `says nothing for ${turn.silent} ms`;
  if (turn.press !== undefined) return `presses ${turn.press}`;
  if (turn.hear !== undefined) return `waits for "${turn.hear}"`;
  return "hangs up";
}
