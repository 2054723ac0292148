/** What the books have for one use, its charge and everything that corrects it, and which use a vendor means. */
import { type Account, type Booked, NEW_BALANCES } from "@struere/domain";
import { type CallId, micros } from "@struere/kernel";
import { sql } from "kysely";
import type { Db } from "./database.ts";
import type { Call } from "./schema.ts";
import type { Scope } from "./scope.ts";

export interface BookedUse {
  readonly booked: Booked;
  /** How often it was corrected: the next correction has a key of its own. */
  readonly corrections: number;
}

/** By the key of the charge; what is not in the books is not in the answer. */
export async function bookedUses(db: Db, scope: Scope, keys: readonly string[]): Promise<ReadonlyMap<string, BookedUse>> {
  if (keys.length === 0) return new Map();
  const { rows } = await sql<{ key: string; corrections: number; sums: { [account: string]: string } }>`
    with whole as (
      select id, coalesce(corrects, idempotency_key) as key, corrects is not null as corrects from ledger_transactions
      where organization_id = ${scope.organizationId} and environment = ${scope.environment} and idempotency_key = any(${[...keys]}::text[])
      union all
      select id, corrects, true from ledger_transactions
      where organization_id = ${scope.organizationId} and environment = ${scope.environment} and corrects = any(${[...keys]}::text[])
    ), sum as (
      select key, account, sum(amount_micros)::text as amount from whole join ledger_postings on transaction_id = id group by key, account
    )
    select key, count(*) filter (where corrects)::int as corrections,
      (select coalesce(jsonb_object_agg(account, amount), '{}') from sum where sum.key = whole.key) as sums
    from whole group by key`.execute(db);
  return new Map(
    rows.map(({ key, corrections, sums }) => {
      const booked = { ...NEW_BALANCES };
      for (const [account, amount] of Object.entries(sums)) booked[account as Account] = micros(BigInt(amount));
      return [key, { booked, corrections }] as const;
    }),
  );
}

/** Which use of ours a vendor's id names. */
export interface KnownUse {
  /** A call's usage, or a text response. */
  readonly callId: CallId | null;
  readonly rateCardVersion: string | null;
}

export async function findUses(db: Db, scope: Scope, vendorIds: readonly string[]): Promise<ReadonlyMap<string, KnownUse>> {
  if (vendorIds.length === 0) return new Map();
  const { rows } = await sql<{
    id: string;
    call_id: CallId | null;
    version: string | null;
  }>`
    select used.usage_id as id, call.id as call_id, call.rate_card_version as version
    from call_usage used join calls call on call.id = used.call_id
    where call.organization_id = ${scope.organizationId} and call.environment = ${scope.environment}
      and used.usage_id = any(${[...vendorIds]}::text[])
    union all
    select response_id, null, (
      select rate_card_version from ledger_transactions posted
      where posted.organization_id = text_usage.organization_id and posted.environment = text_usage.environment
        and posted.idempotency_key = 'text:' || text_usage.response_id
    )
    from text_usage
    where organization_id = ${scope.organizationId} and environment = ${scope.environment}
      and response_id = any(${[...vendorIds]}::text[])`.execute(db);
  return new Map(
    rows.map((row) => [
      row.id,
      {
        callId: row.call_id,
        rateCardVersion: row.version,
      },
    ]),
  );
}

/** The calls that had these sessions at the model's vendor, as their nodes reported them. */
export async function findSessions(
  db: Db,
  scope: Scope,
  sessionIds: readonly string[],
): Promise<ReadonlyMap<string, KnownUse & { readonly callId: CallId; readonly epochs: number }>> {
  if (sessionIds.length === 0) return new Map();
  const { rows } = await sql<{
    session: string;
    call_id: CallId;
    version: string | null;
    epoch: number;
  }>`
    select message.body #>> '{data,sessionId}' as session, call.id as call_id, call.rate_card_version as version, call.epoch
    from call_events message join calls call on call.id = message.call_id
    where call.organization_id = ${scope.organizationId} and call.environment = ${scope.environment}
      and message.name = 'model.opened' and message.body #>> '{data,sessionId}' = any(${[...sessionIds]}::text[])`.execute(db);
  return new Map(
    rows.map((row) => [
      row.session,
      {
        callId: row.call_id,
        rateCardVersion: row.version,
        epochs: row.epoch,
      },
    ]),
  );
}

export type CarriedCall = Pick<Call, "id" | "direction" | "to_number" | "twilio_account_sid"> & {
  readonly twilio_call_sid: string;
  readonly rate_card_version: string;
  /** Of the leg to the person that it was transferred to, once its minutes are in the books. */
  readonly leg_call_sid: string | null;
  readonly leg_to_number: string | null;
};

/** Calls that ended in a time and whose minutes are in the books. @param options.after the last one of the page before. */
export async function listCarriedCalls(
  db: Db,
  scope: Scope,
  options: { readonly from: Date; readonly to: Date; readonly after: CallId | null; readonly limit: number },
): Promise<readonly CarriedCall[]> {
  const { rows } = await sql<CarriedCall>`
    select call.id, call.direction, call.to_number, call.twilio_account_sid, call.twilio_call_sid, call.rate_card_version,
      leg.leg_call_sid, leg.to_number as leg_to_number
    from calls call left join call_transfers leg on leg.call_id = call.id and leg.billed_at is not null
    where call.organization_id = ${scope.organizationId} and call.environment = ${scope.environment}
      and call.carrier_billed_at is not null and call.twilio_call_sid is not null and call.rate_card_version is not null
      and call.ended_at >= ${options.from} and call.ended_at < ${options.to}
      and (${options.after}::text is null or call.id > ${options.after})
    order by call.id limit ${options.limit}`.execute(db);
  return rows;
}
