import type { AgentDefinition, EntityTypeDefinition, RoleDefinition, RouterDefinition, ToolsDefinition } from "struere";

/** A project's definitions, as the server takes them. */
export interface EvalProject {
  readonly agents: AgentDefinition[];
  readonly routers: RouterDefinition[];
  readonly entityTypes: EntityTypeDefinition[];
  readonly roles: RoleDefinition[];
  readonly tools: ToolsDefinition;
}
