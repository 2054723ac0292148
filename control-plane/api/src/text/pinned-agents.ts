/** Agents as calls are pinned to them. A version never changes: one that was read is not asked for again. */
import type { AgentId } from "@struere/kernel";
import { type Db, getAgentVersion, type Scope } from "@struere/store";
import { readAgent, type TextAgent } from "./text-agent.ts";

/** The one that was used least lately gives way. */
const KEPT_MAX = 500;

export interface PinnedAgent {
  readonly slug: string;
  readonly agentId: AgentId;
  readonly version: number;
}

/** @returns `undefined`: there is no such version in this organization and environment. */
export function pinnedAgents(db: Db): (scope: Scope, pinned: PinnedAgent) => Promise<TextAgent | undefined> {
  const kept = new Map<string, TextAgent>();
  return async (scope, { slug, agentId, version }) => {
    const key = `${scope.organizationId}/${scope.environment}/${agentId}/${version}`;
    const agent = kept.get(key) ?? (await readVersion(db, scope, { slug, agentId, version }));
    if (!agent) return undefined;
    kept.delete(key);
    kept.set(key, agent);
    const [oldest] = kept.keys();
    if (kept.size > KEPT_MAX && oldest !== undefined) kept.delete(oldest);
    return agent;
  };
}

async function readVersion(db: Db, scope: Scope, { slug, agentId, version }: PinnedAgent): Promise<TextAgent | undefined> {
  const definition = await getAgentVersion(db, scope, { agentId, version });
  return definition && readAgent({ id: agentId, slug, version, definition });
}
