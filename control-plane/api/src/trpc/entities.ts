/** The owner's data, as the Data API gives it, for the command and for programs that have the typed client. */
import type { EntityActor } from "@struere/domain";
import { type Entity, entityStore } from "@struere/store";
import { z } from "zod";
import { audit } from "./audit.ts";
import { procedure, type ProcedureContext, router } from "./init.ts";

const Type = z.string().max(200);
const One = { type: z.exactOptional(Type), id: z.string().max(200) };
/** How many there may be at most, the store says. */
const Limit = z.exactOptional(z.number());
const Status = z.exactOptional(z.string().max(100));
const Data = z.record(z.string(), z.unknown());

export const entitiesRouter = router({
  query: procedure("data")
    .input(
      z.strictObject({
        type: Type,
        filters: z.exactOptional(z.unknown()),
        status: Status,
        limit: Limit,
        cursor: z.exactOptional(z.string().max(8_000).nullable()),
        sort: z.exactOptional(z.string().max(200)),
      }),
    )
    .query(async ({ ctx, input }) => {
      const { items, nextCursor } = await entitiesOf(ctx).query(actorOf(ctx), input);
      return { items: items.map(showEntity), nextCursor };
    }),

  search: procedure("data")
    .input(z.strictObject({ type: Type, query: z.string().max(1_000), limit: Limit }))
    .query(async ({ ctx, input }) => (await entitiesOf(ctx).search(actorOf(ctx), input)).map(showEntity)),

  get: procedure("data")
    .input(z.strictObject(One))
    .query(async ({ ctx, input }) => showEntity(await entitiesOf(ctx).get(actorOf(ctx), input))),

  create: procedure("data")
    .input(z.strictObject({ type: Type, data: Data, status: Status }))
    .mutation(async ({ ctx, input }) => showEntity(await entitiesOf(ctx).create(actorOf(ctx), input))),

  /** Lays `data` over the entity's, field by field; `null` removes one. */
  update: procedure("data")
    .input(z.strictObject({ ...One, data: z.exactOptional(Data), status: Status, version: z.exactOptional(z.number().int()) }))
    .mutation(async ({ ctx, input }) => showEntity(await entitiesOf(ctx).update(actorOf(ctx), input))),

  delete: procedure("data")
    .input(z.strictObject(One))
    .mutation(async ({ ctx, input }) => {
      await entitiesOf(ctx).delete(actorOf(ctx), input);
      await audit(ctx.db, ctx, { action: "entity.deleted", subject: input.id });
      return { id: input.id };
    }),
});

function entitiesOf({ db, now }: ProcedureContext) {
  return entityStore(db, { now: () => now });
}

/** A key has full access within its organization and environment. */
function actorOf({ scope }: ProcedureContext): EntityActor {
  return { kind: "key", ...scope };
}

function showEntity({ id, type, status, data, version, createdAt, updatedAt }: Entity) {
  return { id, type, status, data, version, createdAt, updatedAt };
}
