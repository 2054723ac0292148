/**
 * How fast responses may follow each other. Each one reads the whole conversation and is billed for it, whoever asked for it: we, a chain of
 * tools, or the vendor's VAD. People can not talk so fast that this is reached; something that loops can, and it is ended before it
 * costs more than whoever pays for the call counts on (proto/struere/voice/v1/call_control.proto).
 */
import { RESPONSES_IN_WINDOW_MAX, RESPONSES_WINDOW_MS } from "./limits.ts";

/** When the last ones began. */
export type Pace = readonly number[];

export const NO_PACE: Pace = [];

export function paced(pace: Pace, at: number): Pace {
  return [...pace.filter((before) => before > at - RESPONSES_WINDOW_MS), at].slice(-RESPONSES_IN_WINDOW_MAX);
}

/** The most that may begin within the window have begun. */
export function isRunaway(pace: Pace): boolean {
  return pace.length >= RESPONSES_IN_WINDOW_MAX;
}
