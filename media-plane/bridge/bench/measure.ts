/** What is measured: one subject alone over a window of time, or several in turns. */
import { setTimeout as wait } from "node:timers/promises";
import { Histogram } from "./histogram.ts";
import type { GeneratorReport, Usage } from "./messages.ts";
import { type Rig, type RigOptions, startRig, type SubjectName } from "./rig.ts";
import { NO_REST, type Rest, Turns } from "./turns.ts";

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
  /** The same with all that was done at rest in the turns of the others. */
  readonly allCpuPerCallMinuteS: number;
  /** Of one core, by the subject, while its calls spoke. */
  readonly corePercent: number;
  /** Of one core, with all calls up and nobody speaking: timers, leases, keep-alives, the scraper. */
  readonly restPercent: number;
  readonly kernelPercent: number;
  readonly memoryPerCallKb: number;
  readonly upP50Ms: number;
  readonly upP99Ms: number;
  /** Of frames in which the caller says nothing. */
  readonly upSilenceP99Ms: number;
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

/** How long a subject that starts is given before the others take another turn. */
const STARTING_MS = 15;
/** So many calls of all subjects the core carries at one time. */
const MOST_TOGETHER = 200;

/** One subject, with the machine to itself. */
export async function measureAlone(options: RigOptions, window: Window): Promise<Run> {
  await using rig = await startRig(options);
  await wait(window.warmUpSeconds * 1_000);
  await rig.ask({ type: "measure" }, "measuring");
  const from = await readMeter(rig);
  await wait(window.seconds * 1_000);
  const to = await readMeter(rig);
  return summarize(rig, { from, to, rest: NO_REST, reports: await rig.ask({ type: "report" }, "report") });
}

/**
 * Several subjects side by side, of which one at a time has the machine: the speed of a shared machine changes from second to second, by
 * more than what subjects differ, and so it changes for all of them.
 *
 * What a subject does after its turn counts against it as well. But a clock goes on in the turns of the others: what it asks for (leases,
 * heartbeats, watchdogs, the scraper) would count once for each subject that is measured. So it is measured how much that is while a
 * subject is at rest, and it is counted for the time in which its calls spoke, as it would be in a process whose calls always speak.
 */
export async function measureInTurns(all: readonly RigOptions[], window: Window, repeat: number): Promise<readonly Run[]> {
  await using stack = new AsyncDisposableStack();
  const turns = new Turns();
  for (const options of all) {
    const starting = startRig(options);
    // Those that are there already would take a longer pause for a dead line.
    for (let started = false; !started; started = await isSettled(starting)) await turns.take(0);
    const rig = stack.use(await starting);
    await rig.ask({ type: "pause" }, "paused");
    turns.join(rig);
  }
  const calls = all.reduce((sum, options) => sum + options.calls, 0);
  if (calls <= MOST_TOGETHER) await turns.together(window.warmUpSeconds * 1_000);
  else await turns.take(window.warmUpSeconds * 1_000);
  const runs: Run[] = [];
  for (let round = 0; round < repeat; round++) {
    const begun = new Map<Rig, Meter>();
    for (const rig of turns.rigs) {
      await rig.ask({ type: "measure" }, "measuring");
      begun.set(rig, await readMeter(rig));
    }
    const rests = await turns.take(window.seconds * 1_000);
    for (const [rig, from] of begun) {
      const to = await readMeter(rig);
      const reports = await rig.ask({ type: "report" }, "report");
      runs.push(summarize(rig, { from, to, rest: rests.get(rig) ?? NO_REST, reports }));
    }
  }
  return runs;
}

async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const settled = promise.then(
    () => true,
    () => true,
  );
  return Promise.race([settled, wait(STARTING_MS, false)]);
}

interface Meter {
  readonly at: number;
  readonly usage: Usage;
}

async function readMeter(rig: Rig): Promise<Meter> {
  return { usage: await rig.usage(), at: performance.now() };
}

interface Measured {
  readonly from: Meter;
  readonly to: Meter;
  readonly rest: Rest;
  readonly reports: readonly GeneratorReport[];
}

function summarize(rig: Rig, { from, to, rest, reports }: Measured): Run {
  const { subject, calls } = rig.options;
  const sum = (pick: (report: GeneratorReport) => number): number => reports.reduce((total, report) => total + pick(report), 0);
  const merged = (pick: (report: GeneratorReport) => readonly number[]): Histogram =>
    reports.reduce((histogram, report) => histogram.merge(pick(report)), new Histogram());
  const spokenMs = sum((report) => report.spokenMs) / reports.length;
  const up = merged((report) => report.up.latency);
  const down = merged((report) => report.down.latency);
  const allCpuUs = to.usage.cpuUs - from.usage.cpuUs;
  const restShare = rest.ms === 0 ? 0 : rest.cpuUs / 1_000 / rest.ms;
  const silentMs = Math.max(0, to.at - from.at - spokenMs);
  const cpuUs = allCpuUs - restShare * silentMs * 1_000;
  const callMinutes = (calls * spokenMs) / 60_000;
  return {
    subject,
    calls,
    flowing: rig.flowing,
    callsLost: sum((report) => report.callsLost),
    cpuPerCallMinuteS: cpuUs / 1e6 / callMinutes,
    allCpuPerCallMinuteS: allCpuUs / 1e6 / callMinutes,
    corePercent: (cpuUs / 1_000 / spokenMs) * 100,
    restPercent: restShare * 100,
    kernelPercent: ((to.usage.systemUs - from.usage.systemUs) / Math.max(1, allCpuUs)) * 100,
    memoryPerCallKb: (to.usage.rssBytes - rig.idle.rssBytes) / 1024 / calls,
    upP50Ms: up.quantileMs(0.5),
    upP99Ms: up.quantileMs(0.99),
    upSilenceP99Ms: merged((report) => report.up.silenceLatency).quantileMs(0.99),
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
