/** What is still open in a form: required fields without a value. An empty text is none. */
import { readEntityType } from "@struere/domain";
import type { Db } from "./database.ts";
import { getEntityType } from "./entity-types.ts";
import type { Scope } from "./scope.ts";
import { parseId } from "@struere/kernel";

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
