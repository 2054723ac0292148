/**
 * Who shall have a call after what the caller said: the router that the call is pinned to decides, between the agents that the call is
 * pinned to. Whoever has the call keeps it when nobody can decide; a router that is not sure gives nobody's call to the fallback.
 */
import { type Clock, Fault } from "@struere/kernel";
import type { Log } from "@struere/runtime";
import type { AgentProfile } from "@struere/protocol/grpc";
import { type Call, type Db, getRouterVersion, getThread, recordTextUsage, routeCall, type Scope } from "@struere/store";
import { describeProblems, RouterDefinition } from "struere";
import type { Choice, ChooseQuestion } from "../text/choose-agent.ts";
import { NoRoom } from "../text/spending.ts";
import type { TextAgents } from "../text/text-agents.ts";
import type { VoiceTools } from "../tools/voice-tools.ts";

export interface CallUtterance {
  readonly speaker: "caller" | "agent";
  readonly text: string;
}

export interface CallRouteQuestion {
  /** Oldest first; the last one is the caller's. */
  readonly utterances: readonly CallUtterance[];
  /** Who has the call, as its node knows. */
  readonly currentAgent: string;
}

export interface CallRoute {
  /** Null: whoever has the call keeps it. */
  readonly agent: AgentProfile | null;
  readonly by: "rule" | "classify" | null;
}

export interface CallRouter {
  /** @throws Fault failed_precondition when no router answers this call, or the named agent is not on it. */
  routeCall(call: Call, question: CallRouteQuestion): Promise<CallRoute>;
}

export interface CallRouterServices {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Log;
  readonly text: Pick<TextAgents, "chooseAgent">;
  readonly voice: Pick<VoiceTools, "profileOf">;
}

/** A media node waits 5 s; the profile has to be made as well. */
const CHOOSE_MS = 4_000;

const KEEPS: CallRoute = { agent: null, by: null };

export function callRouter({ db, clock, log, text, voice }: CallRouterServices): CallRouter {
  /** `undefined`: there is no credit for the choice, and the audit log says so. */
  const choose = async (question: ChooseQuestion): Promise<Choice | undefined> => {
    try {
      return await text.chooseAgent(question);
    } catch (thrown) {
      if (thrown instanceof NoRoom) return undefined;
      throw thrown;
    }
  };
  return {
    async routeCall(call, { utterances, currentAgent }) {
      const scope: Scope = { organizationId: call.organization_id, environment: call.environment };
      const [router, thread] = await Promise.all([pinnedRouter(db, scope, call), getThread(db, scope, call.thread_id)]);
      const legal = call.pinned_agents.map((agent) => agent.slug);
      if (!legal.includes(currentAgent)) {
        throw new Fault("failed_precondition", `agent "${currentAgent.slice(0, 64)}" is not on this call; legal: ${legal.join(", ")}`);
      }
      const choice = await choose({
        asker: { scope, threadId: call.thread_id, payer: { agentSlug: router.slug, keyId: call.api_key_id } },
        router,
        messages: utterances.map(({ speaker, text: said }) => ({ role: speaker === "caller" ? "user" : "assistant", text: said })),
        params: thread?.channel_params ?? {},
        channel: "voice",
        currentAgent,
        withinMs: CHOOSE_MS,
      });
      if (!choice) return KEEPS;
      const now = new Date(clock.wall());
      await recordTextUsage(db, scope, { threadId: call.thread_id, usage: choice.charged, now });
      if (choice.by !== "rule" && choice.by !== "classifier") return KEEPS;
      const isThere = legal.includes(choice.agent);
      if (!isThere) log.warn({ callId: call.id, agent: choice.agent }, "the router chose an agent that was not there when the call began");
      const decision = isThere ? choice.agent : currentAgent;
      const agent = await routeCall(db, call, { current: currentAgent, decision, again: choice.by === "classifier", now });
      if (agent === currentAgent) return KEEPS;
      return { agent: await voice.profileOf(call, agent), by: choice.by === "rule" ? "rule" : "classify" };
    },
  };
}

/** As it was when the call began, whatever was synced since. */
async function pinnedRouter(db: Db, scope: Scope, call: Call): Promise<RouterDefinition> {
  if (call.router_id === null || call.router_version === null) throw new Fault("failed_precondition", "no router answers this call");
  const definition = await getRouterVersion(db, scope, { routerId: call.router_id, version: call.router_version });
  const read = RouterDefinition.safeParse(definition);
  if (!read.success) throw new Fault("internal", `the call's router can not be read, sync it again: ${describeProblems(read.error)}`);
  return read.data;
}
