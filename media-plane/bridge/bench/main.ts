/**
 * npm run bench: what a call costs. The media plane in a process and on a core of its own, next to a naive relay under the same load;
 * the load comes from other processes on the other cores, with stamps inside the audio. See --help.
 */
import { writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { natsBus } from "@struere/bus";
import { startNatsServer } from "@struere/runtime/nats-server";
import { canPin, pinSelf } from "./child.ts";
import { startFakeControl } from "./fake-control.ts";
import { startFakeRecorder } from "./fake-recorder.ts";
import { findKnee, type Knee } from "./knee.ts";
import { measureAlone, measureInTurns, type Run, type Window } from "./measure.ts";
import type { RigOptions, SubjectName } from "./rig.ts";
import { LONGEST_WARM_UP_S, type Options, parseOptions, USAGE, WARM_UP_CALL_S } from "./options.ts";
import { type Summary, summarize, table } from "./report.ts";

const KNEE_WINDOW: Window = { seconds: 8, warmUpSeconds: 5 };

async function bench(options: Options): Promise<void> {
  await using stack = new AsyncDisposableStack();
  leaveFirstCore();
  const control = stack.use(await startFakeControl());
  const natsUrl = options.subjects.includes("media") ? await startBus(options, stack) : null;
  say(`${cpus().length} cores (${cpus()[0]?.model ?? "unknown"}), node ${process.version}, bus ${natsUrl === null ? "in memory" : "nats"}`);
  say(
    canPin
      ? "the subject has core 0 to itself, everything else runs on the others"
      : "not pinned to cores: there is no taskset, or only one core",
  );
  const { seconds, generators, speechPercent } = options;
  const rig = (subject: SubjectName, calls: number): RigOptions => ({ subject, calls, generators, speechPercent, control, natsUrl });

  const runs: Run[] = [];
  for (const calls of options.calls) {
    const rigs = options.subjects.map((subject) => rig(subject, calls));
    const warmUpSeconds = options.warmUpSeconds ?? Math.min(WARM_UP_CALL_S / calls, LONGEST_WARM_UP_S);
    const measured = await measureInTurns(rigs, { seconds, warmUpSeconds }, options.repeat);
    runs.push(...measured);
    for (const one of measured) say(line(one));
  }
  const summaries = options.calls.flatMap((calls) =>
    options.subjects.flatMap((subject) => {
      const summary = summarize(runs.filter((one) => one.calls === calls && one.subject === subject));
      return summary === undefined ? [] : [summary];
    }),
  );
  const knees: { [Name in SubjectName]?: Knee } = {};
  if (options.knee) {
    for (const subject of options.subjects) {
      const knee = await findKnee(async (calls) => {
        const measured = await measureAlone(rig(subject, calls), KNEE_WINDOW);
        say(line(measured));
        return measured;
      });
      knees[subject] = knee;
    }
  }

  say(`\n${table(summaries)}\n`);
  say(
    "CPU: of the subject's process, as the operating system counts it, per minute of one call. Added latency: one way, through the subject,",
  );
  say(
    "measured by stamps in the audio; the generator's own delays are in it. Load: one frame of 20 ms each way in 20 ms, marks, a turn each 8 s;",
  );
  say(`the caller speaks in ${speechPercent} % of the frames, and to those added latency up refers: silence may wait for more of it.`);
  for (const [subject, knee] of Object.entries(knees)) say(kneeLine(subject, knee));
  const ratios = ratiosOf(summaries);
  for (const { calls, media, lane } of ratios) say(`at ${calls} calls: media/naive ${show(media)}, lane/naive ${show(lane)}`);
  if (options.json !== null) await writeFile(options.json, `${JSON.stringify({ options, runs, summaries, knees, ratios }, null, 2)}\n`);
  say(`ratio media/naive ${show(ratios.at(-1)?.media)}`);
}

/** The conductor, the fake control plane, the recorder and the bus share the cores of the generators. */
function leaveFirstCore(): void {
  pinSelf(`1-${Math.max(1, cpus().length - 1)}`);
}

async function startBus(options: Options, stack: AsyncDisposableStack): Promise<string | null> {
  if (options.bus === "memory") return null;
  try {
    const server = stack.use(await startNatsServer({ storeDir: null }));
    const bus = await natsBus({ url: server.url, name: "bench" });
    stack.defer(() => bus.close());
    const recorder = startFakeRecorder(bus);
    stack.defer(() => recorder.stop());
    return server.url;
  } catch (error) {
    say(`no nats-server, so the bus is in the subject's memory: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  }
}

interface Ratio {
  readonly calls: number;
  readonly media: number | undefined;
  readonly lane: number | undefined;
}

function ratiosOf(summaries: readonly Summary[]): readonly Ratio[] {
  const cost = (subject: SubjectName, calls: number): number | undefined =>
    summaries.find((summary) => summary.subject === subject && summary.calls === calls)?.cpuPerCallMinuteS;
  const share = (part: number | undefined, whole: number | undefined): number | undefined =>
    part === undefined || whole === undefined ? undefined : part / whole;
  return [...new Set(summaries.map((summary) => summary.calls))].map((calls) => ({
    calls,
    media: share(cost("media", calls), cost("naive", calls)),
    lane: share(cost("lane", calls), cost("naive", calls)),
  }));
}

const show = (ratio: number | undefined): string => (ratio === undefined ? "n/a" : ratio.toFixed(3));

function line(run: Run): string {
  const latency = `up p99 ${run.upP99Ms.toFixed(1)} ms, down p99 ${run.downP99Ms.toFixed(1)} ms`;
  const generator = `generator ${run.generatorCorePercent.toFixed(0)} % of its core, late p99 ${run.generatorLateP99Ms.toFixed(1)} ms`;
  const trouble =
    run.flowing === run.calls && run.lost + run.callsLost === 0
      ? ""
      : `, ${run.flowing} flowing, ${run.lost} frames and ${run.callsLost} calls lost`;
  return `  ${run.subject.padEnd(6)} ${run.calls} calls: ${run.cpuPerCallMinuteS.toFixed(3)} CPU s/call-min (${run.allCpuPerCallMinuteS.toFixed(3)} with the turns of the others), ${latency}; ${generator}${trouble}`;
}

function kneeLine(subject: string, knee: Knee): string {
  if (knee.fails === null) return `knee of ${subject}: holds ${knee.holds} calls, and was not asked for more`;
  const bound = knee.generatorBound ? ": the generator was at its limit there, so at least" : "";
  return `knee of ${subject}${bound}: holds ${knee.holds} calls, fails at ${knee.fails}`;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

const options = parseOptions(process.argv.slice(2));
if (options === "help") say(USAGE);
else await bench(options);
