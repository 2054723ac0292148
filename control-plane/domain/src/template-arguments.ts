/**
 * The arguments of a function in a template: a JSON object in which `{{a.b}}` stands for a value, alone (`"id": {{a.b}}`) or within a text
 * (`"name": "{{a.b}}"`). The JSON is read once, when the template is; a value takes its place in what was read, so that it can not become
 * a name, an operator or anything else but that value.
 */
import { err, ok, type Result } from "@struere/kernel";
import { isObject } from "./entity-type.ts";

type Values = (name: string) => unknown;
type Filled<Value> = Result<Value, { readonly name: string; readonly problem: string }>;

/** The arguments, with every value in its place. */
export type TemplateArgument = (valueOf: Values) => Filled<{ readonly [name: string]: unknown }>;

const INNER = /\{\{\s*([A-Za-z_][\w-]*(?:\.[\w-]+)*)\s*\}\}/g;
/** Private characters mark a place while the JSON is read; nobody writes them. */
const ALONE = "\uE000";
const WITHIN = "\uE001";
const END = "\uE002";
const MARK = new RegExp(`${WITHIN}(\\d+)${END}`, "g");
const READABLE = 'write a JSON object, such as {{entity.query({"type": "order"})}}';

export function parseTemplateArguments(text: string): Result<TemplateArgument, string> {
  if (text.trim() === "") return ok(() => ok({}));
  if (/[\uE000-\uE002]/.test(text)) return err(`the arguments hold a private character; ${READABLE}`);
  const names: string[] = [];
  const marked = text.replace(INNER, (_place, name: string, offset: number) => {
    const index = names.push(name) - 1;
    return isInString(text, offset) ? `${WITHIN}${index}${END}` : `"${ALONE}${index}"`;
  });
  let read: unknown;
  try {
    read = JSON.parse(marked);
  } catch {
    return err(`the arguments are not JSON; ${READABLE}`);
  }
  if (!isObject(read)) return err(`the arguments are not an object; ${READABLE}`);
  if (hasMarkedName(read)) return err("a value can not be the name of a field in the arguments");
  const object = read;
  return ok((valueOf) => {
    const filled = fill(object, names, valueOf);
    if (!filled.ok) return filled;
    return ok(isObject(filled.value) ? filled.value : {});
  });
}

/** Whether an odd number of quotes, escaped ones not counted, stands before. */
function isInString(text: string, offset: number): boolean {
  let inString = false;
  for (let at = 0; at < offset; at++) {
    if (inString && text[at] === "\\") at++;
    else if (text[at] === '"') inString = !inString;
  }
  return inString;
}

function hasMarkedName(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(hasMarkedName);
  if (!isObject(value)) return false;
  return Object.entries(value).some(([name, one]) => /[\uE000-\uE002]/.test(name) || name === "__proto__" || hasMarkedName(one));
}

function fill(read: unknown, names: readonly string[], valueOf: Values): Filled<unknown> {
  if (typeof read === "string") return fillText(read, names, valueOf);
  if (Array.isArray(read)) return all(read.map((one) => fill(one, names, valueOf)));
  if (!isObject(read)) return ok(read);
  const entries = Object.entries(read);
  const values = all(entries.map(([, one]) => fill(one, names, valueOf)));
  return values.ok ? ok(Object.fromEntries(entries.map(([name], index) => [name, values.value[index]]))) : values;
}

function fillText(text: string, names: readonly string[], valueOf: Values): Filled<unknown> {
  if (text.startsWith(ALONE)) {
    const name = names[Number(text.slice(ALONE.length))] ?? "";
    return plain(name, valueOf(name));
  }
  let problem: { readonly name: string; readonly problem: string } | undefined;
  const filled = text.replace(MARK, (_mark, index: string) => {
    const name = names[Number(index)] ?? "";
    const value = plain(name, valueOf(name));
    if (!value.ok) {
      problem ??= value.problem;
      return "";
    }
    return value.value === null ? "" : typeof value.value === "string" ? value.value : JSON.stringify(value.value);
  });
  return problem ? err(problem) : ok(filled);
}

/** An object could pass for a condition with an operator of its own: only plain values and lists of them take a place. */
function plain(name: string, value: unknown): Filled<unknown> {
  if (value === undefined) return err({ name, problem: `there is nothing called ${name}` });
  const isPlain = (one: unknown): boolean => one === null || typeof one === "string" || typeof one === "number" || typeof one === "boolean";
  if (isPlain(value) || (Array.isArray(value) && value.every(isPlain))) return ok(value);
  return err({ name, problem: `${name} is an object; in arguments only texts, numbers, true, false and lists of them can stand` });
}

function all<Value>(results: readonly Filled<Value>[]): Filled<readonly Value[]> {
  const values: Value[] = [];
  for (const result of results) {
    if (!result.ok) return result;
    values.push(result.value);
  }
  return ok(values);
}
