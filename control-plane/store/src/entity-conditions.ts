/**
 * Conditions and orders as SQL over `entities as entity`. Names of fields and values are always parameters; only what is written here is
 * SQL. Every expression is total: a value of another type than the schema says compares with nothing, and is no error.
 */
import { comparedAs, type Condition, type EntityField, type Operator, type Scalar } from "@struere/domain";
import { type RawBuilder, sql } from "kysely";

type Sql<Value> = RawBuilder<Value>;

export function whereCondition(condition: Condition): Sql<boolean> {
  const { field } = condition;
  switch (condition.operator) {
    case "eq":
      return equals(field, condition.value);
    case "ne":
      return sql<boolean>`(${equals(field, condition.value)}) is not true`;
    case "in":
      return equalsOneOf(field, condition.values);
    case "nin":
      return sql<boolean>`(${equalsOneOf(field, condition.values)}) is not true`;
    case "contains":
      return contains(field, condition.value);
    case "exists":
      if (field.kind === "record") return sql<boolean>`${condition.expected}::boolean`;
      return condition.expected ? sql<boolean>`${jsonOf(field.path)} is not null` : sql<boolean>`${jsonOf(field.path)} is null`;
    case "gt":
    case "gte":
    case "lt":
    case "lte":
      return sql<boolean>`${comparable(field)} ${ORDERINGS[condition.operator]} ${valueFor(field, condition.value)}`;
    default:
      return condition satisfies never;
  }
}

/** What the field's values are ordered by; SQL null where there is none. */
export function comparable(field: EntityField): Sql<unknown> {
  if (field.kind === "record") return RECORD[field.name];
  const json = jsonOf(field.path);
  switch (comparedAs(field)) {
    case "number":
      return sql`(case when jsonb_typeof(${json}) = 'number' then (${json})::numeric end)`;
    case "moment":
      return sql`entity_moment(${textOf(field.path)})`;
    case "boolean":
      return sql`(case when jsonb_typeof(${json}) = 'boolean' then (${json})::boolean end)`;
    case "text":
    case "members":
    case "nothing":
      return sql`((case when jsonb_typeof(${json}) = 'string' then ${textOf(field.path)} end) collate "C")`;
    default:
      throw new TypeError("a field compares as something that has no SQL");
  }
}

/** What rows are ordered by: of text its beginning, so that a place in the order stays short. */
export function orderable(field: EntityField): Sql<unknown> {
  return field.kind === "data" && comparedAs(field) === "text" ? sql`left(${comparable(field)}, ${ORDERED_CHARACTERS})` : comparable(field);
}

const ORDERED_CHARACTERS = 200;

/** A value of the field's order that was read as text before, and is a number where the field is one. */
export function orderedValue(field: EntityField, text: string): Sql<unknown> {
  switch (comparedAs(field)) {
    case "number":
      return sql`${text}::text::numeric`;
    case "moment":
      return sql`entity_moment(${text}::text)`;
    case "boolean":
      return sql`(${text}::text = 'true')`;
    default:
      return sql`(${text}::text collate "C")`;
  }
}

/** The field's text contains the words, whatever the case of letters. Numbers are searched as they are written. */
export function whereWords(field: EntityField, words: string): Sql<boolean> {
  if (field.kind === "record") return sql<boolean>`strpos(lower(${RECORD[field.name]}::text), lower(${words}::text)) > 0`;
  const json = jsonOf(field.path);
  return sql<boolean>`(case when jsonb_typeof(${json}) in ('string', 'number') then strpos(lower(${textOf(field.path)}), lower(${words}::text)) > 0 else false end)`;
}

const ORDERINGS: { readonly [Name in Extract<Operator, "gt" | "gte" | "lt" | "lte">]: Sql<unknown> } = {
  gt: sql`>`,
  gte: sql`>=`,
  lt: sql`<`,
  lte: sql`<=`,
};

const RECORD: { readonly [Name in Extract<EntityField, { kind: "record" }>["name"]]: Sql<unknown> } = {
  id: sql`(entity.id collate "C")`,
  status: sql`(entity.status collate "C")`,
  createdAt: sql`entity.created_at`,
  updatedAt: sql`entity.updated_at`,
};

function equals(field: EntityField, value: Scalar): Sql<boolean> {
  if (field.kind === "record" || comparedAs(field) === "moment") return sql<boolean>`${comparable(field)} = ${valueFor(field, value)}`;
  // Containment of a scalar at a path is equality there, and what the index on the data answers.
  const wanted = field.path.reduceRight<unknown>((inner, name) => Object.fromEntries([[name, inner]]), value);
  return sql<boolean>`entity.data @> ${JSON.stringify(wanted)}::text::jsonb`;
}

function equalsOneOf(field: EntityField, values: readonly Scalar[]): Sql<boolean> {
  if (field.kind === "record" || comparedAs(field) === "moment") {
    return sql<boolean>`(${sql.join(
      values.map((value) => equals(field, value)),
      sql` or `,
    )})`;
  }
  return sql<boolean>`${jsonOf(field.path)} = any(${values.map((value) => JSON.stringify(value))}::text[]::jsonb[])`;
}

function contains(field: EntityField, value: Scalar): Sql<boolean> {
  if (comparedAs(field) === "members" && field.kind === "data") {
    const json = jsonOf(field.path);
    return sql<boolean>`(jsonb_typeof(${json}) = 'array' and ${json} @> ${JSON.stringify([value])}::text::jsonb)`;
  }
  return sql<boolean>`strpos(${comparable(field)}, ${String(value)}::text) > 0`;
}

function valueFor(field: EntityField, value: Scalar): Sql<unknown> {
  switch (comparedAs(field)) {
    case "number":
      return sql`${String(value)}::text::numeric`;
    case "moment":
      return typeof value === "number"
        ? sql`${new Date(value).toISOString()}::text::timestamptz`
        : sql`${String(value)}::text::timestamptz`;
    default:
      return sql`${String(value)}::text`;
  }
}

function jsonOf(path: readonly string[]): Sql<unknown> {
  return sql`(entity.data #> ${[...path]}::text[])`;
}

function textOf(path: readonly string[]): Sql<unknown> {
  return sql`(entity.data #>> ${[...path]}::text[])`;
}
