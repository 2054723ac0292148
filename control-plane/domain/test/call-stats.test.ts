import { micros } from "@struere/kernel";
import { describe, expect, test } from "vitest";
import { type AuditorUse, type CallFigures, callStats, type InjectionFigures } from "../src/index.ts";

let ids = 0;
const aCall = (overrides: Partial<CallFigures> = {}): CallFigures => ({
  callId: `call ${++ids}`,
  router: "phone",
  group: "corrected",
  sample: 0.5,
  turns: 10,
  formComplete: null,
  formPending: false,
  reason: "caller_hung_up",
  audits: { done: 2, failed: 0, skipped: 0 },
  ...overrides,
});
const spoken = (call: CallFigures, overrides: Partial<InjectionFigures> = {}): InjectionFigures => ({
  callId: call.callId,
  source: "auditor",
  action: "correction",
  outcome: "spoken",
  reason: null,
  value: null,
  heardAtMs: 20_000,
  newestReadMs: 15_000,
  oldestReadMs: 12_000,
  reply: null,
  ...overrides,
});
const withheld = (call: CallFigures): InjectionFigures =>
  spoken(call, { outcome: "refused", reason: "control_group", heardAtMs: null, newestReadMs: null, oldestReadMs: null });
const used = (call: CallFigures, overrides: Partial<AuditorUse> = {}): AuditorUse => ({
  callId: call.callId,
  inputTokens: 900,
  cachedInputTokens: 300,
  outputTokens: 100,
  cost: { micros: micros(2_000), currency: "USD" },
  ...overrides,
});
const many = (count: number, overrides: Partial<CallFigures>): CallFigures[] => Array.from({ length: count }, () => aCall(overrides));

describe("the figures of a group", () => {
  test("are counted for its own calls: corrections for 100 turns, asked for and heard", () => {
    const [one, other, control] = [aCall({ turns: 30 }), aCall({ turns: 20 }), aCall({ group: "control", turns: 25 })];
    const superseded = spoken(other, { outcome: "superseded", reason: "newer", heardAtMs: null });
    const injections = [
      spoken(one),
      spoken(other),
      superseded,
      spoken(one, { action: "complete" }),
      spoken(one, { source: "person" }),
      withheld(control),
    ];
    const { groups } = callStats([one, other, control], injections, []).total;
    expect(groups.corrected).toMatchObject({ calls: 2, turns: 50, byHand: 1 });
    expect(groups.corrected.corrections).toEqual({ asked: 3, spoken: 2, withheld: 0, askedPer100Turns: 6, spokenPer100Turns: 4 });
    expect(groups.control.corrections).toEqual({ asked: 1, spoken: 0, withheld: 1, askedPer100Turns: 4, spokenPer100Turns: 0 });
    expect(groups.corrected.receipts).toEqual([
      { action: "correction", outcome: "spoken", reason: null, count: 2 },
      { action: "complete", outcome: "spoken", reason: null, count: 1 },
      { action: "correction", outcome: "superseded", reason: "newer", count: 1 },
    ]);
    expect(groups.control.receipts).toEqual([{ action: "correction", outcome: "refused", reason: "control_group", count: 1 }]);
    expect(groups.corrected.audits).toEqual({ done: 4, failed: 0, skipped: 0 });
    expect(groups.unaudited).toMatchObject({
      calls: 0,
      corrections: { askedPer100Turns: null, spokenPer100Turns: null },
      correctionMs: null,
    });
  });

  test("say how long a correction took, from the newest and from the oldest words that can have been wrong", () => {
    const call = aCall();
    const waits = [4_000, 5_000, 6_000, 7_000].map((ms) => spoken(call, { heardAtMs: 15_000 + ms }));
    const unknown = spoken(call, { heardAtMs: null });
    const { correctionMs } = callStats([call], [...waits, unknown, spoken(call, { action: "complete", heardAtMs: 90_000 })], []).total
      .groups.corrected;
    expect(correctionMs).toEqual({
      atLeast: { count: 4, p50: 5_000, p90: 7_000 },
      atMost: { count: 4, p50: 8_000, p90: 10_000 },
    });
  });

  test("say what callers answered to the corrections that they heard, and to nothing else", () => {
    const call = aCall();
    const replies = ["Yes, right.", "No.", "Hm.", null].map((reply) => spoken(call, { reply }));
    const { replies: found } = callStats([call], [...replies, spoken(call, { outcome: "expired", reply: "Yes." })], []).total.groups
      .corrected;
    expect(found).toEqual({ confirmed: 1, contradicted: 1, unclear: 2 });
  });

  test("count the forms of calls that had one, and those that nobody has looked at yet", () => {
    const calls = [
      ...many(3, { formComplete: true }),
      aCall({ formComplete: false }),
      aCall(),
      aCall({ formPending: true }),
      aCall({ reason: "auditor_completed" }),
      aCall({ reason: "auditor_aborted" }),
    ];
    const { corrected } = callStats(calls, [], []).total.groups;
    expect(corrected.formsComplete).toMatchObject({ count: 3, of: 4, share: 0.75 });
    expect(corrected.formsPending).toBe(1);
    expect(corrected.ended).toMatchObject({ complete: { count: 1, of: 8 }, abort: 1 });
  });

  test("have what the auditor cost, and no price where one is missing", () => {
    const [one, other] = [aCall(), aCall()];
    const costOf = (uses: readonly AuditorUse[]) => callStats([one, other], [], uses).total.groups.corrected.auditor;
    expect(costOf([used(one), used(other, { cost: { micros: micros(3_001), currency: "USD" } })])).toEqual({
      inputTokens: 1_800,
      cachedInputTokens: 600,
      outputTokens: 200,
      tokensPerCall: 1_000,
      cost: { micros: 5_001n, perCall: 2_500n, currency: "USD" },
    });
    expect(costOf([used(one), used(other, { cost: null })])).toMatchObject({ inputTokens: 1_800, cost: null });
    expect(costOf([used(one), used(other, { cost: { micros: micros(1), currency: "EUR" } })]).cost).toBeNull();
    expect(costOf([])).toEqual({ inputTokens: 0, cachedInputTokens: 0, outputTokens: 0, tokensPerCall: null, cost: null });
  });
});

