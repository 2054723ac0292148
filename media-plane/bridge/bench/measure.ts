/** What is measured: one subject alone over a window of time, or several in turns. */
import { setTimeout as wait } from "node:timers/promises";
import { Histogram } from "./histogram.ts";
import type { GeneratorReport, Usage } from "./messages.ts";
import { type Rig, type RigOptions, startRig, type SubjectName } from "./rig.ts";

export interface Window {
  readonly seconds: number;
  readonly warmUpSeconds: number;
}

export interface Run {
  readonly subject: SubjectName;
  readonly calls: number;
  /** Calls in which audio flowed both ways. */
  readonly flowing: number;
  readonly callsLost: number;
  readonly cpuPerCallMinuteS: number;
  /** Of one core, by the subject, while its calls spoke. */
  readonly corePercent: number;
  readonly kernelPercent: number;
  readonly memoryPerCallKb: number;
  readonly upP50Ms: number;
  readonly upP99Ms: number;
  readonly downP50Ms: number;
  readonly downP99Ms: number;
  readonly lost: number;
  readonly disordered: number;
  readonly framesUp: number;
  readonly framesDown: number;
  readonly marksEchoed: number;
  /** Of one core, by the busiest generator; and how late it was to send, at the 99th percentile. */
  readonly generatorCorePercent: number;
  readonly generatorLateP99Ms: number;
}

/**
 * A turn is shorter than any wait after which a call would notice that its caller has stopped (750 ms of a caller who speaks), even when
 * two others have theirs in between.
 */
const TURN_MS = 320;
/** For what is under way when a turn ends. */
const GAP_MS = 15;

/** One subject, with the machine to itself. */
export async function measureAlone(options: RigOptions, window: Window): Promise<Run> {
  await using rig = await startRig(options);
  await wait(window.warmUpSeconds * 1_000);
  await rig.ask({ type: "measure" }, "measuring");
  const from = await rig.usage();
  await wait(window.seconds * 1_000);
  const to = await rig.usage();
  return summarize(rig, { from, to, reports: await rig.ask({ type: "report" }, "report") });
}

/**
 * Several subjects side by side, of which one at a time has the machine: the speed of a shared machine changes from second to second, by
 * more than what subjects differ, and so it changes for all of them. What a subject does while the others have their turn (timers,
 * leases, acknowledgements) counts against it as well.
 */
export async function measureInTurns(all: readonly RigOptions[], window: Window, repeat: number): Promise<readonly Run[]> {
  await using stack = new AsyncDisposableStack();
  const rigs: Rig[] = [];
  for (const options of all) {
    const starting = startRig(options);
    // Those that are there already would take a longer pause for a dead line.
    for (let started = false; !started; started = await isSettled(starting)) await takeTurns(rigs, TURN_MS);
    const rig = stack.use(await starting);
    await rig.ask({ type: "pause" }, "paused");
    rigs.push(rig);
  }
  await takeTurns(rigs, window.warmUpSeconds * 1_000);
  const runs: Run[] = [];
  for (let round = 0; round < repeat; round++) {
    const from = await usageOf(rigs);
    for (const rig of rigs) await rig.ask({ type: "measure" }, "measuring");
    await takeTurns(rigs, window.seconds * 1_000);
    const to = await usageOf(rigs);
    for (const rig of rigs) {
      const reports = await rig.ask({ type: "report" }, "report");
      runs.push(summarize(rig, { from: found(from, rig), to: found(to, rig), reports }));
    }
  }
  return runs;
}

/** Until each has spoken for so long. The order turns with every round, so that nobody always comes after the same one. */
async function takeTurns(rigs: readonly Rig[], eachMs: number): Promise<void> {
  const rounds = Math.max(1, Math.round(eachMs / TURN_MS));
  for (let round = 0; round < rounds; round++) {
    for (let place = 0; place < rigs.length; place++) {
      const rig = rigs[(place + round) % rigs.length];
      await rig?.ask({ type: "speak" }, "speaking");
      await wait(TURN_MS);
      await rig?.ask({ type: "pause" }, "paused");
      await wait(GAP_MS);
    }
  }
}

async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const settled = promise.then(
    () => true,
    () => true,
  );
  return Promise.race([settled, wait(GAP_MS, false)]);
}

async function usageOf(rigs: readonly Rig[]): Promise<ReadonlyMap<Rig, Usage>> {
  const usages = new Map<Rig, Usage>();
  for (const rig of rigs) usages.set(rig, await rig.usage());
  return usages;
}

function found(usages: ReadonlyMap<Rig, Usage>, rig: Rig): Usage {
  return usages.get(rig) ?? rig.idle;
}

function summarize(rig: Rig, window: { readonly from: Usage; readonly to: Usage; readonly reports: readonly GeneratorReport[] }): Run {
  const { from, to, reports } = window;
  const { subject, calls } = rig.options;
  const sum = (pick: (report: GeneratorReport) => number): number => reports.reduce((total, report) => total + pick(report), 0);
  const merged = (pick: (report: GeneratorReport) => readonly number[]): Histogram =>
    reports.reduce((histogram, report) => histogram.merge(pick(report)), new Histogram());
  const spokenMs = sum((report) => report.spokenMs) / reports.length;
  const up = merged((report) => report.up.latency);
  const down = merged((report) => report.down.latency);
  const cpuUs = to.cpuUs - from.cpuUs;
  return {
    subject,
    calls,
    flowing: rig.flowing,
    callsLost: sum((report) => report.callsLost),
    cpuPerCallMinuteS: cpuUs / 1e6 / ((calls * spokenMs) / 60_000),
    corePercent: (cpuUs / 1_000 / spokenMs) * 100,
    kernelPercent: ((to.systemUs - from.systemUs) / Math.max(1, cpuUs)) * 100,
    memoryPerCallKb: (to.rssBytes - rig.idle.rssBytes) / 1024 / calls,
    upP50Ms: up.quantileMs(0.5),
    upP99Ms: up.quantileMs(0.99),
    downP50Ms: down.quantileMs(0.5),
    downP99Ms: down.quantileMs(0.99),
    lost: sum((report) => report.up.lost + report.down.lost),
    disordered: sum((report) => report.up.disordered + report.down.disordered),
    framesUp: sum((report) => report.up.received),
    framesDown: sum((report) => report.down.received),
    marksEchoed: sum((report) => report.marksEchoed),
    generatorCorePercent: Math.max(...reports.map((report) => (report.cpuUs / 1_000 / report.spokenMs) * 100)),
    generatorLateP99Ms: merged((report) => report.lateness).quantileMs(0.99),
  };
}
