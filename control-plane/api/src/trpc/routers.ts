import { Fault } from "@struere/kernel";
import { getRouter, inTransaction, listRouters, removeRouter, setRouter } from "@struere/store";
import { RouterDefinition, routerWarnings } from "struere";
import { z } from "zod";
import { audit } from "./audit.ts";
import { checkRouter } from "./definitions.ts";
import { procedure, router } from "./init.ts";
import { NoInput } from "./input.ts";

const BySlug = z.strictObject({ slug: z.string().max(64) });

export const routersRouter = router({
  list: procedure("sync")
    .input(NoInput)
    .query(async ({ ctx }) => (await listRouters(ctx.db, ctx.scope)).map(({ definition: _, ...one }) => one)),

  get: procedure("sync")
    .input(BySlug)
    .query(async ({ ctx, input }) => {
      const found = await getRouter(ctx.db, ctx.scope, input.slug);
      if (!found) throw noSuchRouter(input.slug, ctx.scope.environment);
      return found;
    }),

  /** Creates the router or changes it: a new version only when the definition differs. */
  set: procedure("sync")
    .input(z.strictObject({ definition: RouterDefinition }))
    .mutation(async ({ ctx, input: { definition } }) => {
      const { slug, name } = definition;
      return await inTransaction(ctx.db, async (tx) => {
        await checkRouter(tx, ctx.scope, definition, ctx.now);
        const { router: set, changed } = await setRouter(tx, ctx.scope, { slug, name, definition, now: ctx.now });
        if (changed) await audit(tx, ctx, { action: "router.set", subject: slug, detail: { version: set.version } });
        return { router: set, changed, warnings: routerWarnings(definition, ctx.now.toISOString().slice(0, 10)) };
      });
    }),

  /** Refused while a number is bound to it. */
  delete: procedure("sync")
    .input(BySlug)
    .mutation(async ({ ctx, input: { slug } }) => {
      return await inTransaction(ctx.db, async (tx) => {
        const removal = await removeRouter(tx, ctx.scope, slug, ctx.now);
        if (removal.outcome === "not_found") throw noSuchRouter(slug, ctx.scope.environment);
        if (removal.outcome === "in_use") {
          const numbers = removal.connections.map((connection) => connection.phoneNumber).join(", ");
          throw new Fault("failed_precondition", `router "${slug}" answers ${numbers}; bind the numbers to something else first`);
        }
        await audit(tx, ctx, { action: "router.deleted", subject: slug });
        return { slug };
      });
    }),
});

function noSuchRouter(slug: string, environment: string): Fault {
  return new Fault("not_found", `there is no router "${slug}" in ${environment}`);
}
