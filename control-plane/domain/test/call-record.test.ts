import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type CallRecord, carrierAdvances, claimCall, endBeforeAnswer, endCall } from "../src/index.ts";

const PENDING: CallRecord = { status: "pending", epoch: 0, nodeId: null, streamSid: null };

/** `claim <epoch> <node>` and `end <epoch> <outcome>` lines, each followed by what became of it. */
function check(table: string): void {
  let record = PENDING;
  const lines = table
    .trim()
    .split("\n")
    .map((line) => line.trim());
  for (const line of lines) {
    const [step = "", expected] = line.split("->").map((part) => part.trim());
    const [verb, epochText, word = ""] = step.split(/\s+/);
    const epoch = Number(epochText);
    let outcome: string;
    if (verb === "claim") {
      const answer = claimCall(record, { epoch, nodeId: word, streamSid: `MZ-${word}-${epoch}` });
      if (answer.ok) record = answer.value.record;
      outcome = answer.ok ? (answer.value.repeated ? "repeated" : "granted") : answer.problem;
    } else {
      const answer = endCall(record, { epoch, outcome: word === "failed" || word === "stopped" ? word : "completed" });
      if (answer.ok) record = answer.value.record;
      outcome = answer.ok ? (answer.value.endedNow ? "ended" : "ended_before") : answer.problem;
    }
    expect(`${step} -> ${outcome}: ${record.status} ${record.epoch}`).toBe(`${step} -> ${expected}`);
  }
}

test("a call is claimed once per epoch, ended once, and over for good", () => {
  check(`
    end 1 completed   -> never_claimed: pending 0
    claim 2 nodeA     -> epoch_skipped: pending 0
    claim 1 nodeA     -> granted: active 1
    claim 1 nodeA     -> repeated: active 1
    claim 1 nodeB     -> token_used: active 1
    claim 2 nodeB     -> granted: active 2
    end 1 completed   -> stale_epoch: active 2
    claim 1 nodeA     -> token_used: active 2
    end 2 stopped     -> ended: stopped 2
    end 2 completed   -> ended_before: stopped 2
    end 1 failed      -> ended_before: stopped 2
    end 3 failed      -> never_claimed: stopped 2
    claim 3 nodeA     -> call_over: stopped 2
  `);
});

test("whatever is tried in whatever order, each epoch has one holder and the end is final", () => {
  const step = fc.record({ verb: fc.constantFrom("claim", "end"), epoch: fc.integer({ min: 1, max: 4 }), node: fc.constantFrom("A", "B") });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      let record = PENDING;
      const holders = new Map<number, string>();
      let ends = 0;
      for (const { verb, epoch, node } of steps) {
        const before = record;
        if (verb === "claim") {
          const answer = claimCall(record, { epoch, nodeId: node, streamSid: node });
          if (!answer.ok) continue;
          record = answer.value.record;
          expect(holders.get(epoch) ?? node).toBe(node);
          holders.set(epoch, node);
        } else {
          const answer = endCall(record, { epoch, outcome: "completed" });
          if (!answer.ok) continue;
          record = answer.value.record;
          if (answer.value.endedNow) ends += 1;
        }
        expect(record.epoch).toBeGreaterThanOrEqual(before.epoch);
        if (before.status === "completed") expect(record).toEqual(before);
      }
      expect(ends).toBeLessThanOrEqual(1);
    }),
  );
});

describe("what the carrier says", () => {
  test.each([
    [null, "ringing", true],
    ["ringing", "in-progress", true],
    ["ringing", "ringing", false],
    ["in-progress", "ringing", false],
    ["in-progress", "completed", true],
    ["completed", "in-progress", false],
    ["completed", "failed", false],
    ["ringing", "a-new-word", false],
  ])("after %s, %s leads further: %s", (known, reported, advances) => {
    expect(carrierAdvances(known, reported)).toBe(advances);
  });

  test("a caller who hangs up before anybody answered stopped the call; the line's own failures failed it", () => {
    expect(endBeforeAnswer("completed", "inbound")).toEqual({ outcome: "stopped", reason: "caller_hung_up_before_answer" });
    expect(endBeforeAnswer("busy", "outbound")).toEqual({ outcome: "failed", reason: "busy" });
    expect(endBeforeAnswer("no-answer", "outbound")).toEqual({ outcome: "failed", reason: "no_answer" });
    expect(endBeforeAnswer("no-answer", "inbound")).toEqual({ outcome: "stopped", reason: "caller_hung_up_before_answer" });
    expect(endBeforeAnswer("failed", "inbound")).toEqual({ outcome: "failed", reason: "carrier_failed" });
  });
});
