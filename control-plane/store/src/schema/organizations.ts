/** Who owns everything, with which keys, and what was done with them. */
import type { Permission } from "@struere/domain";
import type { ApiKeyId, Environment, OrganizationId } from "@struere/kernel";
import type { ColumnType } from "kysely";
import type { Json, JsonObject } from "./columns.ts";

export interface OrganizationTable {
  id: OrganizationId;
  name: string;
  created_at: Date;
}

export interface ApiKeyTable {
  id: ApiKeyId;
  organization_id: OrganizationId;
  environment: Environment;
  name: string;
  prefix: string;
  hash: Buffer;
  permissions: Permission[];
  created_at: Date;
  expires_at: Date | null;
  revoked_at: Date | null;
  last_used_at: Date | null;
}

export interface AuditLogTable {
  id: ColumnType<number, never, never>;
  organization_id: OrganizationId | null;
  environment: Environment | null;
  at: Date;
  actor: string;
  action: string;
  subject: string;
  detail: Json<JsonObject>;
}
