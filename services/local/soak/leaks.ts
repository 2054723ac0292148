/** What is left after many calls: everything is counted after a few, and again after many; nothing may have grown. */
import { pause, systemClock } from "@struere/runtime";
import { interruptedCall, shortCall } from "./clerk.ts";
import { type Outcome, placeCall, placeCalls } from "./calls.ts";
import { type Inventory, inventoryOf, metric } from "./inventory.ts";
import type { SoakSystem } from "./system.ts";

/** One thing that is counted. */
export interface LeakRow {
  readonly what: string;
  readonly baseline: number;
  readonly after: number;
  readonly allowed: number;
  readonly unit: "" | "MB";
}

export interface LeakFigures {
  readonly calls: number;
  readonly seconds: number;
  readonly failures: readonly string[];
  /** Calls of the record that are not `completed`, and messages that should be in it and are not. */
  readonly unrecorded: number;
  readonly rows: readonly LeakRow[];
  readonly left: readonly LeakRow[];
}

export const WARM_UP_CALLS = 50;
const MB = 1024 * 1024;
/** Compiled code, metrics and caches still grow after the warm-up; a call that was kept costs more than 4 KB. */
const HEAP_PER_CALL_BYTES = 4 * 1024;
const HEAP_AT_LEAST_BYTES = 6 * MB;
/** Idle database connections and kept-alive sockets are closed by their owners after at most this. */
const QUIET_WITHIN_MS = 80_000;
const LOOK_EVERY_MS = 1_000;
/** Timers and handles that come and go with periodic work: a heartbeat under way when the count was taken. */
const PASSING = 3;

export async function leaks(
  system: SoakSystem,
  options: { readonly calls: number; readonly parallel: number; readonly signal: AbortSignal; readonly onProgress: (done: number) => void },
): Promise<LeakFigures> {
  const { signal, parallel } = options;
  const clock = systemClock();
  const failures: string[] = [];
  let done = 0;
  const run = async (first: number, count: number): Promise<void> => {
    await placeCalls({ count, parallel, signal, onDone: (outcome) => note(outcome) }, (index) =>
      placeCall(system.twilio, first + index, index % 5 === 0 ? interruptedCall : shortCall),
    );
  };
  const note = ({ failure }: Outcome): void => {
    if (failure !== null) failures.push(failure);
    // What the simulators remember of calls is theirs; it must not slow them.
    if (++done % 100 === 0) system.openai.forget();
    options.onProgress(done);
  };

  const beforeCalls = await recorded(system);
  await run(0, WARM_UP_CALLS);
  const baseline = await quiet(system, undefined, signal);
  const startedAt = clock.now();
  await run(WARM_UP_CALLS, options.calls);
  const seconds = (clock.now() - startedAt) / 1_000;
  const allowed = allowances(baseline, options.calls);
  const after = await quiet(system, allowed, signal);
  const rows = baseline.map(({ what, value, unit }, index): LeakRow => {
    const scale = unit === "MB" ? MB : 1;
    return { what, unit, baseline: value / scale, after: (after[index]?.value ?? 0) / scale, allowed: (allowed[index] ?? 0) / scale };
  });
  const completed = (await recorded(system)) - beforeCalls;
  return {
    calls: options.calls,
    seconds,
    failures,
    unrecorded: WARM_UP_CALLS + options.calls - completed,
    rows,
    left: rows.filter((row) => row.after > row.allowed),
  };
}

interface Count {
  readonly what: string;
  readonly value: number;
  readonly unit: LeakRow["unit"];
  /** May differ by what passes through; else it must be what it was. */
  readonly passing?: true;
}

function allowances(baseline: readonly Count[], calls: number): readonly number[] {
  return baseline.map(({ value, unit, passing }) => {
    if (unit === "MB") return value + Math.max(HEAP_AT_LEAST_BYTES, calls * HEAP_PER_CALL_BYTES);
    return value + (passing ? PASSING : 0);
  });
}

/** Counts until nothing is above what is allowed (at the baseline: until nothing has fallen for a while), within the bound. */
async function quiet(system: SoakSystem, allowed: readonly number[] | undefined, signal: AbortSignal): Promise<readonly Count[]> {
  const clock = systemClock();
  const until = clock.now() + QUIET_WITHIN_MS;
  for (;;) {
    const counts = await count(system);
    const enough = allowed !== undefined && counts.every(({ value }, index) => value <= (allowed[index] ?? 0));
    if (enough || clock.now() >= until) return counts;
    await pause(clock, LOOK_EVERY_MS, signal);
    signal.throwIfAborted();
  }
}

async function count(system: SoakSystem): Promise<readonly Count[]> {
  const page = await system.mediaMetrics();
  const gauge = (what: string, name: string): Count => ({ what, value: metric(page, `struere_${name}`), unit: "" });
  return [
    gauge("media: calls", "media_calls_active"),
    gauge("media: sockets without a call", "media_sockets_unstarted"),
    gauge("media: warm model legs", "media_warm_legs"),
    gauge("media: messages that are not recorded", "media_outbox_depth"),
    gauge("media: EndCalls without an answer", "media_endings_depth"),
    ...held("media", await inventoryOf(system.media)),
    ...held("control", await inventoryOf(system.control)),
    { what: "Twilio: calls", value: system.twilio.liveCalls, unit: "" },
    { what: "OpenAI: open sessions", value: system.openai.sessions.filter((session) => session.wire.closed === null).length, unit: "" },
    { what: "Postgres: connections", value: await connections(system), unit: "", passing: true },
    { what: "Postgres: calls that are not over", value: await openCalls(system), unit: "" },
  ];
}

function held(plane: string, inventory: Inventory): readonly Count[] {
  return [
    { what: `${plane}: sockets`, value: inventory.sockets, unit: "", passing: true },
    { what: `${plane}: timers`, value: inventory.timers, unit: "", passing: true },
    { what: `${plane}: other handles`, value: inventory.otherHandles, unit: "", passing: true },
    { what: `${plane}: open files`, value: inventory.files, unit: "", passing: true },
    { what: `${plane}: heap after gc`, value: inventory.heapBytes, unit: "MB" },
  ];
}

async function connections({ db }: SoakSystem): Promise<number> {
  const rows = await db
    .withTables<{ pg_stat_activity: { readonly pid: number; readonly backend_type: string } }>()
    .selectFrom("pg_stat_activity")
    .select("pid")
    .where("backend_type", "=", "client backend")
    .execute();
  return rows.length;
}

async function openCalls({ db }: SoakSystem): Promise<number> {
  return (await db.selectFrom("calls").select("id").where("ended_at", "is", null).execute()).length;
}

/** Calls that are over as they should be. */
async function recorded({ db }: SoakSystem): Promise<number> {
  return (await db.selectFrom("calls").select("id").where("status", "=", "completed").execute()).length;
}
