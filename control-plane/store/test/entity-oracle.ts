/**
 * What an agent may see, written down once more as plainly as possible, over a list in memory. It shares no code with what it checks.
 */
import type { EntityAction, FieldMask, Role, ScopeRule } from "@struere/domain";

export interface Thing {
  readonly id: string;
  readonly data: { readonly [field: string]: unknown };
}

export type Filters = { readonly [field: string]: { readonly [operator: string]: unknown } };

export const FIELDS = ["word", "n", "flag", "at", "tags", "inner.word"] as const;
type FieldName = (typeof FIELDS)[number];
const KINDS: { readonly [Field in FieldName]: string } = {
  word: "text",
  n: "number",
  flag: "boolean",
  at: "moment",
  tags: "list",
  "inner.word": "text",
};

export function allowed(roles: readonly Role[], action: EntityAction): boolean {
  let any = false;
  for (const role of roles) {
    for (const policy of role.policies) {
      if (policy.resource !== "*" && policy.resource !== "thing") continue;
      if (!policy.actions.includes("*") && !policy.actions.includes(action)) continue;
      if (policy.effect === "deny") return false;
      any = true;
    }
  }
  return any;
}

export function inScope(roles: readonly Role[], thing: Thing): boolean {
  return roles.every((role) => (role.scopeRules ?? []).every((rule) => rule.entityType === "other" || ruleHolds(rule, thing)));
}

function ruleHolds({ field, operator, value }: ScopeRule, thing: Thing): boolean {
  const name = FIELDS.find((one) => one === field.replace(/^data\./, ""));
  if (!name) return false;
  const kind = KINDS[name];
  const fits = (one: unknown): boolean => {
    if (kind === "moment") return typeof one === "string" && /^\d{4}-/.test(one);
    return typeof one === (kind === "number" || kind === "boolean" ? kind : "string");
  };
  const legal = kind === "list" ? ["contains"] : kind === "text" ? ["eq", "neq", "in", "contains"] : ["eq", "neq", "in"];
  if (!legal.includes(operator)) return false;
  const wanted: readonly unknown[] = operator === "in" ? (Array.isArray(value) ? value : []) : [value];
  if (wanted.length === 0 || !wanted.every(fits)) return false;
  const operators: { readonly [name in ScopeRule["operator"]]: string } = { eq: "$eq", neq: "$ne", in: "$in", contains: "$contains" };
  return filterHolds(thing, name, operators[operator], value);
}

export function filtersHold(thing: Thing, filters: Filters): boolean {
  return Object.entries(filters).every(([field, wanted]) =>
    Object.entries(wanted).every(([operator, value]) => filterHolds(thing, field, operator, value)),
  );
}

function filterHolds(thing: Thing, field: string, operator: string, value: unknown): boolean {
  const found = valueAt(thing.data, field);
  const [a, b] = [comparable(field, found), (one: unknown) => comparable(field, one)];
  switch (operator) {
    case "$eq":
      return found !== undefined && a === b(value);
    case "$ne":
      return found === undefined || a !== b(value);
    case "$in":
      return Array.isArray(value) && found !== undefined && value.some((one) => a === b(one));
    case "$nin":
      return Array.isArray(value) && (found === undefined || !value.some((one) => a === b(one)));
    case "$contains":
      if (Array.isArray(found)) return found.includes(value);
      return typeof found === "string" && found.includes(String(value));
    case "$exists":
      return (found !== undefined) === value;
    default: {
      const wanted = b(value);
      if (a === undefined || wanted === undefined) return false;
      return operator === "$gt" ? a > wanted : operator === "$gte" ? a >= wanted : operator === "$lt" ? a < wanted : a <= wanted;
    }
  }
}

/** Moments by what they are, the rest as it is. */
function comparable(field: string, value: unknown): string | number | boolean | undefined {
  if (field === "at" && typeof value === "string") return Date.parse(value);
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : undefined;
}

function valueAt(data: Thing["data"], field: string): unknown {
  const [first = "", second] = field.split(".");
  const found = data[first];
  if (second === undefined) return found;
  return typeof found === "object" && found !== null ? Reflect.get(found, second) : undefined;
}

export function masksOf(roles: readonly Role[]): readonly FieldMask[] {
  return roles.flatMap((role) => role.fieldMasks ?? []).filter((mask) => mask.entityType !== "other");
}

export function isMasked(roles: readonly Role[], field: string): boolean {
  return masksOf(roles).some(({ fieldPath }) => {
    const path = fieldPath.replace(/^data\./, "");
    return path === field || path.startsWith(`${field}.`) || field.startsWith(`${path}.`);
  });
}

export function shown(roles: readonly Role[], thing: Thing): unknown {
  const copy = structuredClone(thing.data) as Record<string, unknown>;
  const masks = masksOf(roles);
  for (const type of ["redact", "hide"]) {
    for (const { fieldPath } of masks.filter((mask) => mask.maskType === type)) {
      const [first = "", second] = fieldPath.replace(/^data\./, "").split(".");
      const holder: unknown = second === undefined ? copy : copy[first];
      if (typeof holder !== "object" || holder === null) continue;
      const name = second ?? first;
      if (!Object.hasOwn(holder, name)) continue;
      if (type === "hide") Reflect.deleteProperty(holder, name);
      else Reflect.set(holder, name, "[redacted]");
    }
  }
  return copy;
}
