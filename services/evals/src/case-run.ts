/** One case, once: what is known when it is over. */
import type { EvalCase, EvalSuite } from "struere";
import type { Verdict } from "./assess/verdict.ts";
import type { CaseEvidence } from "./evidence.ts";

export interface CaseOrder {
  readonly suite: EvalSuite;
  readonly case: EvalCase;
  /** From 1, where a case is run more than once. */
  readonly run: number;
  readonly seed: number;
}

export interface CaseRun {
  readonly order: CaseOrder;
  /** `error`: it could not be played. `not_run`: nothing failed, but something could not be judged. */
  readonly status: "passed" | "failed" | "error" | "not_run";
  readonly score: number | null;
  readonly evidence: CaseEvidence;
  /** By turn, as in the evidence. */
  readonly verdicts: readonly (readonly Verdict[])[];
  readonly finalVerdicts: readonly Verdict[];
  readonly error: string | null;
  readonly tookMs: number;
}

export const NO_EVIDENCE: CaseEvidence = { turns: [], record: null, times: null, transferredTo: [], costMicros: null, wav: null };
