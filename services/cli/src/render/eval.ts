/** A run of evals for people: a line for each case, and for each that did not hold the place where it did not. */
import type { CaseReport, CaseRun, Report, TranscriptLine } from "@struere/evals";
import type { Paint } from "../paint.ts";
import { plainText } from "../plain-text.ts";

const WORDS = { passed: "PASS", failed: "FAIL", error: "ERROR", not_run: "PART" } as const;
const COLOURS = { passed: "green", failed: "red", error: "red", not_run: "yellow" } as const;

/** While the run goes on, in the order in which cases end. */
export function caseLine({ order, status }: CaseRun, { done, of }: { readonly done: number; readonly of: number }): string {
  const run = order.run > 1 ? ` (run ${order.run})` : "";
  return `${String(done).padStart(String(of).length)}/${of}  ${WORDS[status].padEnd(5)} ${order.suite.slug}: ${order.case.name}${run}`;
}

export function reportText(paint: Paint, report: Report, options: { readonly folder: string; readonly strict: boolean }): string {
  const lines: string[] = [];
  for (const suite of report.suites) {
    const width = Math.max(...suite.cases.map((one) => nameOf(one).length));
    lines.push(paint("bold", `${plainText(suite.name)} (${suite.slug}, ${suite.target})`));
    for (const one of suite.cases) lines.push(caseText(paint, one, width));
    lines.push("");
  }
  for (const suite of report.suites) {
    for (const one of suite.cases.filter(({ status }) => status !== "passed"))
      lines.push(...problemText(paint, one, `${options.folder}/${suite.slug}`), "");
  }
  return [...lines, ...mindText(paint, report), ...endText(paint, report, options)].join("\n");
}

const nameOf = ({ name, run }: CaseReport): string => plainText(run > 1 ? `${name} (run ${run})` : name);

function caseText(paint: Paint, one: CaseReport, width: number): string {
  const score = one.score === null ? "-" : `${one.score.toFixed(1)}/5`;
  const took = one.measured ? `${(one.measured.tookMs / 1_000).toFixed(1)} s`.padStart(9) : "";
  return `  ${paint(COLOURS[one.status], WORDS[one.status].padEnd(5))} ${nameOf(one).padEnd(width)}  ${score.padStart(5)}${took}`.trimEnd();
}

function problemText(paint: Paint, one: CaseReport, folder: string): readonly string[] {
  const lines = [`${paint(COLOURS[one.status], WORDS[one.status])} ${paint("bold", nameOf(one))}`];
  if (one.error !== null) lines.push(`  ${paint("red", plainText(one.error))}`);
  const shown = one.shown;
  const width = Math.max(6, ...shown.map(({ who }) => who.length));
  for (const line of shown) lines.push(`  ${lineText(paint, line, width)}`);
  lines.push(paint("dim", `  whole conversation: ${folder}/${one.file}.md`));
  if (one.recording !== null) lines.push(paint("dim", `  hear it: ${folder}/${one.recording} (caller left, agent as heard right)`));
  return lines;
}

function lineText(paint: Paint, { kind, who, text }: TranscriptLine, width: number): string {
  const said = plainText(text);
  switch (kind) {
    case "caller":
      return `${paint("green", who.padEnd(width))}  ${said}`;
    case "agent":
      return `${paint("cyan", who.padEnd(width))}  ${said}`;
    case "tool":
      return `${paint("cyan", who.padEnd(width))}  uses ${said}`;
    case "note":
      return `${" ".repeat(width)}  ${paint("dim", `(${said})`)}`;
    case "failed":
      return `${" ".repeat(width)}  ${paint("red", `✗ ${said}`)}`;
    case "not_run":
      return `${" ".repeat(width)}  ${paint("yellow", `? ${said}`)}`;
    default:
      return kind satisfies never;
  }
}

function mindText(paint: Paint, { mind }: Report): readonly string[] {
  if (mind.kind !== "simulated") return [];
  const unread = mind.prompts.flatMap(({ agent, unread: sentences }) => sentences.map((sentence) => `  ${agent}: ${plainText(sentence)}`));
  return [
    paint(
      "dim",
      "The model was simulated: it follows the rules that it can read in the prompts, and shows how project, tools and calls fit together.",
    ),
    ...(unread.length === 0 ? [] : [paint("dim", "Not read as rules, and so not tried:"), ...unread.map((line) => paint("dim", line))]),
    "",
  ];
}

function endText(
  paint: Paint,
  { totals, measured }: Report,
  { folder, strict }: { readonly folder: string; readonly strict: boolean },
): readonly string[] {
  const parts = [
    `${totals.passed} passed`,
    ...(totals.failed > 0 ? [`${totals.failed} failed`] : []),
    ...(totals.errors > 0 ? [`${totals.errors} could not be played`] : []),
    ...(totals.notRun > 0 ? [`${totals.notRun} not judged${strict ? ", which --strict counts as failed" : ""}`] : []),
  ];
  const score = totals.score === null ? "" : ` · score ${totals.score.toFixed(1)}/5`;
  const took = measured ? ` · ${(measured.tookMs / 1_000).toFixed(1)} s` : "";
  const isGreen = totals.failed + totals.errors + (strict ? totals.notRun : 0) === 0;
  const colour = isGreen ? (totals.notRun > 0 ? "yellow" : "green") : "red";
  const judge =
    totals.notRun > 0
      ? [paint("yellow", `${totals.notRun} of the cases have assertions that nobody has judged: llm_judge needs OPENAI_API_KEY.`)]
      : [];
  return [...judge, paint(colour, `${parts.join(", ")}${score}${took}`), `Report: ${folder}/_summary.md, report.json, junit.xml`];
}
