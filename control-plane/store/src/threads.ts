/** Threads: what a call belongs to, with what it was given and how far it has come. */
import type { ThreadId } from "@struere/kernel";
import { sql } from "kysely";
import type { Db } from "./database.ts";
import { type Page, type PageRequest, pageOf, readCursor } from "./page.ts";
import type { Thread } from "./schema.ts";
import type { Scope } from "./scope.ts";

export async function getThread(db: Db, scope: Scope, id: ThreadId): Promise<Thread | undefined> {
  return await scoped(db, scope).where("id", "=", id).executeTakeFirst();
}

export async function listThreads(db: Db, scope: Scope, page: PageRequest): Promise<Page<Thread>> {
  let query = scoped(db, scope);
  if (page.cursor !== null) {
    const { createdAt, id } = readCursor(page.cursor);
    query = query.where(sql<boolean>`(created_at, id) < (${createdAt}, ${id})`);
  }
  const rows = await query
    .orderBy("created_at", "desc")
    .orderBy("id", "desc")
    .limit(page.limit + 1)
    .execute();
  return pageOf(rows, page.limit);
}

function scoped(db: Db, scope: Scope) {
  return db
    .selectFrom("threads")
    .selectAll()
    .where("organization_id", "=", scope.organizationId)
    .where("environment", "=", scope.environment);
}
