import { type CallId, mintId } from "@struere/kernel";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AuditorGroup, auditorTrial, InjectionAction, isWithheld, receiptForAuditor, resolveCallConfig, WITHHELD } from "../src/index.ts";
import { aQuestion, aRoutedQuestion, aRouter, aVoice, anAgent } from "./build.ts";

const callIds = fc.uint8Array({ minLength: 24, maxLength: 24 }).map((bytes) => mintId("call", bytes));
const shares = fc.double({ min: 0, max: 1, noNaN: true });
const isCorrected = (id: CallId, sample: number): boolean => auditorTrial(id, sample).group === "corrected";

/** Ids one after the other, which differ in their last characters only: worse than any that are minted. */
function consecutive(count: number): CallId[] {
  return Array.from({ length: count }, (_, number) => {
    const bytes = new Uint8Array(24);
    for (let index = 23, rest = number; rest > 0; index--, rest >>= 5) bytes[index] = rest & 31;
    return mintId("call", bytes);
  });
}

describe("which calls are corrected", () => {
  test("is said by the call's id, the same in every process and every release", () => {
    // In the record there are calls that were chosen by it: another hash would tell another story about them.
    const places = consecutive(4).map((id) => {
      let [low, high] = [0, 1];
      for (let step = 0; step < 20; step++) {
        const middle = (low + high) / 2;
        if (isCorrected(id, middle)) high = middle;
        else low = middle;
      }
      return high.toFixed(3);
    });
    expect(places).toEqual(["0.048", "0.842", "0.785", "0.267"]);
  });

  test("is all of them for 1 and none for 0", () => {
    fc.assert(
      fc.property(callIds, (id) => {
        expect(isCorrected(id, 1)).toBe(true);
        expect(isCorrected(id, 0)).toBe(false);
      }),
    );
  });

  test("keeps those of a smaller share when the share grows", () => {
    fc.assert(
      fc.property(callIds, shares, shares, (id, one, other) => {
        if (isCorrected(id, Math.min(one, other))) expect(isCorrected(id, Math.max(one, other))).toBe(true);
      }),
    );
  });

  const ids = consecutive(20_000);
  test.each([0.01, 0.1, 0.25, 0.5, 0.9])("is a share of %d of many calls, even of ids that follow each other", (sample) => {
    const count = ids.filter((id) => isCorrected(id, sample)).length;
    const deviation = Math.sqrt(ids.length * sample * (1 - sample));
    expect(Math.abs(count - ids.length * sample)).toBeLessThan(4 * deviation);
  });

  test("says nothing about the call before or any character of the id", () => {
    const groups = ids.map((id) => isCorrected(id, 0.5));
    const deviation = Math.sqrt(ids.length) / 2;
    for (const lag of [1, 2, 31, 32, 1_024]) {
      const same = groups.slice(lag).filter((group, index) => group === groups[index]).length;
      expect(Math.abs(same - (ids.length - lag) / 2), `lag ${lag}`).toBeLessThan(4 * deviation);
    }
    for (let bit = 0; bit < 14; bit++) {
      const same = groups.filter((group, number) => group === Boolean((number >> bit) & 1)).length;
      expect(Math.abs(same - ids.length / 2), `bit ${bit}`).toBeLessThan(4 * deviation);
    }
  });
});

describe("a call is pinned to its group", () => {
  const trialOf = (voiceConfig: Parameters<typeof aVoice>[0]) => {
    const resolved = resolveCallConfig(aRoutedQuestion(aRouter({ voiceConfig: aVoice(voiceConfig) }), [anAgent()]), {
      instructions: "",
      tools: [],
    });
    return resolved.ok ? resolved.value.trial : undefined;
  };

  test("with the share that it was chosen by", () => {
    const { callId } = aQuestion().call;
    for (const auditorSample of [0, 0.3, 0.7, 1]) {
      expect(trialOf({ auditorAgent: "form-auditor", auditorSample })).toEqual(auditorTrial(callId, auditorSample));
    }
    expect(trialOf({ auditorAgent: "form-auditor" })).toEqual({ sample: 1, group: "corrected" });
  });

  test("and is corrected in any case in an eval, whatever the share", () => {
    const question = aRoutedQuestion(aRouter({ voiceConfig: aVoice({ auditorAgent: "form-auditor", auditorSample: 0 }) }), [anAgent()]);
    const resolved = resolveCallConfig({ ...question, call: { ...question.call, environment: "eval" } }, { instructions: "", tools: [] });
    expect(resolved).toMatchObject({ ok: true, value: { trial: { sample: 1, group: "corrected" } } });
  });

  test("and to none when nobody audits", () => {
    expect(trialOf({ auditorSample: 0.5 })).toBeNull();
  });
});

describe("the control group", () => {
  const sources = ["auditor", "person", "service"] as const;
  const every = AuditorGroup.flatMap((group) => sources.flatMap((source) => InjectionAction.map((action) => ({ group, source, action }))));

  test("goes without its auditor's corrections, and without nothing else", () => {
    expect(every.filter(({ group, ...injection }) => isWithheld(group, injection))).toEqual([
      { group: "control", source: "auditor", action: "correction" },
    ]);
    expect(isWithheld(null, { source: "auditor", action: "correction" })).toBe(false);
  });

  test("is not known to the auditor: what was withheld looks to it like what was said", () => {
    const withheld = receiptForAuditor({ outcome: "refused", reason: WITHHELD });
    expect(withheld).toEqual(receiptForAuditor({ outcome: "spoken", reason: null }));
    for (const other of ["call_over", "call_moved", null]) {
      expect(receiptForAuditor({ outcome: "refused", reason: other })).toEqual({ outcome: "refused", reason: other });
    }
    expect(receiptForAuditor({ outcome: null, reason: null })).toEqual({ outcome: null, reason: null });
  });
});
