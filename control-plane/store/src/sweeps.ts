/** What is left lying about besides calls. Safe in every process: rows that somebody else has are skipped. */
import { LIVE_STATUSES, NODE_FORGOTTEN_MS, RINGING_DEADLINE_MS, SIGN_OF_LIFE_MS } from "@struere/domain";
import type { NodeId, ThreadId } from "@struere/kernel";
import { sql } from "kysely";
import type { Db } from "./database.ts";
import type { Scope } from "./scope.ts";

export interface SweptThread extends Scope {
  readonly id: ThreadId;
  readonly status: string;
}

/**
 * Threads of phone calls that say that theirs is still going on: they say what the call says. One that has no call, and no sign of life for as
 * long as a call may ring or be silent, has failed. @returns the threads that this run put right.
 */
export async function sweepThreads(
  db: Db,
  { now, limit = 100 }: { readonly now: Date; readonly limit?: number },
): Promise<readonly SweptThread[]> {
  const before = (ms: number): Date => new Date(now.getTime() - ms);
  const { rows } = await sql<SweptThread>`
    with stuck as (
      select thread.id, (select call.status from calls call where call.thread_id = thread.id order by call.created_at desc limit 1) as status
      from threads thread
      where thread.channel = 'voice' and thread.channel_status in (${sql.join([...LIVE_STATUSES])})
      and not exists (select 1 from calls call where call.thread_id = thread.id and call.status in (${sql.join([...LIVE_STATUSES])}))
      and (
        exists (select 1 from calls call where call.thread_id = thread.id)
        or thread.updated_at < case thread.channel_status when 'pending' then ${before(RINGING_DEADLINE_MS)}::timestamptz else ${before(SIGN_OF_LIFE_MS)}::timestamptz end
      )
      order by thread.id limit ${limit} for update of thread skip locked
    )
    update threads set channel_status = coalesce(stuck.status, 'failed'), updated_at = ${now}
    from stuck where threads.id = stuck.id
    returning threads.id, threads.channel_status as status, threads.organization_id as "organizationId", threads.environment`.execute(db);
  return rows;
}

/** Media nodes that nobody has heard of for an hour and that hold no call. */
export async function sweepNodes(db: Db, now: Date): Promise<readonly NodeId[]> {
  const { rows } = await sql<{ id: NodeId }>`
    delete from nodes where id in (
      select node.id from nodes node
      where node.heartbeat_at < ${new Date(now.getTime() - NODE_FORGOTTEN_MS)}
      and not exists (select 1 from calls where calls.node_id = node.id and calls.status in (${sql.join([...LIVE_STATUSES])}))
      order by node.id limit 100 for update skip locked
    ) returning id`.execute(db);
  return rows.map((row) => row.id);
}
