/**
 * Entity types: what an owner's data looks like. The shapes are the SDK's, seen from here; definitions are validated by the SDK's schemas
 * before they are stored.
 */
import { Fault } from "@struere/kernel";

export const PropertyType = ["string", "number", "integer", "boolean", "array", "object"] as const;
export type PropertyType = (typeof PropertyType)[number];

export const StringFormat = ["email", "date", "date-time", "uri", "phone"] as const;
export type StringFormat = (typeof StringFormat)[number];

/** One property of the JSON-schema subset. Objects are closed. */
export interface EntityProperty {
  readonly type: PropertyType;
  readonly description?: string | undefined;
  readonly format?: StringFormat | undefined;
  readonly enum?: readonly (string | number | boolean)[] | undefined;
  /** Of an array. */
  readonly items?: EntityProperty | undefined;
  /** Of an object. */
  readonly properties?: { readonly [name: string]: EntityProperty } | undefined;
  readonly required?: readonly string[] | undefined;
  /** Slug of the entity type whose ids this text holds. */
  readonly references?: string | undefined;
}

export interface EntitySchema {
  readonly type: "object";
  readonly properties: { readonly [name: string]: EntityProperty };
  readonly required?: readonly string[] | undefined;
}

export interface EntityType {
  readonly name: string;
  readonly slug: string;
  readonly schema: EntitySchema;
  readonly searchFields?: readonly string[] | undefined;
}

/** What an entity is beside its data. */
export const RecordField = ["id", "status", "createdAt", "updatedAt"] as const;
export type RecordField = (typeof RecordField)[number];

export type EntityField =
  | { readonly kind: "data"; readonly path: readonly string[]; readonly property: EntityProperty }
  | { readonly kind: "record"; readonly name: RecordField };

/** `data.` in front says that a field of the data is meant, also when it is called like a field of the record. */
const DATA_PREFIX = "data.";

/** The segments of `address.city` or `data.address.city`. */
export function dataPath(text: string): readonly string[] {
  return (text.startsWith(DATA_PREFIX) ? text.slice(DATA_PREFIX.length) : text).split(".");
}

/** The field of that name: of the data first, then of the record. Elements of arrays have no names. `undefined`: there is none. */
export function fieldOf(schema: EntitySchema, text: string): EntityField | undefined {
  const path = dataPath(text);
  const property = propertyAt(schema, path);
  if (property) return { kind: "data", path, property };
  const name = RecordField.find((field) => field === text);
  return name && { kind: "record", name };
}

function propertyAt(schema: EntitySchema, path: readonly string[]): EntityProperty | undefined {
  let found: EntityProperty | undefined = schema;
  for (const name of path) found = found?.type === "object" ? own(found.properties, name) : undefined;
  return found;
}

/** A field of an object by a name that comes from outside: nothing inherited. */
export function own<Value>(object: { readonly [name: string]: Value } | undefined, name: string): Value | undefined {
  return object !== undefined && Object.hasOwn(object, name) ? object[name] : undefined;
}

/** A stored definition, read back. @throws Fault internal when it is none: it was valid when it was written. */
export function readEntityType(stored: unknown): EntityType {
  if (isEntityType(stored)) return stored;
  throw new Fault("internal", "a stored entity type can not be read; sync it again");
}

function isEntityType(value: unknown): value is EntityType {
  if (!isObject(value)) return false;
  const { name, slug, schema, searchFields } = value as { readonly [Field in keyof EntityType]?: unknown };
  return typeof name === "string" && typeof slug === "string" && isProperty(schema, 0) && schema.type === "object" && isNames(searchFields);
}

const MAX_DEPTH = 16;

function isProperty(value: unknown, depth: number): value is EntityProperty {
  if (!isObject(value) || depth > MAX_DEPTH) return false;
  const {
    type,
    format,
    items,
    properties,
    required,
    references,
    enum: values,
  } = value as { readonly [Field in keyof EntityProperty]?: unknown };
  if (!isNames(required) || (references !== undefined && typeof references !== "string")) return false;
  if (format !== undefined && !StringFormat.some((one) => one === format)) return false;
  if (values !== undefined && !Array.isArray(values)) return false;
  if (type === "array") return isProperty(items, depth + 1);
  if (type === "object") return isObject(properties) && Object.values(properties).every((one) => isProperty(one, depth + 1));
  return PropertyType.some((one) => one === type);
}

function isNames(value: unknown): boolean {
  return value === undefined || (Array.isArray(value) && value.every((one) => typeof one === "string"));
}

export function isObject(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What an entity type names that is not there. @param known slugs of the environment's entity types, this one among them. */
export function entityTypeProblems(type: EntityType, known: readonly string[]): readonly string[] {
  const problems: string[] = [];
  const legal = known.map((slug) => `"${slug}"`).join(", ");
  const visit = (property: EntityProperty, at: string): void => {
    if (property.references !== undefined && !known.includes(property.references)) {
      problems.push(`${at}.references: there is no entity type "${property.references}"; legal: ${legal}`);
    }
    if (property.items) visit(property.items, `${at}.items`);
    for (const [name, one] of Object.entries(property.properties ?? {})) visit(one, `${at}.properties.${name}`);
  };
  visit(type.schema, "schema");
  return problems;
}
