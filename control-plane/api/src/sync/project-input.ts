/** All definitions of a project, as they are sent: parsed with the schemas that the command has checked them with before. */
import { AgentDefinition, EntityTypeDefinition, RoleDefinition, RouterDefinition, ToolsDefinition } from "struere";
import { z } from "zod";

/** Of each kind; a project has fewer. */
const DEFINITIONS_MAX = 500;

const listOf = <Definition extends z.ZodType>(definition: Definition) =>
  z.array(definition).max(DEFINITIONS_MAX, { error: `are too many; legal: at most ${DEFINITIONS_MAX}` });

export const ProjectInput = z.strictObject({
  agents: listOf(AgentDefinition),
  routers: listOf(RouterDefinition),
  entityTypes: listOf(EntityTypeDefinition),
  roles: listOf(RoleDefinition),
  /** Empty: the project has no tools of its own. */
  tools: ToolsDefinition,
});
export type Project = z.output<typeof ProjectInput>;
