/**
 * The credit of calls that are going on. What is charged is captured out of a call's hold; every few seconds the holds are filled up again,
 * under the lock of the books, as far as credit and caps have room. A call whose hold can not be filled up is told to wrap up, and then to
 * end: what it is told stands in its row, and its node hears it with every answer to the lease.
 */
import {
  type CallAdvice,
  callAdvice,
  type CallPrice,
  callReserve,
  HOLD_EXPIRES_MS,
  refill,
  tightestCap,
  transferReserve,
} from "@struere/domain";
import { randomUUID } from "node:crypto";
import { type ApiKeyId, type CallId, Fault, type Micros, micros, NO_MONEY } from "@struere/kernel";
import { sql } from "kysely";
import { getAllowance } from "./allowances.ts";
import { allowancesOf, holdOf } from "./call-credit.ts";
import { type Db, inTransaction, tryLock } from "./database.ts";
import { balancesOf, type EntryToPost, lockBooks, postEntries } from "./ledger.ts";
import { renewHolds } from "./ledger-holds.ts";
import type { Call } from "./schema.ts";
import type { Scope } from "./scope.ts";

interface WatchedCall {
  readonly id: CallId;
  readonly api_key_id: ApiKeyId | null;
  readonly rate_card_version: string | null;
  readonly config: Call["config"];
  readonly direction: Call["direction"];
  readonly to_number: string;
  readonly began_at: Date;
  readonly remaining: number | bigint;
  readonly is_open: boolean;
  readonly dearest: number | bigint | null;
  /** The person whom its caller talks to, since when; `null`: it is with an agent. */
  readonly transferred_to: string | null;
  readonly transferred_at: Date | null;
  readonly advice: Call["advice"];
  readonly advice_reason: Call["advice_reason"];
}

/** With the price of the leg to the person, where there is one. */
export type PriceOfCall = (
  call: Pick<WatchedCall, "rate_card_version" | "config" | "direction" | "to_number" | "transferred_to">,
) => Promise<(CallPrice & { readonly legMinute: Micros }) | undefined>;

export interface Advised {
  readonly callId: CallId;
  readonly advice: CallAdvice;
  /** Nobody is there who could be told: it has to be ended at the carrier, and comes back here until it is. */
  readonly transferred: boolean;
  /** What it was told before is another thing, or nothing. */
  readonly isNew: boolean;
}

/** With an agent, or transferred to a person and not over yet. */
const ON_THE_LINE = sql`(call.status = 'active' or (
  call.status = 'completed' and call.reason = 'transferred' and call.carrier_ended_at is null
    and exists (select from call_transfers transfer where transfer.call_id = call.id and transfer.leg_duration_s is null)
))`;

/** Environments in which calls with reserved credit are going on. */
export async function listWatchedScopes(db: Db): Promise<readonly Scope[]> {
  const { rows } = await sql<{ organization_id: Scope["organizationId"]; environment: Scope["environment"] }>`
    select distinct call.organization_id, call.environment from calls call
    where ${ON_THE_LINE} and exists (
      select from credit_holds hold
      where hold.organization_id = call.organization_id and hold.environment = call.environment and hold.id = call.id
        and hold.state <> 'released'
    )`.execute(db);
  return rows.map((row) => ({ organizationId: row.organization_id, environment: row.environment }));
}

/**
 * Fills up the holds of the calls that are going on, keeps them, and writes down what each has to be told. One control plane at a time does
 * it for an environment; for the others there is nothing to do.
 * @returns what is new, and the transferred calls that go on although they were to be ended.
 */
