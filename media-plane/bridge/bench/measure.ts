/** One run: one subject, one number of calls, one window of time. */
import { cpus } from "node:os";
import { setTimeout as wait } from "node:timers/promises";
import { type Child, startChild } from "./child.ts";
import type { FakeControl } from "./fake-control.ts";
import { Histogram } from "./histogram.ts";
import type { GeneratorAnswer, GeneratorQuestion, GeneratorReport, SubjectAnswer, SubjectQuestion, Usage } from "./messages.ts";

const GENERATOR = import.meta.resolve("./generator.ts");
export const SUBJECTS = {
  naive: import.meta.resolve("./naive-relay.ts"),
  lane: import.meta.resolve("./lane-relay.ts"),
  media: import.meta.resolve("./media-subject.ts"),
} as const;
export type SubjectName = keyof typeof SUBJECTS;

export interface RunOptions {
  readonly subject: SubjectName;
  readonly calls: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly generators: number;
  readonly control: FakeControl;
  readonly natsUrl: string | null;
}

export interface Run {
  readonly subject: SubjectName;
  readonly calls: number;
  /** Calls in which audio flowed both ways. */
  readonly flowing: number;
  readonly callsLost: number;
  readonly cpuPerCallMinuteS: number;
  /** Of one core, by the subject. */
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

/** As Prometheus does it, from outside. */
const SCRAPE_MS = 5_000;

type Generator = Child<GeneratorQuestion, GeneratorAnswer>;
type Subject = Child<SubjectQuestion, SubjectAnswer>;

export async function measure(options: RunOptions): Promise<Run> {
  const cores = cpus().length;
  await using stack = new AsyncDisposableStack();
  const subject: Subject = stack.use(startChild({ file: SUBJECTS[options.subject], cores: "0" }));
  const generators: Generator[] = [];
  for (let index = 0; index < options.generators; index++) {
    generators.push(stack.use(startChild({ file: GENERATOR, cores: `${1 + (index % Math.max(1, cores - 1))}` })));
  }
  let port = 0;
  for (const generator of generators) {
    const listening = generator.hear("listening");
    generator.tell({ type: "listen", port });
    port = (await listening).port;
  }
  const ready = subject.hear("ready");
  subject.tell({
    type: "start",
    setting: {
      realtimeUrl: `ws://127.0.0.1:${port}/v1/realtime`,
      controlAddress: options.control.address,
      gatewaySecret: options.control.secret,
      natsUrl: options.natsUrl,
      capacity: options.calls + 10,
    },
  });
  const { mediaUrl, metricsUrl } = await ready;
  if (metricsUrl !== undefined) {
    const scraping = setInterval(() => void scrape(metricsUrl), SCRAPE_MS);
    stack.defer(() => clearInterval(scraping));
  }
  const idle = await usageOf(subject);
  const flowing = await placeCalls(generators, mediaUrl, options.calls);
  await wait(options.warmUpSeconds * 1_000);
  await Promise.all(generators.map((generator) => ask(generator, { type: "measure" }, "measuring")));
  const from = await usageOf(subject);
  const startedAt = performance.now();
  await wait(options.seconds * 1_000);
  const to = await usageOf(subject);
  const elapsedMs = performance.now() - startedAt;
  const reports = await Promise.all(generators.map((generator) => ask(generator, { type: "report" }, "report")));
  return summarize({ options, flowing, idle, from, to, elapsedMs, reports });
}

async function placeCalls(generators: readonly Generator[], mediaUrl: string, calls: number): Promise<number> {
  const share = Math.ceil(calls / generators.length);
  const flowing = await Promise.all(
    generators.map((generator, index) => {
      const first = index * share;
      return ask(generator, { type: "call", mediaUrl, first, count: Math.min(share, calls - first) }, "flowing");
    }),
  );
  return flowing.reduce((sum, answer) => sum + answer.calls, 0);
}

async function scrape(metricsUrl: string): Promise<void> {
  try {
    await (await fetch(metricsUrl)).text();
  } catch {
    // A subject that is gone says so by its exit.
  }
}

async function usageOf(subject: Subject): Promise<Usage> {
  const answer = subject.hear("usage");
  subject.tell({ type: "usage" });
  return answer;
}

async function ask<Type extends GeneratorAnswer["type"]>(
  generator: Generator,
  question: GeneratorQuestion,
  type: Type,
): Promise<Extract<GeneratorAnswer, { readonly type: Type }>> {
  const answer = generator.hear(type);
  generator.tell(question);
  return answer;
}

function summarize(window: {
  readonly options: RunOptions;
  readonly flowing: number;
  readonly idle: Usage;
  readonly from: Usage;
  readonly to: Usage;
  readonly elapsedMs: number;
  readonly reports: readonly GeneratorReport[];
}): Run {
  const { options, from, to, elapsedMs, reports } = window;
  const sum = (pick: (report: GeneratorReport) => number): number => reports.reduce((total, report) => total + pick(report), 0);
  const merged = (pick: (report: GeneratorReport) => readonly number[]): Histogram =>
    reports.reduce((histogram, report) => histogram.merge(pick(report)), new Histogram());
  const up = merged((report) => report.up.latency);
  const down = merged((report) => report.down.latency);
  const cpuUs = to.cpuUs - from.cpuUs;
  return {
    subject: options.subject,
    calls: options.calls,
    flowing: window.flowing,
    callsLost: sum((report) => report.callsLost),
    cpuPerCallMinuteS: cpuUs / 1e6 / ((options.calls * elapsedMs) / 60_000),
    corePercent: (cpuUs / 1_000 / elapsedMs) * 100,
    kernelPercent: ((to.systemUs - from.systemUs) / Math.max(1, cpuUs)) * 100,
    memoryPerCallKb: (to.rssBytes - window.idle.rssBytes) / 1024 / options.calls,
    upP50Ms: up.quantileMs(0.5),
    upP99Ms: up.quantileMs(0.99),
    downP50Ms: down.quantileMs(0.5),
    downP99Ms: down.quantileMs(0.99),
    lost: sum((report) => report.up.lost + report.down.lost),
    disordered: sum((report) => report.up.disordered + report.down.disordered),
    framesUp: sum((report) => report.up.received),
    framesDown: sum((report) => report.down.received),
    marksEchoed: sum((report) => report.marksEchoed),
    generatorCorePercent: Math.max(...reports.map((report) => (report.cpuUs / 1_000 / report.elapsedMs) * 100)),
    generatorLateP99Ms: merged((report) => report.lateness).quantileMs(0.99),
  };
}
