/** Which agent speaks on a routed call. One change at a time: the thread's row is locked while it is decided. */
import { err, Fault, ok, type Result } from "@struere/kernel";
import { type Db, inTransaction } from "./database.ts";
import type { Call } from "./schema.ts";
import { TRANSFERS_MAX } from "./thread-routing.ts";

export type CallTransferProblem = "self_transfer" | "too_many_transfers" | "transferred_meanwhile";

/**
 * An agent hands the call to another one. Who has the call is the media node's to know (a router may have changed it meanwhile); that one
 * agent hands over once is decided here.
 * @param transfer.from who hands over: when it has done so already, this transfer does not happen.
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
      .select(["current_agent", "transferred_from", "transfer_count"])
      .where("id", "=", call.thread_id)
      .where("organization_id", "=", call.organization_id)
      .where("environment", "=", call.environment)
      .forUpdate()
      .executeTakeFirst();
    if (!thread) throw new Fault("not_found", `there is no thread ${call.thread_id}`);
    if (from === to) return err("self_transfer");
    if (thread.transferred_from === from && thread.current_agent !== from) return err("transferred_meanwhile");
    if (thread.transfer_count >= TRANSFERS_MAX) return err("too_many_transfers");
    const transferCount = thread.transfer_count + 1;
    await tx
      .updateTable("threads")
      .set({ current_agent: to, transferred_from: from, transfer_count: transferCount, updated_at: now })
      .where("id", "=", call.thread_id)
      .execute();
    return ok({ transferCount });
  });
}
