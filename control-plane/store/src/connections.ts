/** Phone numbers and what answers them. A removed row stays as history; the same number gets a new row. */
import { changeConnection, type ConnectionState, type FormerSettings, type Target } from "@struere/domain";
import { type ConnectionId, Fault, type OrganizationId } from "@struere/kernel";
import type { Updateable } from "kysely";
import { type Db, inTransaction } from "./database.ts";
import { newId } from "./new-id.ts";
import type { Connection, VoiceConnectionTable } from "./schema.ts";
import type { Scope } from "./scope.ts";

export interface Binding {
  readonly phoneNumber: string;
  readonly phoneNumberSid: string;
  readonly accountSid: string;
  readonly label: string | null;
  readonly target: Target;
  /** What Twilio had before; kept only from the first connecting, so that connecting again does not forget it. */
  readonly formerSettings: FormerSettings | null;
  readonly now: Date;
}

/**
 * Connects a number, or gives a connected one another target.
 * @throws Fault already_exists when the number belongs to another organization or environment; not_found when the target is gone.
 */
export async function bindConnection(db: Db, scope: Scope, binding: Binding): Promise<Connection> {
  return await inTransaction(db, async (tx) => {
    await lockTarget(tx, scope, binding.target);
    const columns = {
      status: "connected",
      twilio_account_sid: binding.accountSid,
      phone_number_sid: binding.phoneNumberSid,
      agent_id: binding.target.kind === "agent" ? binding.target.agentId : null,
      router_id: binding.target.kind === "router" ? binding.target.routerId : null,
      updated_at: binding.now,
      connected_at: binding.now,
    } as const;
    const inserted = await tx
      .insertInto("voice_connections")
      .values({
        id: newId("conn"),
        organization_id: scope.organizationId,
        environment: scope.environment,
        twilio_phone_number: binding.phoneNumber,
        label: binding.label,
        former_settings: binding.formerSettings && JSON.stringify(binding.formerSettings),
        created_at: binding.now,
        removed_at: null,
        ...columns,
      })
      .onConflict((conflict) => conflict.column("twilio_phone_number").where("status", "<>", "removed").doNothing())
      .returningAll()
      .executeTakeFirst();
    if (inserted) return inserted;

    const existing = await scoped(tx, scope).where("twilio_phone_number", "=", binding.phoneNumber).forUpdate().executeTakeFirst();
    if (!existing) throw new Fault("already_exists", `${binding.phoneNumber} is connected elsewhere; remove it there first`);
    return await apply(tx, existing, {
      ...columns,
      ...(binding.label === null ? {} : { label: binding.label }),
      ...(existing.former_settings === null && binding.formerSettings ? { former_settings: JSON.stringify(binding.formerSettings) } : {}),
    });
  });
}

/** Nobody answers any more, but the number keeps its row. `undefined`: this scope has no such number. */
export async function disconnectConnection(db: Db, scope: Scope, phoneNumber: string, now: Date): Promise<Connection | undefined> {
  return await change(db, scope, phoneNumber, "disconnect", { status: "disconnected", updated_at: now });
}

/** Sets the number aside for good. `undefined`: this scope has no such number (any more). */
export async function removeConnection(db: Db, scope: Scope, phoneNumber: string, now: Date): Promise<Connection | undefined> {
  return await change(db, scope, phoneNumber, "remove", { status: "removed", updated_at: now, removed_at: now });
}

/** The environment's connections that are not removed, by number. */
export async function listConnections(db: Db, scope: Scope): Promise<readonly Connection[]> {
  return await scoped(db, scope).orderBy("twilio_phone_number").limit(1_000).execute();
}

/** In all the organization's environments: what none of its agents may call. */
export async function listOwnNumbers(db: Db, organizationId: OrganizationId): Promise<readonly string[]> {
  const rows = await db
    .selectFrom("voice_connections")
    .select("twilio_phone_number as phoneNumber")
    .where("organization_id", "=", organizationId)
    .where("status", "<>", "removed")
    .execute();
  return rows.map((row) => row.phoneNumber);
}

/** Also a removed one: history may name it. */
export async function getConnection(db: Db, scope: Scope, id: ConnectionId): Promise<Connection | undefined> {
  return await db
    .selectFrom("voice_connections")
    .selectAll()
    .where("organization_id", "=", scope.organizationId)
    .where("environment", "=", scope.environment)
    .where("id", "=", id)
    .executeTakeFirst();
}

export async function getConnectionByNumber(db: Db, scope: Scope, phoneNumber: string): Promise<Connection | undefined> {
  return await scoped(db, scope).where("twilio_phone_number", "=", phoneNumber).executeTakeFirst();
}

/** For Twilio's webhook, which knows nothing but the number: the one connection among all organizations. Its row says the scope. */
export async function findConnectionForWebhook(db: Db, phoneNumber: string): Promise<Connection | undefined> {
  return await db
    .selectFrom("voice_connections")
    .selectAll()
    .where("twilio_phone_number", "=", phoneNumber)
    .where("status", "<>", "removed")
    .executeTakeFirst();
}

export function connectionState(connection: Connection): ConnectionState {
  return { status: connection.status, target: targetOf(connection) };
}

export function targetOf(connection: Connection): Target | null {
  if (connection.agent_id !== null) return { kind: "agent", agentId: connection.agent_id };
  if (connection.router_id !== null) return { kind: "router", routerId: connection.router_id };
  return null;
}

async function change(
  db: Db,
  scope: Scope,
  phoneNumber: string,
  type: "disconnect" | "remove",
  columns: Updateable<VoiceConnectionTable>,
): Promise<Connection | undefined> {
  return await inTransaction(db, async (tx) => {
    const existing = await scoped(tx, scope).where("twilio_phone_number", "=", phoneNumber).forUpdate().executeTakeFirst();
    if (!existing) return undefined;
    const changed = changeConnection(connectionState(existing), { type });
    return changed.ok ? await apply(tx, existing, columns) : undefined;
  });
}

async function apply(tx: Db, connection: Connection, columns: Updateable<VoiceConnectionTable>): Promise<Connection> {
  return await tx.updateTable("voice_connections").set(columns).where("id", "=", connection.id).returningAll().executeTakeFirstOrThrow();
}

/** The target can not be deleted while it is being bound; see removeAgent and removeRouter, which take the same row. */
async function lockTarget(tx: Db, scope: Scope, target: Target): Promise<void> {
  const row =
    target.kind === "agent"
      ? await tx
          .selectFrom("agents as agent")
          .innerJoin("agent_heads as head", "head.agent_id", "agent.id")
          .select("agent.id")
          .where("agent.id", "=", target.agentId)
          .where("agent.organization_id", "=", scope.organizationId)
          .where("agent.deleted_at", "is", null)
          .where("head.environment", "=", scope.environment)
          .forUpdate("agent")
          .executeTakeFirst()
      : await tx
          .selectFrom("routers")
          .select("id")
          .where("id", "=", target.routerId)
          .where("organization_id", "=", scope.organizationId)
          .where("environment", "=", scope.environment)
          .where("deleted_at", "is", null)
          .forUpdate()
          .executeTakeFirst();
  if (!row) throw new Fault("not_found", `the ${target.kind} to connect does not exist in ${scope.environment}`);
}

function scoped(db: Db, scope: Scope) {
  return db
    .selectFrom("voice_connections")
    .selectAll()
    .where("organization_id", "=", scope.organizationId)
    .where("environment", "=", scope.environment)
    .where("status", "<>", "removed");
}
