/** A model's arguments, read and checked before anything runs: bounded, JSON, an object, as the tool's schema says. */
import { err, ok, type Result } from "@struere/kernel";
import type { ToolParameters, ToolProperty } from "./builtin-tools.ts";
import type { EntityProperty } from "./entity-type.ts";
import { isObject, own } from "./entity-type.ts";
import { dataProblems, type EntityData, isStorable } from "./json-schema.ts";

export const ARGUMENTS_MAX_BYTES = 32 * 1024;
export const ARGUMENTS_MAX_DEPTH = 16;

export type ToolArguments = { readonly [name: string]: unknown };

/** @returns the arguments without those that are `null`, which is how models leave one out; a problem is a sentence for the model. */
export function readToolArguments(schema: ToolParameters, argumentsJson: string): Result<ToolArguments, string> {
  const parsed = parseArguments(argumentsJson);
  if (!parsed.ok) return parsed;
  const given: ToolArguments = Object.fromEntries(Object.entries(parsed.value).filter(([, value]) => value !== null));
  const problems = argumentProblems(schema, given);
  return problems.length === 0 ? ok(given) : err(`${problems.join("; ")}. Call the tool again with right arguments`);
}

/** An object that is bounded, whatever is in it. */
export function parseArguments(argumentsJson: string): Result<ToolArguments, string> {
  const bytes = new TextEncoder().encode(argumentsJson).length;
  if (bytes > ARGUMENTS_MAX_BYTES) return err(`the arguments are too large (${bytes} bytes); legal: at most ${ARGUMENTS_MAX_BYTES}`);
  if (depthOf(argumentsJson) > ARGUMENTS_MAX_DEPTH)
    return err(`the arguments are nested too deeply; legal: at most ${ARGUMENTS_MAX_DEPTH} levels`);
  const value = parseJson(argumentsJson.trim() === "" ? "{}" : argumentsJson);
  if (!isObject(value)) return err("the arguments are not a JSON object");
  if (!isClean(value))
    return err("the arguments hold a character or a name that is not legal (U+0000, half of a surrogate pair, __proto__)");
  return ok(value);
}

function argumentProblems(schema: ToolParameters, given: ToolArguments): readonly string[] {
  const properties = Object.entries(schema.properties);
  const free = properties.filter(([, property]) => property.type === "object" && property.properties === undefined).map(([name]) => name);
  const required = schema.required ?? [];
  const problems = free.flatMap((name) => {
    const value = own(given, name);
    if (value === undefined) return required.includes(name) ? [`${name} is missing; it is required`] : [];
    return isObject(value) ? [] : [`${name} is not legal; legal: an object`];
  });
  const closed = {
    type: "object" as const,
    properties: Object.fromEntries(properties.filter(([name]) => !free.includes(name)).map(([name, one]) => [name, closedProperty(one)])),
    required: required.filter((name) => !free.includes(name)),
  };
  const rest: EntityData = Object.fromEntries(Object.entries(given).filter(([name]) => !free.includes(name)));
  return [...problems, ...dataProblems(closed, rest)];
}

function closedProperty({ type, format, enum: values, items, properties, required }: ToolProperty): EntityProperty {
  return {
    type,
    ...(format ? { format } : {}),
    ...(values ? { enum: values } : {}),
    ...(items ? { items: closedProperty(items) } : {}),
    ...(properties ? { properties: Object.fromEntries(Object.entries(properties).map(([name, one]) => [name, closedProperty(one)])) } : {}),
    ...(required ? { required } : {}),
  };
}

/** Brackets that are open at once, those in strings not counted. Read before `JSON.parse`, which would recurse as deep as it is told to. */
function depthOf(json: string): number {
  let [depth, deepest, inString] = [0, 0, false];
  for (let at = 0; at < json.length; at++) {
    const character = json[at];
    if (inString) {
      if (character === "\\") at++;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === "{" || character === "[") deepest = Math.max(deepest, ++depth);
    else if (character === "}" || character === "]") depth--;
  }
  return deepest;
}

function isClean(value: unknown): boolean {
  if (typeof value === "string") return isStorable(value);
  if (Array.isArray(value)) return value.every(isClean);
  if (!isObject(value)) return true;
  return Object.entries(value).every(([name, one]) => name !== "__proto__" && isStorable(name) && isClean(one));
}

function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    return undefined; // Not an object, and said so.
  }
}
