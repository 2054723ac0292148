import { Fault } from "@struere/kernel";
import { getEntityType, listEntityTypes } from "@struere/store";
import { z } from "zod";
import { procedure, router } from "./init.ts";
import { NoInput } from "./input.ts";

/** Entity types are set by a sync; see sync.ts. */
export const entityTypesRouter = router({
  list: procedure("data")
    .input(NoInput)
    .query(async ({ ctx }) => (await listEntityTypes(ctx.db, ctx.scope)).map(({ definition: _, ...type }) => type)),

  get: procedure("data")
    .input(z.strictObject({ slug: z.string().max(64) }))
    .query(async ({ ctx, input: { slug } }) => {
      const type = await getEntityType(ctx.db, ctx.scope, slug);
      if (!type) throw new Fault("not_found", `there is no entity type "${slug}" in ${ctx.scope.environment}`);
      return type;
    }),
});
