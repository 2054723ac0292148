/** Who changed what. Written next to the change, or after it; never in the way of a call. */
import type { Environment, OrganizationId } from "@struere/kernel";
import type { Db } from "./database.ts";
import type { JsonObject } from "./schema.ts";
import type { Scope } from "./scope.ts";

export interface AuditEntry {
  /** `null`: nobody's, for example a call to a number that no organization has. */
  readonly organizationId: OrganizationId | null;
  readonly environment: Environment | null;
  readonly at: Date;
  /** A key's id, `twilio`, `recorder` … */
  readonly actor: string;
  /** `agent.set`, `key.revoked`, `call.refused` … */
  readonly action: string;
  /** Id or slug of what it was done to. */
  readonly subject: string;
  /** Small, and never a secret. */
  readonly detail: JsonObject;
}

export async function writeAudit(db: Db, entry: AuditEntry): Promise<void> {
  await db
    .insertInto("audit_log")
    .values({
      organization_id: entry.organizationId,
      environment: entry.environment,
      at: entry.at,
      actor: entry.actor,
      action: entry.action,
      subject: entry.subject,
      detail: JSON.stringify(entry.detail),
    })
    .execute();
}

/** Newest first. */
export async function listAudit(db: Db, scope: Scope, limit: number): Promise<readonly AuditEntry[]> {
  const rows = await db
    .selectFrom("audit_log")
    .selectAll()
    .where("organization_id", "=", scope.organizationId)
    .where("environment", "=", scope.environment)
    .orderBy("id", "desc")
    .limit(Math.min(limit, 100))
    .execute();
  return rows.map((row) => ({
    organizationId: row.organization_id,
    environment: row.environment,
    at: row.at,
    actor: row.actor,
    action: row.action,
    subject: row.subject,
    detail: row.detail,
  }));
}
