import { Fault } from "@struere/kernel";
import { getThread, listThreads } from "@struere/store";
import { z } from "zod";
import { procedure, router } from "./init.ts";
import { id, pageFields } from "./input.ts";
import { showThread } from "./view.ts";

export const threadsRouter = router({
  /** Newest first. */
  list: procedure("calls")
    .input(z.strictObject(pageFields))
    .query(async ({ ctx, input }) => {
      const { items, nextCursor } = await listThreads(ctx.db, ctx.scope, input);
      return { items: items.map(showThread), nextCursor };
    }),

  get: procedure("calls")
    .input(z.strictObject({ id: id("thread") }))
    .query(async ({ ctx, input }) => {
      const thread = await getThread(ctx.db, ctx.scope, input.id);
      if (!thread) throw new Fault("not_found", `there is no thread ${input.id} in ${ctx.scope.environment}`);
      return showThread(thread);
    }),
});
