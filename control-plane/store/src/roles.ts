/** Roles of an environment, and the actor that an agent is by its roles. */
import { type EntityActor, readRole, type Role } from "@struere/domain";
import { Fault } from "@struere/kernel";
import { type Db, inTransaction } from "./database.ts";
import {
  agentsNaming,
  type DefinitionRow,
  type DefinitionSet,
  type DefinitionToSet,
  dropDefinition,
  getDefinition,
  getDefinitions,
  listDefinitions,
  lockDefinition,
  setDefinition,
} from "./definitions.ts";
import type { Scope } from "./scope.ts";

const KIND = "role";

export async function setRole(db: Db, scope: Scope, role: DefinitionToSet): Promise<DefinitionSet> {
  return await setDefinition(db, scope, KIND, role);
}

export async function listRoles(db: Db, scope: Scope): Promise<readonly DefinitionRow[]> {
  return await listDefinitions(db, scope, KIND);
}

export async function getRole(db: Db, scope: Scope, slug: string): Promise<DefinitionRow | undefined> {
  return await getDefinition(db, scope, KIND, slug);
}

export type RoleRemoval =
  | { readonly outcome: "removed" | "not_found" }
  /** Slugs of the agents that have the role. */
  | { readonly outcome: "in_use"; readonly agents: readonly string[] };

export async function removeRole(db: Db, scope: Scope, slug: string, now: Date): Promise<RoleRemoval> {
  return await inTransaction(db, async (tx) => {
    if (!(await lockDefinition(tx, scope, KIND, slug))) return { outcome: "not_found" };
    const agents = await agentsNaming(tx, scope, "roles", [slug]);
    if (agents.length > 0) return { outcome: "in_use", agents };
    await dropDefinition(tx, scope, KIND, { slug, now });
    return { outcome: "removed" };
  });
}

/**
 * The actor that an agent is. Without roles it has full access; a role that it names and that is not there opens nothing, it is an error.
 * @param agent.attributes what scope rules call `actor.<name>`.
 * @throws Fault failed_precondition naming the roles that are missing.
 */
export async function agentActor(
  db: Db,
  scope: Scope,
  agent: { readonly roles: readonly string[]; readonly attributes?: { readonly [name: string]: string } },
): Promise<EntityActor> {
  const { organizationId, environment } = scope;
  const actor: EntityActor = { kind: "agent", organizationId, environment, attributes: agent.attributes };
  if (agent.roles.length === 0) return actor;
  return { ...actor, roles: await rolesNamed(db, scope, agent.roles) };
}

async function rolesNamed(db: Db, scope: Scope, slugs: readonly string[]): Promise<readonly Role[]> {
  const rows = await getDefinitions(db, scope, KIND, slugs);
  const missing = slugs.filter((slug) => !rows.some((row) => row.slug === slug));
  if (missing.length > 0) {
    const names = missing.map((slug) => `"${slug}"`).join(", ");
    throw new Fault(
      "failed_precondition",
      `the agent has the role ${names}, which is not in ${scope.environment}; sync the role, or the agent without it`,
    );
  }
  return rows.map((row) => readRole(row.definition));
}
