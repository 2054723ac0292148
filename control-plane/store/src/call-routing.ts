/** Which agent of its router a call is with, as the router decides. The thread's row is locked while it is decided. */
import { Fault } from "@struere/kernel";
import { type Db, inTransaction } from "./database.ts";
import type { Call } from "./schema.ts";

/**
 * The router has looked at what the caller said and decided.
 * @param routing.current who has the call, as its media node knows: that is what the record says from now on when nothing changes.
 * @param routing.again the same decision counts again. Rules come to the same decision again and again, which must not undo what an agent
 * handed over since; a classifier knows who has the call, and means it.
 * @returns the agent that shall have the call.
 * @throws Fault not_found
 */
export async function routeCall(
  db: Db,
  call: Call,
  routing: { readonly current: string; readonly decision: string; readonly again: boolean; readonly now: Date },
): Promise<string> {
  const { current, decision, again, now } = routing;
  return await inTransaction(db, async (tx) => {
    const thread = await tx
      .selectFrom("threads")
      .select("routed_decision")
      .where("id", "=", call.thread_id)
      .where("organization_id", "=", call.organization_id)
      .where("environment", "=", call.environment)
      .forUpdate()
      .executeTakeFirst();
    if (!thread) throw new Fault("not_found", `there is no thread ${call.thread_id}`);
    const agent = thread.routed_decision === decision && !again ? current : decision;
    await tx
      .updateTable("threads")
      .set({ current_agent: agent, routed_decision: decision, updated_at: now })
      .where("id", "=", call.thread_id)
      .where("organization_id", "=", call.organization_id)
      .where("environment", "=", call.environment)
      .execute();
    return agent;
  });
}
