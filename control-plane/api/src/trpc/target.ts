/** From the slug that a person gave to what shall answer. */
import { chooseTarget, type Target } from "@struere/domain";
import { Fault } from "@struere/kernel";
import { type Db, getAgent, getRouter, listAgents, listRouters, type Scope } from "@struere/store";
import { quoted } from "./definitions.ts";

/** @throws Fault invalid_argument unless exactly one is given; not_found, naming the slugs there are. */
export async function findTarget(
  db: Db,
  scope: Scope,
  given: { readonly agent?: string | undefined; readonly router?: string | undefined },
): Promise<Target> {
  const chosen = chooseTarget(given);
  if (!chosen.ok) {
    const what = chosen.problem === "two_targets" ? "both an agent and a router are given" : "neither an agent nor a router is given";
    throw new Fault("invalid_argument", `${what}; a number is bound to exactly one of them`);
  }
  const { kind, slug } = chosen.value;
  if (kind === "agent") {
    const agent = await getAgent(db, scope, slug);
    if (agent) return { kind, agentId: agent.id };
  } else {
    const router = await getRouter(db, scope, slug);
    if (router) return { kind, routerId: router.id };
  }
  const known = kind === "agent" ? await listAgents(db, scope) : await listRouters(db, scope);
  throw new Fault("not_found", `there is no ${kind} "${slug}" in ${scope.environment}; there are: ${quoted(known.map((one) => one.slug))}`);
}
