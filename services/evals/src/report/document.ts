/**
 * The report as a document, which the other forms are written from. Everything that the clock has a say in is under `measured`: without it,
 * two runs with the same seed are the same, byte for byte.
 */
import type { EvalAssertion } from "struere";
import type { Verdict } from "../assess/verdict.ts";
import type { CaseRun } from "../case-run.ts";
import { dollars } from "../cost.ts";
import type { TurnEvidence } from "../evidence.ts";
import type { EvalRun, SuiteRun } from "../run-evals.ts";
import { scoreOf } from "../assess/verdict.ts";
import { failureLines } from "./transcript.ts";

export interface ReportOptions {
  /** Whether to show what was measured. */
  readonly times: boolean;
}

export type Report = ReturnType<typeof reportOf>;
export type SuiteReport = Report["suites"][number];
export type CaseReport = SuiteReport["cases"][number];
export type CaseFields = ReturnType<typeof caseFields>;
export type TurnReport = CaseFields["turns"][number];
export type VerdictReport = TurnReport["assertions"][number];

export function reportOf(run: EvalRun, options: ReportOptions) {
  const suites = run.suites.map((suite) => suiteReport(suite, options));
  const totals = totalsOf(suites.flatMap(({ cases }) => cases));
  return {
    version: 1,
    mind: run.mind,
    seed: run.seed,
    runs: run.runs,
    totals,
    suites,
    ...(options.times ? { measured: run.measured } : {}),
  };
}

function totalsOf(cases: readonly { readonly status: CaseRun["status"]; readonly score: number | null }[]) {
  const count = (status: CaseRun["status"]): number => cases.filter((one) => one.status === status).length;
  const scores = cases.flatMap(({ score }) => (score === null ? [] : [score]));
  const score = scores.length === 0 ? null : round(scores.reduce((a, b) => a + b, 0) / scores.length);
  return { cases: cases.length, passed: count("passed"), failed: count("failed"), errors: count("error"), notRun: count("not_run"), score };
}

const round = (score: number): number => Math.round(score * 100) / 100;

function suiteReport({ file, suite, cases }: SuiteRun, options: ReportOptions) {
  const reports = cases.map((one) => caseReport(one, options));
  const { suite: name, slug, agent, router, description } = suite;
  return {
    name,
    slug,
    file,
    target: agent === undefined ? `router ${router ?? ""}` : `agent ${agent}`,
    ...(description === undefined ? {} : { description }),
    totals: totalsOf(reports),
    cases: reports,
  };
}

function caseReport(run: CaseRun, options: ReportOptions) {
  const report = caseFields(run, options);
  // What a reader has to see first, and nothing of what went well.
  return { ...report, shown: report.status === "passed" ? [] : failureLines(report) };
}

function caseFields(run: CaseRun, { times }: ReportOptions) {
  const { order, evidence, status, score, error } = run;
  const { record, costMicros } = evidence;
  const name = order.case.name;
  return {
    name,
    file: fileNameOf(run),
    run: order.run,
    seed: order.seed,
    channel: order.case.channel,
    status,
    score: score === null ? null : round(score),
    error,
    injections: (record?.injections ?? []).map(({ source, action, message, outcome, reason }) => ({
      source,
      action,
      message,
      outcome,
      reason,
    })),
    outcome: record && { status: record.status, reason: record.reason },
    recording: evidence.wav === null ? null : `${fileNameOf(run)}.wav`,
    turns: evidence.turns.map((turn, index) => turnReport(turn, run.verdicts[index] ?? [], times)),
    finalAssertions: run.finalVerdicts.map((one) => verdictReport(one, times)),
    ...(times
      ? {
          measured: {
            tookMs: run.tookMs,
            callId: record?.id ?? null,
            ...(evidence.times ?? {}),
            cost: costMicros === null ? null : dollars(costMicros),
          },
        }
      : {}),
  };
}

function turnReport(turn: TurnEvidence, verdicts: readonly Verdict[], times: boolean) {
  return {
    act: turn.act,
    replies: turn.replies.map(({ agent, text, isCut, whole }) => ({
      agent,
      // How much of it was heard is a matter of when.
      text: isCut ? (whole ?? (times ? text : "")) : text,
      cut: isCut,
      ...(times && isCut ? { measured: { heard: text } } : {}),
    })),
    understood: turn.understood,
    tools: turn.tools.map(({ name, status }) => ({ name, status })),
    agent: turn.agent,
    note: turn.note,
    assertions: verdicts.map((one) => verdictReport(one, times)),
  };
}

function verdictReport({ assertion, status, score, detail, measured }: Verdict, times: boolean) {
  return {
    assertion: wordsOf(assertion),
    type: assertion.type,
    weight: assertion.weight,
    status,
    score,
    detail,
    ...(times && measured !== null ? { measured } : {}),
  };
}

/** As it was written, in one line. */
export function wordsOf(assertion: EvalAssertion): string {
  const { type, weight: _, ...rest } = assertion;
  const fields = Object.entries(rest).filter(([name, value]) => !(name === "by" && value === "agent") && !isEmpty(value));
  return [
    type,
    ...fields.map(([name, value]) =>
      name === "value" || name === "criteria" ? JSON.stringify(value) : `${name} ${JSON.stringify(value)}`,
    ),
  ].join(" ");
}

const isEmpty = (value: unknown): boolean => typeof value === "object" && value !== null && Object.keys(value).length === 0;

const PREFIX = { passed: "PASS", failed: "FAIL", error: "ERROR", not_run: "PART" } as const;
export const prefixOf = (status: CaseRun["status"]): string => PREFIX[status];

function fileNameOf({ order, status }: CaseRun): string {
  const slug =
    order.case.name
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, "-")
      .replaceAll(/^-|-$/g, "")
      .slice(0, 80) || "case";
  const place = order.suite.cases.indexOf(order.case) + 1;
  return `${PREFIX[status]}_${String(place).padStart(2, "0")}-${slug}${order.run > 1 ? `_${order.run}` : ""}`;
}

export function scoreText(score: number | null): string {
  return score === null ? "-" : `${score.toFixed(1)}/5`;
}

/** For progress, before there is a report. */
export function scoreOfRun(run: CaseRun): string {
  return scoreText(scoreOf([...run.verdicts.flat(), ...run.finalVerdicts]));
}
