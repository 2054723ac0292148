/** The report for people: a summary, and a page for each case. */
import { type CaseReport, prefixOf, type Report, scoreText, type VerdictReport } from "./document.ts";
import { transcriptLines, type TranscriptLine } from "./transcript.ts";

export function summaryMarkdown(report: Report): string {
  const { totals, measured } = report;
  const lines = ["# Eval run", "", ...mindLines(report), ""];
  for (const suite of report.suites) {
    lines.push(`## ${suite.name}`, "", `\`${suite.slug}\`, ${suite.target}, ${suite.file}`, "");
    if (suite.description !== undefined) lines.push(suite.description, "");
    lines.push(`| Case | Status | Score |${measured ? " Took | Cost |" : ""}`, `|---|---|---|${measured ? "---|---|" : ""}`);
    for (const one of suite.cases) {
      const times = one.measured ? ` ${seconds(one.measured.tookMs)} | ${one.measured.cost ?? "-"} |` : "";
      lines.push(
        `| [${cell(nameOf(one))}](${encodeURI(`${suite.slug}/${one.file}.md`)}) | ${prefixOf(one.status)} | ${scoreText(one.score)} |${times}`,
      );
    }
    lines.push("");
  }
  lines.push("## Totals", "", "| | |", "|---|---|");
  lines.push(
    `| Passed | ${totals.passed} |`,
    `| Failed | ${totals.failed} |`,
    `| Errors | ${totals.errors} |`,
    `| Not judged | ${totals.notRun} |`,
  );
  lines.push(`| Score | ${scoreText(totals.score)} |`, `| Seed | ${report.seed} |`);
  if (measured)
    lines.push(
      `| Started | ${measured.startedAt} |`,
      `| Took | ${seconds(measured.tookMs)} (${measured.parallel} at a time, ${measured.speed} times life's speed) |`,
    );
  return `${lines.join("\n")}\n`;
}

function mindLines({ mind }: Report): readonly string[] {
  if (mind.kind === "openai") return ["The agents ran on OpenAI's models; the caller's voice was synthesised."];
  const lines = [
    "**The model was simulated**: it follows the rules that it can read in the prompts. This shows that project, tools, calls and rules fit together, not what OpenAI's model would say.",
    "",
    ...mind.prompts.map(({ agent, rules, facts, unread }) => {
      const rest = unread.length === 0 ? "" : `; not read as rules: ${unread.map((sentence) => `“${sentence}”`).join(", ")}`;
      return `- \`${agent}\`: ${rules} rules and ${facts} facts read${rest}`;
    }),
  ];
  return lines;
}

export function caseMarkdown(one: CaseReport): string {
  const rows: (readonly [string, string])[] = [
    ["Status", prefixOf(one.status)],
    ["Score", scoreText(one.score)],
    ["Channel", one.channel],
    ["Seed", String(one.seed)],
    ...(one.outcome ? [["Call", `${one.outcome.status} (${one.outcome.reason ?? ""})`] as const] : []),
    ...(one.recording === null
      ? []
      : [["Recording", `[${one.recording}](${encodeURI(one.recording)}): caller left, agent as heard right`] as const]),
    ...(one.measured ? [["Took", seconds(one.measured.tookMs)] as const, ["Cost", one.measured.cost ?? "-"] as const] : []),
  ];
  const lines = [
    `# ${nameOf(one)}`,
    "",
    "| Field | Value |",
    "|---|---|",
    ...rows.map(([name, value]) => `| ${name} | ${cell(value)} |`),
    "",
  ];
  if (one.error !== null) lines.push("## Error", "", one.error, "");
  if (one.turns.length > 0) lines.push("## Conversation", "", ...transcriptLines(one).map(transcriptLine), "");
  if (one.injections.length > 0) {
    lines.push(
      "## Put into the call",
      "",
      ...one.injections.map(
        ({ action, message, source, outcome, reason }) =>
          `- ${action} by ${source}: “${message}” (${outcome ?? "on its way"}${reason === null ? "" : `, ${reason}`})`,
      ),
      "",
    );
  }
  const all = [
    ...one.turns.flatMap(({ assertions }, index) =>
      assertions.map((verdict) => ({
        verdict,
        where: index === 0 && one.channel === "voice" ? "greeting" : `turn ${index + (one.channel === "voice" ? 0 : 1)}`,
      })),
    ),
    ...one.finalAssertions.map((verdict) => ({ verdict, where: "end" })),
  ];
  if (all.length > 0) {
    lines.push("## Assertions", "", "| When | Assertion | Result | Details |", "|---|---|---|---|");
    for (const { verdict, where } of all)
      lines.push(`| ${where} | ${cell(verdict.assertion)} | ${resultText(verdict)} | ${cell(detailOf(verdict))} |`);
    lines.push("");
  }
  return lines.join("\n");
}

function transcriptLine({ kind, who, text }: TranscriptLine): string {
  switch (kind) {
    case "caller":
      return `- *caller* ${text}`;
    case "agent":
      return `- **${who}** ${text}`;
    case "tool":
      return `- **${who}** uses \`${text}\``;
    case "note":
      return `- (${text})`;
    case "failed":
      return `- ✗ ${text}`;
    case "not_run":
      return `- ? ${text}`;
    default:
      return kind satisfies never;
  }
}

function resultText({ type, status, score }: VerdictReport): string {
  if (status === "not_run") return "NOT RUN";
  const word = status === "passed" ? "PASS" : "FAIL";
  return type === "llm_judge" ? `${word} (${score ?? "-"}/5)` : word;
}

export const detailOf = ({ detail, measured }: VerdictReport): string => (measured === undefined ? detail : `${detail} (${measured})`);
export const nameOf = ({ name, run }: CaseReport): string => (run > 1 ? `${name} (run ${run})` : name);
const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");
