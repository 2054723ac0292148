/** Calls whose nodes could not report all that was used, and estimates that a late report has overtaken. */
import { type RecordedSign, RESPONSE_SIGNS } from "@struere/domain";
import type { CallId, Environment, OrganizationId } from "@struere/kernel";
import { sql } from "kysely";
import type { Db } from "./database.ts";
import type { Call } from "./schema.ts";

export type UncheckedCall = Pick<Call, "id" | "organization_id" | "environment" | "thread_id" | "config" | "ended_at" | "created_at"> & {
  readonly rate_card_version: string;
};

/** Calls that have been over for so long that whatever was still on its way has come, or never will. */
export async function listUncheckedCalls(
  db: Db,
  options: { readonly endedBefore: Date; readonly limit: number },
): Promise<readonly UncheckedCall[]> {
  return await db
    .selectFrom("calls")
    .select(["id", "organization_id", "environment", "thread_id", "config", "ended_at", "created_at"])
    .select(sql<string>`rate_card_version`.as("rate_card_version"))
    .where("ended_at", "<", options.endedBefore)
    .where("estimates_checked_at", "is", null)
    .where("rate_card_version", "is not", null)
    .where("epoch", ">", 0)
    .orderBy("ended_at")
    .limit(options.limit)
    .execute();
}

export async function markEstimatesChecked(db: Db, callId: CallId, now: Date): Promise<void> {
  await db.updateTable("calls").set({ estimates_checked_at: now }).where("id", "=", callId).execute();
}

export interface UnfinishedEpoch {
  readonly epoch: number;
  readonly signs: readonly RecordedSign[];
  /** What the caller said whose transcription was not reported, in milliseconds. */
  readonly untranscribedMs: number;
  /** From the beginning of an utterance whose end was not reported until the call ended; `null`: there is none. */
  readonly unendedMs: number | null;
}

/** Epochs of a call that their nodes did not close, with the signs that a response was under way. */
export async function unfinishedEpochs(db: Db, callId: CallId): Promise<readonly UnfinishedEpoch[]> {
  const { rows } = await sql<{ epoch: number; signs: RecordedSign[]; untranscribed_ms: number; unended_ms: number | null }>`
    with message as (
      select epoch, seq, kind, name, offset_ms, at, body, body #>> '{data,itemId}' as item_id from call_events where call_id = ${callId}
    ), utterance as (
      select speaking.epoch, speaking.offset_ms as from_ms, silent.offset_ms as to_ms, speaking.at
      from message speaking
      left join message silent on silent.epoch = speaking.epoch and silent.name = 'caller.silent' and silent.item_id = speaking.item_id
      where speaking.name = 'caller.speaking' and not exists (
        select from call_usage used
        where used.call_id = ${callId} and used.source = 'transcription' and used.usage_id = speaking.item_id
      )
    )
    select grant_of.epoch,
      (
        select coalesce(jsonb_agg(jsonb_build_object('seq', seq, 'name', coalesce(name, 'usage'), 'itemId', item_id) order by seq), '[]')
        from message
        where message.epoch = grant_of.epoch and (
          name = any(${[...RESPONSE_SIGNS]}::text[])
          or (kind = 'usage' and body ->> 'source' = 'response')
        )
      ) as signs,
      (select coalesce(sum(to_ms - from_ms), 0)::int from utterance where utterance.epoch = grant_of.epoch) as untranscribed_ms,
      (
        select (extract(epoch from call.ended_at - max(utterance.at)) * 1000)::int
        from utterance where utterance.epoch = grant_of.epoch and to_ms is null
      ) as unended_ms
    from calls call, generate_series(1, call.epoch) as grant_of (epoch)
    where call.id = ${callId}
      and not exists (select from message where message.epoch = grant_of.epoch and name = 'call.ended')
    order by grant_of.epoch`.execute(db);
  return rows.map(({ epoch, signs, untranscribed_ms: untranscribedMs, unended_ms: unendedMs }) => ({
    epoch,
    signs,
    untranscribedMs,
    unendedMs,
  }));
}

export interface OvertakenEstimate {
  readonly organization_id: OrganizationId;
  readonly environment: Environment;
  readonly key: string;
  readonly call_id: CallId;
}

/** Estimates of epochs of which usage was reported after all. A disk that came back with its node may bring it days later. */
export async function listOvertakenEstimates(db: Db, limit: number): Promise<readonly OvertakenEstimate[]> {
  const { rows } = await sql<OvertakenEstimate>`
    select estimate.organization_id, estimate.environment, estimate.idempotency_key as key, estimate.call_id
    from ledger_transactions estimate
    where estimate.idempotency_key like 'estimate:%'
      and not exists (
        select from ledger_transactions correction
        where correction.organization_id = estimate.organization_id and correction.environment = estimate.environment
          and correction.corrects = estimate.idempotency_key
      )
      and exists (
        select from call_usage used
        where used.call_id = estimate.call_id and used.source = estimate.source and used.billed_at > estimate.posted_at
          and used.epoch = split_part(estimate.idempotency_key, ':', 3)::int
      )
    order by estimate.id limit ${limit}`.execute(db);
  return rows;
}
