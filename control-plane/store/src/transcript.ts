/** Reading the record of a call. A message is shown once the watermark has passed it: what was shown never gets a predecessor. */
import type { CallId } from "@struere/kernel";
import { sql } from "kysely";
import type { Db } from "./database.ts";
import type { CallEventRow, CallUsage, Utterance } from "./schema.ts";
import type { Scope } from "./scope.ts";

/** By place in the conversation, whatever the order in which transcriptions came. */
export async function listUtterances(db: Db, scope: Scope, callId: CallId): Promise<readonly Utterance[]> {
  return await db
    .selectFrom("utterances")
    .innerJoin("calls", "calls.id", "utterances.call_id")
    .selectAll("utterances")
    .where("calls.organization_id", "=", scope.organizationId)
    .where("calls.environment", "=", scope.environment)
    .where("calls.id", "=", callId)
    .orderBy("utterances.epoch")
    .orderBy("utterances.position")
    .orderBy("utterances.seq")
    .limit(10_000)
    .execute();
}

export async function listUsage(db: Db, scope: Scope, callId: CallId): Promise<readonly CallUsage[]> {
  return await db
    .selectFrom("call_usage")
    .innerJoin("calls", "calls.id", "call_usage.call_id")
    .selectAll("call_usage")
    .where("calls.organization_id", "=", scope.organizationId)
    .where("calls.environment", "=", scope.environment)
    .where("calls.id", "=", callId)
    .orderBy("call_usage.epoch")
    .orderBy("call_usage.seq")
    .limit(10_000)
    .execute();
}

/** By epoch, the last seq that the reader has. */
export type Positions = ReadonlyMap<number, number>;

/** The messages after `positions` that the watermarks cover, in order, at most `limit`. */
export async function listMessages(
  db: Db,
  scope: Scope,
  callId: CallId,
  positions: Positions,
  limit: number,
): Promise<readonly CallEventRow[]> {
  const epochs = [...positions.keys()];
  const seqs = [...positions.values()];
  const { rows } = await sql<CallEventRow>`
    select message.* from calls call
    join call_watermarks mark on mark.call_id = call.id
    left join unnest(${epochs}::int[], ${seqs}::bigint[]) as seen (epoch, seq) on seen.epoch = mark.epoch
    join call_events message on message.call_id = call.id and message.epoch = mark.epoch
      and message.seq > coalesce(seen.seq, 0) and message.seq <= mark.seq
    where call.id = ${callId} and call.organization_id = ${scope.organizationId} and call.environment = ${scope.environment}
    order by message.epoch, message.seq
    limit ${limit}`.execute(db);
  return rows;
}

export async function listWatermarks(db: Db, scope: Scope, callId: CallId): Promise<ReadonlyMap<number, number>> {
  const rows = await db
    .selectFrom("call_watermarks as mark")
    .innerJoin("calls", "calls.id", "mark.call_id")
    .select(["mark.epoch", "mark.seq"])
    .where("calls.organization_id", "=", scope.organizationId)
    .where("calls.environment", "=", scope.environment)
    .where("calls.id", "=", callId)
    .execute();
  return new Map(rows.map((row) => [row.epoch, row.seq]));
}
