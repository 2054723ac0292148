/** NodeRegistry: which media nodes there are and how full they are. */
import { HEARTBEAT_MS } from "@struere/domain";
import { Fault } from "@struere/kernel";
import type { HeartbeatRequest__Output, HeartbeatResponse, RegisterRequest__Output, RegisterResponse } from "@struere/protocol/grpc";
import { recordHeartbeat, registerNode } from "@struere/store";
import type { ControlContext } from "../context.ts";
import { nodeIdOf } from "./node-id.ts";

export interface NodeRegistry {
  register(request: RegisterRequest__Output): Promise<RegisterResponse>;
  heartbeat(request: HeartbeatRequest__Output): Promise<HeartbeatResponse>;
}

export function nodeRegistry({ db, clock }: Pick<ControlContext, "db" | "clock">): NodeRegistry {
  return {
    async register({ nodeId, publicUrl, capacity, version }) {
      if (publicUrl !== "" && !/^wss?:\/\/[^/?#\s]+$/.test(publicUrl)) {
        throw new Fault("invalid_argument", "public_url must be a ws:// or wss:// origin without a path, or empty");
      }
      await registerNode(db, { nodeId: nodeIdOf(nodeId), publicUrl, capacity, version: version.slice(0, 64), now: new Date(clock.wall()) });
      return { heartbeatMs: HEARTBEAT_MS };
    },
    async heartbeat({ nodeId, calls, capacity, draining, loopDelayP99Ms }) {
      const known = await recordHeartbeat(db, { nodeId: nodeIdOf(nodeId), calls, capacity, draining, loopDelayP99Ms, now: new Date(clock.wall()) });
      if (!known) throw new Fault("not_found", "this node is not registered; register it");
      return {};
    },
  };
}
