/** A phone number with its provider, bound to exactly one target. `disconnected`: known, but nobody answers. `removed`: set aside for good. */
import { type AgentId, err, ok, type Result, type RouterId } from "@struere/kernel";

export const ConnectionStatus = ["disconnected", "connected", "removed"] as const;
export type ConnectionStatus = (typeof ConnectionStatus)[number];

/** What answers. */
export type Target = { readonly kind: "agent"; readonly agentId: AgentId } | { readonly kind: "router"; readonly routerId: RouterId };

/** How the number was set up at Twilio before it was connected, by the names of its REST API; put back on removal. */
export interface FormerSettings {
  readonly voiceUrl: string | null;
  readonly voiceMethod: string | null;
  readonly voiceFallbackUrl: string | null;
  readonly voiceFallbackMethod: string | null;
  readonly statusCallback: string | null;
  readonly statusCallbackMethod: string | null;
  readonly voiceApplicationSid: string | null;
}

export interface ConnectionState {
  readonly status: ConnectionStatus;
  readonly target: Target | null;
}

export type ConnectionChange =
  | { readonly type: "connect"; readonly target: Target }
  | { readonly type: "disconnect" }
  | { readonly type: "remove" };

/** A removed connection never comes back: the same number gets a new one. Connecting again replaces the target. */
export function changeConnection(state: ConnectionState, change: ConnectionChange): Result<ConnectionState, "connection_removed"> {
  if (state.status === "removed") return change.type === "remove" ? ok(state) : err("connection_removed");
  switch (change.type) {
    case "connect":
      return ok({ status: "connected", target: change.target });
    case "disconnect":
      return ok({ status: "disconnected", target: state.target });
    case "remove":
      return ok({ status: "removed", target: state.target });
  }
}

export type TargetProblem = "no_target" | "two_targets";

/** From what a person gave: one slug of an agent or one of a router. Setting one clears the other. */
export function chooseTarget(given: {
  readonly agent?: string | undefined;
  readonly router?: string | undefined;
}): Result<{ readonly kind: "agent" | "router"; readonly slug: string }, TargetProblem> {
  if (given.agent && given.router) return err("two_targets");
  if (given.agent) return ok({ kind: "agent", slug: given.agent });
  if (given.router) return ok({ kind: "router", slug: given.router });
  return err("no_target");
}
