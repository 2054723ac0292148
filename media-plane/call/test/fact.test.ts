import { expect, test } from "vitest";
import { isMarkAwaited, markName, TONES_MARK } from "../src/index.ts";
import { heard, live, playAll, says, type Scripted } from "./play.ts";

const GREETING = { responseId: "resp_1", itemId: "agent_1", requestId: "r1.3", text: "Hello, this is Ada. How can I help you?", ms: 9_000 };
const SPEAKING: readonly Scripted[] = [...live(), ...says(500, GREETING), heard(1_000, "agent_1", 300)];
const UNSHIELDED: readonly Scripted[] = [...SPEAKING, heard(1_800, "agent_1", 1_100)];

const at = (place: { readonly generation?: number; readonly itemId?: string; readonly sentMs: number }): string =>
  markName({ generation: 1, itemId: "agent_1", ...place });

test.each([
  ["it says no more than how much was heard", UNSHIELDED, { name: at({ sentMs: 1_300 }) }, false],
  ["the greeting's shield may go down with it", SPEAKING, { name: at({ sentMs: 500 }) }, true],
  ["an item is over with it", UNSHIELDED, { name: at({ sentMs: 9_000 }), ends: true }, true],
  ["it is of an item behind the one that plays", UNSHIELDED, { name: at({ itemId: "agent_2", sentMs: 180 }) }, true],
  ["tones have been played", UNSHIELDED, { name: TONES_MARK }, true],
  ["it is not ours", UNSHIELDED, { name: "what is this" }, true],
  ["it was sent before the caller cut in", UNSHIELDED, { name: at({ generation: 0, sentMs: 400 }) }, false],
  [
    "the call is coming to its end",
    [...UNSHIELDED, { at: 1_900, type: "operator.hung_up", reason: "drained" }],
    { name: at({ sentMs: 1_300 }) },
    true,
  ],
] as const)("a mark that comes back, when %s", (_when, script: readonly Scripted[], mark, isAwaited) => {
  const { state } = playAll(script);
  expect(isMarkAwaited(state, { ends: false, ...mark })).toBe(isAwaited);
});
