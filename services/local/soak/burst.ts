/** Many calls that start within one second on one node, in real time; then all of them at once for a while. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { pause, systemClock } from "@struere/runtime";
import type { PhoneCall, SimulatedSession } from "@struere/simulators";
import { callerOf, type Outcome, placeCall, placeCalls } from "./calls.ts";
import { longCall, shortCall } from "./clerk.ts";
import { inventoryOf } from "./inventory.ts";
import { type Quantiles, quantiles } from "./quantiles.ts";
import type { SoakSystem } from "./system.ts";

export interface BurstFigures {
  readonly calls: number;
  /** What went wrong, one line for each call that failed. */
  readonly failures: readonly string[];
  /** Of the voice webhook, as Twilio measures it. */
  readonly webhookMs: Quantiles;
  /** From `start` on the media stream to the first audio of the agent. */
  readonly firstAudioMs: Quantiles;
  /** Of that, what the simulated model took from response.create to its first audio. */
  readonly modelMs: Quantiles;
  /** The rest of it: ours. */
  readonly addedMs: Quantiles;
  /** Milliseconds of CPU that the start of a call took: webhook, claim, model session, greeting. */
  readonly startCpuMs: { readonly media: number; readonly control: number; readonly simulators: number };
  /** While all calls ran: percent of one core, and bytes. */
  readonly media: { readonly cpuPercent: number; readonly idleRssBytes: number; readonly rssBytes: number };
  readonly control: { readonly cpuPercent: number };
  /** How late this process, which is Twilio and OpenAI, was: figures above are no better than that. */
  readonly simulators: { readonly cpuPercent: number; readonly lateP99Ms: number };
}

/** A node that has been in service for a moment: its code is loaded and compiled. */
const WARM_UP_CALLS = 20;
const FIRST_WARM_UP_CALL = 100_000;

const STARTS_WITHIN_MS = 1_000;
/** From the last start until the steady state is measured, and for how long. */
const SETTLE_MS = 3_000;
const MEASURE_MS = 10_000;
const HOLD_MS = STARTS_WITHIN_MS + SETTLE_MS + MEASURE_MS + 2_000;

export async function burst({ twilio, openai, media, control }: SoakSystem, calls: number, signal: AbortSignal): Promise<BurstFigures> {
  const clock = systemClock();
  const failures: string[] = [];
  const note = ({ failure }: Outcome): void => void (failure !== null && failures.push(failure));
  await placeCalls({ count: WARM_UP_CALLS, parallel: WARM_UP_CALLS, signal, onDone: note }, (index) =>
    placeCall(twilio, FIRST_WARM_UP_CALL + index, shortCall),
  );
  const idle = { media: await inventoryOf(media), control: await inventoryOf(control), own: process.cpuUsage() };
  const late = monitorEventLoopDelay({ resolution: 5 });
  late.enable();
  const running: Promise<Outcome>[] = [];
  const script = longCall(HOLD_MS);
  const startedAt = clock.now();
  for (let index = 0; index < calls; index++) {
    await pause(clock, startedAt + (index * STARTS_WITHIN_MS) / calls - clock.now(), signal);
    signal.throwIfAborted();
    running.push(placeCall(twilio, index, script));
  }
  await pause(clock, SETTLE_MS, signal);
  const started = process.cpuUsage(idle.own);
  const before = { media: await inventoryOf(media), control: await inventoryOf(control), own: process.cpuUsage(), at: clock.now() };
  await pause(clock, MEASURE_MS, signal);
  const own = process.cpuUsage(before.own);
  const after = { media: await inventoryOf(media), control: await inventoryOf(control), at: clock.now() };
  late.disable();
  const outcomes = await Promise.all(running);
  for (const outcome of outcomes) note(outcome);
  signal.throwIfAborted();

  const percent = (cpuUs: number): number => cpuUs / 10 / (after.at - before.at);
  const sessionOf = sessionsByCaller(openai.sessions);
  const latencies = outcomes.flatMap(({ call }, index) => latencyOf(call, sessionOf.get(callerOf(index))));
  const sids = new Set(outcomes.map(({ call }) => call.sid));
  return {
    calls,
    failures,
    webhookMs: quantiles(twilio.webhooks.filter(({ kind, callSid }) => kind === "voice" && sids.has(callSid)).map(({ tookMs }) => tookMs)),
    firstAudioMs: quantiles(latencies.map(({ totalMs }) => totalMs)),
    modelMs: quantiles(latencies.map(({ modelMs }) => modelMs)),
    addedMs: quantiles(latencies.map(({ totalMs, modelMs }) => totalMs - modelMs)),
    startCpuMs: {
      media: (before.media.cpuUs - idle.media.cpuUs) / 1_000 / calls,
      control: (before.control.cpuUs - idle.control.cpuUs) / 1_000 / calls,
      simulators: (started.user + started.system) / 1_000 / calls,
    },
    media: {
      cpuPercent: percent(after.media.cpuUs - before.media.cpuUs),
      idleRssBytes: idle.media.rssBytes,
      rssBytes: after.media.rssBytes,
    },
    control: { cpuPercent: percent(after.control.cpuUs - before.control.cpuUs) },
    simulators: { cpuPercent: percent(own.user + own.system), lateP99Ms: late.percentile(99) / 1e6 },
  };
}

interface Latency {
  readonly totalMs: number;
  readonly modelMs: number;
}

function latencyOf(call: PhoneCall, session: SimulatedSession | undefined): readonly Latency[] {
  const at = (kind: string) => call.timeline.find((event) => event.kind === kind)?.atMs;
  const [start, audio] = [at("stream-started"), at("first-audio")];
  const asked = session?.received.find(({ event }) => event.type === "response.create")?.atMs;
  const given = session?.emitted.find(({ event }) => event.type === "response.output_audio.delta")?.atMs;
  if (start === undefined || audio === undefined || asked === undefined || given === undefined) return [];
  return [{ totalMs: audio - start, modelMs: given - asked }];
}

/** The agent's instructions hold the caller's number. */
function sessionsByCaller(sessions: readonly SimulatedSession[]): ReadonlyMap<string, SimulatedSession> {
  return new Map(
    sessions.flatMap((session) => [...session.config().instructions.matchAll(/\+\d+/g)].map(([number]) => [number, session] as const)),
  );
}
