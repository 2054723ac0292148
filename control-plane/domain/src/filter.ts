/**
 * Filters of both spellings, read into conditions: `{ age: { $gte: 18 } }` of the Data API, `{ age: { _op_gte: 18 } }` of the tools, and
 * `{ plan: "pro" }` of both. A condition's value has the type of its field; nothing is coerced.
 *
 * What an operator means, here and in SQL: `eq`, `in`, `contains` and the orderings need a value; `ne` and `nin` hold also where there is
 * none. Moments compare as moments, whatever their offset; text compares by code point.
 */
import { err, ok, type Result } from "@struere/kernel";
import { type EntityField, type EntityProperty, type EntitySchema, fieldOf, isObject, own } from "./entity-type.ts";
import { isDate, isDateTime, isStorable } from "./json-schema.ts";

export type Scalar = string | number | boolean;

export type Condition =
  | { readonly field: EntityField; readonly operator: "eq" | "ne" | "gt" | "gte" | "lt" | "lte" | "contains"; readonly value: Scalar }
  | { readonly field: EntityField; readonly operator: "in" | "nin"; readonly values: readonly Scalar[] }
  | { readonly field: EntityField; readonly operator: "exists"; readonly expected: boolean };

export type Operator = Condition["operator"];

/** How a field's values compare. */
export type ComparedAs = "text" | "number" | "boolean" | "moment" | "members" | "nothing";

const SPELLINGS: { readonly [spelling: string]: Operator } = {
  $eq: "eq",
  $ne: "ne",
  $neq: "ne",
  $in: "in",
  $nin: "nin",
  $contains: "contains",
  $gt: "gt",
  $gte: "gte",
  $lt: "lt",
  $lte: "lte",
  $exists: "exists",
  _op_in: "in",
  _op_nin: "nin",
  _op_ne: "ne",
  _op_gt: "gt",
  _op_gte: "gte",
  _op_lt: "lt",
  _op_lte: "lte",
};

const ORDERINGS: readonly Operator[] = ["gt", "gte", "lt", "lte"];
const EQUALITIES: readonly Operator[] = ["eq", "ne", "in", "nin"];
const LEGAL: { readonly [Compared in ComparedAs]: readonly Operator[] } = {
  text: [...EQUALITIES, ...ORDERINGS, "contains", "exists"],
  number: [...EQUALITIES, ...ORDERINGS, "exists"],
  boolean: [...EQUALITIES, "exists"],
  moment: [...EQUALITIES, ...ORDERINGS, "exists"],
  members: ["contains", "exists"],
  nothing: ["exists"],
};

const MAX_CONDITIONS = 30;
const MAX_VALUES = 100;
const MAX_TEXT = 1_000;

/** @param filters whatever came: `undefined` filters nothing. The problem is a sentence that names the field and what is legal. */
export function parseFilters(schema: EntitySchema, filters: unknown): Result<readonly Condition[], string> {
  if (filters === undefined || filters === null) return ok([]);
  if (!isObject(filters)) return err('filters is not legal; legal: an object such as { "plan": "pro", "age": { "$gte": 18 } }');
  const conditions: Condition[] = [];
  for (const [name, wanted] of Object.entries(filters)) {
    const field = fieldOf(schema, name);
    if (!field) return err(noSuchField(schema, name));
    const operations = isObject(wanted) ? Object.entries(wanted) : [["$eq", wanted] as const];
    if (operations.length === 0) return err(`filters.${name} is empty; legal: a value, or operators: ${Object.keys(SPELLINGS).join(", ")}`);
    for (const [spelling, value] of operations) {
      const operator = own(SPELLINGS, spelling);
      if (!operator) return err(`filters.${name}: "${shorten(spelling)}" is not an operator; legal: ${Object.keys(SPELLINGS).join(", ")}`);
      const condition = conditionOn(field, operator, value);
      if (!condition.ok) return err(`filters.${name}: ${condition.problem}`);
      conditions.push(condition.value);
      if (conditions.length > MAX_CONDITIONS) return err(`filters has too many conditions; legal: at most ${MAX_CONDITIONS}`);
    }
  }
  return ok(conditions);
}

