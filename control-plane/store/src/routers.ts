/** Routers: slug and versions belong to one environment. */
import type { ConnectionId, RouterId } from "@struere/kernel";
import { type Db, inTransaction } from "./database.ts";
import { newId } from "./new-id.ts";
import type { JsonObject } from "./schema.ts";
import type { Scope } from "./scope.ts";
import { setVersion } from "./set-version.ts";

export interface RouterRow {
  readonly id: RouterId;
  readonly slug: string;
  readonly name: string;
  readonly version: number;
  /** Valid by the SDK's schema when it was written; parse it again when it is used. */
  readonly definition: JsonObject;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface RouterToSet {
  readonly slug: string;
  readonly name: string;
  readonly definition: JsonObject;
  readonly now: Date;
}

/** A new version only when the definition differs from the current one. */
export async function setRouter(
  db: Db,
  scope: Scope,
  router: RouterToSet,
): Promise<{ readonly router: RouterRow; readonly changed: boolean }> {
  return await inTransaction(db, async (tx) => {
    const identity = await tx
      .insertInto("routers")
      .values({
        id: newId("router"),
        organization_id: scope.organizationId,
        environment: scope.environment,
        slug: router.slug,
        name: router.name,
        version: 1,
        created_at: router.now,
        updated_at: router.now,
        deleted_at: null,
      })
      .onConflict((conflict) =>
        conflict.columns(["organization_id", "environment", "slug"]).where("deleted_at", "is", null).doUpdateSet({ name: router.name }),
      )
      .returning(["id", "version"])
      .executeTakeFirstOrThrow();
    const changed = await setVersion(tx, "routers", identity, router);
    const row = await selectRouters(tx, scope).where("router.id", "=", identity.id).executeTakeFirstOrThrow();
    return { router: rowOf(row), changed };
  });
}

export async function listRouters(db: Db, scope: Scope): Promise<readonly RouterRow[]> {
  const rows = await selectRouters(db, scope).orderBy("router.slug").limit(1_000).execute();
  return rows.map(rowOf);
}

export async function getRouter(db: Db, scope: Scope, slug: string): Promise<RouterRow | undefined> {
  const row = await selectRouters(db, scope).where("router.slug", "=", slug).executeTakeFirst();
  return row && rowOf(row);
}

export async function getRouterById(db: Db, scope: Scope, routerId: RouterId): Promise<RouterRow | undefined> {
  const row = await selectRouters(db, scope).where("router.id", "=", routerId).executeTakeFirst();
  return row && rowOf(row);
}

export type RouterRemoval =
  | { readonly outcome: "removed" | "not_found" }
  | { readonly outcome: "in_use"; readonly connections: readonly { readonly id: ConnectionId; readonly phoneNumber: string }[] };

export async function removeRouter(db: Db, scope: Scope, slug: string, now: Date): Promise<RouterRemoval> {
  return await inTransaction(db, async (tx) => {
    const identity = await tx
      .selectFrom("routers")
      .select("id")
      .where("organization_id", "=", scope.organizationId)
      .where("environment", "=", scope.environment)
      .where("slug", "=", slug)
      .where("deleted_at", "is", null)
      .forUpdate()
      .executeTakeFirst();
    if (!identity) return { outcome: "not_found" };
    const connections = await tx
      .selectFrom("voice_connections")
      .select(["id", "twilio_phone_number as phoneNumber"])
      .where("organization_id", "=", scope.organizationId)
      .where("environment", "=", scope.environment)
      .where("status", "=", "connected")
      .where("router_id", "=", identity.id)
      .orderBy("twilio_phone_number")
      .execute();
    if (connections.length > 0) return { outcome: "in_use", connections };
    await tx.updateTable("routers").set({ deleted_at: now, updated_at: now }).where("id", "=", identity.id).execute();
    return { outcome: "removed" };
  });
}

function selectRouters(db: Db, scope: Scope) {
  return db
    .selectFrom("routers as router")
    .innerJoin("router_versions as version", (join) =>
      join.onRef("version.router_id", "=", "router.id").onRef("version.version", "=", "router.version"),
    )
    .select(["router.id", "router.slug", "router.name", "router.version", "router.created_at", "router.updated_at", "version.definition"])
    .where("router.organization_id", "=", scope.organizationId)
    .where("router.environment", "=", scope.environment)
    .where("router.deleted_at", "is", null);
}

function rowOf(row: Awaited<ReturnType<ReturnType<typeof selectRouters>["executeTakeFirstOrThrow"]>>): RouterRow {
  return {
    id: row.id,
    slug: row.slug,
    name: row.name,
    version: row.version,
    definition: row.definition,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
