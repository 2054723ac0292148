/**
 * Whose turn it is in a thread: one message is answered at a time. The turn is a lease on the row, since an answer takes longer than a
 * transaction may; whoever lost it (the process froze, the lease ran out) can write nothing more.
 */
import { randomUUID } from "node:crypto";
import { Fault, type ThreadId } from "@struere/kernel";
import { sql } from "kysely";
import type { Db } from "./database.ts";
import { cleanJson } from "./plain-text.ts";
import type { JsonObject, Thread } from "./schema.ts";
import type { Scope } from "./scope.ts";

export interface Turn {
  readonly token: string;
  /** As it was when the turn was taken, with its params. */
  readonly thread: Thread;
}

/**
 * @param turn.params laid over the thread's: new values win over old ones of the same name.
 * @returns `undefined`: somebody else has the turn; ask again.
 * @throws Fault not_found
 */
export async function takeTurn(
  db: Db,
  scope: Scope,
  turn: { readonly threadId: ThreadId; readonly params?: JsonObject; readonly now: Date; readonly expiresAt: Date },
): Promise<Turn | undefined> {
  const token = randomUUID();
  const thread = await db
    .updateTable("threads")
    .set({ turn_token: token, turn_expires_at: turn.expiresAt })
    .$if(turn.params !== undefined, (update) =>
      update.set({ channel_params: sql<string>`channel_params || ${cleanJson(turn.params)}::jsonb`, updated_at: turn.now }),
    )
    .where("organization_id", "=", scope.organizationId)
    .where("environment", "=", scope.environment)
    .where("id", "=", turn.threadId)
    .where((where) => where.or([where("turn_token", "is", null), where("turn_expires_at", "<=", turn.now)]))
    .returningAll()
    .executeTakeFirst();
  if (thread) return { token, thread };
  const known = await db
    .selectFrom("threads")
    .select("id")
    .where("organization_id", "=", scope.organizationId)
    .where("environment", "=", scope.environment)
    .where("id", "=", turn.threadId)
    .executeTakeFirst();
  if (!known) throw new Fault("not_found", `there is no thread ${turn.threadId} in ${scope.environment}`);
  return undefined;
}

/** Gives the turn back; one that was lost meanwhile stays with whoever has it. */
export async function endTurn(db: Db, threadId: ThreadId, token: string): Promise<void> {
  await db
    .updateTable("threads")
    .set({ turn_token: null, turn_expires_at: null })
    .where("id", "=", threadId)
    .where("turn_token", "=", token)
    .execute();
}
