/**
 * Calls placed while Twilio's REST API fails in every way that it can, status callbacks come twice and out of order, askers give up and ask
 * again: each intent must come to no conversation or to one, and to one end.
 */
import { Fault } from "@struere/kernel";
import { pause, systemClock } from "@struere/runtime";
import { startPostgres } from "@struere/runtime/postgres";
import type { RestFaultMode } from "@struere/simulators";
import { createWorld, type World } from "../world.ts";
import { clerk, clerkMind } from "./clerk.ts";

export interface PlacementsOptions {
  readonly tries: number;
  readonly parallel: number;
  readonly seed: number;
  readonly signal: AbortSignal;
  readonly onProgress?: (done: number) => void;
}

export interface PlacementFigures {
  readonly tries: number;
  /** Calls on the record: what was asked for and not refused before anything was written. */
  readonly intents: number;
  /** Legs that Twilio made for them. */
  readonly legs: number;
  /** How many intents had so many conversations. */
  readonly conversations: { readonly [count: string]: number };
  /** How the intents ended. */
  readonly endings: { readonly [ending: string]: number };
  /** Faults that struck, by mode. */
  readonly faults: { readonly [mode: string]: number };
  /** One line for each promise that was broken. */
  readonly failures: readonly string[];
}

const MODES: readonly (RestFaultMode | null)[] = [
  null,
  null,
  "too-many-requests",
  "server-error",
  "server-error-after-processing",
  "timeout",
  "timeout-after-processing",
  "slow",
  "unauthorized",
  "not-found",
];
const PHONES = ["person", "person", "person", "busy", "no-answer", "unreachable"] as const;
const CALLBACKS = ["in-order", "duplicated", "disordered"] as const;
/** Longer than our deadline for a create. */
const SLOW_MS = 40_000;
const TALK_MS = 2_000;
const ENDS_WITHIN_MS = 400_000;
const LOOK_EVERY_MS = 1_000;
const SPEED = 4;
const AREAS = ["415", "212", "310", "617", "202", "303"] as const;

/** A world whose environment may dial as fast as it wants; see `openDialling`. */
export async function placements(world: World, options: PlacementsOptions): Promise<PlacementFigures> {
  const { tries, parallel, signal } = options;
  const random = randomOf(options.seed);
  const failures: string[] = [];
  const faults: Record<string, number> = {};
  const numbers = Array.from({ length: tries }, (_, index) => `+1${AREAS[index % AREAS.length] ?? "415"}${String(2_000_000 + index)}`);
  let next = 0;
  let done = 0;

  const tryOnce = async (index: number): Promise<void> => {
    const phoneNumber = numbers[index] ?? "";
    behave(world, phoneNumber, PHONES[Math.floor(random() * PHONES.length)] ?? "person");
    world.twilio.switches.statusCallbacks = CALLBACKS[Math.floor(random() * CALLBACKS.length)] ?? "in-order";
    const mode = MODES[Math.floor(random() * MODES.length)] ?? null;
    if (mode !== null) {
      faults[mode] = (faults[mode] ?? 0) + 1;
      world.twilio.failRest({ mode, method: "POST", path: "/Calls.json", delayMs: SLOW_MS, times: random() < 0.3 ? 2 : 1 });
    }
    if (random() < 0.1) world.twilio.failRest({ mode: "server-error", method: "GET", path: "/Calls.json" });
    const key = `try-${options.seed}-${index}`;
    const ask = () =>
      world.api.calls.place.mutate({ phoneNumber, ringSeconds: 5, idempotencyKey: key }).then(
        ({ callId }) => callId,
        () => null,
      );
    // Every third asker is impatient, and every lost answer is asked for again.
    const answers = await Promise.all(index % 3 === 0 ? [ask(), ask()] : [ask()]);
    if (answers.includes(null)) answers.push(await ask());
    const given = new Set(answers.filter((answer) => answer !== null));
    if (given.size > 1) failures.push(`try ${index}: one key was answered with ${given.size} calls`);
    options.onProgress?.(++done);
  };
  const line = async (): Promise<void> => {
    while (next < tries && !signal.aborted) await tryOnce(next++);
  };
  await Promise.all(Array.from({ length: Math.min(parallel, tries) }, line));
  signal.throwIfAborted();
  world.twilio.clearRestFaults();

  const intents = await ended(world, numbers, signal);
  const conversations: Record<string, number> = {};
  const endings: Record<string, number> = {};
  let legs = 0;
  for (const { id, to, status, reason } of intents) {
    const own = world.twilio.calls.filter((call) => call.direction === "outbound-api" && call.to === to);
    const talks = own.filter((call) => call.timeline.events.some((event) => event.kind === "first-audio")).length;
    legs += own.length;
    conversations[talks] = (conversations[talks] ?? 0) + 1;
    const ending = `${status} (${reason ?? "none"})`;
    endings[ending] = (endings[ending] ?? 0) + 1;
    if (talks > 1) failures.push(`${id}: ${talks} conversations`);
    if (!["completed", "stopped", "failed"].includes(status)) failures.push(`${id}: it is ${status} and never ended`);
    if (own.some((call) => !call.isOver)) failures.push(`${id}: a leg of it goes on`);
  }
  const twice = new Set(intents.map(({ to }) => to)).size;
  if (twice !== intents.length) failures.push(`${intents.length - twice} tries made two intents`);
  for (const fault of world.twilio.faults) failures.push(`the simulator: ${String(fault)}`);
  return { tries, intents: intents.length, legs, conversations, endings, faults, failures };
}

