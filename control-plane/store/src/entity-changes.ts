/** What is about to be written, checked: masks first, then the schema, then what it references. */
import {
  accessTo,
  changeProblems,
  dataBytes,
  dataProblems,
  type DataReference,
  type EntityAccess,
  type EntityActor,
  type EntityData,
  type EntityType,
  MAX_DATA_BYTES,
  maskedInChange,
  maskedInNew,
  mergeData,
  readEntityType,
  referencesIn,
} from "@struere/domain";
import { Fault, parseId } from "@struere/kernel";
import type { Db } from "./database.ts";
import { whereCondition } from "./entity-conditions.ts";
import { getEntityType } from "./entity-types.ts";

/** @throws Fault permission_denied, invalid_argument */
export function newData(type: EntityType, access: EntityAccess, given: unknown): EntityData {
  const data = mergeData({}, dataOf(given));
  refuseMasked(maskedInNew(data, access.masks));
  refuse(dataProblems(type.schema, data));
  return bounded(data);
}

/** `touched`: what the change itself puts in. @throws Fault permission_denied, invalid_argument */
export function changedData(
  type: EntityType,
  access: EntityAccess,
  { stored, change: given }: { readonly stored: EntityData; readonly change: unknown },
): { readonly data: EntityData; readonly touched: EntityData } {
  const change = dataOf(given);
  refuseMasked(maskedInChange(change, access.masks));
  refuse(changeProblems(type.schema, change));
  return { data: bounded(mergeData(stored, change)), touched: mergeData({}, change) };
}

/** @throws Fault invalid_argument */
export function checkStatus(status: string): void {
  if (/^[a-z][a-z0-9_-]{0,31}$/.test(status) && status !== "deleted") return;
  throw new Fault(
    "invalid_argument",
    `status: ${JSON.stringify(status.slice(0, 64))} is not legal; legal: a word such as "active" or "archived" (a-z, 0-9, _ and -, at most 32), not "deleted"`,
  );
}

/** What is referenced must be there, be of its type, and be visible to the actor; otherwise it is as if it were not there. */
export async function checkReferences(tx: Db, actor: EntityActor, type: EntityType, data: EntityData): Promise<void> {
  const references = referencesIn(type.schema, data);
  for (const slug of new Set(references.map((reference) => reference.type))) {
    const wanted = references.filter((reference) => reference.type === slug);
    const visible = await visibleIds(tx, actor, slug, wanted);
    const problems = wanted
      .filter((reference) => !visible.has(reference.id))
      .map(({ field, id }) => `${field}: there is no "${slug}" with the id ${JSON.stringify(id.slice(0, 64))}`);
    refuse(problems.slice(0, 10));
  }
}

async function visibleIds(tx: Db, actor: EntityActor, slug: string, references: readonly DataReference[]): Promise<ReadonlySet<string>> {
  const definition = await getEntityType(tx, actor, slug);
  if (!definition) return new Set();
  const { scope, may } = accessTo(actor, readEntityType(definition.definition));
  const ids = [...new Set(references.flatMap((reference) => parseId("ent", reference.id) ?? []))];
  if (ids.length === 0 || scope === null || !(may("read") || may("list"))) return new Set();
  let rows = tx
    .selectFrom("entities as entity")
    .select("entity.id")
    .where("entity.id", "in", ids)
    .where("entity.organization_id", "=", actor.organizationId)
    .where("entity.environment", "=", actor.environment)
    .where("entity.type", "=", slug)
    .where("entity.deleted_at", "is", null);
  for (const condition of scope) rows = rows.where(whereCondition(condition));
  return new Set((await rows.execute()).map((row): string => row.id));
}

function dataOf(given: unknown): EntityData {
  if (typeof given === "object" && given !== null && !Array.isArray(given)) return { ...given };
  throw new Fault("invalid_argument", "data is required: an object with the entity's fields");
}

function refuseMasked(fields: readonly string[]): void {
  if (fields.length === 0) return;
  throw new Fault(
    "permission_denied",
    `Permission denied: ${fields.join(", ")} ${fields.length === 1 ? "is" : "are"} masked and can not be written`,
  );
}

function refuse(problems: readonly string[]): void {
  if (problems.length > 0) throw new Fault("invalid_argument", problems.join("; "));
}

function bounded(data: EntityData): EntityData {
  const bytes = dataBytes(data);
  if (bytes <= MAX_DATA_BYTES) return data;
  throw new Fault("invalid_argument", `the data is too large (${bytes} bytes); legal: at most ${MAX_DATA_BYTES}`);
}
