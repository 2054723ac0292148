/** An eval's `injection` assertions, against what a call's record says became of each one. */
import { EvalSuite } from "struere";
import { expect, test } from "vitest";
import { assessInjections } from "../src/assess/injections.ts";

const CORRECTION = { action: "correction", message: "Sorry, your order  number is 4711.", outcome: "spoken" } as const;
const REPLACED = { action: "correction", message: "Your street is Long Street.", outcome: "superseded" } as const;
const CLOSING = { action: "complete", message: "Your order is complete.", outcome: "spoken" } as const;
const WAITING = { action: "abort", message: "We have to end.", outcome: null } as const;

/** As a suite's file has it. */
function injection(fields: object) {
  const suite = EvalSuite.parse({
    suite: "Desk",
    slug: "desk",
    agent: "desk",
    channel: "voice",
    cases: [{ name: "One", turns: [{ user: "Hello" }], finalAssertions: [{ type: "injection", ...fields }] }],
  });
  const [assertion] = suite.cases[0]?.finalAssertions ?? [];
  if (assertion?.type !== "injection") throw new Error("the suite has no such assertion");
  return assertion;
}

test.each([
  ["any at all", {}, [CLOSING]],
  ["by what it does", { action: "correction" }, [CLOSING, CORRECTION]],
  ["by its receipt", { outcome: "superseded" }, [CORRECTION, REPLACED]],
  ["by a part of its words, whatever their case and spaces", { contains: "YOUR order number is 4711" }, [CORRECTION]],
  ["by how many there are", { action: "correction", count: 2 }, [CORRECTION, REPLACED, CLOSING]],
  ["that none is there", { action: "abort", count: 0 }, [CORRECTION]],
  ["that none is there, in a call without any", { count: 0 }, []],
] as const)("hold %s", (_what, fields, there) => {
  expect(assessInjections(injection(fields), there)).toMatchObject({ status: "passed", score: 5 });
});

test.each([
  ["there is none", {}, [], "there are 0 of them, not any; there are: none"],
  [
    "only others are there",
    { action: "complete" },
    [CORRECTION],
    /^there are 0 of them, not any; there are: correction "Sorry,.*" spoken$/,
  ],
  ["all must be true of one and the same", { action: "complete", outcome: "superseded" }, [CLOSING, REPLACED], /^there are 0 of them/],
  [
    "nobody has heard it yet",
    { outcome: "spoken" },
    [WAITING],
    'there are 0 of them, not any; there are: abort "We have to end." on its way',
  ],
  ["there is one too many", { count: 1 }, [CORRECTION, CLOSING], /^there are 2 of them, not 1; there are: correction .*, complete /],
] as const)("do not hold when %s, and say what there is", (_why, fields, there, detail) => {
  expect(assessInjections(injection(fields), there)).toMatchObject({
    status: "failed",
    score: 1,
    detail: typeof detail === "string" ? detail : expect.stringMatching(detail),
  });
});
