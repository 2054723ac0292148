import { type Sound, type Tape } from "@struere/simulators";
import { expect, test } from "vitest";
import { callTimes, quantile } from "../src/call-times.ts";

function aTape(caller: readonly (readonly [number, number])[], agent: readonly (readonly [number, number])[], durationMs: number): Tape {
  const sounds = (spans: readonly (readonly [number, number])[]): readonly Sound[] => spans.map(([fromMs, toMs]) => ({ fromMs, toMs }));
  return { startsAtMs: 0, durationMs, wav: () => new Uint8Array(), sounds: (side) => sounds(side === "caller" ? caller : agent) };
}

test("an answer is timed from the caller's last sound to the agent's first", () => {
  const times = callTimes(
    aTape(
      [
        [2_000, 3_000],
        [6_000, 6_500],
      ],
      [
        [200, 1_500],
        [3_800, 5_000],
        [7_000, 8_000],
      ],
      9_000,
    ),
  );
  expect(times).toEqual({ durationMs: 9_000, latenciesMs: [800, 500], stopsMs: [], deadAirMs: 1_000 });
});

test("an interruption is timed from the caller's first sound to the agent's silence, and is no answer", () => {
  const times = callTimes(
    aTape(
      [[2_000, 3_000]],
      [
        [200, 2_300],
        [3_600, 4_000],
      ],
      4_000,
    ),
  );
  expect(times).toMatchObject({ stopsMs: [300], latenciesMs: [600], deadAirMs: 600 });
});

test("silence counts from the agent's first sound to the end of the call", () => {
  expect(callTimes(aTape([], [[1_000, 2_000]], 9_000)).deadAirMs).toBe(7_000);
  expect(callTimes(aTape([[0, 500]], [], 9_000)).deadAirMs).toBe(0);
});

test("quantiles are values that occurred", () => {
  expect([0.5, 0.95, 1].map((share) => quantile([10, 20, 30, 40], share))).toEqual([20, 40, 40]);
  expect(quantile([], 0.5)).toBeNull();
});
