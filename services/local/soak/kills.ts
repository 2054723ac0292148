/**
 * `--kills N`: N calls, while media nodes, control planes, billers, nats-server, Postgres and auditor workers are killed with SIGKILL at random
 * moments and started again. When all is over, and once more a quarter of an hour later, when nobody waits for reports any more, every call
 * must have one record with an end, and the books must be what the vendors bill: to the micro, but for what nobody lived to report, which is
 * estimated.
 */
import { isOver } from "@struere/domain";
import { Fault } from "@struere/kernel";
import { pause, systemClock } from "@struere/runtime";
import { seededRandom } from "@struere/simulators";
import { listLedgers, type Scope } from "@struere/store";
import { carrierBill } from "../bill.ts";
import { backlog } from "./backlog.ts";
import { callerOf } from "./calls.ts";
import { type BooksFound, holdBooksAgainst } from "./kill-books.ts";
import { type Kill, type Stories, storiesOf } from "./kill-stories.ts";
import { type CallKind, KILL_NUMBERS, KILL_PROJECT, killMind, kindOf, type PlacedCall, placeKillCall } from "./kill-calls.ts";
import { KILL_KINDS, type KillKind, type KillSystem, startKillSystem } from "./kill-system.ts";
import { callerIn } from "./order-desk.ts";

export interface KillFigures {
  readonly seed: number;
  readonly calls: number;
  readonly seconds: number;
  readonly kinds: { readonly [Kind in CallKind]?: number };
  readonly kills: { readonly [Kind in KillKind]?: number };
  readonly endings: { readonly [ending: string]: number | undefined };
  readonly books: BooksFound;
  /** Calls without exactly one record with an end, and whatever else went wrong. */
  readonly failures: readonly string[];
}

export interface KillOptions {
  readonly calls: number;
  readonly parallel: number;
  readonly seed: number;
  readonly signal: AbortSignal;
  readonly onProgress?: (done: number, kills: KillFigures["kills"]) => void;
  /** When something is not as it must be, while the system is still there, with all that is known of the calls that it is about. */
  readonly onBroken?: (system: KillSystem, stories: Stories) => Promise<void>;
  readonly controlPlanes?: number;
  readonly mediaNodes?: number;
  readonly auditors?: number;
  /** Between two kills of a kind, in milliseconds: a random time from the first number to the second; absent: none of that kind. */
  readonly pace?: { readonly [Kind in KillKind]?: readonly [number, number] };
  /** What the calls are, by turns; default: all kinds, by chance. */
  readonly kinds?: readonly CallKind[];
  /** A caller who is still on the line after this hangs up. */
  readonly longestMs?: number;
  /** Kills of each kind, the last ones when the calls are over if need be; default: as many as there is time for. */
  readonly each?: number;
}

/** A node takes all of its calls with it, so that nodes are killed less often. */
const PACE: Required<KillOptions>["pace"] = {
  "media node": [15_000, 35_000],
  "control plane": [8_000, 20_000],
  biller: [8_000, 20_000],
  NATS: [10_000, 25_000],
  Postgres: [12_000, 30_000],
  auditor: [10_000, 25_000],
};
/** After the vendor has billed something: while it is reported, recorded and posted. */
const BILLING_WITHIN_MS = 80;
const LOOK_EVERY_MS = 100;
/** The first calls do not come in the same instant. */
const ARRIVE_WITHIN_MS = 1_500;
const LONGEST_MS = 5 * 60_000;
const OVER_WITHIN_MS = 120_000;
const SETTLED_WITHIN_MS = 120_000;
/** Longer than estimates, holds and the carrier's silence are waited for. */
const LATER_MS = 16 * 60_000;

