/**
 * What environments and keys may spend, and what of it they have spent in this hour, day and month. Counted in the transaction that posts
 * the charges, and read by whoever reserves credit, both under the lock of the books: so no two of them see the same room.
 */
import { type Allowance, CAP_WINDOWS, NO_CAPS, type SpendCaps, windowStart } from "@struere/domain";
import { type ApiKeyId, type CallId, type Micros, micros, NO_MONEY } from "@struere/kernel";
import { type RawBuilder, type Selectable, sql } from "kysely";
import { type Db, inTransaction } from "./database.ts";
import type { AllowanceTable, TextRow } from "./schema.ts";
import type { Scope } from "./scope.ts";

/** Limits on calls, besides money; `null`: none. */
export interface CallQuota {
  readonly maxConcurrent: number | null;
  readonly callsPerSecond: number | null;
  /** Calls placed to one number within a day. */
  readonly callsPerNumber: number | null;
}

export interface AllowanceState extends Omit<Allowance, "held" | "of">, CallQuota {
  readonly keyId: ApiKeyId | null;
  readonly nextTurnAt: Date;
}

/** @param keyId `null`: the environment's. */
export async function getAllowance(db: Db, scope: Scope, keyId: ApiKeyId | null): Promise<AllowanceState> {
  return stateOf(
    keyId,
    await inScope(db, scope)
      .where("subject", "=", keyId ?? ENVIRONMENT)
      .executeTakeFirst(),
  );
}

/** The environment's first, then those of keys that have limits. */
export async function listAllowances(db: Db, scope: Scope): Promise<readonly AllowanceState[]> {
  const rows = await inScope(db, scope).orderBy("subject").limit(1_000).execute();
  const states = rows.map((row) => stateOf(row.subject === ENVIRONMENT ? null : (row.subject as ApiKeyId), row));
  const hasLimits = ({ caps, maxConcurrent, callsPerSecond, callsPerNumber }: AllowanceState): boolean =>
    [...Object.values(caps), maxConcurrent, callsPerSecond, callsPerNumber].some((limit) => limit !== null);
  const own = states.find((state) => state.keyId === null) ?? stateOf(null, undefined);
  return [own, ...states.filter((state) => state.keyId !== null && hasLimits(state))];
}

export type AllowanceChange = Partial<SpendCaps & CallQuota>;

/** What is `null` is not limited any more; what is absent stays. */
export async function setAllowance(
  db: Db,
  scope: Scope,
  { keyId, change, now }: { readonly keyId: ApiKeyId | null; readonly change: AllowanceChange; readonly now: Date },
): Promise<AllowanceState> {
  return await inTransaction(db, async (tx) => {
    const subject = keyId ?? ENVIRONMENT;
    await tx
      .insertInto("allowances")
      .values({ ...ofScope(scope), subject, ...emptyWindows(now) })
      .onConflict((conflict) => conflict.columns(["organization_id", "environment", "subject"]).doNothing())
      .execute();
    const { hour, day, month, maxConcurrent, callsPerSecond, callsPerNumber } = change;
    await tx
      .updateTable("allowances")
      .set({
        // Something is always set: a change of nothing is none.
        subject,
        ...(hour === undefined ? {} : { hour_cap_micros: hour }),
        ...(day === undefined ? {} : { day_cap_micros: day }),
        ...(month === undefined ? {} : { month_cap_micros: month }),
        ...(maxConcurrent === undefined ? {} : { max_concurrent: maxConcurrent }),
        // A new pace begins now.
        ...(callsPerSecond === undefined ? {} : { calls_per_second: callsPerSecond, next_turn_at: now }),
        ...(callsPerNumber === undefined ? {} : { calls_per_number: callsPerNumber }),
      })
      .where("organization_id", "=", scope.organizationId)
      .where("environment", "=", scope.environment)
      .where("subject", "=", subject)
      .execute();
    return await getAllowance(tx, scope, keyId);
  });
}

/** Of the next call of a key, which may begin no earlier. */
export async function setNextTurn(tx: Db, scope: Scope, keyId: ApiKeyId, nextTurnAt: Date): Promise<void> {
  await tx
    .updateTable("allowances")
    .set({ next_turn_at: nextTurnAt })
    .where("organization_id", "=", scope.organizationId)
    .where("environment", "=", scope.environment)
    .where("subject", "=", keyId)
    .execute();
}

export interface ChargeToCount {
  readonly callId: CallId | null;
  /** Of an answer in writing; a call knows its own. */
  readonly keyId: ApiKeyId | null;
  readonly amount: Micros;
}

/**
 * The beginning of a statement, which counts these charges on the way. Only under the lock of the books. A control plane whose clock is behind
 * counts into the window that has begun.
 */
