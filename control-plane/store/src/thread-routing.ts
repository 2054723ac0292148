/** Which agent has a routed conversation. One change at a time: the row is locked while it is decided. */
import { err, Fault, ok, type Result, type ThreadId } from "@struere/kernel";
import { type Db, inTransaction } from "./database.ts";
import type { Scope } from "./scope.ts";

/** After so many changes of agent a conversation stays where it is. */
export const TRANSFERS_MAX = 5;
/** Who writes after so long begins anew with the router. */
export const ROUTING_RESET_MS = 4 * 60 * 60 * 1_000;

export type TransferProblem = "no_router" | "self_transfer" | "too_many_transfers" | "transferred_meanwhile";

/**
 * An agent hands the conversation to another one.
 * @param transfer.from the agent that hands over: when the conversation is not its own any more, another transfer was faster.
 * @throws Fault not_found
 */
export async function transferThread(
  db: Db,
  scope: Scope,
  transfer: { readonly threadId: ThreadId; readonly from: string; readonly to: string; readonly now: Date },
): Promise<Result<{ readonly transferCount: number }, TransferProblem>> {
  const { threadId, from, to, now } = transfer;
  return await inTransaction(db, async (tx) => {
    const thread = await lockThread(tx, scope, threadId);
    if (thread.target_kind !== "router") return err("no_router");
    if (from === to) return err("self_transfer");
    if (thread.current_agent !== from) return err("transferred_meanwhile");
    if (thread.transfer_count >= TRANSFERS_MAX) return err("too_many_transfers");
    const transferCount = thread.transfer_count + 1;
    await tx
      .updateTable("threads")
      .set({ current_agent: to, transfer_count: transferCount, updated_at: now })
      .where("id", "=", threadId)
      .execute();
    return ok({ transferCount });
  });
}

/**
 * The router has looked at the newest message and decided. A decision that is the same as the last one changes nothing, so that it does not
 * undo what an agent transferred since; the first decision is no transfer.
 * @returns the agent that has the conversation now.
 * @throws Fault not_found
 */
export async function routeThread(
  db: Db,
  scope: Scope,
  routing: { readonly threadId: ThreadId; readonly decision: string; readonly legal: readonly string[]; readonly now: Date },
): Promise<{ readonly agent: string; readonly switched: boolean }> {
  const { threadId, decision, legal, now } = routing;
  return await inTransaction(db, async (tx) => {
    const thread = await lockThread(tx, scope, threadId);
    const idle = thread.last_message_at !== null && now.getTime() - thread.last_message_at.getTime() > ROUTING_RESET_MS;
    const current = idle || thread.current_agent === null || !legal.includes(thread.current_agent) ? null : thread.current_agent;
    const count = idle ? 0 : thread.transfer_count;
    const stays = current !== null && (decision === current || decision === thread.routed_decision || count >= TRANSFERS_MAX);
    const agent = stays ? current : decision;
    const switched = current !== null && agent !== current;
    await tx
      .updateTable("threads")
      .set({ current_agent: agent, routed_decision: decision, transfer_count: switched ? count + 1 : count, updated_at: now })
      .where("id", "=", threadId)
      .execute();
    return { agent, switched };
  });
}

async function lockThread(tx: Db, scope: Scope, threadId: ThreadId) {
  const thread = await tx
    .selectFrom("threads")
    .select(["target_kind", "current_agent", "routed_decision", "transfer_count", "last_message_at"])
    .where("organization_id", "=", scope.organizationId)
    .where("environment", "=", scope.environment)
    .where("id", "=", threadId)
    .forUpdate()
    .executeTakeFirst();
  if (!thread) throw new Fault("not_found", `there is no thread ${threadId} in ${scope.environment}`);
  return thread;
}
