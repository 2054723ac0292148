import { micros } from "@struere/kernel";
import { describe, expect, test } from "vitest";
import { admitCall, type AdmissionQuestion, defaultLimits, type Pace } from "../src/index.ts";

const aQuestion = (asked: Partial<AdmissionQuestion> = {}): AdmissionQuestion => ({
  currency: "USD",
  available: micros(0),
  creditLimit: null,
  allowances: [],
  wanted: micros(1_000),
  atATime: [],
  toNumber: [],
  paces: [],
  now: 1_000,
  ...asked,
});

const aPace = (of: string, callsPerSecond: number, nextTurnAt = 0): Pace => ({ of, callsPerSecond, nextTurnAt });

/** How long each of so many had to wait, who came at the same moment; a reason for who was refused. */
function burst(count: number, paces: readonly Pace[]): readonly (number | string)[] {
  let turns = paces;
  return Array.from({ length: count }, () => {
    const decided = admitCall(aQuestion({ paces: turns }));
    if (!decided.ok) return decided.problem.reason;
    turns = turns.map((pace, index) => ({ ...pace, nextTurnAt: decided.value.nextTurnsAt[index] ?? 0 }));
    return decided.value.dialAt - 1_000;
  });
}

describe("a call", () => {
  test("that comes in takes no turn, and begins at once", () => {
    expect(admitCall(aQuestion())).toEqual({ ok: true, value: { dialAt: 1_000, nextTurnsAt: [] } });
  });

  test("is refused before it takes a turn, whoever calls whom", () => {
    const full = { atATime: [{ of: "production", count: 50, most: 50 }] };
    for (const paces of [[], [aPace("production", 1)]])
      expect(admitCall(aQuestion({ ...full, paces }))).toMatchObject({ ok: false, problem: { reason: "too_many_calls", value: "50" } });
  });

  test("of a burst waits for its turn, up to the longest wait", () => {
    const { callsPerSecond } = defaultLimits("production");
    const seconds = [0, 1_000, 2_000, 3_000, 4_000, 5_000, 6_000, 7_000, 8_000, 9_000, 10_000];
    expect(burst(13, [aPace("production", callsPerSecond)])).toEqual([...seconds, "too_fast", "too_fast"]);
  });

  test("of a key keeps the environment's pace and its own: the slower one decides", () => {
    expect(burst(4, [aPace("production", 2), aPace("key key_a", 0.25)])).toEqual([0, 4_000, 8_000, "too_fast"]);
    expect(burst(4, [aPace("production", 0.25), aPace("key key_a", 2)])).toEqual([0, 4_000, 8_000, "too_fast"]);
  });

  test("that would wait too long is told whose pace it is, and how to change it", () => {
    const sentence = (paces: readonly Pace[]): string => {
      const decided = admitCall(aQuestion({ paces }));
      return decided.ok ? "admitted" : decided.problem.sentence;
    };
    expect(sentence([aPace("production", 1, 12_000), aPace("key key_a", 1, 13_000)])).toBe(
      "too many calls of key key_a are being placed at once: 1 per second may begin; try again in 12 s, or raise the limit: struere billing caps --for key_a --calls-per-second <number>",
    );
    expect(sentence([aPace("production", 1, 12_000)])).toMatch(/struere calls policy --calls-per-second <number>$/);
  });
});
