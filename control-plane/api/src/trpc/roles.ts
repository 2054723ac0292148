import { Fault } from "@struere/kernel";
import { getRole, listRoles } from "@struere/store";
import { z } from "zod";
import { procedure, router } from "./init.ts";
import { NoInput } from "./input.ts";

/** Roles are set by a sync; see sync.ts. */
export const rolesRouter = router({
  list: procedure("sync")
    .input(NoInput)
    .query(async ({ ctx }) => (await listRoles(ctx.db, ctx.scope)).map(({ definition: _, ...role }) => role)),

  get: procedure("sync")
    .input(z.strictObject({ slug: z.string().max(64) }))
    .query(async ({ ctx, input: { slug } }) => {
      const role = await getRole(ctx.db, ctx.scope, slug);
      if (!role) throw new Fault("not_found", `there is no role "${slug}" in ${ctx.scope.environment}`);
      return role;
    }),
});