/** One condition, when operator and value fit the field. */
export function conditionOn(field: EntityField, operator: Operator, value: unknown): Result<Condition, string> {
  const compared = comparedAs(field);
  if (!LEGAL[compared].includes(operator)) {
    return err(`the operator "${operator}" does not fit ${NOUNS[compared]}; legal: ${LEGAL[compared].join(", ")}`);
  }
  if (operator === "exists") {
    return typeof value === "boolean" ? ok({ field, operator, expected: value }) : err("exists is not legal; legal: true, false");
  }
  if (operator === "in" || operator === "nin") {
    if (!Array.isArray(value) || value.length === 0 || value.length > MAX_VALUES)
      return err(`${operator} needs a list of 1 to ${MAX_VALUES} values`);
    const values: Scalar[] = [];
    for (const one of value) {
      const read = scalarFor(field, compared, one);
      if (!read.ok) return read;
      values.push(read.value);
    }
    return ok({ field, operator, values });
  }
  // "Begins in 2026" is a fair question about a part of a text that has a format or an enumeration.
  const read = operator === "contains" && compared === "text" ? textOf(value) : scalarFor(field, compared, value);
  return read.ok ? ok({ field, operator, value: read.value }) : read;
}

export function comparedAs(field: EntityField): ComparedAs {
  if (field.kind === "record") return field.name === "createdAt" || field.name === "updatedAt" ? "moment" : "text";
  const { property } = field;
  switch (property.type) {
    case "string":
      return property.format === "date-time" ? "moment" : "text";
    case "number":
    case "integer":
      return "number";
    case "boolean":
      return "boolean";
    case "array":
      return property.items && isScalar(property.items) ? "members" : "nothing";
    case "object":
      return "nothing";
    default:
      return property.type satisfies never;
  }
}

const NOUNS: { readonly [Compared in ComparedAs]: string } = {
  text: "text",
  number: "a number",
  boolean: "true or false",
  moment: "a date and time",
  members: "a list",
  nothing: "an object or a list of objects",
};

function isScalar(property: EntityProperty): boolean {
  return property.type !== "array" && property.type !== "object";
}

function scalarFor(field: EntityField, compared: ComparedAs, value: unknown): Result<Scalar, string> {
  const refuse = (legal: string): Result<Scalar, string> =>
    err(`${shorten(JSON.stringify(value) ?? "nothing")} is not legal; legal: ${legal}`);
  switch (compared) {
    case "number":
      return typeof value === "number" && Number.isFinite(value) ? ok(value) : refuse("a number");
    case "boolean":
      return typeof value === "boolean" ? ok(value) : refuse("true, false");
    case "moment":
      return momentOf(value, { milliseconds: field.kind === "record" });
    case "text": {
      if (field.kind === "data" && field.property.format === "date" && !(typeof value === "string" && isDate(value))) {
        return refuse('a date such as "2026-11-22"');
      }
      return textOf(value);
    }
    case "members": {
      const items = field.kind === "data" ? field.property.items : undefined;
      if (items?.type === "number" || items?.type === "integer") return scalarFor(field, "number", value);
      return items?.type === "boolean" ? scalarFor(field, "boolean", value) : textOf(value);
    }
    case "nothing":
      return refuse("nothing");
    default:
      return compared satisfies never;
  }
}

/** A day alone is its first moment in UTC. */
function momentOf(value: unknown, options: { readonly milliseconds: boolean }): Result<Scalar, string> {
  if (typeof value === "string" && isDateTime(value)) return ok(value.toUpperCase());
  if (typeof value === "string" && isDate(value)) return ok(`${value}T00:00:00Z`);
  const fits = typeof value === "number" && Number.isSafeInteger(value) && Math.abs(value) <= 8.64e15;
  if (options.milliseconds && fits) return ok(value);
  const legal = 'a date and time such as "2026-11-22T10:00:00Z"';
  return err(
    `${shorten(JSON.stringify(value) ?? "nothing")} is not legal; legal: ${options.milliseconds ? `${legal}, or milliseconds since 1970` : legal}`,
  );
}

function textOf(value: unknown): Result<Scalar, string> {
  if (typeof value !== "string") return err(`${shorten(JSON.stringify(value) ?? "nothing")} is not legal; legal: text`);
  if (value.length > MAX_TEXT) return err(`the text is too long (${value.length} characters); legal: at most ${MAX_TEXT}`);
  return isStorable(value) ? ok(value) : err("the text holds a character that no data has (U+0000 or half of a surrogate pair)");
}

export function noSuchField(schema: EntitySchema, name: string): string {
  return `there is no field "${shorten(name)}"; legal: ${Object.keys(schema.properties).join(", ")}, id, status, createdAt, updatedAt`;
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}
