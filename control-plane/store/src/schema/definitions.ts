/** What owners write, with its versions. */
import type { AgentId, Environment, OrganizationId, RouterId } from "@struere/kernel";
import type { ColumnType } from "kysely";
import type { Json, JsonObject } from "./columns.ts";

export interface AgentTable {
  id: AgentId;
  organization_id: OrganizationId;
  slug: string;
  name: string;
  description: string | null;
  created_at: Date;
  updated_at: Date;
  deleted_at: Date | null;
}

export interface AgentVersionTable {
  agent_id: AgentId;
  environment: Environment;
  version: number;
  definition: Json<JsonObject>;
  digest: string;
  created_at: Date;
}

export interface AgentHeadTable {
  agent_id: AgentId;
  environment: Environment;
  version: number;
  updated_at: Date;
}

export interface RouterTable {
  id: RouterId;
  organization_id: OrganizationId;
  environment: Environment;
  slug: string;
  name: string;
  version: number;
  created_at: Date;
  updated_at: Date;
  deleted_at: Date | null;
}

export interface RouterVersionTable {
  router_id: RouterId;
  version: number;
  definition: Json<JsonObject>;
  digest: string;
  created_at: Date;
}

/** Entity types, roles and tools: what belongs to one environment and has versions. */
export interface DefinitionTable {
  id: ColumnType<number, never, never>;
  organization_id: OrganizationId;
  environment: Environment;
  kind: "entity_type" | "role" | "tools";
  slug: string;
  name: string;
  version: number;
  created_at: Date;
  updated_at: Date;
  deleted_at: Date | null;
}

export interface DefinitionVersionTable {
  definition_id: number;
  version: number;
  definition: Json<JsonObject>;
  digest: string;
  created_at: Date;
}