export async function watchCredit(
  db: Db,
  scope: Scope,
  watch: { readonly priceOf: PriceOfCall; readonly now: Date },
): Promise<readonly Advised[]> {
  const { priceOf, now } = watch;
  const { decided, goingOn } = await inTransaction(db, async (tx) => {
    if (!(await tryLock(tx, `credit ${scope.organizationId} ${scope.environment}`))) return NOTHING_SEEN;
    const prices = new Map<CallId, PriceOf>();
    const seen = await liveCalls(tx, scope);
    // Of the others the lease does it.
    const transferred = seen.flatMap(({ id, transferred_at: at }) => (at === null ? [] : [id]));
    await renewHolds(tx, { callIds: transferred, expiresAt: new Date(now.getTime() + HOLD_EXPIRES_MS) });
    for (const call of seen) {
      const price = await priceOf(call);
      if (price) prices.set(call.id, price);
    }
    const isDue = (call: WatchedCall): boolean => {
      const reserve = reserveOf(call, prices.get(call.id), now);
      return reserve !== undefined && (!call.is_open || refill(reserve, micros(call.remaining)) > 0n);
    };
    const due = seen.filter(isDue);
    const goingOn = seen.filter((call) => call.transferred_at !== null && call.advice === "end_call");
    const well = seen.filter((call) => call.advice === "wrap_up" && !due.includes(call)).map((call) => ({ call, advice: null }));
    if (due.length === 0) return { decided: well, goingOn };
    // What was captured meanwhile is not seen otherwise. As little as can be is asked under the lock.
    const ledger = balancesOf(await lockBooks(tx, scope, now));
    const calls = await asOfNow(tx, scope, due);
    return { decided: [...well, ...(await fillUp(tx, scope, { calls, prices, ledger, now }))], goingOn };
  });
  const changed = decided.filter(({ call, advice }) => call.advice !== "end_call" && call.advice !== (advice?.action ?? null));
  await writeAdvice(db, changed);
  return [
    ...changed.flatMap(({ call, advice }) => (advice ? [adviceFor(call, advice, { isNew: true })] : [])),
    ...goingOn.map((call) => adviceFor(call, { action: "end_call", reason: call.advice_reason ?? "credit_exhausted" }, { isNew: false })),
  ];
}

interface Decided {
  readonly call: WatchedCall;
  readonly advice: CallAdvice | null;
}

const NOTHING_SEEN: { readonly decided: readonly Decided[]; readonly goingOn: readonly WatchedCall[] } = { decided: [], goingOn: [] };

function adviceFor(call: WatchedCall, advice: CallAdvice, { isNew }: { readonly isNew: boolean }): Advised {
  return { callId: call.id, advice, transferred: call.transferred_at !== null, isNew };
}

async function fillUp(
  tx: Db,
  scope: Scope,
  books: {
    readonly calls: readonly WatchedCall[];
    readonly prices: ReadonlyMap<CallId, PriceOf>;
    readonly ledger: ReturnType<typeof balancesOf>;
    readonly now: Date;
  },
): Promise<readonly Decided[]> {
  const { calls, prices, ledger, now } = books;
  const keys = [...new Set(calls.flatMap((call) => call.api_key_id ?? []))];
  const states = [await getAllowance(tx, scope, null)];
  for (const keyId of keys) states.push(await getAllowance(tx, scope, keyId));
  const allowances = await allowancesOf(tx, scope, states, ledger.balances.held);
  let taken = NO_MONEY;
  const takenOf = new Map<ApiKeyId | null, Micros>();
  const entries: EntryToPost[] = [];
  const decided: Decided[] = [];
  for (const call of calls) {
    const reserve = reserveOf(call, prices.get(call.id), now);
    if (!reserve) continue;
    const remaining = micros(call.is_open ? call.remaining : 0n);
    const wanted = refill(reserve, remaining);
    const creditRoom = ledger.creditLimit === null ? wanted : micros(ledger.balances.available - taken + ledger.creditLimit);
    const asOfNow = allowances.flatMap((allowance, index) => {
      const keyId = states[index]?.keyId ?? null;
      if (keyId !== null && keyId !== call.api_key_id) return [];
      const more = keyId === null ? taken : (takenOf.get(keyId) ?? NO_MONEY);
      return [{ ...allowance, held: micros(allowance.held + more) }];
    });
    const capRoom = tightestCap(asOfNow, now.getTime())?.room ?? wanted;
    const room = creditRoom < capRoom ? creditRoom : capRoom;
    const take = micros(room < 0n ? 0n : room < wanted ? room : wanted);
    if (take > 0n) {
      entries.push(holdOf({ callId: call.id, now }, `hold:${call.id}:${randomUUID()}`, take));
      taken = micros(taken + take);
      if (call.api_key_id !== null) takenOf.set(call.api_key_id, micros((takenOf.get(call.api_key_id) ?? 0n) + take));
    }
    const shortOf = take >= wanted ? null : creditRoom <= capRoom ? "credit" : "cap";
    decided.push({ call, advice: callAdvice(reserve, micros(remaining + take), shortOf) });
  }
  const posted = await postEntries(tx, scope, entries, now);
  for (const answer of posted) if (!answer.ok) throw new Fault("internal", `a hold could not be filled up: ${answer.problem.detail}`);
  return decided;
}

