/** An agent or a router as it is defined now, found by what a request names. */
import type { AgentId } from "@struere/kernel";
import { Fault, parseId } from "@struere/kernel";
import {
  type AgentRow,
  type Db,
  getAgent,
  getAgentById,
  getAgentsBySlug,
  getRouter,
  type JsonObject,
  listAgents,
  type RouterRow,
  type Scope,
} from "@struere/store";
import { AgentDefinition, type ModelChoice, RouterDefinition } from "struere";
import type { AgentActor } from "./tool-runner.ts";

export interface TextAgent {
  readonly agentId: AgentId;
  readonly slug: string;
  readonly name: string;
  readonly version: number;
  readonly systemPrompt: string;
  readonly tools: readonly string[];
  readonly roles: readonly string[];
  readonly model: ModelChoice | undefined;
  readonly params: NonNullable<AgentDefinition["threadContextParams"]>;
}

export interface TextRouter {
  readonly slug: string;
  readonly version: number;
  readonly definition: RouterDefinition;
}

/** What a request names. */
export type TargetName = { readonly agent: string } | { readonly agentId: string } | { readonly router: string };

export type TextTarget = { readonly kind: "agent"; readonly agent: TextAgent } | { readonly kind: "router"; readonly router: TextRouter };

/** @throws Fault not_found in the documented words. */
export async function findTextTarget(db: Db, scope: Scope, name: TargetName): Promise<TextTarget> {
  if ("router" in name) {
    const row = await getRouter(db, scope, name.router);
    if (!row) throw new Fault("not_found", "Router not found");
    return { kind: "router", router: readRouter(row) };
  }
  if ("agentId" in name) {
    const id = parseId("agent", name.agentId);
    const row = id && (await getAgentById(db, scope, id));
    if (!row) throw new Fault("not_found", "Agent not found");
    return { kind: "agent", agent: readAgent(row) };
  }
  const row = await getAgent(db, scope, name.agent);
  if (!row) throw await missingAgent(db, scope, name.agent);
  return { kind: "agent", agent: readAgent(row) };
}

/** The agents of a router that are there, by slug. @throws Fault failed_precondition when one is gone. */
export async function agentsOfRouter(db: Db, scope: Scope, router: TextRouter): Promise<ReadonlyMap<string, TextAgent>> {
  const slugs = router.definition.agents.map((agent) => agent.slug);
  const agents = new Map((await getAgentsBySlug(db, scope, slugs)).map((row) => [row.slug, readAgent(row)]));
  const gone = slugs.filter((slug) => !agents.has(slug));
  if (gone.length === 0) return agents;
  throw new Fault(
    "failed_precondition",
    `router "${router.slug}" names ${gone.map((slug) => `"${slug}"`).join(", ")}, not in ${scope.environment}; sync the project again`,
  );
}

export function actorOf(scope: Scope, agent: TextAgent): AgentActor {
  return { kind: "agent", organizationId: scope.organizationId, environment: scope.environment, slug: agent.slug, roles: agent.roles };
}

/** What the agent's prompt and tools count on must be there before anything is asked of a model. @throws Fault invalid_argument */
export function checkParams(agent: TextAgent, params: JsonObject): void {
  for (const { name, type, required } of agent.params) {
    const value = Object.hasOwn(params, name) ? params[name] : undefined;
    if (value === undefined || value === null) {
      if (required)
        throw new Fault("invalid_argument", `threadContext.params.${name} is missing; agent "${agent.slug}" needs it: a ${type}`);
    } else if (typeof value !== type) {
      throw new Fault("invalid_argument", `threadContext.params.${name} is a ${typeof value}; agent "${agent.slug}" needs a ${type}`);
    }
  }
}

export function readAgent(row: Pick<AgentRow, "id" | "slug" | "version" | "definition">): TextAgent {
  const { name, systemPrompt, tools, roles, model, threadContextParams = [] } = AgentDefinition.parse(row.definition);
  return { agentId: row.id, slug: row.slug, name, version: row.version, systemPrompt, tools, roles, model, params: threadContextParams };
}

function readRouter(row: RouterRow): TextRouter {
  return { slug: row.slug, version: row.version, definition: RouterDefinition.parse(row.definition) };
}

/** The documented words tell an agent that exists elsewhere from one that does not. */
async function missingAgent(db: Db, scope: Scope, slug: string): Promise<Fault> {
  for (const environment of ["development", "production", "eval"] as const) {
    const elsewhere = environment !== scope.environment && (await getAgent(db, { ...scope, environment }, slug));
    if (elsewhere) return new Fault("not_found", `No active config found for agent "${slug}" in ${scope.environment}`);
  }
  const known = (await listAgents(db, scope)).map((agent) => `"${agent.slug}"`).join(", ") || "none";
  return new Fault("not_found", `Agent not found: "${slug}"; in ${scope.environment} there are: ${known}`);
}
