/**
 * Data against the JSON-schema subset of entity types. Objects are closed, nothing is coerced, and every problem is named with what would
 * be legal. What Postgres could not store (U+0000, half a surrogate pair, no finite number) is refused here.
 */
import { type EntityProperty, type EntitySchema, isObject, own, type StringFormat } from "./entity-type.ts";

export type EntityData = { readonly [field: string]: unknown };

export const MAX_DATA_BYTES = 64 * 1024;
const MAX_TEXT = 20_000;
const MAX_ELEMENTS = 1_000;
const MAX_PROBLEMS = 10;

export interface DataReference {
  readonly field: string;
  /** Slug of the entity type. */
  readonly type: string;
  readonly id: string;
}

/** Problems of whole data; none: it is right. */
export function dataProblems(schema: EntitySchema, data: EntityData): readonly string[] {
  return collect((report) => checkObject(schema, data, "", report));
}

/**
 * Problems of a change: of the fields that it names, and of required ones that it takes away. What is stored and not touched was right
 * when it was written, and does not stand in the way when the schema has changed since.
 */
export function changeProblems(schema: EntitySchema, change: EntityData): readonly string[] {
  return collect((report) => {
    for (const [name, value] of Object.entries(change)) {
      if (value !== null) checkNamed(schema, name, value, "", report);
      else if (own(schema.properties, name) && schema.required?.includes(name)) report(`${name} is required and can not be removed`);
    }
  });
}

/** The change laid over the data, field by field; `null` removes a field. */
export function mergeData(data: EntityData, change: EntityData): EntityData {
  return Object.fromEntries(Object.entries({ ...data, ...change }).filter(([, value]) => value !== null));
}

/** Bytes of the data as it is stored, or a little more. */
export function dataBytes(data: EntityData): number {
  return new TextEncoder().encode(JSON.stringify(data)).length;
}

/** Every id of another entity that the data holds. The data is valid. */
export function referencesIn(schema: EntitySchema, data: EntityData): readonly DataReference[] {
  const found: DataReference[] = [];
  const visit = (property: EntityProperty, value: unknown, field: string): void => {
    if (property.references !== undefined && typeof value === "string") found.push({ field, type: property.references, id: value });
    const { items } = property;
    if (items && Array.isArray(value)) value.forEach((element, index) => visit(items, element, `${field}[${index}]`));
    if (property.properties && isObject(value)) {
      for (const [name, one] of Object.entries(property.properties)) visit(one, own(value, name), field === "" ? name : `${field}.${name}`);
    }
  };
  visit(schema, data, "");
  return found;
}

/** Text that Postgres can hold. */
export function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes("\u0000");
}

type Report = (problem: string) => void;

function collect(check: (report: Report) => void): readonly string[] {
  const problems: string[] = [];
  check((problem) => {
    if (problems.length < MAX_PROBLEMS) problems.push(problem);
  });
  return problems;
}

interface ObjectSchema {
  readonly properties?: EntitySchema["properties"] | undefined;
  readonly required?: readonly string[] | undefined;
}

function checkObject(schema: ObjectSchema, value: EntityData, at: string, report: Report): void {
  for (const name of schema.required ?? []) {
    const given = own(value, name);
    if (given === undefined || given === null) report(`${at}${name} is missing; it is required`);
  }
  for (const [name, given] of Object.entries(value)) {
    // A required field that is null has been called missing already.
    if (given !== null || !schema.required?.includes(name)) checkNamed(schema, name, given, at, report);
  }
}

function checkNamed(schema: ObjectSchema, name: string, value: unknown, at: string, report: Report): void {
  const property = own(schema.properties, name);
  if (property) return checkValue(property, value, `${at}${name}`, report);
  const legal = Object.keys(schema.properties ?? {}).join(", ");
  report(`${at}${shorten(name)} is not a field; legal: ${legal}`);
}

function checkValue(property: EntityProperty, value: unknown, at: string, report: Report): void {
  const refuse = (legal: string): void => report(`${at}: ${show(value)} is not legal; legal: ${legal}`);
  switch (property.type) {
    case "string":
      if (typeof value !== "string") return refuse("text");
      if (value.length > MAX_TEXT) return report(`${at} is too long (${value.length} characters); legal: at most ${MAX_TEXT}`);
      if (!isStorable(value)) return report(`${at} holds a character that can not be stored (U+0000 or half of a surrogate pair)`);
      if (property.format !== undefined && !FORMATS[property.format].test(value)) return refuse(FORMATS[property.format].legal);
      break;
    case "number":
      if (typeof value !== "number" || !Number.isFinite(value)) return refuse("a number");
      break;
    case "integer":
      if (!Number.isSafeInteger(value)) return refuse("a whole number");
      break;
    case "boolean":
      if (typeof value !== "boolean") return refuse("true, false");
      break;
    case "array": {
      if (!Array.isArray(value)) return refuse("a list");
      if (value.length > MAX_ELEMENTS) return report(`${at} has ${value.length} elements; legal: at most ${MAX_ELEMENTS}`);
      const { items } = property;
      if (items) value.forEach((element, index) => checkValue(items, element, `${at}[${index}]`, report));
      return;
    }
    case "object":
      if (!isObject(value)) return refuse("an object");
      return checkObject(property, value, `${at}.`, report);
    default:
      return property.type satisfies never;
  }
  if (property.enum && !property.enum.some((legal) => legal === value)) refuse(property.enum.map(show).join(", "));
}

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const DATE_TIME = /^(\d{4}-\d{2}-\d{2})[Tt]([01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,6})?)?(?:[Zz]|[+-](?:0\d|1[0-5]):[0-5]\d)$/;
const EMAIL = /^[^\s@"<>()[\],;:\\]{1,64}@(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.)+[\p{L}\p{N}-]{2,63}$/u;
const PHONE = /^\+[1-9]\d{1,14}$/;
const URI = /^[a-z][a-z0-9+.-]{0,31}:[^\s<>"{}|\\^`]{1,2000}$/i;

const FORMATS: { readonly [Format in StringFormat]: { readonly legal: string; test(text: string): boolean } } = {
  email: { legal: 'an e-mail address such as "jane@example.com"', test: (text) => text.length <= 254 && EMAIL.test(text) },
  date: { legal: 'a date such as "2026-11-22"', test: isDate },
  "date-time": { legal: 'a date and time with its offset such as "2026-11-22T10:00:00Z"', test: isDateTime },
  uri: { legal: 'an absolute URI such as "https://example.com/a"', test: (text) => URI.test(text) },
  phone: { legal: 'a phone number in E.164 form such as "+14155550100"', test: (text) => PHONE.test(text) },
};

/** A day that is in the calendar (proleptic Gregorian, years 1 to 9999). */
export function isDate(text: string): boolean {
  const [, year = "", month = "", day = ""] = DATE.exec(text) ?? [];
  const [y, m, d] = [Number(year), Number(month), Number(day)];
  if (year === "" || y < 1 || m < 1 || m > 12 || d < 1) return false;
  const leap = (y % 4 === 0 && y % 100 !== 0) || y % 400 === 0;
  return d <= (m === 2 ? (leap ? 29 : 28) : [4, 6, 9, 11].includes(m) ? 30 : 31);
}

/** RFC 3339, seconds optional, to the microsecond: Postgres keeps no more. */
export function isDateTime(text: string): boolean {
  const [, date = ""] = DATE_TIME.exec(text) ?? [];
  return date !== "" && isDate(date);
}

function show(value: unknown): string {
  return shorten(JSON.stringify(value) ?? String(value));
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}