/** The same on a world of its own, where time runs four times as fast. */
export async function placementsAlone(options: PlacementsOptions): Promise<PlacementFigures> {
  await using postgres = await startPostgres({ dataDir: null });
  const clock = systemClock({ scale: SPEED });
  await using world = await createWorld({ databaseUrl: postgres.url, clock, mind: clerkMind, twilio: { keepCalls: options.tries * 4 } });
  await world.answeredBy(clerk);
  await openDialling(world);
  return await placements(world, options);
}

/** Lets the world's environment dial as much as it wants. */
export async function openDialling(world: World): Promise<void> {
  await world.api.calls.policy.set.mutate({ countries: ["US"], callsPerSecond: 1_000, maxConcurrent: 10_000 });
}

function behave(world: World, number: string, how: (typeof PHONES)[number]): void {
  const act = async (call: { staysSilent(ms: number): Promise<void>; hangUp(): Promise<unknown> }): Promise<void> => {
    await call.staysSilent(TALK_MS);
    await call.hangUp();
  };
  world.twilio.phone(number).whenCalled(how === "person" ? { answer: { afterMs: 600, act } } : how);
}

interface Intent {
  readonly id: string;
  readonly to: string;
  readonly status: string;
  readonly reason: string | null;
}

/** All intents for these numbers, once none of them is under way any more. */
async function ended(world: World, numbers: readonly string[], signal: AbortSignal): Promise<readonly Intent[]> {
  const ours = new Set(numbers);
  const until = world.clock.now() + ENDS_WITHIN_MS;
  for (;;) {
    const intents: Intent[] = [];
    let cursor: string | null = null;
    do {
      const page: Awaited<ReturnType<World["api"]["calls"]["list"]["query"]>> = await world.api.calls.list.query({
        limit: 100,
        ...(cursor === null ? {} : { cursor }),
      });
      intents.push(...page.items.filter(({ direction, to }) => direction === "outbound" && ours.has(to)));
      cursor = page.nextCursor;
    } while (cursor !== null);
    const isQuiet = world.twilio.calls.every((call) => call.isOver);
    if (isQuiet && intents.every(({ status }) => status !== "pending" && status !== "active")) return intents;
    if (world.clock.now() > until) return intents;
    signal.throwIfAborted();
    await pause(world.clock, LOOK_EVERY_MS);
  }
}

/** mulberry32: the same seed, the same run of faults. */
function randomOf(seed: number): () => number {
  if (!Number.isInteger(seed)) throw new Fault("invalid_argument", `the seed is ${seed}; it must be a whole number`);
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
