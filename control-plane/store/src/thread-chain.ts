/** Who asked whom: a thread, the thread that started it, and so on up. */
import type { ThreadId } from "@struere/kernel";
import { sql } from "kysely";
import type { Db } from "./database.ts";
import type { Scope } from "./scope.ts";

export interface ChainLink {
  readonly threadId: ThreadId;
  readonly channel: string;
  /** The agent that has the conversation; `null`: nobody has spoken in it yet. */
  readonly agent: string | null;
}

const LINKS_MAX = 20;

/** From this thread to the one that nobody started. Empty: the thread is not the scope's. */
export async function threadChain(db: Db, scope: Scope, threadId: ThreadId): Promise<readonly ChainLink[]> {
  const { rows } = await sql<ChainLink>`
    with recursive chain (id, parent_thread_id, channel, agent, place) as (
      select id, parent_thread_id, channel, current_agent, 1 from threads
      where id = ${threadId} and organization_id = ${scope.organizationId} and environment = ${scope.environment}
      union all
      select thread.id, thread.parent_thread_id, thread.channel, thread.current_agent, chain.place + 1 from threads thread
      join chain on thread.id = chain.parent_thread_id
      where thread.organization_id = ${scope.organizationId} and thread.environment = ${scope.environment} and chain.place < ${LINKS_MAX}
    )
    select chain.id as "threadId", chain.channel, coalesce(chain.agent, on_the_phone.slug) as agent
    from chain
    left join lateral (
      select config -> 'agent' ->> 'slug' as slug from calls where thread_id = chain.id order by created_at desc limit 1
    ) as on_the_phone on true
    order by chain.place`.execute(db);
  return rows;
}
