/**
 * Agents. The identity (slug) is the organization's; what an agent is in an environment is its head: a pointer to one of its versions
 * there. Versions are never changed or deleted: calls are pinned to them.
 */
import type { AgentId, ConnectionId, Environment } from "@struere/kernel";
import { sql } from "kysely";
import { type Db, inTransaction } from "./database.ts";
import { digestOf } from "./digest.ts";
import { newId } from "./new-id.ts";
import type { JsonObject } from "./schema.ts";
import type { Scope } from "./scope.ts";

/** An agent as it is now in one environment. */
export interface AgentRow {
  readonly id: AgentId;
  readonly slug: string;
  readonly name: string;
  readonly description: string | null;
  readonly environment: Environment;
  readonly version: number;
  /** Valid by the SDK's schema when it was written; parse it again when it is used. */
  readonly definition: JsonObject;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface AgentToSet {
  readonly slug: string;
  readonly name: string;
  readonly description: string | null;
  readonly definition: JsonObject;
  readonly now: Date;
}

/** A new version only when the definition differs from the head's. */
export async function setAgent(db: Db, scope: Scope, agent: AgentToSet): Promise<{ readonly agent: AgentRow; readonly changed: boolean }> {
  return await inTransaction(db, async (tx) => {
    const identity = await claimIdentity(tx, scope, agent);
    const digest = digestOf(agent.definition);
    const head = await tx
      .selectFrom("agent_heads as head")
      .innerJoin("agent_versions as version", (join) =>
        join
          .onRef("version.agent_id", "=", "head.agent_id")
          .onRef("version.environment", "=", "head.environment")
          .onRef("version.version", "=", "head.version"),
      )
      .select("version.digest")
      .where("head.agent_id", "=", identity)
      .where("head.environment", "=", scope.environment)
      .executeTakeFirst();
    const changed = head?.digest !== digest;
    if (changed) await addVersion(tx, identity, scope, agent, digest);
    const row = await selectAgents(tx, scope).where("agent.id", "=", identity).executeTakeFirstOrThrow();
    return { agent: rowOf(row), changed };
  });
}

export async function listAgents(db: Db, scope: Scope): Promise<readonly AgentRow[]> {
  const rows = await selectAgents(db, scope).orderBy("agent.slug").limit(1_000).execute();
  return rows.map(rowOf);
}

export async function getAgent(db: Db, scope: Scope, slug: string): Promise<AgentRow | undefined> {
  const row = await selectAgents(db, scope).where("agent.slug", "=", slug).executeTakeFirst();
  return row && rowOf(row);
}

export async function getAgentById(db: Db, scope: Scope, agentId: AgentId): Promise<AgentRow | undefined> {
  const row = await selectAgents(db, scope).where("agent.id", "=", agentId).executeTakeFirst();
  return row && rowOf(row);
}

export async function getAgentsBySlug(db: Db, scope: Scope, slugs: readonly string[]): Promise<readonly AgentRow[]> {
  if (slugs.length === 0) return [];
  const rows = await selectAgents(db, scope).where("agent.slug", "in", slugs).execute();
  return rows.map(rowOf);
}

export type AgentRemoval =
  | { readonly outcome: "removed" | "not_found" }
  | {
      readonly outcome: "in_use";
      readonly connections: readonly { readonly id: ConnectionId; readonly phoneNumber: string }[];
      readonly routers: readonly string[];
    };

/** Takes the agent out of this environment, unless something there still needs it. Its versions stay, for the calls that it answered. */
export async function removeAgent(db: Db, scope: Scope, slug: string, now: Date): Promise<AgentRemoval> {
  return await inTransaction(db, async (tx) => {
    const identity = await tx
      .selectFrom("agents as agent")
      .innerJoin("agent_heads as head", "head.agent_id", "agent.id")
      .select("agent.id")
      .where("agent.organization_id", "=", scope.organizationId)
      .where("agent.slug", "=", slug)
      .where("agent.deleted_at", "is", null)
      .where("head.environment", "=", scope.environment)
      .forUpdate("agent")
      .executeTakeFirst();
    if (!identity) return { outcome: "not_found" };

    const connections = await tx
      .selectFrom("voice_connections")
      .select(["id", "twilio_phone_number as phoneNumber"])
      .where("organization_id", "=", scope.organizationId)
      .where("environment", "=", scope.environment)
      .where("status", "=", "connected")
      .where("agent_id", "=", identity.id)
      .orderBy("twilio_phone_number")
      .execute();
    const routers = await routersNaming(tx, scope, slug);
    if (connections.length > 0 || routers.length > 0) return { outcome: "in_use", connections, routers };

    await tx.deleteFrom("agent_heads").where("agent_id", "=", identity.id).where("environment", "=", scope.environment).execute();
    const elsewhere = await tx.selectFrom("agent_heads").select("agent_id").where("agent_id", "=", identity.id).executeTakeFirst();
    if (!elsewhere) await tx.updateTable("agents").set({ deleted_at: now, updated_at: now }).where("id", "=", identity.id).execute();
    return { outcome: "removed" };
  });
}

/** The identity of this slug, locked, so that two who set it at once come one after the other. */
async function claimIdentity(tx: Db, scope: Scope, agent: AgentToSet): Promise<AgentId> {
  const row = await tx
    .insertInto("agents")
    .values({
      id: newId("agent"),
      organization_id: scope.organizationId,
      slug: agent.slug,
      name: agent.name,
      description: agent.description,
      created_at: agent.now,
      updated_at: agent.now,
      deleted_at: null,
    })
    .onConflict((conflict) =>
      conflict
        .columns(["organization_id", "slug"])
        .where("deleted_at", "is", null)
        .doUpdateSet({ name: agent.name, description: agent.description }),
    )
    .returning("id")
    .executeTakeFirstOrThrow();
  return row.id;
}

async function addVersion(tx: Db, agentId: AgentId, scope: Scope, agent: AgentToSet, digest: string): Promise<void> {
  const latest = await tx
    .selectFrom("agent_versions")
    .select((of) => of.fn.max("version").as("version"))
    .where("agent_id", "=", agentId)
    .where("environment", "=", scope.environment)
    .executeTakeFirst();
  const version = (latest?.version ?? 0) + 1;
  await tx
    .insertInto("agent_versions")
    .values({
      agent_id: agentId,
      environment: scope.environment,
      version,
      definition: JSON.stringify(agent.definition),
      digest,
      created_at: agent.now,
    })
    .execute();
  await tx
    .insertInto("agent_heads")
    .values({ agent_id: agentId, environment: scope.environment, version, updated_at: agent.now })
    .onConflict((conflict) => conflict.columns(["agent_id", "environment"]).doUpdateSet({ version, updated_at: agent.now }))
    .execute();
  await tx.updateTable("agents").set({ updated_at: agent.now }).where("id", "=", agentId).execute();
}

/** Slugs of the environment's routers whose definition names this agent. */
async function routersNaming(tx: Db, scope: Scope, agentSlug: string): Promise<readonly string[]> {
  const rows = await tx
    .selectFrom("routers as router")
    .innerJoin("router_versions as version", (join) =>
      join.onRef("version.router_id", "=", "router.id").onRef("version.version", "=", "router.version"),
    )
    .select("router.slug")
    .where("router.organization_id", "=", scope.organizationId)
    .where("router.environment", "=", scope.environment)
    .where("router.deleted_at", "is", null)
    .where(sql<boolean>`version.definition @> ${JSON.stringify({ agents: [{ slug: agentSlug }] })}::jsonb`)
    .orderBy("router.slug")
    .execute();
  return rows.map((row) => row.slug);
}

/** The environment's agents, each with its head and current version. */
export function agentsOf(db: Db, scope: Scope) {
  return db
    .selectFrom("agents as agent")
    .innerJoin("agent_heads as head", "head.agent_id", "agent.id")
    .innerJoin("agent_versions as version", (join) =>
      join
        .onRef("version.agent_id", "=", "head.agent_id")
        .onRef("version.environment", "=", "head.environment")
        .onRef("version.version", "=", "head.version"),
    )
    .where("agent.organization_id", "=", scope.organizationId)
    .where("agent.deleted_at", "is", null)
    .where("head.environment", "=", scope.environment);
}

function selectAgents(db: Db, scope: Scope) {
  return agentsOf(db, scope).select([
    "agent.id",
    "agent.slug",
    "agent.name",
    "agent.description",
    "agent.created_at",
    "head.environment",
    "head.version",
    "head.updated_at",
    "version.definition",
  ]);
}

function rowOf(row: Awaited<ReturnType<ReturnType<typeof selectAgents>["executeTakeFirstOrThrow"]>>): AgentRow {
  return {
    id: row.id,
    slug: row.slug,
    name: row.name,
    description: row.description,
    environment: row.environment,
    version: row.version,
    definition: row.definition,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
