/** Versions as calls are pinned to them: what was synced since changes nothing. */
import type { AgentId, RouterId } from "@struere/kernel";
import type { Db } from "./database.ts";
import type { JsonObject } from "./schema.ts";
import type { Scope } from "./scope.ts";

export async function getAgentVersion(
  db: Db,
  scope: Scope,
  pinned: { readonly agentId: AgentId; readonly version: number },
): Promise<JsonObject | undefined> {
  const row = await db
    .selectFrom("agent_versions as version")
    .innerJoin("agents as agent", "agent.id", "version.agent_id")
    .select("version.definition")
    .where("agent.organization_id", "=", scope.organizationId)
    .where("version.environment", "=", scope.environment)
    .where("version.agent_id", "=", pinned.agentId)
    .where("version.version", "=", pinned.version)
    .executeTakeFirst();
  return row?.definition;
}

export async function getRouterVersion(
  db: Db,
  scope: Scope,
  pinned: { readonly routerId: RouterId; readonly version: number },
): Promise<JsonObject | undefined> {
  const row = await db
    .selectFrom("router_versions as version")
    .innerJoin("routers as router", "router.id", "version.router_id")
    .select("version.definition")
    .where("router.organization_id", "=", scope.organizationId)
    .where("router.environment", "=", scope.environment)
    .where("version.router_id", "=", pinned.routerId)
    .where("version.version", "=", pinned.version)
    .executeTakeFirst();
  return row?.definition;
}

/** The environment's own tools as they were at that moment; none when there were none. */
export async function getToolsAt(db: Db, scope: Scope, at: Date): Promise<readonly JsonObject[]> {
  const row = await db
    .selectFrom("definitions as head")
    .innerJoin("definition_versions as version", "version.definition_id", "head.id")
    .select("version.definition")
    .where("head.organization_id", "=", scope.organizationId)
    .where("head.environment", "=", scope.environment)
    .where("head.kind", "=", "tools")
    .where("version.created_at", "<=", at)
    .where((where) => where.or([where("head.deleted_at", "is", null), where("head.deleted_at", ">", at)]))
    .orderBy("head.id", "desc")
    .orderBy("version.version", "desc")
    .limit(1)
    .executeTakeFirst();
  const tools: unknown = row?.definition["tools"];
  return Array.isArray(tools) ? tools : [];
}