export function countingSpending(scope: Scope, charges: readonly ChargeToCount[], now: Date): RawBuilder<unknown> {
  if (charges.length === 0) return sql``;
  const rows = charges.map(({ callId, keyId, amount }) => ({ call_id: callId, key_id: keyId, amount: String(amount) }));
  const starts = emptyWindows(now);
  const grown = (window: (typeof CAP_WINDOWS)[number]) => {
    const [spent, begun] = [sql.ref(`${window}_spent_micros`), sql.ref(`${window}_starts_at`)];
    return sql`
      ${spent} = excluded.${spent} + case when known.${begun} >= excluded.${begun} then known.${spent} else 0 end,
      ${begun} = greatest(known.${begun}, excluded.${begun})`;
  };
  return sql`
    with used as (select * from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as row (call_id text, key_id text, amount bigint)),
      counted as (
        select '' as subject, sum(amount) as amount from used
        union all
        -- One after the other: they are few, and calls many.
        select coalesce(used.key_id, placed.api_key_id), sum(used.amount) from used left join lateral (
          select call.api_key_id from calls call
          where call.id = used.call_id and call.organization_id = ${scope.organizationId} and call.environment = ${scope.environment} limit 1
        ) as placed on true
        where coalesce(used.key_id, placed.api_key_id) is not null
        group by coalesce(used.key_id, placed.api_key_id)
      ),
      spent as (
        insert into allowances as known (
          organization_id, environment, subject,
          hour_starts_at, hour_spent_micros, day_starts_at, day_spent_micros, month_starts_at, month_spent_micros
        )
        select ${scope.organizationId}, ${scope.environment}, subject,
          ${starts.hour_starts_at}::timestamptz, amount, ${starts.day_starts_at}::timestamptz, amount,
          ${starts.month_starts_at}::timestamptz, amount
        from counted
        on conflict (organization_id, environment, subject) do update set ${sql.join(CAP_WINDOWS.map(grown))}
      )`;
}

/** Of an environment, which has no key's id. */
const ENVIRONMENT = "";

function inScope(db: Db, { organizationId, environment }: Scope) {
  return db.selectFrom("allowances").selectAll().where("organization_id", "=", organizationId).where("environment", "=", environment);
}

const ofScope = ({ organizationId, environment }: Scope) => ({ organization_id: organizationId, environment });

function emptyWindows(now: Date) {
  const start = (window: (typeof CAP_WINDOWS)[number]): Date => new Date(windowStart(window, now.getTime()));
  return { hour_starts_at: start("hour"), day_starts_at: start("day"), month_starts_at: start("month") };
}

type AllowanceRow = Omit<Selectable<AllowanceTable>, "organization_id" | "environment">;

function stateOf(keyId: ApiKeyId | null, row: AllowanceRow | undefined): AllowanceState {
  const nothing = { startsAt: 0, amount: NO_MONEY };
  if (!row) {
    const spent = { hour: nothing, day: nothing, month: nothing };
    return { keyId, caps: NO_CAPS, spent, maxConcurrent: null, callsPerSecond: null, callsPerNumber: null, nextTurnAt: new Date(0) };
  }
  const money = (value: number | bigint | null): Micros | null => (value === null ? null : micros(value));
  return {
    keyId,
    caps: { hour: money(row.hour_cap_micros), day: money(row.day_cap_micros), month: money(row.month_cap_micros) },
    spent: {
      hour: { startsAt: row.hour_starts_at.getTime(), amount: micros(row.hour_spent_micros) },
      day: { startsAt: row.day_starts_at.getTime(), amount: micros(row.day_spent_micros) },
      month: { startsAt: row.month_starts_at.getTime(), amount: micros(row.month_spent_micros) },
    },
    maxConcurrent: row.max_concurrent,
    callsPerSecond: row.calls_per_second,
    callsPerNumber: row.calls_per_number,
    nextTurnAt: row.next_turn_at,
  };
}

/** Of a row as JSON has it: every value is text. */
export function stateOfText(keyId: ApiKeyId | null, row: TextRow<Selectable<AllowanceTable>> | undefined): AllowanceState {
  if (!row) return stateOf(keyId, undefined);
  const number = (text: string | null): number | null => (text === null ? null : Number(text));
  const money = (text: string | null): bigint | null => (text === null ? null : BigInt(text));
  const at = (text: string | null): Date => new Date(text ?? 0);
  return stateOf(keyId, {
    subject: row.subject ?? ENVIRONMENT,
    hour_cap_micros: money(row.hour_cap_micros),
    day_cap_micros: money(row.day_cap_micros),
    month_cap_micros: money(row.month_cap_micros),
    max_concurrent: number(row.max_concurrent),
    calls_per_second: number(row.calls_per_second),
    calls_per_number: number(row.calls_per_number),
    next_turn_at: at(row.next_turn_at),
    hour_starts_at: at(row.hour_starts_at),
    hour_spent_micros: money(row.hour_spent_micros) ?? 0n,
    day_starts_at: at(row.day_starts_at),
    day_spent_micros: money(row.day_spent_micros) ?? 0n,
    month_starts_at: at(row.month_starts_at),
    month_spent_micros: money(row.month_spent_micros) ?? 0n,
  });
}
