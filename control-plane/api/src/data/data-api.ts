/** The Data API: an owner's own programs read and write their entities. Shapes as documented: milliseconds, `data`, `cursor`, `hasMore`. */
import type { EntityActor } from "@struere/domain";
import type { Clock } from "@struere/kernel";
import type { Log } from "@struere/runtime";
import { type Db, type Entity, type EntityPage, type EntityStore, entityStore } from "@struere/store";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { ScopedDb } from "../context.ts";
import { DATA_LIMITS, rateLimiter, type RateLimits } from "../http/rate-limit.ts";
import { addRest, readInput } from "../http/rest.ts";
import { restKey } from "../http/rest-key.ts";
import { CreateBody, ListParams, OnePath, QueryBody, SearchBody, TypePath, UpdateBody } from "./data-input.ts";

export interface DataApiDeps {
  /** For keys. */
  readonly db: Db;
  readonly scopedDb: ScopedDb;
  readonly clock: Clock;
  readonly log: Log;
  /** Default: 60 requests a minute for a key (20 at once), 200 for an organization (60 at once). */
  readonly limits?: RateLimits;
}

/** Four times what one entity may hold: JSON may be written with escapes. */
const BODY_MAX_BYTES = 256 * 1024;

export async function addDataApi(app: FastifyInstance, deps: DataApiDeps): Promise<void> {
  const { db, scopedDb, clock, log, limits = DATA_LIMITS } = deps;
  const limiter = rateLimiter({ clock, limits });
  const ask = async (request: FastifyRequest): Promise<{ readonly actor: EntityActor; readonly entities: EntityStore }> => {
    const holder = await restKey({ db, clock }, request, "data");
    limiter.take(holder);
    const { organizationId, environment } = holder;
    const entities = entityStore(scopedDb(holder), { now: () => new Date(clock.wall()) });
    return { actor: { kind: "key", organizationId, environment }, entities };
  };
  const routes = (scope: FastifyInstance): void => {
    const options = { bodyLimit: BODY_MAX_BYTES };
    scope.get("/v1/entity-types", async (request) => {
      const { actor, entities } = await ask(request);
      const types = await entities.types(actor);
      return { data: types.map(({ slug, name, schema, searchFields = [] }) => ({ slug, name, schema, searchFields })) };
    });
    scope.get("/v1/data/:type", async (request) => {
      const { actor, entities } = await ask(request);
      const { type } = readInput(TypePath, request.params);
      return showPage(await entities.query(actor, { type, ...readInput(ListParams, request.query) }));
    });
    scope.post("/v1/data/:type", options, async (request, reply) => {
      const { actor, entities } = await ask(request);
      const { type } = readInput(TypePath, request.params);
      const entity = await entities.create(actor, { type, ...readInput(CreateBody, request.body) });
      return await reply.code(201).send(showEntity(entity));
    });
    scope.post("/v1/data/:type/query", options, async (request) => {
      const { actor, entities } = await ask(request);
      const { type } = readInput(TypePath, request.params);
      return showPage(await entities.query(actor, { type, ...readInput(QueryBody, request.body ?? {}) }));
    });
    scope.post("/v1/data/:type/search", options, async (request) => {
      const { actor, entities } = await ask(request);
      const { type } = readInput(TypePath, request.params);
      const found = await entities.search(actor, { type, ...readInput(SearchBody, request.body) });
      return { data: found.map(showEntity) };
    });
    scope.get("/v1/data/:type/:id", async (request) => {
      const { actor, entities } = await ask(request);
      return showEntity(await entities.get(actor, readInput(OnePath, request.params)));
    });
    scope.patch("/v1/data/:type/:id", options, async (request) => {
      const { actor, entities } = await ask(request);
      const one = readInput(OnePath, request.params);
      return showEntity(await entities.update(actor, { ...one, ...readInput(UpdateBody, request.body) }));
    });
    scope.delete("/v1/data/:type/:id", async (request) => {
      const { actor, entities } = await ask(request);
      await entities.delete(actor, readInput(OnePath, request.params));
      return { success: true };
    });
  };
  await addRest(app, { log, paths: ["/v1/entity-types", "/v1/data/*"], routes });
}

function showPage({ items, nextCursor }: EntityPage) {
  return { data: items.map(showEntity), cursor: nextCursor, hasMore: nextCursor !== null };
}

function showEntity(entity: Entity) {
  const { id, type, status, data, version, createdAt, updatedAt } = entity;
  return { id, type, status, data, version, createdAt: createdAt.getTime(), updatedAt: updatedAt.getTime() };
}
