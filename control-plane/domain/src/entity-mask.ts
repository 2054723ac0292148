/**
 * Field masks. A masked field is neither read nor filtered, sorted or searched by, nor written. A mask covers what it names and everything
 * below it, in every element of a list, and nothing else.
 */
import { dataPath, type EntityField, isObject } from "./entity-type.ts";
import type { EntityData } from "./json-schema.ts";
import { appliesTo, type Role } from "./policy.ts";

export interface Mask {
  readonly path: readonly string[];
  readonly type: "hide" | "redact";
}

export const REDACTED = "[redacted]";

/** The masks of all the roles for one entity type; where they disagree, the field is hidden. */
export function masksOf(roles: readonly Role[] | undefined, type: string): readonly Mask[] {
  const masks = (roles ?? [])
    .flatMap((role) => role.fieldMasks ?? [])
    .filter((mask) => appliesTo(mask.entityType, type))
    .map((mask): Mask => ({ path: dataPath(mask.fieldPath), type: mask.maskType }));
  return [...masks.filter((mask) => mask.type === "redact"), ...masks.filter((mask) => mask.type === "hide")];
}

/** The data as it may be read. */
export function maskData(data: EntityData, masks: readonly Mask[]): EntityData {
  return masks.reduce((shown, mask) => maskObject(shown, mask.path, mask.type), data);
}

/** Whether anything of the field is masked: asking by it would tell what it holds. */
export function isMasked(field: EntityField, masks: readonly Mask[]): boolean {
  return field.kind === "data" && masks.some((mask) => overlap(mask.path, field.path));
}

/** Fields of new data that the masks forbid to write. */
export function maskedInNew(data: EntityData, masks: readonly Mask[]): readonly string[] {
  return masks.filter((mask) => holds(data, mask.path)).map((mask) => mask.path.join("."));
}

/** Fields of a change that the masks forbid: whoever replaces an object or a list replaces what is masked inside it too. */
export function maskedInChange(change: EntityData, masks: readonly Mask[]): readonly string[] {
  return masks.filter((mask) => Object.hasOwn(change, mask.path[0] ?? "")).map((mask) => mask.path.join("."));
}

function overlap(a: readonly string[], b: readonly string[]): boolean {
  const [short, long] = a.length <= b.length ? [a, b] : [b, a];
  return short.every((name, index) => name === long[index]);
}

function maskObject(data: EntityData, path: readonly string[], type: Mask["type"]): EntityData {
  const [name = "", ...rest] = path;
  if (!Object.hasOwn(data, name)) return data;
  const entries = Object.entries(data);
  if (rest.length > 0) return Object.fromEntries(entries.map(([key, value]) => [key, key === name ? maskBelow(value, rest, type) : value]));
  if (type === "hide") return Object.fromEntries(entries.filter(([key]) => key !== name));
  return Object.fromEntries(entries.map(([key, value]) => [key, key === name ? REDACTED : value]));
}

function maskBelow(value: unknown, path: readonly string[], type: Mask["type"]): unknown {
  if (Array.isArray(value)) return value.map((element) => maskBelow(element, path, type));
  return isObject(value) ? maskObject(value, path, type) : value;
}

function holds(value: unknown, path: readonly string[]): boolean {
  const [name, ...rest] = path;
  if (name === undefined) return true;
  if (Array.isArray(value)) return value.some((element) => holds(element, path));
  return isObject(value) && Object.hasOwn(value, name) && holds(value[name], rest);
}