/** What a call is told once it is told to end, it is told until it has ended. */
async function writeAdvice(db: Db, decided: readonly Decided[]): Promise<void> {
  for (const { call, advice } of decided) {
    await db
      .updateTable("calls")
      .set({ advice: advice?.action ?? null, advice_reason: advice?.reason ?? null })
      .where("id", "=", call.id)
      .where((where) =>
        where.or([where("status", "=", "active"), where.and([where("reason", "=", "transferred"), where("carrier_ended_at", "is", null)])]),
      )
      .where((where) => where.or([where("advice", "is", null), where("advice", "=", "wrap_up")]))
      .execute();
  }
}

async function liveCalls(tx: Db, scope: Scope): Promise<readonly WatchedCall[]> {
  const { rows } = await sql<WatchedCall>`
    select call.id, call.api_key_id, call.rate_card_version, call.config, call.direction, call.to_number, call.advice, call.advice_reason,
      coalesce(call.answered_at, call.created_at) as began_at, hold.remaining_micros as remaining, hold.state = 'open' as is_open, (
        select max(used.amount_micros) from ledger_transactions used
        where used.call_id = call.id and used.kind = 'charge' and used.source = 'response'
      ) as dearest,
      transfer.to_number as transferred_to, transfer.asked_at as transferred_at
    from calls call
    left join call_transfers transfer on transfer.call_id = call.id and call.status <> 'active'
    join credit_holds hold
      on hold.organization_id = call.organization_id and hold.environment = call.environment and hold.id = call.id
    where call.organization_id = ${scope.organizationId} and call.environment = ${scope.environment} and ${ON_THE_LINE}
      and hold.state <> 'released'
    order by call.id`.execute(tx);
  return rows;
}

/** With what their holds have left by now, those that are still going on. */
async function asOfNow(tx: Db, { organizationId, environment }: Scope, calls: readonly WatchedCall[]): Promise<readonly WatchedCall[]> {
  const { rows } = await sql<Pick<WatchedCall, "id" | "remaining" | "is_open">>`
    select hold.id, hold.remaining_micros as remaining, hold.state = 'open' as is_open
    from credit_holds hold join calls call on call.id = hold.id and ${ON_THE_LINE}
    where hold.organization_id = ${organizationId} and hold.environment = ${environment} and hold.state <> 'released'
      and hold.id = any(${calls.map(({ id }) => id)}::text[])`.execute(tx);
  const holds = new Map(rows.map((row) => [row.id, row]));
  return calls.flatMap((call) => {
    const hold = holds.get(call.id);
    return hold ? [{ ...call, ...hold }] : [];
  });
}

type PriceOf = CallPrice & { readonly legMinute: Micros };

function reserveOf(call: WatchedCall, price: PriceOf | undefined, now: Date) {
  if (!price) return undefined;
  const since = (at: Date): number => now.getTime() - at.getTime();
  if (call.transferred_at !== null)
    return transferReserve(price, { lastedMs: since(call.began_at), legMs: since(call.transferred_at), legMinute: price.legMinute });
  const dearest = micros(call.dearest ?? 0);
  return callReserve({ ...price, response: dearest > price.response ? dearest : price.response }, now.getTime() - call.began_at.getTime());
}
