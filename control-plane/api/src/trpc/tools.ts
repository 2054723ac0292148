import { getTools, openToolSigningSecret } from "@struere/store";
import { audit } from "./audit.ts";
import { procedure, router } from "./init.ts";
import { NoInput } from "./input.ts";

/** Own tools are set by a sync, all at once; see sync.ts. */
export const toolsRouter = router({
  /** `null`: the environment has none. */
  get: procedure("sync")
    .input(NoInput)
    .query(async ({ ctx }) => (await getTools(ctx.db, ctx.scope)) ?? null),

  /** What requests to the owner's server are signed with, `X-Struere-Signature`; of the key's environment alone. */
  signingSecret: procedure("admin")
    .input(NoInput)
    .query(async ({ ctx }) => {
      await audit(ctx.db, ctx, { action: "tools.signing_secret_shown", subject: "tools" });
      return { secret: await openToolSigningSecret(ctx.db, ctx.keyRing, ctx.scope, ctx.now) };
    }),
});
