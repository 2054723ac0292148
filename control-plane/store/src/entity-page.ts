/**
 * Pages of entities in any order: the cursor is the place of the last row, by what it was ordered by and its id. Rows without a value come
 * last, in both directions.
 */
import { comparedAs, type EntityField, isStorable } from "@struere/domain";
import { Fault } from "@struere/kernel";
import { type RawBuilder, sql } from "kysely";
import { orderable, orderedValue } from "./entity-conditions.ts";

export interface EntityOrder {
  /** As it was asked for: a cursor is good for its own order only. */
  readonly text: string;
  readonly field: EntityField;
  readonly direction: "asc" | "desc";
}

export interface EntityPosition {
  /** As text; `null`: the row has no value. */
  readonly value: string | null;
  readonly id: string;
}

const MAX_CURSOR = 8_000;
/** As Postgres writes a numeric. */
const NUMBER = /^-?\d{1,400}(\.\d{1,400})?$/;

export function writeEntityCursor(order: EntityOrder, { value, id }: EntityPosition): string {
  return Buffer.from(JSON.stringify([order.text, value, id])).toString("base64url");
}

/** @throws Fault invalid_argument */
export function readEntityCursor(order: EntityOrder, cursor: string): EntityPosition {
  const parsed = parse(cursor);
  if (!Array.isArray(parsed) || parsed.length !== 3) throw notACursor();
  const [text, value, id]: unknown[] = parsed;
  if (text !== order.text) throw new Fault("invalid_argument", "the cursor belongs to another order; leave it away to begin at the start");
  if (typeof id !== "string" || !isStorable(id)) throw notACursor();
  if (value === null) return { value, id };
  if (typeof value !== "string" || !isStorable(value)) throw notACursor();
  if (comparedAs(order.field) === "number" && !NUMBER.test(value)) throw notACursor();
  return { value, id };
}

function parse(cursor: string): unknown {
  if (cursor.length > MAX_CURSOR) throw notACursor();
  try {
    return JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
  } catch {
    throw notACursor();
  }
}

function notACursor(): Fault {
  return new Fault("invalid_argument", "the cursor is not one that a list answered; leave it away to begin at the start");
}

/** Rows after the position. */
export function whereAfter(order: EntityOrder, position: EntityPosition): RawBuilder<boolean> {
  const [key, after] = [orderable(order.field), order.direction === "asc" ? sql`>` : sql`<`];
  const id = sql`(entity.id collate "C") ${after} ${position.id}::text`;
  if (position.value === null) return sql<boolean>`(${key} is null and ${id})`;
  const value = orderedValue(order.field, position.value);
  return sql<boolean>`(${key} ${after} ${value} or (${key} = ${value} and ${id}) or ${key} is null)`;
}

/** The value that `whereAfter` takes, as a column. */
export function positionOf(order: EntityOrder): RawBuilder<string | null> {
  const key = orderable(order.field);
  return comparedAs(order.field) === "moment"
    ? sql<string | null>`to_char(${key} at time zone 'UTC', ${MOMENT})`
    : sql<string | null>`(${key})::text`;
}

/** To the microsecond, in UTC, whatever the session's zone is. */
const MOMENT = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"';

export function orderBy(order: EntityOrder): RawBuilder<unknown> {
  const direction = order.direction === "asc" ? sql`asc nulls last` : sql`desc nulls last`;
  const key = orderable(order.field);
  return sql`${key} ${direction}, (entity.id collate "C") ${order.direction === "asc" ? sql`asc` : sql`desc`}`;
}
