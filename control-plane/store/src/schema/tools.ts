/** What agents act on: entities, and the runs of tools. */
import type { CallId, EntityId, Environment, OrganizationId, ThreadId } from "@struere/kernel";
import type { Json, JsonObject, NullableJson } from "./columns.ts";

export interface EntityTable {
  id: EntityId;
  organization_id: OrganizationId;
  environment: Environment;
  /** Slug of the entity type. */
  type: string;
  data: Json<JsonObject>;
  status: string;
  /** Goes up with every change: compare-and-set. */
  version: number;
  created_at: Date;
  updated_at: Date;
  deleted_at: Date | null;
}

export interface ToolRunTable {
  organization_id: OrganizationId;
  environment: Environment;
  idempotency_key: string;
  thread_id: ThreadId;
  call_id: CallId | null;
  agent_slug: string;
  name: string;
  arguments_digest: string;
  status: "running" | "done";
  outcome: NullableJson<JsonObject>;
  started_at: Date;
  /** Who still runs it afterwards is taken for dead. */
  deadline_at: Date;
  finished_at: Date | null;
}

export interface ToolSigningSecretTable {
  organization_id: OrganizationId;
  environment: Environment;
  secret: Buffer;
  key_id: string;
  created_at: Date;
}

export interface McpCatalogTable {
  organization_id: OrganizationId;
  environment: Environment;
  url: string;
  tools: Json<readonly JsonObject[]>;
  fetched_at: Date;
}
