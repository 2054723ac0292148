/**
 * The data that owners keep. The only way to it is `entityStore`, and every question of it begins with an actor: organization and
 * environment, policies, scope rules and masks are applied here, in the question itself, and can not be left out.
 */
import {
  accessTo,
  type Condition,
  type EntityAccess,
  type EntityAction,
  type EntityActor,
  type EntityData,
  type EntityType,
  fieldOf,
  isMasked,
  isStorable,
  isWithin,
  maskData,
  noSuchField,
  parseFilters,
  readEntityType,
} from "@struere/domain";
import { type EntityId, Fault, parseId } from "@struere/kernel";
import { type Db, inTransaction } from "./database.ts";
import { changedData, checkReferences, checkStatus, newData } from "./entity-changes.ts";
import { whereCondition, whereWords } from "./entity-conditions.ts";
import { type EntityOrder, orderBy, positionOf, readEntityCursor, whereAfter, writeEntityCursor } from "./entity-page.ts";
import { getEntityType, keepEntityType, listEntityTypes } from "./entity-types.ts";
import { newId } from "./new-id.ts";
import { sql } from "kysely";

/** An entity as the actor may see it. */
export interface Entity {
  readonly id: EntityId;
  readonly type: string;
  readonly status: string;
  readonly data: EntityData;
  /** Goes up with every change. */
  readonly version: number;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface EntityToCreate {
  readonly type: string;
  /** Whatever came: it is checked against the type. */
  readonly data: unknown;
  /** Default "active". */
  readonly status?: string | undefined;
}

export interface EntityToFind {
  readonly id: string;
  /** When given, it must be the entity's. */
  readonly type?: string | undefined;
}

export interface EntityChange extends EntityToFind {
  /** Laid over the data, field by field; `null` removes a field. */
  readonly data?: unknown;
  readonly status?: string | undefined;
  /** The change happens only when this is still the entity's version. */
  readonly version?: number | undefined;
}

export interface EntityQuery {
  readonly type: string;
  /** In either spelling; see `parseFilters`. */
  readonly filters?: unknown;
  readonly status?: string | undefined;
  /** 1 to 100, default 50. */
  readonly limit?: number | undefined;
  readonly cursor?: string | null | undefined;
  /** A field, with `-` in front for the greatest first. Default "-createdAt". */
  readonly sort?: string | undefined;
}

export interface EntitySearch {
  readonly type: string;
  readonly query: string;
  /** 1 to 100, default 20. */
  readonly limit?: number | undefined;
}

export interface EntityPage {
  readonly items: readonly Entity[];
  /** `null`: this was the last page. */
  readonly nextCursor: string | null;
}

/**
 * Every method throws Faults: `not_found` for what is not there or not for this actor to see, `permission_denied` with a sentence that
 * begins with "Permission denied:", `invalid_argument` naming field and legal values, `aborted` when `version` is not the entity's any more.
 */
export interface EntityStore {
  /** Types of which the actor may do anything at all. */
  types(actor: EntityActor): Promise<readonly EntityType[]>;
  create(actor: EntityActor, entity: EntityToCreate): Promise<Entity>;
  get(actor: EntityActor, entity: EntityToFind): Promise<Entity>;
  query(actor: EntityActor, query: EntityQuery): Promise<EntityPage>;
  /** Newest first: some search field contains the words, whatever the case of letters. */
  search(actor: EntityActor, search: EntitySearch): Promise<readonly Entity[]>;
  update(actor: EntityActor, change: EntityChange): Promise<Entity>;
  /** Soft: the row stays, and nobody sees it any more. */
  delete(actor: EntityActor, entity: EntityToFind): Promise<void>;
}

/** @param db the pool, or a transaction in which everything then happens. */
export function entityStore(db: Db, { now = () => new Date() }: { readonly now?: () => Date } = {}): EntityStore {
  return {
    types: (actor) => typesFor(db, actor),
    create: (actor, entity) => inTransaction(db, (tx) => createEntity(tx, actor, entity, now())),
    get: (actor, entity) => getEntity(db, actor, entity),
    query: (actor, query) => queryEntities(db, actor, query),
    search: (actor, search) => searchEntities(db, actor, search),
    update: (actor, change) => inTransaction(db, (tx) => updateEntity(tx, actor, change, now())),
    delete: (actor, entity) => inTransaction(db, (tx) => deleteEntity(tx, actor, entity, now())),
  };
}

export const ENTITY_LIMIT = 100;
const QUERY_LIMIT = 50;
const SEARCH_LIMIT = 20;
const MAX_WORDS = 200;
const NEWEST_FIRST = "-createdAt";
const ACTIONS: readonly EntityAction[] = ["create", "read", "update", "delete", "list"];

interface Opened {
  readonly type: EntityType;
  readonly access: EntityAccess;
}

async function typesFor(db: Db, actor: EntityActor): Promise<readonly EntityType[]> {
  const types = (await listEntityTypes(db, actor)).map((row) => readEntityType(row.definition));
  return types.filter((type) => {
    const access = accessTo(actor, type);
    return ACTIONS.some((action) => access.may(action));
  });
}

async function createEntity(tx: Db, actor: EntityActor, { type: slug, data: given, status = "active" }: EntityToCreate, now: Date) {
  const { type, access } = await openForWriting(tx, actor, slug, "create");
  checkStatus(status);
  const data = newData(type, access, given);
  const id = newId("ent");
  mustBeWithin(access, { id, status, data }, type.slug);
  await checkReferences(tx, actor, type, data);
  const row = await tx
    .insertInto("entities")
    .values({
      id,
      organization_id: actor.organizationId,
      environment: actor.environment,
      type: type.slug,
      data: JSON.stringify(data),
      status,
      version: 1,
      created_at: now,
      updated_at: now,
      deleted_at: null,
    })
    .returning(COLUMNS)
    .executeTakeFirstOrThrow();
  return writtenEntity(row, access);
}

async function getEntity(db: Db, actor: EntityActor, wanted: EntityToFind): Promise<Entity> {
  const { access, id } = await openForOne(db, actor, wanted, "read");
  const row = await selectEntities(db, actor, access).select(VISIBLE).where("entity.id", "=", id).executeTakeFirst();
  if (!row) throw noSuchEntity(wanted.id, actor);
  return seenEntity(row, access);
}

async function queryEntities(db: Db, actor: EntityActor, query: EntityQuery): Promise<EntityPage> {
  const { type, access } = await openType(db, actor, query.type, "list");
  const filters = parseFilters(type.schema, query.filters);
  if (!filters.ok) throw new Fault("invalid_argument", filters.problem);
  for (const { field } of filters.value) mustBeReadable(access, field, "filtered by");
  const order = orderOf(type, access, query.sort ?? NEWEST_FIRST);
  const limit = limitOf(query.limit, QUERY_LIMIT);
  const position = query.cursor === undefined || query.cursor === null ? null : readEntityCursor(order, query.cursor);

  let rows = selectEntities(db, actor, access)
    .select([...VISIBLE, positionOf(order).as("position")])
    .where("entity.type", "=", type.slug);
  for (const condition of filters.value) rows = rows.where(whereCondition(condition));
  if (query.status !== undefined) rows = rows.where("entity.status", "=", storable(query.status, "status"));
  if (position) rows = rows.where(whereAfter(order, position));
  const found = await rows
    .orderBy(orderBy(order))
    .limit(limit + 1)
    .execute();

  const page = found.slice(0, limit);
  const last = page.at(-1);
  const more = found.length > limit && last !== undefined;
  return {
    items: page.map((row) => seenEntity(row, access)),
    nextCursor: more ? writeEntityCursor(order, { value: last.position, id: last.id }) : null,
  };
}

async function searchEntities(db: Db, actor: EntityActor, search: EntitySearch): Promise<readonly Entity[]> {
  const { type, access } = await openType(db, actor, search.type, "list");
  const words = storable(search.query, "query").trim();
  if (words === "" || words.length > MAX_WORDS)
    throw new Fault("invalid_argument", `query is not legal; legal: text of 1 to ${MAX_WORDS} characters`);
  const fields = (type.searchFields ?? []).flatMap((name) => fieldOf(type.schema, name) ?? []);
  if (fields.length === 0)
    throw new Fault("failed_precondition", `"${type.slug}" has no searchFields; name some in its definition, or use filters`);
  const readable = fields.filter((field) => !isMasked(field, access.masks));
  if (readable.length === 0) throw denied(`every search field of "${type.slug}" is masked`);
  const order = orderOf(type, access, NEWEST_FIRST);
  const rows = await selectEntities(db, actor, access)
    .select(VISIBLE)
    .where("entity.type", "=", type.slug)
    .where((where) => where.or(readable.map((field) => whereWords(field, words))))
    .orderBy(orderBy(order))
    .limit(limitOf(search.limit, SEARCH_LIMIT))
    .execute();
  return rows.map((row) => seenEntity(row, access));
}

async function updateEntity(tx: Db, actor: EntityActor, change: EntityChange, now: Date): Promise<Entity> {
  const { type, access, id } = await openForOne(tx, actor, change, "update");
  if (change.data === undefined && change.status === undefined) throw new Fault("invalid_argument", "data is required");
  const row = await selectEntities(tx, actor, access).select(VISIBLE).where("entity.id", "=", id).forUpdate("entity").executeTakeFirst();
  if (!row) throw noSuchEntity(change.id, actor);
  if (change.version !== undefined && change.version !== row.version) {
    throw new Fault("aborted", `${id} has changed: it is at version ${row.version}, not ${change.version}; read it again`);
  }
  const { status = row.status } = change;
  if (change.status !== undefined) checkStatus(change.status);
  const { data, touched } = changedData(type, access, { stored: row.data, change: change.data ?? {} });
  mustBeWithin(access, { id, status, data }, type.slug);
  await checkReferences(tx, actor, type, touched);
  const updated = await tx
    .updateTable("entities")
    .set({ data: JSON.stringify(data), status, version: row.version + 1, updated_at: now })
    .where("id", "=", id)
    .where("organization_id", "=", actor.organizationId)
    .where("environment", "=", actor.environment)
    .where("version", "=", row.version)
    .returning(COLUMNS)
    .executeTakeFirstOrThrow();
  return writtenEntity(updated, access);
}

async function deleteEntity(tx: Db, actor: EntityActor, wanted: EntityToFind, now: Date): Promise<void> {
  const { access, id } = await openForOne(tx, actor, wanted, "delete");
  const row = await selectEntities(tx, actor, access).select(VISIBLE).where("entity.id", "=", id).forUpdate("entity").executeTakeFirst();
  if (!row) throw noSuchEntity(wanted.id, actor);
  await tx
    .updateTable("entities")
    .set({ status: "deleted", deleted_at: now, updated_at: now, version: row.version + 1 })
    .where("id", "=", id)
    .where("organization_id", "=", actor.organizationId)
    .where("environment", "=", actor.environment)
    .execute();
}

const COLUMNS = ["id", "type", "status", "data", "version", "created_at", "updated_at"] as const;
const VISIBLE = [
  "entity.id",
  "entity.type",
  "entity.status",
  "entity.data",
  "entity.version",
  "entity.created_at",
  "entity.updated_at",
] as const;

/** The rows that the actor's world and scope rules leave. There is no other select of entities that leads outside. */
function selectEntities(db: Db, actor: EntityActor, { scope }: EntityAccess) {
  const rows = db
    .selectFrom("entities as entity")
    .where("entity.organization_id", "=", actor.organizationId)
    .where("entity.environment", "=", actor.environment)
    .where("entity.deleted_at", "is", null);
  if (scope === null) return rows.where(sql<boolean>`false`);
  return scope.reduce((narrowed: typeof rows, condition: Condition) => narrowed.where(whereCondition(condition)), rows);
}

async function openType(db: Db, actor: EntityActor, slug: string, action: EntityAction): Promise<Opened> {
  return await opened(db, actor, await getEntityType(db, actor, storable(slug, "type")), { slug, action });
}

async function openForWriting(tx: Db, actor: EntityActor, slug: string, action: EntityAction): Promise<Opened> {
  return await opened(tx, actor, await keepEntityType(tx, actor, storable(slug, "type")), { slug, action });
}

async function opened(
  db: Db,
  actor: EntityActor,
  row: { readonly definition: unknown } | undefined,
  wanted: { readonly slug: string; readonly action: EntityAction },
): Promise<Opened> {
  if (!row) {
    const known = (await typesFor(db, actor)).map((type) => `"${type.slug}"`).join(", ") || "none";
    throw new Fault("not_found", `there is no entity type "${wanted.slug.slice(0, 64)}" in ${actor.environment}; there are: ${known}`);
  }
  const type = readEntityType(row.definition);
  const access = accessTo(actor, type);
  if (!access.may(wanted.action)) throw denied(`no role of this agent lets it ${wanted.action} "${type.slug}"`);
  return { type, access };
}

/** The type of the one that is meant. Without a type named, one that may not be touched is as if it were not there. */
async function openForOne(
  db: Db,
  actor: EntityActor,
  wanted: EntityToFind,
  action: EntityAction,
): Promise<Opened & { readonly id: EntityId }> {
  const given = wanted.type === undefined ? null : await openType(db, actor, wanted.type, action);
  const id = parseId("ent", wanted.id);
  const row =
    id &&
    (await db
      .selectFrom("entities")
      .select("type")
      .where("id", "=", id)
      .where("organization_id", "=", actor.organizationId)
      .where("environment", "=", actor.environment)
      .where("deleted_at", "is", null)
      .executeTakeFirst());
  if (!id || !row || (given && row.type !== given.type.slug)) throw noSuchEntity(wanted.id, actor);
  if (given) return { ...given, id };
  const definition = await getEntityType(db, actor, row.type);
  if (!definition) throw noSuchEntity(wanted.id, actor);
  const type = readEntityType(definition.definition);
  const access = accessTo(actor, type);
  if (!access.may(action)) throw noSuchEntity(wanted.id, actor);
  return { type, access, id };
}

function orderOf(type: EntityType, access: EntityAccess, text: string): EntityOrder {
  const direction = text.startsWith("-") ? "desc" : "asc";
  const name = direction === "desc" ? text.slice(1) : text;
  const field = fieldOf(type.schema, name);
  if (!field) throw new Fault("invalid_argument", `sort: ${noSuchField(type.schema, name)}; with "-" in front the greatest comes first`);
  if (field.kind === "data" && (field.property.type === "array" || field.property.type === "object")) {
    throw new Fault("invalid_argument", `sort: "${name}" is ${field.property.type === "array" ? "a list" : "an object"} and has no order`);
  }
  mustBeReadable(access, field, "sorted by");
  return { text, field, direction };
}

function mustBeReadable(access: EntityAccess, field: Condition["field"], use: string): void {
  if (isMasked(field, access.masks))
    throw denied(`${field.kind === "data" ? field.path.join(".") : field.name} is masked and can not be ${use}`);
}

function mustBeWithin(
  access: EntityAccess,
  state: { readonly id: string; readonly status: string; readonly data: EntityData },
  type: string,
): void {
  if (!isWithin(access, state)) throw denied(`the scope rules of this agent do not let it make such a "${type}"`);
}

function limitOf(given: number | undefined, usual: number): number {
  if (given === undefined) return usual;
  if (Number.isInteger(given) && given >= 1 && given <= ENTITY_LIMIT) return given;
  throw new Fault("invalid_argument", `limit: ${given} is not legal; legal: a whole number from 1 to ${ENTITY_LIMIT}`);
}

function storable(text: string, name: string): string {
  if (isStorable(text)) return text;
  throw new Fault("invalid_argument", `${name} holds a character that no data has (U+0000 or half of a surrogate pair)`);
}

function noSuchEntity(id: string, actor: EntityActor): Fault {
  return new Fault("not_found", `there is no entity "${id.slice(0, 64)}" in ${actor.environment}`);
}

function denied(why: string): Fault {
  return new Fault("permission_denied", `Permission denied: ${why}`);
}

interface SeenRow {
  readonly id: EntityId;
  readonly type: string;
  readonly status: string;
  readonly data: EntityData;
  readonly version: number;
  readonly created_at: Date;
  readonly updated_at: Date;
}

function seenEntity(row: SeenRow, { masks }: EntityAccess): Entity {
  const { id, type, status, version, created_at: createdAt, updated_at: updatedAt } = row;
  return { id, type, status, data: maskData(row.data, masks), version, createdAt, updatedAt };
}

/** Who may write and not read learns that it was written, and no more. */
function writtenEntity(row: SeenRow, access: EntityAccess): Entity {
  const entity = seenEntity(row, access);
  return access.may("read") || access.may("list") ? entity : { ...entity, data: {} };
}
