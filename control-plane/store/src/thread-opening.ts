/**
 * Finding and opening the threads that are written in. Whatever name a caller has for a thread, its id or one of the caller's own, it means
 * something only within the organization and the environment of the caller's key.
 */
import type { ThreadId } from "@struere/kernel";
import { type Db, inTransaction } from "./database.ts";
import { newId } from "./new-id.ts";
import { cleanJson } from "./plain-text.ts";
import type { JsonObject, Thread } from "./schema.ts";
import type { Scope } from "./scope.ts";

/** Who answers in a thread, for its whole life. */
export interface ThreadTarget {
  readonly kind: "agent" | "router";
  readonly slug: string;
}

export interface ThreadToOpen {
  /** `api` for what came over HTTP, `agent` for what another agent asks. */
  readonly channel: string;
  readonly target: ThreadTarget;
  /** The caller's own name for it. `null`: it is always a new thread. */
  readonly externalId: string | null;
  readonly parentThreadId: ThreadId | null;
  readonly params: JsonObject;
  readonly now: Date;
}

/** The thread of this external id in this scope, else a new one. Look at its target: it may be another than the one asked for. */
export async function openThread(
  db: Db,
  scope: Scope,
  thread: ThreadToOpen,
): Promise<{ readonly thread: Thread; readonly created: boolean }> {
  return await inTransaction(db, async (tx) => {
    const inserted = await tx
      .insertInto("threads")
      .values({
        id: newId("thread"),
        organization_id: scope.organizationId,
        environment: scope.environment,
        channel: thread.channel,
        channel_status: "active",
        channel_params: cleanJson(thread.params),
        parent_thread_id: thread.parentThreadId,
        metadata: "{}",
        entity_type: null,
        entity_id: null,
        external_id: thread.externalId,
        target_kind: thread.target.kind,
        target_slug: thread.target.slug,
        current_agent: thread.target.kind === "agent" ? thread.target.slug : null,
        created_at: thread.now,
        updated_at: thread.now,
      })
      .onConflict((conflict) =>
        conflict.columns(["organization_id", "environment", "external_id"]).where("external_id", "is not", null).doNothing(),
      )
      .returningAll()
      .executeTakeFirst();
    if (inserted) return { thread: inserted, created: true };
    const existing = await tx
      .selectFrom("threads")
      .selectAll()
      .where("organization_id", "=", scope.organizationId)
      .where("environment", "=", scope.environment)
      .where("external_id", "=", thread.externalId)
      .executeTakeFirstOrThrow();
    return { thread: existing, created: false };
  });
}
