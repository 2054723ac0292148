/** What is known of a call and calls for nothing by itself: it is told with the next event, in one step with it. */
import type { CallEvent } from "./event.ts";
import { parseMark } from "./playback.ts";
import type { CallState } from "./state.ts";

/** How far the agent's audio and words have come. Each carries the time at which it became known. */
export type Fact = Extract<CallEvent, { readonly type: "lane.progressed" | "model.words_spoken" | "telephony.marked" }>;

export const NO_FACTS: readonly Fact[] = [];

/**
 * Whether a mark that has come back is an event, because something may follow from it: the shield of the greeting goes down, an item is
 * over, tones have been played. All others say no more than how much has been heard, which matters when something else happens, be it
 * that a watchdog's time has come; of several, only the last one says it.
 * @param mark.ends an item has been played to its end, as far as the lane knows
 */
export function isMarkAwaited(state: CallState, mark: { readonly name: string; readonly ends: boolean }): boolean {
  if (mark.ends || state.phase !== "live") return true;
  const { call } = state;
  if (call.turn.shield === "up") return true;
  const { playback } = call;
  const parsed = parseMark(mark.name);
  if (parsed === undefined) return true;
  if (parsed.generation !== playback.generation) return false;
  return playback.items[0]?.itemId !== parsed.itemId;
}
