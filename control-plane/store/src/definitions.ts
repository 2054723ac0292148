/** Definitions that belong to one environment: entity types, roles, tools. Slug is identity; a new version only when the content differs. */
import { sql } from "kysely";
import { agentsOf } from "./agents.ts";
import { type Db, inTransaction } from "./database.ts";
import type { DefinitionTable, JsonObject } from "./schema.ts";
import type { Scope } from "./scope.ts";
import { setVersion } from "./set-version.ts";

export type DefinitionKind = DefinitionTable["kind"];

export interface DefinitionRow {
  readonly slug: string;
  readonly name: string;
  readonly version: number;
  /** Valid by the SDK's schema when it was written. */
  readonly definition: JsonObject;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface DefinitionToSet {
  readonly slug: string;
  readonly name: string;
  readonly definition: JsonObject;
  readonly now: Date;
}

export interface DefinitionSet {
  readonly row: DefinitionRow;
  readonly changed: boolean;
}

export async function setDefinition(db: Db, scope: Scope, kind: DefinitionKind, given: DefinitionToSet): Promise<DefinitionSet> {
  return await inTransaction(db, async (tx) => {
    // The update locks the row: two who set the same slug at once come one after the other.
    const identity = await tx
      .insertInto("definitions")
      .values({
        organization_id: scope.organizationId,
        environment: scope.environment,
        kind,
        slug: given.slug,
        name: given.name,
        version: 1,
        created_at: given.now,
        updated_at: given.now,
        deleted_at: null,
      })
      .onConflict((conflict) =>
        conflict
          .columns(["organization_id", "environment", "kind", "slug"])
          .where("deleted_at", "is", null)
          .doUpdateSet({ name: given.name }),
      )
      .returning(["id", "version"])
      .executeTakeFirstOrThrow();
    const changed = await setVersion(tx, "definitions", identity, given);
    const row = await selectDefinitions(tx, scope, kind).where("head.id", "=", identity.id).executeTakeFirstOrThrow();
    return { row: rowOf(row), changed };
  });
}

export async function listDefinitions(db: Db, scope: Scope, kind: DefinitionKind): Promise<readonly DefinitionRow[]> {
  const rows = await selectDefinitions(db, scope, kind).orderBy("head.slug").limit(1_000).execute();
  return rows.map(rowOf);
}

export async function getDefinition(db: Db, scope: Scope, kind: DefinitionKind, slug: string): Promise<DefinitionRow | undefined> {
  const row = await selectDefinitions(db, scope, kind).where("head.slug", "=", slug).executeTakeFirst();
  return row && rowOf(row);
}

export async function getDefinitions(
  db: Db,
  scope: Scope,
  kind: DefinitionKind,
  slugs: readonly string[],
): Promise<readonly DefinitionRow[]> {
  if (slugs.length === 0) return [];
  const rows = await selectDefinitions(db, scope, kind).where("head.slug", "in", slugs).execute();
  return rows.map(rowOf);
}

/** As it is, and it can not be removed before the transaction ends. */
export async function keepDefinition(tx: Db, scope: Scope, kind: DefinitionKind, slug: string): Promise<DefinitionRow | undefined> {
  const row = await selectDefinitions(tx, scope, kind).where("head.slug", "=", slug).forKeyShare("head").executeTakeFirst();
  return row && rowOf(row);
}

/** Locked against everybody who keeps it; `undefined`: there is none. For whoever then looks for what needs it, and removes it. */
export async function lockDefinition(tx: Db, scope: Scope, kind: DefinitionKind, slug: string): Promise<DefinitionRow | undefined> {
  const row = await selectDefinitions(tx, scope, kind).where("head.slug", "=", slug).forUpdate("head").executeTakeFirst();
  return row && rowOf(row);
}

/** Its versions stay. */
export async function dropDefinition(tx: Db, scope: Scope, kind: DefinitionKind, given: { readonly slug: string; readonly now: Date }) {
  await tx
    .updateTable("definitions")
    .set({ deleted_at: given.now, updated_at: given.now })
    .where("organization_id", "=", scope.organizationId)
    .where("environment", "=", scope.environment)
    .where("kind", "=", kind)
    .where("slug", "=", given.slug)
    .where("deleted_at", "is", null)
    .execute();
}

/** Slugs of the environment's agents whose definition has one of `words` in its list `field`. */
export async function agentsNaming(tx: Db, scope: Scope, field: "roles" | "tools", words: readonly string[]): Promise<readonly string[]> {
  if (words.length === 0) return [];
  const rows = await agentsOf(tx, scope)
    .select("agent.slug")
    .where(sql<boolean>`version.definition -> ${field}::text ?| ${[...words]}::text[]`)
    .orderBy("agent.slug")
    .execute();
  return rows.map((row) => row.slug);
}

function selectDefinitions(db: Db, scope: Scope, kind: DefinitionKind) {
  return db
    .selectFrom("definitions as head")
    .innerJoin("definition_versions as version", (join) =>
      join.onRef("version.definition_id", "=", "head.id").onRef("version.version", "=", "head.version"),
    )
    .select(["head.slug", "head.name", "head.version", "head.created_at", "head.updated_at", "version.definition"])
    .where("head.organization_id", "=", scope.organizationId)
    .where("head.environment", "=", scope.environment)
    .where("head.kind", "=", kind)
    .where("head.deleted_at", "is", null);
}

function rowOf(row: Awaited<ReturnType<ReturnType<typeof selectDefinitions>["executeTakeFirstOrThrow"]>>): DefinitionRow {
  return {
    slug: row.slug,
    name: row.name,
    version: row.version,
    definition: row.definition,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
