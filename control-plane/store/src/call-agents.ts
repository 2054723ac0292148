/** Which agent speaks on a routed call. One change at a time: the thread's row is locked while it is decided. */
import { err, Fault, ok, type Result } from "@struere/kernel";
import { type Db, inTransaction } from "./database.ts";
import type { Call } from "./schema.ts";
import { TRANSFERS_MAX } from "./thread-routing.ts";

export type CallTransferProblem = "self_transfer" | "too_many_transfers" | "transferred_meanwhile";

/** The agent that speaks now: the one that answered, until it handed over. */
export async function speakingAgent(db: Db, call: Call): Promise<string | undefined> {
  const row = await db.selectFrom("threads").select("current_agent").where("id", "=", call.thread_id).executeTakeFirst();
  return row?.current_agent ?? call.config?.agent.slug;
}

/**
 * An agent hands the call to another one.
 * @param transfer.from who hands over: when another transfer was faster, this one does not happen.
 * @throws Fault not_found
 */
export async function transferCallAgent(
  db: Db,
  call: Call,
  transfer: { readonly from: string; readonly to: string; readonly now: Date },
): Promise<Result<{ readonly transferCount: number }, CallTransferProblem>> {
  const { from, to, now } = transfer;
  return await inTransaction(db, async (tx) => {
    const thread = await tx
      .selectFrom("threads")
      .select(["current_agent", "transfer_count"])
      .where("id", "=", call.thread_id)
      .where("organization_id", "=", call.organization_id)
      .where("environment", "=", call.environment)
      .forUpdate()
      .executeTakeFirst();
    if (!thread) throw new Fault("not_found", `there is no thread ${call.thread_id}`);
    if (from === to) return err("self_transfer");
    if ((thread.current_agent ?? call.config?.agent.slug) !== from) return err("transferred_meanwhile");
    if (thread.transfer_count >= TRANSFERS_MAX) return err("too_many_transfers");
    const transferCount = thread.transfer_count + 1;
    await tx
      .updateTable("threads")
      .set({ current_agent: to, transfer_count: transferCount, updated_at: now })
      .where("id", "=", call.thread_id)
      .execute();
    return ok({ transferCount });
  });
}
