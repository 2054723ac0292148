/** What a sync changes, definition by definition, field by field. */
import type { Paint } from "../paint.ts";
import { plainText } from "../plain-text.ts";
import type { ShownChange, SyncReport } from "../project/sync-once.ts";

const MARK = { create: "+", update: "~", delete: "-", kept: "=", unchanged: " " } as const;
const STYLE = { create: "green", update: "yellow", delete: "red", kept: "dim", unchanged: "dim" } as const;
/** Of a long text, so many lines that differ are shown. */
const LINES_MAX = 8;
const VALUE_MAX = 160;

export function planText(paint: Paint, { changes, environment }: SyncReport): string {
  const shown = changes.filter((change) => change.action !== "unchanged");
  const same = changes.length - shown.length;
  const lines = shown.flatMap((change) => [headOf(paint, change), ...change.diff.flatMap((one) => fieldLines(paint, one))]);
  return [paint("bold", `${environment ?? ""}:`), ...lines, ...(same === 0 ? [] : [paint("dim", `  ${same} unchanged`)])].join("\n");
}

/** `2 to create, 1 to delete` */
export function countsText(changes: SyncReport["changes"]): string {
  const counts = (["create", "update", "delete"] as const).map(
    (action) => [action, changes.filter((one) => one.action === action).length] as const,
  );
  return counts
    .filter(([, count]) => count > 0)
    .map(([action, count]) => `${count} to ${action}`)
    .join(", ");
}

/** `agent "intake"`; the list of tools has no name. */
export function nameOf({ kind, slug }: Pick<ShownChange, "kind" | "slug">): string {
  return kind === "tools" ? "the tools" : `${kind} "${slug}"`;
}

function headOf(paint: Paint, { kind, slug, action, version, file }: ShownChange): string {
  const name = kind === "tools" ? "tools" : `${kind} ${slug}`;
  const now = version === null ? "" : ` (version ${version})`;
  const note = action === "kept" ? ": kept, the project has it no more" : "";
  return `${paint(STYLE[action], `  ${MARK[action]} ${name}`)}${now}${note}${file === null ? "" : paint("dim", `  ${plainText(file)}`)}`;
}

type FieldChange = ShownChange["diff"][number];

function fieldLines(paint: Paint, { field, before, after }: FieldChange): readonly string[] {
  const at = `      ${plainText(field)}:`;
  if (typeof before === "string" && typeof after === "string" && `${before}${after}`.includes("\n"))
    return [at, ...textLines(paint, before, after)];
  if (before === undefined && after === undefined) return [at.slice(0, -1)];
  if (before === undefined) return [`${at} ${paint("green", valueText(after))}`];
  if (after === undefined) return [`${at} ${paint("red", valueText(before))}, no more`];
  return [`${at} ${paint("red", valueText(before))} → ${paint("green", valueText(after))}`];
}

/** The lines that differ, without those that a text begins and ends with before and after. */
function textLines(paint: Paint, before: string, after: string): readonly string[] {
  const [old, now] = [before.split("\n"), after.split("\n")];
  let start = 0;
  while (start < Math.min(old.length, now.length) && old[start] === now[start]) start++;
  let end = 0;
  while (end < Math.min(old.length, now.length) - start && old.at(-1 - end) === now.at(-1 - end)) end++;
  const part = (lines: readonly string[], mark: string, style: "red" | "green"): readonly string[] => {
    const own = lines.slice(start, lines.length - end);
    const shown = own.slice(0, LINES_MAX).map((line) => paint(style, `        ${mark} ${shorten(plainText(line))}`));
    return own.length > LINES_MAX ? [...shown, paint("dim", `        ${mark} … ${own.length - LINES_MAX} more lines`)] : shown;
  };
  return [...part(old, "-", "red"), ...part(now, "+", "green")];
}

function valueText(value: unknown): string {
  return shorten(plainText(JSON.stringify(value) ?? "nothing"));
}

function shorten(text: string): string {
  return text.length > VALUE_MAX ? `${text.slice(0, VALUE_MAX - 1)}…` : text;
}