export async function kills(options: KillOptions): Promise<KillFigures> {
  const {
    calls,
    seed,
    signal,
    controlPlanes = 2,
    mediaNodes = 2,
    auditors = 1,
    pace = PACE,
    each = Number.POSITIVE_INFINITY,
    longestMs = LONGEST_MS,
  } = options;
  const clock = systemClock();
  await using system = await startKillSystem({
    project: KILL_PROJECT,
    numbers: KILL_NUMBERS,
    mind: killMind(seed),
    controlPlanes,
    mediaNodes,
    auditors,
    calls,
  });
  const startedAt = clock.now();
  const killing = startKilling(system, { seed, pace, each });
  const placed: PlacedCall[] = [];
  let next = 0;
  const random = seededRandom(seed);
  const line = async (): Promise<void> => {
    await pause(clock, random() * ARRIVE_WITHIN_MS, signal);
    for (let index = next++; index < calls && !signal.aborted; index = next++) {
      const kind = options.kinds?.[index % options.kinds.length] ?? kindOf(index, seed, auditors);
      placed.push(await placeKillCall(system, index, { seed, kind, longestMs }));
      options.onProgress?.(placed.length, killing.counts);
    }
  };
  await Promise.all(Array.from({ length: Math.min(options.parallel, calls) }, line));
  signal.throwIfAborted();
  const failures = [...(await killing.stop())];

  failures.push(...(await settled(system, signal)));
  failures.push(...(await muchLater(system, signal)));
  const [scope] = await listLedgers(system.db);
  if (!scope) throw new Fault("internal", "there are no books");
  const { endings, broken } = await recordsOf(system, scope, placed);
  failures.push(...broken, ...system.twilio.faults.map((fault) => `the simulator: ${String(fault)}`));
  const books = await holdBooksAgainst(system.db, scope, {
    models: system.openai.invoice(),
    numberOfSession: new Map(system.openai.sessions.map((session) => [session.id, callerIn(session.config().instructions)])),
    carrier: await carrierBill(system.twilio),
  });
  if (failures.length + books.lost.length + books.twice.length + books.unsound.length > 0) {
    const about = [...books.lost, ...books.twice].flatMap(({ callId }) => callId ?? []);
    await options.onBroken?.(system, await storiesOf(system, about, killing.kills));
  }
  return {
    seed,
    calls: placed.length,
    seconds: (clock.now() - startedAt) / 1_000,
    kinds: counted(placed.map(({ kind }) => kind)),
    kills: killing.counts,
    endings,
    books,
    failures,
  };
}

interface Killing {
  readonly counts: { readonly [Kind in KillKind]?: number };
  /** In the order in which they were back. */
  readonly kills: readonly Kill[];
  /** Resolves when whoever was killed last is back. @returns who did not come back. */
  stop(): Promise<readonly string[]>;
}

/** Each kind at its own moments, whatever the others do: two may well be away at once. */
function startKilling(
  system: KillSystem,
  { seed, pace, each }: { readonly seed: number; readonly pace: NonNullable<KillOptions["pace"]>; readonly each: number },
): Killing {
  const clock = systemClock();
  const stopping = new AbortController();
  const counts: { [Kind in KillKind]?: number } = {};
  const kills: Kill[] = [];
  const problems: string[] = [];
  const kinds = Object.keys(pace).flatMap((name) => KILL_KINDS.filter((kind) => kind === name));
  /** @returns whether it is at work again; not so when it was not killed any more. */
  const killOne = async (kind: KillKind, random: () => number): Promise<boolean> => {
    const [least, most] = pace[kind] ?? [0, 0];
    await pause(clock, least + random() * (most - least), stopping.signal);
    if (kind === "biller") await somethingBilled(system, random() * BILLING_WITHIN_MS, stopping.signal);
    if (stopping.signal.aborted && each === Number.POSITIVE_INFINITY) return false;
    counts[kind] = (counts[kind] ?? 0) + 1;
    try {
      kills.push(await system.kill(kind));
      return true;
    } catch (thrown) {
      problems.push(`the ${kind} did not come back: ${Fault.from(thrown).sentence}`);
      return false;
    }
  };
  const again = async (kind: KillKind): Promise<void> => {
    const random = seededRandom(seed * 31 + KILL_KINDS.indexOf(kind));
    while ((counts[kind] ?? 0) < each && (await killOne(kind, random)));
  };
  const running = Promise.all(kinds.map(again));
  return {
    counts,
    kills,
    async stop() {
      stopping.abort();
      await running;
      return problems;
    },
  };
}

async function somethingBilled({ openai }: KillSystem, thenMs: number, signal: AbortSignal): Promise<void> {
  const clock = systemClock();
  const before = openai.invoice().length;
  while (!signal.aborted && openai.invoice().length === before) await pause(clock, 5, signal);
  await pause(clock, thenMs, signal);
}

