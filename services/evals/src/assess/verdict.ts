import type { EvalAssertion } from "struere";

/** What became of one assertion. */
export interface Verdict {
  readonly assertion: EvalAssertion;
  /** `not_run`: nobody was there to judge it. It has neither held nor failed. */
  readonly status: "passed" | "failed" | "not_run";
  /** 1 to 5, as a judge gives it; what is not a matter of degree has 5 or 1. Null when it was not run. */
  readonly score: number | null;
  /** For people, and the same in every run with the same seed. */
  readonly detail: string;
  /** What was measured by the clock. */
  readonly measured: string | null;
}

export function verdict(assertion: EvalAssertion, holds: boolean, detail: string, measured: string | null = null): Verdict {
  return { assertion, status: holds ? "passed" : "failed", score: holds ? 5 : 1, detail, measured };
}

export function notRun(assertion: EvalAssertion, why: string): Verdict {
  return { assertion, status: "not_run", score: null, detail: why, measured: null };
}

/** Weighted mean of what was run, as the documentation has it; null when nothing was. */
export function scoreOf(verdicts: readonly Verdict[]): number | null {
  const run = verdicts.filter((one) => one.score !== null);
  const weight = run.reduce((sum, { assertion }) => sum + assertion.weight, 0);
  if (weight === 0) return null;
  return run.reduce((sum, { assertion, score }) => sum + assertion.weight * (score ?? 0), 0) / weight;
}
