/**
 * What was used and is not in the books yet. The rows of the record are the biller's list of work: written with what they record, and
 * marked once they are posted. Posting is idempotent, so that a row that is posted and not marked is only looked at once more.
 */
import type { CallId, Environment, OrganizationId } from "@struere/kernel";
import { sql } from "kysely";
import type { Db } from "./database.ts";
import type { Call, CallUsage, TextUsageRow } from "./schema.ts";
import type { Scope } from "./scope.ts";

interface Whose {
  readonly organization_id: OrganizationId;
  readonly environment: Environment;
}

export type CallToBill = Whose & Pick<Call, "id" | "epoch" | "rate_card_version">;

/** By which prices these calls are billed, and to whom. */
export async function callsToBill(db: Db, ids: readonly CallId[]): Promise<ReadonlyMap<CallId, CallToBill>> {
  if (ids.length === 0) return new Map();
  const rows = await db
    .selectFrom("calls")
    .select(["id", "organization_id", "environment", "epoch", "rate_card_version"])
    .where("id", "in", [...new Set(ids)])
    .execute();
  return new Map(rows.map((row) => [row.id, row]));
}

export async function listUnbilledCallUsage(db: Db, limit: number): Promise<readonly CallUsage[]> {
  return await db
    .selectFrom("call_usage")
    .selectAll()
    .where("billed_at", "is", null)
    .where("billing_problem", "is", null)
    .orderBy("at")
    .limit(limit)
    .execute();
}

export interface CallUsageKey {
  readonly callId: CallId;
  readonly usageId: string;
}

/** @param mark.problem why it can not be billed; absent: it is in the books. */
export async function markCallUsage(
  db: Db,
  mark: { readonly keys: readonly CallUsageKey[]; readonly now: Date; readonly problem?: string },
): Promise<void> {
  if (mark.keys.length === 0) return;
  await sql`
    update call_usage set billed_at = ${mark.problem === undefined ? mark.now : null}, billing_problem = ${mark.problem ?? null}
    from unnest(${mark.keys.map((key) => key.callId)}::text[], ${mark.keys.map((key) => key.usageId)}::text[]) as key (call_id, usage_id)
    where call_usage.call_id = key.call_id and call_usage.usage_id = key.usage_id and billed_at is null`.execute(db);
}

/** With the call in which it was used: as its classifier, or as its auditor. */
export interface UnbilledText extends TextUsageRow {
  readonly call_id: CallId | null;
  readonly call_rate_card_version: string | null;
  readonly by_auditor: boolean;
}

export async function listUnbilledTextUsage(db: Db, limit: number): Promise<readonly UnbilledText[]> {
  const { rows } = await sql<UnbilledText>`
    select used.*, call.id as call_id, call.rate_card_version as call_rate_card_version, (audited.call_id is not null) as by_auditor
    from (
      select * from text_usage where billed_at is null and billing_problem is null order by at limit ${limit}
    ) as used
    left join call_audits audited on audited.thread_id = used.thread_id
    left join calls call on call.id = audited.call_id or call.thread_id = used.thread_id
    order by used.at, used.response_id`.execute(db);
  return rows;
}

export async function markTextUsage(
  db: Db,
  mark: { readonly responseIds: readonly string[]; readonly now: Date; readonly problem?: string },
): Promise<void> {
  if (mark.responseIds.length === 0) return;
  await db
    .updateTable("text_usage")
    .set({ billed_at: mark.problem === undefined ? mark.now : null, billing_problem: mark.problem ?? null })
    .where("response_id", "in", mark.responseIds)
    .where("billed_at", "is", null)
    .execute();
}

export type UnbilledCarrier = Whose &
  Pick<
    Call,
    | "id"
    | "thread_id"
    | "direction"
    | "to_number"
    | "carrier_duration_s"
    | "duration_ms"
    | "answered_at"
    | "created_at"
    | "ended_at"
    | "reason"
    | "carrier_status"
    | "grant_expires_at"
  > & { readonly rate_card_version: string };

