import { expect, test } from "vitest";
import { RESPONSES_IN_WINDOW_MAX } from "../src/index.ts";
import { greeted, playAll, says, type Scripted } from "./play.ts";

/** The vendor's VAD takes every noise for a turn: responses that nobody asked for, each said in an instant. */
const chatter = (count: number, everyMs: number): readonly Scripted[] =>
  Array.from({ length: count }, (_, index) => {
    const number = index + 2;
    return says(3_000 + index * everyMs, { responseId: `resp_${number}`, itemId: `agent_${number}`, text: "Yes?", ms: 20 });
  }).flat();

const billed = (script: readonly Scripted[]) => {
  const { state, effects } = playAll(script);
  return {
    ending: state.phase === "closing" ? state.closing.reason : state.phase === "ended" ? state.reason : null,
    responses: new Set(
      effects.flatMap((effect) => (effect.type === "bus.publish" && effect.kind === "usage" ? [effect.body["usageId"]] : [])),
    ).size,
    deaf: effects.some((effect) => effect.type === "lane.route" && effect.inbound === "drop"),
  };
};

test("a call whose responses follow each other without end is ended with the sixteenth, and hears nothing that could bring another", () => {
  // The greeting was the first.
  expect(billed([...greeted(), ...chatter(RESPONSES_IN_WINDOW_MAX - 1, 300)])).toEqual({
    ending: "response_runaway",
    responses: RESPONSES_IN_WINDOW_MAX,
    deaf: true,
  });
});

test("one that talks as fast as a chain of tools can goes on", () => {
  expect(billed([...greeted(), ...chatter(RESPONSES_IN_WINDOW_MAX - 2, 300)])).toMatchObject({ ending: null, deaf: false });
  expect(billed([...greeted(), ...chatter(100, 1_050)])).toMatchObject({ ending: null, responses: 101 });
});
