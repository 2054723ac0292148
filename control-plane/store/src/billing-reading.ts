/**
 * The books for their owner: what was charged, by what it was for, and a month with its opening and closing balance. Everything is summed
 * from the same postings in one snapshot, so that the parts add up to the whole, to the micro.
 */
import type { CallId, Micros } from "@struere/kernel";
import { micros } from "@struere/kernel";
import { sql } from "kysely";
import { type Db, inTransaction } from "./database.ts";
import type { Scope } from "./scope.ts";

export const CHARGE_CATEGORIES = [
  "audio_in",
  "audio_out",
  "cached",
  "text",
  "transcription",
  "telephony",
  "transfer",
  "media_stream",
  "auditor",
  "classifier",
  "text_agents",
  "markup",
] as const;
export type ChargeCategory = (typeof CHARGE_CATEGORIES)[number];

export interface ChargedFor {
  /** `2026-11-25`, when it is asked by day. */
  readonly day: string | null;
  readonly category: ChargeCategory;
  /** Tokens; microseconds of audio; started minutes. Zero of `markup`. */
  readonly quantity: number;
  readonly unit: "tokens" | "microseconds" | "minutes" | "none";
  readonly amount: Micros;
}

export interface ChargeFilter {
  /** When it was posted: from … to before …. A late report counts when it comes, so that what was summed once stays. */
  readonly from?: Date;
  readonly to?: Date;
  readonly callId?: CallId;
  readonly byDay?: boolean;
}

/** What the organization was charged; what the platform paid itself is not in it. */
export async function sumCharges(db: Db, scope: Scope, filter: ChargeFilter): Promise<readonly ChargedFor[]> {
  const { from, to, callId, byDay = false } = filter;
  const day = byDay ? sql`to_char(posted_at at time zone 'UTC', 'YYYY-MM-DD')` : sql`null::text`;
  const { rows } = await sql<{
    day: string | null;
    category: ChargeCategory;
    unit: ChargedFor["unit"];
    quantity: number | bigint;
    amount: number | bigint;
  }>`
    with charged as (
      select id, ${day} as day, source, amount_micros, lines from ledger_transactions charge
      where organization_id = ${scope.organizationId} and environment = ${scope.environment} and kind = 'charge'
        and (${from ?? null}::timestamptz is null or posted_at >= ${from ?? null})
        and (${to ?? null}::timestamptz is null or posted_at < ${to ?? null})
        and (${callId ?? null}::text is null or call_id = ${callId ?? null})
        and not exists (select from ledger_postings where transaction_id = charge.id and account = 'recovery')
    ), lines as (
      select day, source, line ->> 'item' as item, (line ->> 'quantity')::bigint as quantity, (line ->> 'costMicros')::bigint as cost
      from charged cross join lateral jsonb_array_elements(lines) as line
    ), parts as (
      select day,
        case
          when source = 'transcription' then 'transcription'
          when source in ('telephony', 'transfer', 'media_stream') then source
          when source = 'audit' then 'auditor'
          when source = 'route' then 'classifier'
          when source = 'reply' then 'text_agents'
          when item in ('text_cached_in', 'audio_cached_in') then 'cached'
          when item = 'audio_out' then 'audio_out'
          when item in ('audio_in', 'audio_time') then 'audio_in'
          else 'text'
        end as category,
        case item when 'audio_time' then 'microseconds' when 'minutes' then 'minutes' when 'stream_minutes' then 'minutes' else 'tokens' end as unit, quantity, cost as amount
      from lines
      union all
      select day, 'markup', 'none', 0, amount_micros - coalesce((select sum((line ->> 'costMicros')::bigint) from jsonb_array_elements(lines) as line), 0)
      from charged
    )
    select day, category, unit, sum(quantity)::bigint as quantity, sum(amount)::bigint as amount from parts
    group by day, category, unit having sum(amount) <> 0 or sum(quantity) <> 0
    order by day, category, unit`.execute(db);
  return rows.map((row) => ({ ...row, quantity: Number(row.quantity), amount: micros(row.amount) }));
}

export interface LedgerMonth {
  /** Available and reserved together. */
  readonly opening: Micros;
  readonly credits: Micros;
  readonly adjustments: Micros;
  readonly charges: Micros;
  readonly byCategory: readonly ChargedFor[];
  /** opening + credits + adjustments − charges. */
  readonly closing: Micros;
}

/** What happened from … to before …, when it was posted. */
export async function sumMonth(db: Db, scope: Scope, month: { readonly from: Date; readonly to: Date }): Promise<LedgerMonth> {
  return await inTransaction(db, async (tx) => {
    await sql`set transaction isolation level repeatable read`.execute(tx);
    const { rows } = await sql<{ balance: number | bigint; since: number | bigint; after: number | bigint }>`
      with owned as (
        select transaction.posted_at, posting.amount_micros
        from ledger_transactions transaction join ledger_postings posting on posting.transaction_id = transaction.id
        where transaction.organization_id = ${scope.organizationId} and transaction.environment = ${scope.environment}
          and transaction.posted_at >= ${month.from} and posting.account in ('available', 'held')
      )
      select
        coalesce((
          select available_micros + held_micros from ledgers
          where organization_id = ${scope.organizationId} and environment = ${scope.environment}
        ), 0)::bigint as balance,
        coalesce((select sum(amount_micros) from owned), 0)::bigint as since,
        coalesce((select sum(amount_micros) from owned where posted_at >= ${month.to}), 0)::bigint as after`.execute(tx);
    const { rows: sums } = await sql<{ kind: string; amount: number | bigint }>`
      select kind, sum(amount_micros)::bigint as amount from ledger_transactions
      where organization_id = ${scope.organizationId} and environment = ${scope.environment}
        and posted_at >= ${month.from} and posted_at < ${month.to} and kind in ('credit', 'adjustment')
      group by kind`.execute(tx);
    const of = (kind: string): Micros => micros(sums.find((row) => row.kind === kind)?.amount ?? 0);
    const byCategory = await sumCharges(tx, scope, month);
    const [totals] = rows;
    const balance = BigInt(totals?.balance ?? 0);
    return {
      opening: micros(balance - BigInt(totals?.since ?? 0)),
      credits: of("credit"),
      adjustments: of("adjustment"),
      charges: micros(byCategory.reduce((sum, each) => sum + each.amount, 0n)),
      byCategory,
      closing: micros(balance - BigInt(totals?.after ?? 0)),
    };
  });
}
