/** NodeRegistry: which media nodes there are and how full they are. */
import { HEARTBEAT_MS } from "@struere/domain";
import { Fault } from "@struere/kernel";
import type { HeartbeatRequest__Output, HeartbeatResponse, RegisterRequest__Output, RegisterResponse } from "@struere/protocol/grpc";
import { recordHeartbeat, registerNode } from "@struere/store";
import type { ControlContext } from "../context.ts";
import { INT4_MAX, nodeIdOf, wholeNumber } from "./fields.ts";

export interface NodeRegistry {
  register(request: RegisterRequest__Output): Promise<RegisterResponse>;
  heartbeat(request: HeartbeatRequest__Output): Promise<HeartbeatResponse>;
}

const VERSION_MAX = 64;

export function nodeRegistry({ db, clock }: Pick<ControlContext, "db" | "clock">): NodeRegistry {
  const now = () => new Date(clock.wall());
  const countOf = (name: string, value: number) => wholeNumber(name, value, { max: INT4_MAX });
  return {
    async register({ nodeId, publicUrl, capacity, version }) {
      if (publicUrl !== "" && !/^wss?:\/\/[^/?#\s]+$/.test(publicUrl)) {
        throw new Fault("invalid_argument", "public_url must be a ws:// or wss:// origin without a path, or empty");
      }
      const node = { nodeId: nodeIdOf(nodeId), publicUrl, capacity: countOf("capacity", capacity), version: version.slice(0, VERSION_MAX) };
      await registerNode(db, { ...node, now: now() });
      return { heartbeatMs: HEARTBEAT_MS };
    },

    async heartbeat({ nodeId, calls, capacity, draining, loopDelayP99Ms }) {
      if (!(loopDelayP99Ms >= 0 && Number.isFinite(loopDelayP99Ms))) {
        throw new Fault("invalid_argument", `loop_delay_p99_ms is ${loopDelayP99Ms}; it must be milliseconds, 0 or more`);
      }
      const load = { calls: countOf("calls", calls), capacity: countOf("capacity", capacity), draining, loopDelayP99Ms };
      const known = await recordHeartbeat(db, { nodeId: nodeIdOf(nodeId), ...load, now: now() });
      if (!known) throw new Fault("not_found", "this node is not registered; register it");
      return {};
    },
  };
}
