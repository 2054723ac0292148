/** The typed API, whole. Clients import `type AppRouter` and nothing else. */
import { agentsRouter } from "./agents.ts";
import { billingRouter } from "./billing.ts";
import { callsRouter } from "./calls.ts";
import { connectionsRouter } from "./connections.ts";
import { entitiesRouter } from "./entities.ts";
import { entityTypesRouter } from "./entity-types.ts";
import { createCaller, router } from "./init.ts";
import { keysRouter } from "./keys.ts";
import { rolesRouter } from "./roles.ts";
import { routersRouter } from "./routers.ts";
import { syncRouter } from "./sync.ts";
import { systemRouter } from "./system.ts";
import { threadsRouter } from "./threads.ts";
import { toolsRouter } from "./tools.ts";

export const appRouter = router({
  agents: agentsRouter,
  billing: billingRouter,
  calls: callsRouter,
  connections: connectionsRouter,
  entities: entitiesRouter,
  entityTypes: entityTypesRouter,
  keys: keysRouter,
  roles: rolesRouter,
  routers: routersRouter,
  sync: syncRouter,
  system: systemRouter,
  threads: threadsRouter,
  tools: toolsRouter,
});
export type AppRouter = typeof appRouter;

/** Calls procedures in this process, with the same checks as over HTTP. */
export const callerOf = createCaller(appRouter);
