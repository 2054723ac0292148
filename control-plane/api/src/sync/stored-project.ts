/** What an environment has now, kind by kind. */
import { type Db, getTools, listAgents, listConnections, listEntityTypes, listRoles, listRouters, type Scope } from "@struere/store";
import {
  AgentDefinition,
  type DefinitionKind,
  EntityTypeDefinition,
  type ProjectDefinitions,
  RoleDefinition,
  RouterDefinition,
  ToolsDefinition,
} from "struere";
import type { z } from "zod";
import type { Project } from "./project-input.ts";

/** In the order in which definitions are set: what comes later names what came before. */
export const KINDS = ["entity-type", "role", "tools", "agent", "router"] as const satisfies readonly DefinitionKind[];

/** An environment has one list of tools. */
export const TOOLS_SLUG = "tools";

export interface StoredDefinition {
  readonly kind: DefinitionKind;
  readonly slug: string;
  readonly version: number;
  /** As it was written, by the schema of that day. */
  readonly definition: unknown;
}

export async function storedDefinitions(db: Db, scope: Scope): Promise<readonly StoredDefinition[]> {
  const of =
    (kind: DefinitionKind) =>
    ({ slug, version, definition }: Omit<StoredDefinition, "kind">): StoredDefinition => ({ kind, slug, version, definition });
  const tools = await getTools(db, scope);
  return [
    ...(await listEntityTypes(db, scope)).map(of("entity-type")),
    ...(await listRoles(db, scope)).map(of("role")),
    ...(tools ? [of("tools")({ slug: TOOLS_SLUG, version: tools.version, definition: tools.tools })] : []),
    ...(await listAgents(db, scope)).map(of("agent")),
    ...(await listRouters(db, scope)).map(of("router")),
  ];
}

const SCHEMAS: { readonly [Kind in DefinitionKind]: z.ZodType } = {
  "entity-type": EntityTypeDefinition,
  role: RoleDefinition,
  tools: ToolsDefinition,
  agent: AgentDefinition,
  router: RouterDefinition,
};

/** As today's schema reads it, with defaults that are newer than it; what that can not read comes as it is. */
export function readStored({ kind, definition }: Pick<StoredDefinition, "kind" | "definition">): unknown {
  const parsed = SCHEMAS[kind].safeParse(definition);
  return parsed.success ? parsed.data : definition;
}

/** The stored definitions that today's schemas read, as a project. */
export function projectOf(stored: readonly StoredDefinition[]): Project {
  const every = <Schema extends z.ZodType>(kind: DefinitionKind, schema: Schema): z.output<Schema>[] =>
    stored.flatMap((one) => {
      const parsed = one.kind === kind ? schema.safeParse(one.definition) : undefined;
      return parsed?.success ? [parsed.data] : [];
    });
  return {
    agents: every("agent", AgentDefinition),
    routers: every("router", RouterDefinition),
    entityTypes: every("entity-type", EntityTypeDefinition),
    roles: every("role", RoleDefinition),
    tools: every("tools", ToolsDefinition)[0] ?? [],
  };
}

/** What the connected numbers of the environment are bound to. */
export async function boundNumbers(db: Db, scope: Scope): Promise<NonNullable<ProjectDefinitions["numbers"]>> {
  const connections = (await listConnections(db, scope)).filter((connection) => connection.status === "connected");
  const agents = new Map((await listAgents(db, scope)).map(({ id, slug }) => [id, slug]));
  const routers = new Map((await listRouters(db, scope)).map(({ id, slug }) => [id, slug]));
  return connections.flatMap(({ agent_id: agentId, router_id: routerId }): NonNullable<ProjectDefinitions["numbers"]> => {
    const agent = agentId === null ? undefined : agents.get(agentId);
    const router = routerId === null ? undefined : routers.get(routerId);
    if (agent !== undefined) return [{ agent }];
    return router === undefined ? [] : [{ router }];
  });
}
