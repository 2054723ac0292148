/**
 * The turn: does the caller speak, do we owe them an answer, and is the greeting still shielded?
 *
 * "Speaking" is the VAD's word for it, between speech_started and speech_stopped; one that never stops is bounded. Having stopped, the caller
 * keeps the floor for the moment in which the vendor makes a turn of what was said: a word of ours in there would take the place of the
 * answer. A *committed* turn is owed an answer until a response to it has begun. Usually the vendor's VAD asks for that response itself; it can not while another one is
 * active, nor when it fails, and then the answer is `ours` to ask for.
 *
 * The shield is up from the beginning of the greeting until a second of it has been heard, or it is over. It goes down once and stays down.
 *
 * Whether speech cuts the agent off is not decided here: that follows from all of this together with playback (barge-in.ts).
 */
import { AUTO_RESPONSE_MS, COMMITTED_MS, SPEECH_MS } from "./limits.ts";

export interface Turn {
  readonly caller:
    | { readonly state: "silent" }
    | { readonly state: "speaking"; readonly itemId: string; readonly since: number }
    /** Stopped, not committed yet. */
    | { readonly state: "pausing"; readonly since: number };
  /** Can the caller hear the agent? Follows playback. */
  readonly agent: "silent" | "speaking";
  readonly owed: { readonly since: number; readonly ours: boolean } | null;
  readonly shield: "up" | "down";
  /** The last stretch of speech, for the times of its utterance. */
  readonly spoken: { readonly itemId: string; readonly startedAt: number; readonly endedAt: number } | null;
}

const SILENT: Turn["caller"] = { state: "silent" };

export const NOBODY: Turn = { caller: SILENT, agent: "silent", owed: null, shield: "down", spoken: null };

export function isSpeaking(turn: Turn): boolean {
  return turn.caller.state === "speaking";
}

export function startedSpeaking(turn: Turn, itemId: string, at: number): Turn {
  return { ...turn, caller: { state: "speaking", itemId, since: at } };
}

export function stoppedSpeaking(turn: Turn, at: number): Turn {
  if (turn.caller.state !== "speaking") return turn;
  const { itemId, since } = turn.caller;
  return { ...turn, caller: { state: "pausing", since: at }, spoken: { itemId, startedAt: since, endedAt: at } };
}

/** Nothing more comes of what was said last: it is a turn now, or none. */
export function stoppedPausing(turn: Turn): Turn {
  return turn.caller.state === "pausing" ? { ...turn, caller: SILENT } : turn;
}

/** The caller speaks, or has just done so: nothing may be begun. */
export function hasFloor(turn: Turn): boolean {
  return turn.caller.state !== "silent";
}

/** @param ours the vendor's VAD will not ask for the answer. One that was ours stays ours. */
export function owes(turn: Turn, at: number, who: { readonly ours: boolean }): Turn {
  return { ...turn, owed: { since: at, ours: who.ours || (turn.owed?.ours ?? false) } };
}

export function answered(turn: Turn): Turn {
  return turn.owed ? { ...turn, owed: null } : turn;
}

/** The vendor has had its time: from now on the answer is ours to ask for. */
export function isOursToAnswer(turn: Turn, at: number): boolean {
  return turn.owed !== null && (turn.owed.ours || at >= turn.owed.since + AUTO_RESPONSE_MS);
}

/** The vendor is about to answer by itself. */
export function isAnsweredByVendor(turn: Turn, at: number): boolean {
  return turn.owed !== null && !isOursToAnswer(turn, at);
}

/** When an answer that is not ours yet will be. */
export function answerDueAt(turn: Turn): number {
  return turn.owed && !turn.owed.ours ? turn.owed.since + AUTO_RESPONSE_MS : Number.POSITIVE_INFINITY;
}

/** When a caller who has not stopped speaking, or not been understood, counts as silent all the same. */
export function floorEndsAt(turn: Turn): number {
  switch (turn.caller.state) {
    case "silent":
      return Number.POSITIVE_INFINITY;
    case "speaking":
      return turn.caller.since + SPEECH_MS;
    case "pausing":
      return turn.caller.since + COMMITTED_MS;
  }
}

export function shielded(turn: Turn): Turn {
  return { ...turn, shield: "up" };
}

export function unshielded(turn: Turn): Turn {
  return { ...turn, shield: "down" };
}
