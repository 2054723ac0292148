/**
 * What became of the forms of calls that are over. It is looked once, soon after the end, and kept: later the same entity may be changed by
 * anybody, and would say nothing about the call any more.
 */
import type { CallId } from "@struere/kernel";
import { sql } from "kysely";
import { type Db, inTransaction } from "./database.ts";
import type { Scope } from "./scope.ts";
import type { ThreadId } from "@struere/kernel";
import { listTouchedEntities, listUnfilledFields } from "./unfilled-fields.ts";

/** An auditor that has not read the end of a call by then will hardly do so. */
const AUDITOR_GIVEN_UP_MS = 15 * 60_000;
/** Tools that ran when the caller hung up are done by then. */
const TOOLS_DONE_MS = 2_000;

/**
 * Looks at the forms of calls that are over and whose auditor has read everything: the linked entity, otherwise whatever the call's agents made or
 * changed. Safe in every process at once. @returns how many calls were looked at.
 */
export async function checkForms(db: Db, options: { readonly now: Date; readonly limit: number }): Promise<number> {
  const { now, limit } = options;
  return await inTransaction(db, async (tx) => {
    const calls = await lockUnchecked(tx, now, limit);
    for (const call of calls) {
      await tx
        .updateTable("calls")
        .set({ form_checked_at: now, form_complete: await isComplete(tx, call) })
        .where("id", "=", call.id)
        .execute();
    }
    return calls.length;
  });
}

type Unchecked = Scope & {
  readonly id: CallId;
  readonly threadId: ThreadId;
  readonly auditThreadId: ThreadId | null;
  readonly entityType: string | null;
  readonly entityId: string | null;
};

async function lockUnchecked(tx: Db, now: Date, limit: number): Promise<readonly Unchecked[]> {
  const before = (ms: number): Date => new Date(now.getTime() - ms);
  const { rows } = await sql<Unchecked>`
    select call.id, call.organization_id as "organizationId", call.environment, call.thread_id as "threadId",
      audited.thread_id as "auditThreadId", thread.entity_type as "entityType", thread.entity_id as "entityId"
    from calls call
    join threads thread on thread.id = call.thread_id
    left join call_audits audited on audited.call_id = call.id
    where call.ended_at is not null and call.form_checked_at is null
      and (call.ended_at < ${before(AUDITOR_GIVEN_UP_MS)} or (
        call.ended_at < ${before(TOOLS_DONE_MS)}
        and (call.last_seq is null or call.last_seq <= coalesce((
          select mark.seq from call_watermarks mark where mark.call_id = call.id and mark.epoch = call.epoch
        ), 0))
        and (call.config -> 'auditor' is null or (audited.audit_id is null and (
          not exists (select from utterances said where said.call_id = call.id and said.speaker = 'caller' and said.text <> '')
          or not exists (
            select from utterances said where said.call_id = call.id and said.text <> ''
              and (said.epoch, said.delta) > (coalesce(audited.audited_epoch, 0), coalesce(audited.audited_delta, 0))
          )
        )))
      ))
    order by call.ended_at
    limit ${limit}
    for update of call skip locked`.execute(tx);
  return rows;
}

/** `null`: the call had no form. */
async function isComplete(tx: Db, call: Unchecked): Promise<boolean | null> {
  const { entityType: type, entityId: id, threadId, auditThreadId } = call;
  const forms =
    type !== null && id !== null
      ? [{ type, id }]
      : [...(await listTouchedEntities(tx, call, threadId)), ...(auditThreadId ? await listTouchedEntities(tx, call, auditThreadId) : [])];
  let complete: boolean | null = null;
  for (const form of forms) {
    const open = await listUnfilledFields(tx, call, form);
    if (open !== undefined) complete = complete !== false && open.length === 0;
  }
  return complete;
}