/** Calls that are over and whose telephony is not posted: as soon as the carrier has said how long it was, or once it should have. */
export async function listUnbilledCarriers(
  db: Db,
  options: { readonly endedBefore: Date; readonly limit: number },
): Promise<readonly UnbilledCarrier[]> {
  const rows = await db
    .selectFrom("calls")
    .select([
      "id",
      "organization_id",
      "environment",
      "thread_id",
      "direction",
      "to_number",
      "carrier_duration_s",
      "duration_ms",
      "answered_at",
      "created_at",
      "ended_at",
      "reason",
      "carrier_status",
      "grant_expires_at",
    ])
    .select(sql<string>`rate_card_version`.as("rate_card_version"))
    .where("ended_at", "is not", null)
    .where("carrier_billed_at", "is", null)
    .where("billing_problem", "is", null)
    .where("rate_card_version", "is not", null)
    .where((where) => where.or([where("carrier_duration_s", "is not", null), where("ended_at", "<", options.endedBefore)]))
    .orderBy("ended_at")
    .limit(options.limit)
    .execute();
  return rows;
}

export async function markCarrier(
  db: Db,
  mark: { readonly callIds: readonly CallId[]; readonly now: Date; readonly problem?: string },
): Promise<void> {
  if (mark.callIds.length === 0) return;
  await db
    .updateTable("calls")
    .set({ carrier_billed_at: mark.problem === undefined ? mark.now : null, billing_problem: mark.problem ?? null })
    .where("id", "in", mark.callIds)
    .where("carrier_billed_at", "is", null)
    .execute();
}

/** Holds of calls that are over, of which everything that was said and used is in the record and in the books: nothing more will come. */
export async function listSettledHolds(db: Db, limit: number): Promise<readonly (Whose & { readonly id: CallId })[]> {
  const { rows } = await sql<Whose & { id: CallId }>`
    select hold.organization_id, hold.environment, hold.id
    from credit_holds hold
    join calls call on call.id = hold.id and call.organization_id = hold.organization_id and call.environment = hold.environment
    where hold.state = 'open' and call.carrier_billed_at is not null
      and (call.epoch = 0 or call.last_seq = (
        select mark.seq from call_watermarks mark where mark.call_id = call.id and mark.epoch = call.epoch
      ))
      and not exists (select from call_usage used where used.call_id = call.id and used.billed_at is null and used.billing_problem is null)
      and not exists (select from call_transfers leg where leg.call_id = call.id and leg.billed_at is null and leg.billing_problem is null)
    order by hold.expires_at limit ${limit}`.execute(db);
  return rows;
}

/** Of each kind, in one go. */
const RETRIED_MAX = 5_000;

/**
 * What could not be billed is tried again, the oldest first, a bounded number at a time.
 * @returns how much that is, and whether there is more to be retried.
 */
export async function retryBilling(
  db: Db,
  scope: Scope,
  most = RETRIED_MAX,
): Promise<{ readonly retried: number; readonly more: boolean }> {
  const ours = sql`organization_id = ${scope.organizationId} and environment = ${scope.environment}`;
  const { rows } = await sql<{ counts: readonly number[] }>`
    with used as (
        update call_usage set billing_problem = null
        where (call_id, usage_id) in (
          select stuck.call_id, stuck.usage_id from call_usage stuck join calls on calls.id = stuck.call_id
          where stuck.billing_problem is not null and ${ours} order by stuck.at limit ${most} for update of stuck skip locked
        ) returning 1
      ),
      written as (
        update text_usage set billing_problem = null where response_id in (
          select response_id from text_usage where ${ours} and billing_problem is not null
          order by at limit ${most} for update skip locked
        ) returning 1
      ),
      carried as (
        update calls set billing_problem = null where id in (
          select id from calls where ${ours} and billing_problem is not null order by ended_at limit ${most} for update skip locked
        ) returning 1
      ),
      transferred as (
        update call_transfers set billing_problem = null where call_id in (
          select call_id from call_transfers where ${ours} and billing_problem is not null
          order by asked_at limit ${most} for update skip locked
        ) returning 1
      )
    select array[
      (select count(*)::int from used), (select count(*)::int from written),
      (select count(*)::int from carried), (select count(*)::int from transferred)
    ] as counts`.execute(db);
  const counts = rows[0]?.counts ?? [];
  return { retried: counts.reduce((sum, count) => sum + count, 0), more: counts.some((count) => count >= most) };
}
