/** The report as continuous integration reads it. A case that could not be judged is skipped there, with the reason, and not passed. */
import type { CaseReport, Report } from "./document.ts";
import { nameOf } from "./markdown.ts";
import { failureLines, transcriptLines } from "./transcript.ts";

export function junitXml(report: Report): string {
  const lines = ['<?xml version="1.0" encoding="UTF-8"?>', `<testsuites${counts(report.totals)}${time(report.measured?.tookMs)}>`];
  for (const suite of report.suites) {
    lines.push(`  <testsuite name=${quoted(suite.slug)}${counts(suite.totals)} file=${quoted(suite.file)}>`);
    for (const one of suite.cases) lines.push(...caseXml(one, suite.slug));
    lines.push("  </testsuite>");
  }
  return `${[...lines, "</testsuites>"].join("\n")}\n`;
}

function caseXml(one: CaseReport, suite: string): readonly string[] {
  const head = `    <testcase name=${quoted(nameOf(one))} classname=${quoted(suite)}${time(one.measured?.tookMs)}`;
  const problems = [...one.turns.flatMap(({ assertions }) => assertions), ...one.finalAssertions].filter(
    ({ status }) => status !== "passed",
  );
  const message = problems.map(({ assertion, detail }) => `${assertion}: ${detail}`).join("; ") || (one.error ?? "");
  const text = (lines: ReturnType<typeof failureLines>): string =>
    escaped(lines.map(({ who, text: said }) => `${who} ${said}`.trim()).join("\n"));
  switch (one.status) {
    case "passed":
      return [`${head}/>`];
    case "not_run":
      return [`${head}>`, `      <skipped message=${quoted(message)}/>`, "    </testcase>"];
    case "error":
      return [`${head}>`, `      <error message=${quoted(one.error ?? "")}>${text(transcriptLines(one))}</error>`, "    </testcase>"];
    case "failed":
      return [`${head}>`, `      <failure message=${quoted(one.error ?? message)}>${text(failureLines(one))}</failure>`, "    </testcase>"];
    default:
      return one.status satisfies never;
  }
}

const counts = ({ cases, failed, errors, notRun }: Report["totals"]): string =>
  ` tests="${cases}" failures="${failed}" errors="${errors}" skipped="${notRun}"`;
const time = (ms: number | undefined): string => (ms === undefined ? "" : ` time="${(ms / 1_000).toFixed(3)}"`);
const quoted = (text: string): string => `"${escaped(text).replaceAll("\n", "&#10;")}"`;

/** Control characters, which XML can not hold, are left out. */
function escaped(text: string): string {
  return text
    .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, "")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
