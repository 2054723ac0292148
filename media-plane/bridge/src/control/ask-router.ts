/** RouteUtterance, for one call. */
import type { AgentProfile, HeardUtterance } from "@struere/call";
import type { CallId } from "@struere/kernel";
import { type ControlClient, RouteMode, Speaker } from "@struere/protocol/grpc";
import { toAgentProfile } from "./call-config.ts";

export interface RouterQuestion {
  readonly mode: "first" | "background";
  readonly currentAgent: string;
  readonly utterances: readonly HeardUtterance[];
}

export interface RouterAnswer {
  /** Null: whoever has the call keeps it. */
  readonly agent: AgentProfile | null;
  readonly by: "classify" | "rule";
}

/**
 * Also after the reply could be held no longer a decision is worth having: the machine puts it to use between two responses.
 * @throws Fault as the control plane said it, or that it did not answer in time
 */
export async function askRouter(
  { control, callId, epoch }: { readonly control: Pick<ControlClient, "routeUtterance">; readonly callId: CallId; readonly epoch: number },
  { mode, currentAgent, utterances }: RouterQuestion,
): Promise<RouterAnswer> {
  const { agent, decidedBy } = await control.routeUtterance({
    callId,
    epoch,
    currentAgent,
    mode: mode === "first" ? RouteMode.ROUTE_MODE_FIRST : RouteMode.ROUTE_MODE_BACKGROUND,
    utterances: utterances.map(({ speaker, text }) => ({
      speaker: speaker === "caller" ? Speaker.SPEAKER_CALLER : Speaker.SPEAKER_AGENT,
      text,
    })),
  });
  return { agent: agent ? toAgentProfile(agent) : null, by: decidedBy === "rule" ? "rule" : "classify" };
}
