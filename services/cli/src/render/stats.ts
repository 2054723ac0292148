/** The worth of auditors, for people: a table for each router with a column for each group, what was compared, and how far to trust it. */
import type { CallStats } from "../api-types.ts";
import type { Paint } from "../paint.ts";
import { table } from "../table.ts";
import { secondsText } from "./time.ts";

type Section = CallStats["total"];
type Group = Section["groups"]["corrected"];
type Share = Group["formsComplete"];

export function statsText(paint: Paint, stats: CallStats): string {
  const heading = `Calls that came from ${stats.since} to ${stats.until}, were answered and are over`;
  const { routers, total } = stats;
  const sections = routers.map(({ router, ...section }) => sectionText(paint, router ?? "numbers without a router", section));
  const all = routers.length > 1 ? [sectionText(paint, "all together", total)] : [];
  return [heading, ...(routers.length === 0 ? ["none"] : [...sections, ...all])].join("\n\n");
}

function sectionText(paint: Paint, name: string, { groups, comparison }: Section): string {
  const { corrected, control, unaudited } = groups;
  const audited = corrected.calls + control.calls > 0;
  const rows = ROWS.filter((row) => audited || row.always).map(({ label, of }) => [label, of(corrected), of(control), of(unaudited)]);
  return [
    paint("bold", name),
    table(paint, { columns: ["", "CORRECTED", "CONTROL", "NO AUDITOR"], rows, nothing: "" }),
    ...(audited ? ["", ...receiptLines(corrected, control), ...comparisonLines(comparison)] : []),
  ].join("\n");
}

interface Row {
  readonly label: string;
  readonly of: (group: Group) => string | number | null;
  /** Also where nobody audits. */
  readonly always?: boolean;
}

const ROWS: readonly Row[] = [
  { label: "calls", of: (group) => group.calls, always: true },
  { label: "turns", of: (group) => group.turns, always: true },
  { label: "corrections wanted", of: ({ corrections }) => corrections.asked },
  { label: "  for 100 turns", of: ({ corrections }) => fixed(corrections.askedPer100Turns) },
  { label: "corrections heard", of: ({ corrections }) => corrections.spoken },
  { label: "  for 100 turns", of: ({ corrections }) => fixed(corrections.spokenPer100Turns) },
  { label: "corrections withheld", of: ({ corrections }) => corrections.withheld },
  {
    label: "mistake to correction, median",
    of: ({ correctionMs }) => correctionMs && between(correctionMs.atLeast.p50, correctionMs.atMost.p50),
  },
  {
    label: "mistake to correction, 90 %",
    of: ({ correctionMs }) => correctionMs && between(correctionMs.atLeast.p90, correctionMs.atMost.p90),
  },
  { label: "the caller confirmed it", of: ({ replies }) => replies.confirmed },
  { label: "the caller contradicted it", of: ({ replies }) => replies.contradicted },
  { label: "unclear", of: ({ replies }) => replies.unclear },
  { label: "forms filled", of: (group) => shareText(group.formsComplete), always: true },
  { label: "forms not looked at yet", of: (group) => group.formsPending, always: true },
  { label: "completed by the auditor", of: ({ ended }) => shareText(ended.complete) },
  { label: "aborted by the auditor", of: ({ ended }) => ended.abort },
  { label: "injected by hand", of: (group) => group.byHand, always: true },
  { label: "audits done", of: ({ audits }) => audits.done },
  { label: "audits failed, skipped", of: ({ audits }) => `${audits.failed}, ${audits.skipped}` },
  { label: "auditor's tokens for a call", of: ({ auditor }) => auditor.tokensPerCall && Math.round(auditor.tokensPerCall) },
  { label: "auditor's cost for a call", of: ({ auditor }) => auditor.cost && `${auditor.cost.perCall} ${auditor.cost.currency}` },
];

function receiptLines(corrected: Group, control: Group): readonly string[] {
  const lines = (name: string, { receipts }: Group) =>
    receipts.map(
      ({ action, outcome, reason, count }) => `  ${count} × ${action} ${outcome}${reason === null ? "" : ` (${reason})`}, ${name}`,
    );
  const all = [...lines("corrected", corrected), ...lines("control", control)];
  return all.length === 0 ? [] : ["What became of what auditors injected:", ...all];
}

function comparisonLines({ corrected, control, formsComplete, endedComplete, warnings }: Section["comparison"]): readonly string[] {
  const compared = corrected + control > 0;
  return [
    ...(compared ? [`Corrected (${corrected} calls) against the control group (${control} calls), drawn by chance:`] : []),
    ...(formsComplete ? [`  forms filled: ${differenceText(formsComplete)}`] : []),
    ...(endedComplete ? [`  completed by the auditor: ${differenceText(endedComplete)}`] : []),
    ...warnings.map((warning) => `  note: ${warning}`),
  ];
}

/** `+12.0 points (95 %: +3.1 to +20.4)` */
function differenceText({ difference, low, high }: { readonly difference: number; readonly low: number; readonly high: number }): string {
  const points = (value: number): string => `${value < 0 ? "" : "+"}${(value * 100).toFixed(1)}`;
  const shown = low > 0 || high < 0 ? "" : "; this may be chance";
  return `${points(difference)} points (95 %: ${points(low)} to ${points(high)}${shown})`;
}

/** `12 of 20: 60 % (39-78)` */
function shareText({ count, of, share, low, high }: Share): string | null {
  if (share === null || low === null || high === null) return null;
  const percent = (value: number): string => (value * 100).toFixed(0);
  return `${count} of ${of}: ${percent(share)} % (${percent(low)}-${percent(high)})`;
}

function between(lowMs: number, highMs: number): string {
  const [low, high] = [secondsText(lowMs), secondsText(highMs)];
  return low === high ? low : `${low} to ${high}`;
}

function fixed(value: number | null): string | null {
  return value === null ? null : value.toFixed(1);
}
