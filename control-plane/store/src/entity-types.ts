/** Entity types of an environment. */
import { type EntityType, readEntityType, readRole } from "@struere/domain";
import { type Db, inTransaction } from "./database.ts";
import {
  type DefinitionRow,
  type DefinitionSet,
  type DefinitionToSet,
  dropDefinition,
  getDefinition,
  keepDefinition,
  listDefinitions,
  lockDefinition,
  setDefinition,
} from "./definitions.ts";
import type { Scope } from "./scope.ts";

const KIND = "entity_type";

export async function setEntityType(db: Db, scope: Scope, type: DefinitionToSet): Promise<DefinitionSet> {
  return await setDefinition(db, scope, KIND, type);
}

export async function listEntityTypes(db: Db, scope: Scope): Promise<readonly DefinitionRow[]> {
  return await listDefinitions(db, scope, KIND);
}

export async function getEntityType(db: Db, scope: Scope, slug: string): Promise<DefinitionRow | undefined> {
  return await getDefinition(db, scope, KIND, slug);
}

/** For whoever writes an entity of it: it stays until the transaction ends. */
export async function keepEntityType(tx: Db, scope: Scope, slug: string): Promise<DefinitionRow | undefined> {
  return await keepDefinition(tx, scope, KIND, slug);
}

export type EntityTypeRemoval =
  | { readonly outcome: "removed" | "not_found" }
  | {
      readonly outcome: "in_use";
      /** How many of its entities are there. */
      readonly entities: number;
      /** Slugs of the types that reference it, and of the roles that speak of it. */
      readonly entityTypes: readonly string[];
      readonly roles: readonly string[];
    };

/** Takes the type out of the environment, unless something there needs it. */
export async function removeEntityType(db: Db, scope: Scope, slug: string, now: Date): Promise<EntityTypeRemoval> {
  return await inTransaction(db, async (tx) => {
    if (!(await lockDefinition(tx, scope, KIND, slug))) return { outcome: "not_found" };
    const entities = await countEntities(tx, scope, slug);
    const types = (await listEntityTypes(tx, scope)).map((row) => readEntityType(row.definition));
    const entityTypes = types.filter((type) => type.slug !== slug && references(type, slug)).map((type) => type.slug);
    const roles = (await listDefinitions(tx, scope, "role")).filter((row) => isNamedBy(row, slug)).map((row) => row.slug);
    if (entities > 0 || entityTypes.length > 0 || roles.length > 0) return { outcome: "in_use", entities, entityTypes, roles };
    await dropDefinition(tx, scope, KIND, { slug, now });
    return { outcome: "removed" };
  });
}

async function countEntities(tx: Db, scope: Scope, type: string): Promise<number> {
  const { count } = await tx
    .selectFrom("entities")
    .select((of) => of.fn.countAll<number>().as("count"))
    .where("organization_id", "=", scope.organizationId)
    .where("environment", "=", scope.environment)
    .where("type", "=", type)
    .where("deleted_at", "is", null)
    .executeTakeFirstOrThrow();
  return count;
}

function references(type: EntityType, slug: string): boolean {
  const visit = (property: EntityType["schema"]["properties"][string]): boolean =>
    property.references === slug ||
    (property.items !== undefined && visit(property.items)) ||
    Object.values(property.properties ?? {}).some(visit);
  return visit(type.schema);
}

function isNamedBy(row: DefinitionRow, slug: string): boolean {
  const role = readRole(row.definition);
  return (
    role.policies.some((policy) => policy.resource === slug) ||
    [...(role.scopeRules ?? []), ...(role.fieldMasks ?? [])].some((rule) => rule.entityType === slug)
  );
}
