/** The typed API, whole. Clients import `type AppRouter` and nothing else. */
import { agentsRouter } from "./agents.ts";
import { callsRouter } from "./calls.ts";
import { connectionsRouter } from "./connections.ts";
import { createCaller, router } from "./init.ts";
import { keysRouter } from "./keys.ts";
import { routersRouter } from "./routers.ts";
import { systemRouter } from "./system.ts";
import { threadsRouter } from "./threads.ts";

export const appRouter = router({
  agents: agentsRouter,
  calls: callsRouter,
  connections: connectionsRouter,
  keys: keysRouter,
  routers: routersRouter,
  system: systemRouter,
  threads: threadsRouter,
});
export type AppRouter = typeof appRouter;

/** Calls procedures in this process, with the same checks as over HTTP. */
export const callerOf = createCaller(appRouter);