/** Until no call goes on, nothing waits on the bus or at a node, and all that was reported is posted. @returns what does not come to rest. */
async function settled(system: KillSystem, signal: AbortSignal): Promise<readonly string[]> {
  const { db } = system;
  return await atRest(OVER_WITHIN_MS + SETTLED_WITHIN_MS, signal, async () => {
    const live = await db.selectFrom("calls").select(["id", "status"]).where("ended_at", "is", null).execute();
    const unbilled = await db.selectFrom("call_usage").select("usage_id").where("billed_at", "is", null).execute();
    const unwritten = await db.selectFrom("text_usage").select("response_id").where("billed_at", "is", null).execute();
    const [recorder, biller] = [
      await backlog(system.natsUrl, "VOICE_CALLS", "recorder"),
      await backlog(system.natsUrl, "VOICE_CALLS", "biller"),
    ];
    const nodes = await system.unreported();
    return [
      ...live.map(({ id, status }) => `${id} is still ${status}`),
      ...(unbilled.length + unwritten.length > 0 ? [`${unbilled.length + unwritten.length} uses in the record are not in the books`] : []),
      ...(recorder + biller > 0 ? [`${recorder} messages wait for the recorder, ${biller} for the biller`] : []),
      ...(nodes > 0 ? [`media nodes keep ${nodes} messages`] : []),
    ];
  });
}

/** By a control plane for which it is a quarter of an hour later: what nobody has reported by now is estimated, and holds are let go. */
async function muchLater(system: KillSystem, signal: AbortSignal): Promise<readonly string[]> {
  const { db } = system;
  await using _later = await system.later(LATER_MS);
  return await atRest(SETTLED_WITHIN_MS, signal, async () => {
    const unchecked = await db
      .selectFrom("calls")
      .select("id")
      .where("epoch", ">", 0)
      .where((where) => where.or([where("estimates_checked_at", "is", null), where("carrier_billed_at", "is", null)]))
      .execute();
    const holds = await db.selectFrom("credit_holds").select("id").where("state", "=", "open").execute();
    return [
      ...(unchecked.length > 0 ? [`of ${unchecked.length} calls it was not looked at what they did not report`] : []),
      ...(holds.length > 0 ? [`the holds of ${holds.length} calls are open`] : []),
    ];
  });
}

async function atRest(withinMs: number, signal: AbortSignal, unrest: () => Promise<readonly string[]>): Promise<readonly string[]> {
  const clock = systemClock();
  const until = clock.now() + withinMs;
  for (;;) {
    const open = await unrest().catch((thrown: unknown) => [Fault.from(thrown).sentence]);
    if (open.length === 0 || clock.now() >= until) return open.map((one) => `after ${withinMs} ms: ${one}`);
    await pause(clock, LOOK_EVERY_MS, signal);
    signal.throwIfAborted();
  }
}

/** One record for each call of a phone, with an end and its reason; of a call that we placed at most one conversation. */
async function recordsOf({ db, twilio }: KillSystem, scope: Scope, placed: readonly PlacedCall[]) {
  const records = await db
    .selectFrom("calls")
    .select(["id", "twilio_call_sid", "direction", "from_number", "to_number", "status", "reason", "ended_at"])
    .where("organization_id", "=", scope.organizationId)
    .execute();
  const numberOf = (row: (typeof records)[number]): string => (row.direction === "inbound" ? row.from_number : row.to_number);
  const byNumber = Map.groupBy(records, numberOf);
  const phones = Map.groupBy(twilio.calls, (call) => (call.direction === "inbound" ? call.from : call.to));
  const broken: string[] = [];
  for (const { index, kind, phone, refused } of placed) {
    const number = callerOf(index);
    const own = byNumber.get(number) ?? [];
    const legs = (phones.get(number) ?? []).filter((call) => call.answeredAt !== null);
    // What became of a call that we were to place may be that it was not, as long as that is in the record.
    if (refused !== null && own.length === 0) broken.push(`call ${index} was not placed: ${refused}`);
    else if (own.length !== 1)
      broken.push(`call ${index} (${kind}) of ${number}, ended by ${phone?.ending?.reason ?? "nothing"}, has ${own.length} records`);
    if (legs.length > 1) broken.push(`call ${index} has been answered by ${legs.length} phones`);
  }
  for (const { id, status, reason, ended_at: endedAt } of records)
    if (!isOver(status) || reason === null || endedAt === null)
      broken.push(`${id} is ${status}, for the reason ${reason ?? "that nobody gave"}`);
  return { endings: counted(records.map(({ status, reason }) => `${status}: ${reason ?? ""}`)), broken };
}

function counted<Name extends string>(names: readonly Name[]): { readonly [One in Name]?: number } {
  const counts: { [One in Name]?: number } = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
