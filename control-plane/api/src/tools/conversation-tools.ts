/** agent.chat and router.transfer: other agents, asked or handed over to. */
import type { ToolArguments } from "@struere/domain";
import { Fault } from "@struere/kernel";
import {
  type Call,
  type Db,
  getAgent,
  getAgentVersion,
  getRouter,
  getThread,
  type Scope,
  type Thread,
  transferCallAgent,
  transferThread,
} from "@struere/store";
import { AgentDefinition, RouterDefinition } from "struere";
import { z } from "zod";
import type { ToolPlan } from "./tool-plan.ts";
import type { ToolRequest, ToolServices } from "./tool-request.ts";

const Chat = z.object({ agent: z.string(), message: z.string(), context: z.exactOptional(z.unknown()) });
const Transfer = z.object({ agent: z.string(), reason: z.exactOptional(z.string()) });

/** The other agent's own deadline, and a little. */
const CHAT_MS = 65_000;

export function planAgentChat(
  { chatWithAgent }: Pick<ToolServices, "chatWithAgent">,
  request: ToolRequest,
  given: ToolArguments,
): ToolPlan {
  const { agent, message, context } = Chat.parse(given);
  const { scope, threadId, keyId } = request;
  return {
    kind: "outside",
    maxMs: CHAT_MS,
    async work(signal) {
      const actor = { ...scope, slug: request.agent.slug };
      return {
        output: await chatWithAgent({
          actor,
          parentThread: threadId,
          agentSlug: agent,
          message,
          keyId,
          signal,
          ...(context === undefined ? {} : { context }),
        }),
      };
    },
  };
}

/** Whom a conversation can be handed to: the router's agents but the one that has it. */
export interface Colleague {
  readonly slug: string;
  readonly description?: string | undefined;
}

export function planTransfer({ clock }: Pick<ToolServices, "clock">, request: ToolRequest, given: ToolArguments): ToolPlan {
  const { agent: to } = Transfer.parse(given);
  const { scope, agent, call, threadId } = request;
  const now = (): Date => new Date(clock.wall());
  return {
    kind: "transaction",
    async work(tx) {
      if (to === agent.slug) throw new Fault("failed_precondition", `you are "${to}" already; answer yourself`);
      const thread = call ? undefined : await getThread(tx, scope, threadId);
      const colleagues = call ? colleaguesOnCall(call, agent.slug) : await colleaguesInThread(tx, scope, thread, agent.slug);
      if (!colleagues.some((one) => one.slug === to)) {
        const legal = colleagues.map((one) => `"${one.slug}"`).join(", ") || "none, since no router answers here";
        throw new Fault("invalid_argument", `agent: "${to}" can not take over; legal: ${legal}`);
      }
      const successor = call ? await pinnedAgent(tx, scope, call, to) : await agentNow(tx, scope, to);
      const transferred = call
        ? await transferCallAgent(tx, call, { from: agent.slug, to, now: now() })
        : await transferThread(tx, scope, { threadId, from: agent.slug, to, now: now() });
      if (!transferred.ok) throw new Fault("failed_precondition", REFUSALS[transferred.problem]);
      return { output: { transferred: true, agent: to }, handoff: successor };
    },
  };
}

const REFUSALS = {
  no_router: "no router answers in this conversation, so there is nobody to transfer to; answer yourself",
  self_transfer: "you have this conversation already; answer yourself",
  too_many_transfers: "this conversation has been transferred too often; answer yourself",
  transferred_meanwhile: "the conversation has been transferred already; say nothing more",
} as const;

export function colleaguesOnCall(call: Call, slug: string): readonly Colleague[] {
  return call.pinned_agents.filter((one) => one.slug !== slug);
}

export async function colleaguesInThread(
  db: Db,
  scope: Scope,
  thread: Pick<Thread, "target_kind" | "target_slug"> | undefined,
  slug: string,
): Promise<readonly Colleague[]> {
  if (thread?.target_kind !== "router" || thread.target_slug === null) return [];
  const router = await getRouter(db, scope, thread.target_slug);
  const read = RouterDefinition.safeParse(router?.definition);
  return read.success ? read.data.agents.filter((one) => one.slug !== slug) : [];
}

interface Successor {
  readonly slug: string;
  readonly name: string;
  readonly version: number;
}

async function agentNow(db: Db, scope: Scope, slug: string): Promise<Successor> {
  const row = await getAgent(db, scope, slug);
  if (!row) throw new Fault("not_found", `there is no agent "${slug}" in ${scope.environment}`);
  return { slug, name: row.name, version: row.version };
}

async function pinnedAgent(db: Db, scope: Scope, call: Call, slug: string): Promise<Successor> {
  const pinned = call.pinned_agents.find((one) => one.slug === slug);
  const definition = pinned && (await getAgentVersion(db, scope, pinned));
  const read = AgentDefinition.safeParse(definition);
  if (!pinned || !read.success) throw new Fault("not_found", `there is no agent "${slug}" on this call`);
  return { slug, name: read.data.name, version: pinned.version };
}
