/** A conversation as lines, with what did not hold at the place where it did not. */
import type { CaseFields, TurnReport, VerdictReport } from "./document.ts";

export interface TranscriptLine {
  readonly kind: "caller" | "agent" | "tool" | "note" | "failed" | "not_run";
  readonly who: string;
  readonly text: string;
}

/** The whole of it. */
export function transcriptLines(one: CaseFields): readonly TranscriptLine[] {
  return [...one.turns.flatMap(turnLines), ...problemLines(one.finalAssertions, "in the end")];
}

/** From the turn before the first one that went wrong to the end of that one; the end, when only the end did. */
export function failureLines(one: CaseFields): readonly TranscriptLine[] {
  const first = one.turns.findIndex(({ assertions }) => assertions.some(({ status }) => status === "failed"));
  const end = problemLines(one.finalAssertions, "in the end");
  if (first < 0) return [...one.turns.slice(-CONTEXT).flatMap(turnLines), ...end];
  return [...one.turns.slice(Math.max(0, first - 1), first + 1).flatMap(turnLines), ...end];
}

const CONTEXT = 3;

function turnLines(turn: TurnReport): readonly TranscriptLine[] {
  const lines: TranscriptLine[] = [];
  if (turn.act !== null) lines.push({ kind: "caller", who: "caller", text: turn.act });
  const misheard = turn.understood.filter((text) => !turn.act?.includes(`"${text}"`));
  if (misheard.length > 0) lines.push({ kind: "note", who: "", text: `understood as ${misheard.map((text) => `"${text}"`).join(", ")}` });
  for (const { name, status } of turn.tools)
    lines.push({ kind: "tool", who: turn.agent ?? "agent", text: `${name}${status === "success" ? "" : ` (${status})`}` });
  for (const { agent, text, cut, measured } of turn.replies) {
    const heard = measured === undefined ? "" : `; heard: "${measured.heard}"`;
    lines.push({ kind: "agent", who: agent ?? "agent", text: cut ? `"${text}" (cut short${heard})` : `"${text}"` });
  }
  if (turn.note !== null) lines.push({ kind: "note", who: "", text: turn.note });
  return [...lines, ...problemLines(turn.assertions, "")];
}

function problemLines(verdicts: readonly VerdictReport[], where: string): readonly TranscriptLine[] {
  return verdicts.flatMap(({ status, assertion, detail, measured }): TranscriptLine[] => {
    if (status === "passed") return [];
    const value = measured === undefined ? "" : ` (${measured})`;
    const place = where === "" ? "" : `${where}, `;
    return [{ kind: status === "failed" ? "failed" : "not_run", who: "", text: `${place}${assertion}: ${detail}${value}` }];
  });
}
