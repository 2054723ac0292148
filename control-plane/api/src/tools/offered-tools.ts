/** What a model is offered: the agent's tools that exist where it speaks, in the order of its definition. */
import { offeredBuiltin, type OfferedWhere, type ToolDefinition } from "@struere/domain";
import { Fault } from "@struere/kernel";
import { type Call, listAgents, listRouters, type Scope } from "@struere/store";
import { describeMcpTool } from "./mcp.ts";
import { definitionOf, readOwnTools } from "./own-tools.ts";
import { guardedServices } from "./tool-plan.ts";
import type { ToolServices } from "./tool-request.ts";

export interface OfferQuestion extends OfferedWhere {
  readonly scope: Scope;
  readonly agent: { readonly slug: string; readonly tools: readonly string[] };
  /** On a running call: its row. */
  readonly call?: Call;
}

/** @throws Fault failed_precondition when a tool of the agent does not exist. A server of tools that is away offers none. */
export async function offeredTools(services: ToolServices, question: OfferQuestion): Promise<readonly ToolDefinition[]> {
  const { scope, agent, call } = question;
  const where: OfferedWhere = agent.tools.includes("voice.call") ? { ...question, callable: await callableIn(services, scope) } : question;
  const isOwn = agent.tools.some((name) => offeredBuiltin(name, question) === undefined);
  const own = isOwn ? await readOwnTools(services.db, scope, call) : undefined;
  const offered = await Promise.all(
    agent.tools.map(async (name): Promise<ToolDefinition | null> => {
      const builtin = offeredBuiltin(name, where);
      if (builtin !== undefined) return builtin;
      const tool = own?.http(name);
      if (tool) return tool.templateOnly === true ? null : definitionOf(tool);
      const remote = own?.remote(name);
      if (!remote)
        throw new Fault("failed_precondition", `agent "${agent.slug}" names the tool "${name}", which is not in ${scope.environment}`);
      return await describedRemote(services, scope, remote, name);
    }),
  );
  return offered.filter((tool) => tool !== null);
}

/** Whoever can be the one that speaks on a call. */
async function callableIn({ db }: ToolServices, scope: Scope): Promise<NonNullable<OfferedWhere["callable"]>> {
  const [agents, routers] = [await listAgents(db, scope), await listRouters(db, scope)];
  return {
    agents: agents.map(({ slug, description }) => ({ slug, description })),
    routers: routers.map(({ slug }) => ({ slug })),
  };
}

async function describedRemote(
  services: ToolServices,
  scope: Scope,
  remote: Parameters<typeof describeMcpTool>[2],
  name: string,
): Promise<ToolDefinition | null> {
  try {
    return (await describeMcpTool(guardedServices(services, scope), scope, remote)) ?? null;
  } catch (thrown) {
    services.log.warn(
      { tool: name, reason: Fault.from(thrown).sentence },
      "a server of tools does not say what it offers; the agent goes without",
    );
    return null;
  }
}
