/** What is still open in a form: required fields without a value. An empty text is none. */
import { readEntityType } from "@struere/domain";
import type { Db } from "./database.ts";
import { getEntityType } from "./entity-types.ts";
import type { Scope } from "./scope.ts";
import { parseId, type ThreadId } from "@struere/kernel";
import { sql } from "kysely";

/** Entities that the agent of this thread has made or changed, by what its tools answered. */
export async function listTouchedEntities(
  db: Db,
  scope: Scope,
  threadId: ThreadId,
): Promise<readonly { readonly type: string; readonly id: string }[]> {
  const { rows } = await sql<{ readonly type: string; readonly id: string }>`
    select distinct entity.type, entity.id from tool_runs run
    join entities entity on entity.id = (run.outcome ->> 'outputJson')::jsonb ->> 'id'
      and entity.organization_id = run.organization_id and entity.environment = run.environment and entity.deleted_at is null
    where run.organization_id = ${scope.organizationId} and run.environment = ${scope.environment} and run.thread_id = ${threadId}
      and run.name in ('entity.create', 'entity.update') and run.status = 'done' and run.outcome ->> 'isError' = 'false'
    order by entity.id limit 100`.execute(db);
  return rows;
}

/** `undefined`: there is no such entity. Names only; nobody's rights are needed to know that something is open. */
export async function listUnfilledFields(
  db: Db,
  scope: Scope,
  entity: { readonly type: string; readonly id: string },
): Promise<readonly string[] | undefined> {
  const id = parseId("ent", entity.id);
  const type = await getEntityType(db, scope, entity.type);
  if (!id || !type) return undefined;
  const row = await db
    .selectFrom("entities")
    .select("data")
    .where("organization_id", "=", scope.organizationId)
    .where("environment", "=", scope.environment)
    .where("type", "=", entity.type)
    .where("id", "=", id)
    .where("deleted_at", "is", null)
    .executeTakeFirst();
  if (!row) return undefined;
  const { required = [] } = readEntityType(type.definition).schema;
  return required.filter((name) => {
    const value = row.data[name];
    return value === undefined || value === null || (typeof value === "string" && value.trim() === "");
  });
}
