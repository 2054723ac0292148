/**
 * What an actor may do with the entities of one type, in one thing: actions from the policies, conditions from the scope rules of all its
 * roles, which must all hold, and masks. The store puts the conditions into its questions; for what is about to be written, `isWithin` asks
 * them of the data itself.
 */
import { type EntityField, type EntityType, fieldOf, isObject, own } from "./entity-type.ts";
import { comparedAs, type Condition, conditionOn, type Operator, type Scalar } from "./filter.ts";
import { type EntityData, isDateTime } from "./json-schema.ts";
import { type Mask, masksOf } from "./entity-mask.ts";
import { appliesTo, type EntityAction, type EntityActor, mayAct, type Role, type ScopeOperator, type ScopeRule } from "./policy.ts";

export interface EntityAccess {
  may(action: EntityAction): boolean;
  /** All must hold. `null`: a rule can not be evaluated, and nothing is within the scope. */
  readonly scope: readonly Condition[] | null;
  readonly masks: readonly Mask[];
}

/** What conditions are asked of. */
export interface EntityState {
  readonly id: string;
  readonly status: string;
  readonly data: EntityData;
}

export function accessTo(actor: Pick<EntityActor, "roles" | "attributes">, type: EntityType): EntityAccess {
  const rules = (actor.roles ?? []).flatMap((role) => role.scopeRules ?? []).filter((rule) => appliesTo(rule.entityType, type.slug));
  const conditions = rules.map((rule) => conditionOf(rule, type, actor.attributes));
  const known = conditions.filter((condition) => condition !== undefined);
  return {
    may: (action) => mayAct(actor.roles, action, type.slug),
    scope: known.length === conditions.length ? known : null,
    masks: masksOf(actor.roles, type.slug),
  };
}

/** Whether the actor's scope rules hold for this state of an entity. */
export function isWithin(access: EntityAccess, state: EntityState): boolean {
  return access.scope?.every((condition) => holdsFor(condition, state)) ?? false;
}

/** What a role names that is not there, or that could never hold. @param types the environment's entity types. */
export function roleProblems(role: Role, types: readonly EntityType[]): readonly string[] {
  const legal = types.map((type) => `"${type.slug}"`).join(", ") || "none";
  const problems: string[] = [];
  const concerned = (slug: string, at: string): readonly EntityType[] => {
    const found = types.filter((type) => appliesTo(slug, type.slug));
    if (slug !== "*" && found.length === 0) problems.push(`${at}: there is no entity type "${slug}"; legal: ${legal}, "*"`);
    return found;
  };
  role.policies.forEach((policy, index) => concerned(policy.resource, `policies[${index}].resource`));
  role.scopeRules?.forEach((rule, index) => {
    for (const type of concerned(rule.entityType, `scopeRules[${index}].entityType`)) {
      const problem = ruleProblem(rule, type);
      if (problem !== undefined) problems.push(`scopeRules[${index}]: ${type.slug}.${rule.field}: ${problem}`);
    }
  });
  role.fieldMasks?.forEach((mask, index) => {
    const at = `fieldMasks[${index}]`;
    const found = concerned(mask.entityType, `${at}.entityType`);
    if (found.length > 0 && !found.some((type) => reaches(type, mask.fieldPath))) {
      problems.push(`${at}.fieldPath: there is no field "${mask.fieldPath}" in ${found.map((type) => `"${type.slug}"`).join(", ")}`);
    }
  });
  return problems;
}

const OPERATORS: { readonly [Name in ScopeOperator]: Operator } = { eq: "eq", neq: "ne", in: "in", contains: "contains" };
const ACTOR = "actor.";

function conditionOf(rule: ScopeRule, type: EntityType, attributes: EntityActor["attributes"]): Condition | undefined {
  const field = fieldOf(type.schema, rule.field);
  const value = valueOf(rule.value, attributes);
  if (!field || value === undefined) return undefined;
  const condition = conditionOn(field, OPERATORS[rule.operator], value);
  return condition.ok ? condition.value : undefined;
}

function valueOf(value: unknown, attributes: EntityActor["attributes"]): unknown {
  return typeof value === "string" && value.startsWith(ACTOR) ? own(attributes, value.slice(ACTOR.length)) : value;
}

function ruleProblem(rule: ScopeRule, type: EntityType): string | undefined {
  const field = fieldOf(type.schema, rule.field);
  if (!field) return "there is no such field";
  if (typeof rule.value === "string" && rule.value.startsWith(ACTOR)) return undefined;
  const condition = conditionOn(field, OPERATORS[rule.operator], rule.value);
  return condition.ok ? undefined : condition.problem;
}

/** Masks also reach into the elements of lists. */
function reaches(type: EntityType, fieldPath: string): boolean {
  const path = fieldPath.startsWith("data.") ? fieldPath.slice("data.".length).split(".") : fieldPath.split(".");
  let found: EntityType["schema"]["properties"][string] | undefined = type.schema;
  for (const name of path) {
    while (found?.type === "array") found = found.items;
    found = own(found?.properties, name);
  }
  return found !== undefined;
}

function holdsFor(condition: Condition, state: EntityState): boolean {
  const value = valueAt(condition.field, state);
  const compared = comparedAs(condition.field);
  const equals = (wanted: Scalar): boolean =>
    compared === "moment" ? typeof value === "string" && instantOf(value) === instantOf(String(wanted)) : value === wanted;
  switch (condition.operator) {
    case "eq":
      return equals(condition.value);
    case "ne":
      return !equals(condition.value);
    case "in":
      return condition.values.some(equals);
    case "contains":
      if (compared === "members") return Array.isArray(value) && value.some((element) => element === condition.value);
      return typeof value === "string" && typeof condition.value === "string" && value.includes(condition.value);
    case "nin":
    case "exists":
    case "gt":
    case "gte":
    case "lt":
    case "lte":
      // No scope rule has these; what is not understood is not within.
      return false;
    default:
      return condition satisfies never;
  }
}

function valueAt(field: EntityField, state: EntityState): unknown {
  if (field.kind === "record") return field.name === "id" ? state.id : field.name === "status" ? state.status : undefined;
  let found: unknown = state.data;
  for (const name of field.path) found = isObject(found) ? own(found, name) : undefined;
  return found;
}

const PARTS = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?(?:Z|([+-])(\d{2}):(\d{2}))$/;

/** Microseconds since 1970, as Postgres counts them; `null` for what is no moment. Dates are not constructed here: pure code has no clock. */
function instantOf(text: string): bigint | null {
  const parts = isDateTime(text) ? PARTS.exec(text.toUpperCase()) : null;
  if (!parts) return null;
  const [, year, month, day, hour, minute, second = "0", fraction = "", sign = "+", offsetHour = "0", offsetMinute = "0"] = parts;
  const minutes = Number(hour) * 60 + Number(minute) - (sign === "-" ? -1 : 1) * (Number(offsetHour) * 60 + Number(offsetMinute));
  const seconds = daysSince1970(Number(year), Number(month), Number(day)) * 86_400 + minutes * 60 + Number(second);
  return BigInt(seconds) * 1_000_000n + BigInt(fraction.padEnd(6, "0"));
}

/** https://howardhinnant.github.io/date_algorithms.html#days_from_civil */
function daysSince1970(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468;
}
