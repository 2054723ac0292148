/** What an auditor reads of a call, and which calls wait to be read. */
import type { ReadTo } from "@struere/domain";
import type { CallId } from "@struere/kernel";
import { sql } from "kysely";
import type { Db } from "./database.ts";
import type { Unaudited } from "./recording-auditor.ts";
import type { Utterance } from "./schema.ts";
import type { Scope } from "./scope.ts";

/** All that was heard up to there, in the order of the conversation: words that were transcribed late stand where they were said. */
export async function listHeardUpTo(db: Db, scope: Scope, callId: CallId, to: ReadTo): Promise<readonly Utterance[]> {
  return await db
    .selectFrom("utterances")
    .innerJoin("calls", "calls.id", "utterances.call_id")
    .selectAll("utterances")
    .where("calls.organization_id", "=", scope.organizationId)
    .where("calls.environment", "=", scope.environment)
    .where("calls.id", "=", callId)
    .where(sql<boolean>`(utterances.epoch, utterances.delta) <= (${to.epoch}, ${to.delta})`)
    .orderBy("utterances.epoch")
    .orderBy("utterances.position")
    .orderBy("utterances.seq")
    .limit(10_000)
    .execute();
}

/**
 * Calls, live or over since `since`, with words that were recorded before `before` and that nobody has read or reads: their wake-up was lost.
 * Across organizations: for the repair.
 */
export async function listForgottenByAuditors(
  db: Db,
  options: { readonly now: Date; readonly before: Date; readonly since: Date; readonly limit: number },
): Promise<readonly Unaudited[]> {
  const { now, before, since, limit } = options;
  const { rows } = await sql<Unaudited>`
    select call.organization_id as "organizationId", call.environment, call.id as "callId", unread.epoch, unread.delta
    from calls call
    left join call_audits audited on audited.call_id = call.id
    join lateral (
      select utterance.epoch, utterance.delta from utterances utterance
      join call_watermarks mark on mark.call_id = utterance.call_id and mark.epoch = utterance.epoch
      where utterance.call_id = call.id and utterance.seq <= mark.seq and utterance.text <> '' and mark.updated_at < ${before}
        and (utterance.epoch, utterance.delta) > (coalesce(audited.audited_epoch, 0), coalesce(audited.audited_delta, 0))
      order by utterance.epoch desc, utterance.delta desc limit 1
    ) as unread on true
    where call.config -> 'auditor' is not null
      and (call.status = 'active' or call.ended_at > ${since})
      and (audited.lease_expires_at is null or audited.lease_expires_at < ${now})
      and (audited.last_ended_at is null or audited.last_ended_at < ${before})
      and exists (select 1 from utterances said where said.call_id = call.id and said.speaker = 'caller' and said.text <> '')
    order by call.id
    limit ${limit}`.execute(db);
  return rows;
}