describe("the comparison", () => {
  const drawn = [
    ...many(40, { group: "corrected", formComplete: true }),
    ...many(10, { group: "corrected", formComplete: false }),
    ...many(20, { group: "control", formComplete: true }),
    ...many(30, { group: "control", formComplete: false }),
  ];
  const comparisonOf = (calls: readonly CallFigures[]) => callStats(calls, [], []).total.comparison;

  test("is of the calls that chance has put into their groups, and of no others", () => {
    const others = [
      ...many(100, { group: "corrected", sample: 1, formComplete: false }),
      ...many(100, { group: "control", sample: 0, formComplete: true }),
      ...many(100, { group: "unaudited", sample: null, formComplete: false }),
    ];
    const { formsComplete, ...rest } = comparisonOf([...drawn, ...others]);
    expect(rest).toMatchObject({ corrected: 50, control: 50, warnings: [] });
    expect(formsComplete?.difference).toBeCloseTo(0.4, 9);
    expect(formsComplete?.low).toBeGreaterThan(0.2);
    expect(formsComplete?.high).toBeLessThan(0.6);
  });

  test("warns of small groups, of few forms, of mixed shares, and of nothing to compare", () => {
    const warningsOf = (calls: readonly CallFigures[]) => comparisonOf(calls).warnings;
    expect(warningsOf([...many(50, {}), aCall({ group: "control" })])).toEqual([
      "the control group has only 1 call; below 30 chance may have made a difference",
    ]);
    const fewForms = [...drawn.slice(0, 50), ...many(40, { group: "control" }), ...many(2, { group: "control", formComplete: true })];
    expect(warningsOf(fewForms)).toEqual(["the control group has only 2 calls with a form; below 30 chance may have made a difference"]);
    expect(warningsOf([...drawn, ...many(1, { sample: 0.8 })])).toEqual([
      "calls with different shares are mixed (0.5, 0.8): compare one router, and only since its share was changed",
    ]);
    expect(warningsOf(many(50, { sample: 1 }))).toEqual([
      "no call was drawn into a group: set voiceConfig.auditorSample above 0 and below 1 to compare",
    ]);
    expect(comparisonOf([])).toMatchObject({ formsComplete: null, endedComplete: null });
  });
});

test("routers are told apart, and the calls of numbers without one", () => {
  const calls = [
    aCall({ router: "sales" }),
    aCall({ router: "phone" }),
    aCall({ router: "sales" }),
    aCall({ router: null, group: "unaudited" }),
  ];
  const { total, routers } = callStats(calls, [], []);
  expect(routers.map(({ router, groups }) => [router, groups.corrected.calls, groups.unaudited.calls])).toEqual([
    [null, 0, 1],
    ["phone", 1, 0],
    ["sales", 2, 0],
  ]);
  expect(total.groups.corrected.calls).toBe(3);
});
