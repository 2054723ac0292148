/** Reads what a connection is bound to and lets the domain decide who answers. Nothing is cached: what was synced counts for the next call. */
import {
  type AgentVersion,
  type CallFacts,
  type ResolvedCall,
  type ResolveProblem,
  resolveCallConfig,
  type RouterVersion,
} from "@struere/domain";
import type { Result } from "@struere/kernel";
import { type AgentRow, type Connection, connectionState, type Db, getAgentById, getAgentsBySlug, getRouterById, type RouterRow, type Scope } from "@struere/store";
import { AgentDefinition, modelInUse, RouterDefinition, VoiceConfig } from "struere";

/** Ended in order when it has lasted so long; Twilio's own limit for a call is four hours. */
const MAX_CALL_MS = 60 * 60 * 1_000;

export async function resolveCall(
  db: Db,
  question: { readonly connection: Connection; readonly call: CallFacts; readonly wallMs: number },
): Promise<Result<ResolvedCall, ResolveProblem>> {
  const { connection, call, wallMs } = question;
  const scope: Scope = { organizationId: connection.organization_id, environment: connection.environment };
  const [agentRow, routerRow] = await Promise.all([
    connection.agent_id ? getAgentById(db, scope, connection.agent_id) : undefined,
    connection.router_id ? getRouterById(db, scope, connection.router_id) : undefined,
  ]);
  const router = routerRow ? readRouter(routerRow) : null;
  const named = router ? await getAgentsBySlug(db, scope, [router.fallback]) : [];
  const today = new Date(wallMs).toISOString().slice(0, 10);
  return resolveCallConfig({
    call,
    connection: connectionState(connection),
    agent: agentRow ? readAgent(agentRow) : null,
    router,
    agents: new Map(named.map((row) => [row.slug, readAgent(row)])),
    defaultVoice: VoiceConfig.parse({}),
    maxDurationMs: MAX_CALL_MS,
    modelInUse: (model) => modelInUse(model, today),
  });
}

function readAgent(row: AgentRow): AgentVersion {
  const { name, systemPrompt, tools } = AgentDefinition.parse(row.definition);
  return { agentId: row.id, version: row.version, slug: row.slug, name, systemPrompt, tools };
}

function readRouter(row: RouterRow): RouterVersion {
  const { agents, fallback, voiceConfig } = RouterDefinition.parse(row.definition);
  return { routerId: row.id, version: row.version, slug: row.slug, agents, fallback, voiceConfig };
}
