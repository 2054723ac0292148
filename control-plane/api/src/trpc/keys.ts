import { mayGrant, Permission } from "@struere/domain";
import { Fault } from "@struere/kernel";
import { createKey, inTransaction, listKeys, revokeKey } from "@struere/store";
import { z } from "zod";
import { audit } from "./audit.ts";
import { procedure, router } from "./init.ts";
import { id, NoInput } from "./input.ts";

const DAY_MS = 86_400_000;

const NewKey = z.strictObject({
  name: z.string().trim().min(1).max(100),
  permissions: z.array(z.enum(Permission)).min(1).max(Permission.length),
  /** Absent: the key does not expire. */
  expiresInDays: z.exactOptional(z.number().int().min(1).max(3_650)),
});

export const keysRouter = router({
  /** The answer's `key` is shown this once. The new key is of the same environment as the one that asks. */
  create: procedure("admin")
    .input(NewKey)
    .mutation(async ({ ctx, input }) => {
      const permissions = [...new Set(input.permissions)];
      if (!mayGrant(ctx.key.permissions, permissions)) {
        throw new Fault("permission_denied", `a key can give only permissions that it has itself: ${ctx.key.permissions.join(", ")}`);
      }
      const expiresAt = input.expiresInDays === undefined ? null : new Date(ctx.now.getTime() + input.expiresInDays * DAY_MS);
      return await inTransaction(ctx.db, async (tx) => {
        const { plaintext, info } = await createKey(tx, ctx.scope, { name: input.name, permissions, expiresAt, now: ctx.now });
        await audit(tx, ctx, { action: "key.created", subject: info.id, detail: { name: info.name, permissions } });
        return { key: plaintext, ...info };
      });
    }),

  list: procedure("admin")
    .input(NoInput)
    .query(async ({ ctx }) => await listKeys(ctx.db, ctx.scope)),

  revoke: procedure("admin")
    .input(z.strictObject({ id: id("key") }))
    .mutation(async ({ ctx, input }) => {
      return await inTransaction(ctx.db, async (tx) => {
        const revoked = await revokeKey(tx, ctx.scope, input.id, ctx.now);
        if (!revoked) throw new Fault("not_found", `there is no key ${input.id} in ${ctx.scope.environment}`);
        await audit(tx, ctx, { action: "key.revoked", subject: revoked.id, detail: { name: revoked.name } });
        return revoked;
      });
    }),
});
