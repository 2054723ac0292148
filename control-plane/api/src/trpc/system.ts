import { countLiveCalls, listLiveNodes } from "@struere/store";
import { procedure, router } from "./init.ts";
import { NoInput } from "./input.ts";

export const systemRouter = router({
  /** Who the key is, and whether the parts that a call needs are there. */
  status: procedure("any")
    .input(NoInput)
    .query(async ({ ctx: { db, bus, scope, key, now } }) => {
      const nodes = await listLiveNodes(db, now);
      return {
        organizationId: scope.organizationId,
        environment: scope.environment,
        key: { id: key.keyId, name: key.name, permissions: key.permissions },
        /** The control plane's clock. */
        time: now,
        busConnected: bus.connected,
        liveCalls: await countLiveCalls(db, scope),
        nodes: nodes.map(({ id, version, capacity, calls, draining, heartbeat_at }) => ({
          id,
          version,
          capacity,
          calls,
          draining,
          heartbeatAt: heartbeat_at,
        })),
      };
    }),
});
