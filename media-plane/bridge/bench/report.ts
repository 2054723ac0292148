/** Runs → medians → a table that can be read. */
import type { Run } from "./measure.ts";
import type { SubjectName } from "./rig.ts";

const NAMES: { readonly [Name in SubjectName]: string } = {
  naive: "naive ws + JSON relay",
  lane: "wire and lanes alone",
  media: "media plane",
};

type Figures = { readonly [Key in keyof Run as Run[Key] extends number ? Key : never]: number };

export type Summary = Figures & { readonly subject: SubjectName; readonly runs: number };

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((first, second) => first - second);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** Medians over the runs of one subject at one number of calls; what was lost is summed, so that nothing hides. */
export function summarize(runs: readonly Run[]): Summary | undefined {
  const [first] = runs;
  if (first === undefined) return undefined;
  const middle = (pick: (run: Run) => number): number => median(runs.map(pick));
  const sum = (pick: (run: Run) => number): number => runs.reduce((total, run) => total + pick(run), 0);
  return {
    subject: first.subject,
    runs: runs.length,
    calls: first.calls,
    flowing: Math.min(...runs.map((run) => run.flowing)),
    callsLost: sum((run) => run.callsLost),
    cpuPerCallMinuteS: middle((run) => run.cpuPerCallMinuteS),
    allCpuPerCallMinuteS: middle((run) => run.allCpuPerCallMinuteS),
    corePercent: middle((run) => run.corePercent),
    restPercent: middle((run) => run.restPercent),
    kernelPercent: middle((run) => run.kernelPercent),
    memoryPerCallKb: middle((run) => run.memoryPerCallKb),
    upP50Ms: middle((run) => run.upP50Ms),
    upP99Ms: middle((run) => run.upP99Ms),
    upSilenceP99Ms: middle((run) => run.upSilenceP99Ms),
    downP50Ms: middle((run) => run.downP50Ms),
    downP99Ms: middle((run) => run.downP99Ms),
    lost: sum((run) => run.lost),
    disordered: sum((run) => run.disordered),
    framesUp: middle((run) => run.framesUp),
    framesDown: middle((run) => run.framesDown),
    marksEchoed: middle((run) => run.marksEchoed),
    generatorCorePercent: middle((run) => run.generatorCorePercent),
    generatorLateP99Ms: middle((run) => run.generatorLateP99Ms),
  };
}

const COLUMNS: readonly (readonly [string, (summary: Summary) => string])[] = [
  ["subject", (summary) => NAMES[summary.subject]],
  ["calls", (summary) => String(summary.calls)],
  ["CPU s/call-min", (summary) => summary.cpuPerCallMinuteS.toFixed(3)],
  ["core %", (summary) => summary.corePercent.toFixed(0)],
  ["at rest %", (summary) => summary.restPercent.toFixed(1)],
  ["kernel %", (summary) => summary.kernelPercent.toFixed(0)],
  ["kB/call", (summary) => summary.memoryPerCallKb.toFixed(0)],
  ["up p50/p99 ms", (summary) => `${summary.upP50Ms.toFixed(1)} / ${summary.upP99Ms.toFixed(1)}`],
  ["silence up p99", (summary) => summary.upSilenceP99Ms.toFixed(1)],
  ["down p50/p99 ms", (summary) => `${summary.downP50Ms.toFixed(1)} / ${summary.downP99Ms.toFixed(1)}`],
  ["lost", (summary) => String(summary.lost + summary.callsLost)],
  ["disordered", (summary) => String(summary.disordered)],
  ["generator core %", (summary) => summary.generatorCorePercent.toFixed(0)],
  ["late p99 ms", (summary) => summary.generatorLateP99Ms.toFixed(1)],
];

export function table(summaries: readonly Summary[]): string {
  const rows = [COLUMNS.map(([title]) => title), ...summaries.map((summary) => COLUMNS.map(([, show]) => show(summary)))];
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join("  "),
    )
    .join("\n");
}
