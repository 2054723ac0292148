/** A router of mode rules: the first rule whose conditions all hold decides, without a model. */
import type { RouterDefinition } from "struere";

type RulesRouter = Extract<RouterDefinition, { readonly mode: "rules" }>;
type Condition = RulesRouter["rules"][number]["conditions"][number];

/** What conditions may ask about: `contact.type`, `threadContext.params.tier`, `params.tier`, `channel`, `message`. */
export interface RoutingFacts {
  readonly channel: string;
  readonly params: { readonly [name: string]: unknown };
  /** The newest message of the user; empty when there is none yet. */
  readonly message: string;
}

/** The agent of the first rule that fits; `undefined`: none does. */
export function routeByRules(router: RulesRouter, facts: RoutingFacts): string | undefined {
  const values = valuesOf(facts);
  return router.rules.find((rule) => rule.conditions.every((condition) => holds(condition, at(values, condition.field.split(".")))))?.route;
}

function valuesOf({ channel, params, message }: RoutingFacts): unknown {
  const number = params["callerNumber"];
  const contact = isFields(params["contact"]) ? params["contact"] : {};
  return {
    channel,
    message,
    params,
    threadContext: { channel, params },
    contact: { ...(number === undefined ? {} : { phoneNumber: number }), ...contact },
  };
}

function holds(condition: Condition, value: unknown): boolean {
  switch (condition.operator) {
    case "eq":
      return value === condition.value;
    case "neq":
      return value !== condition.value;
    case "in":
      return condition.value.some((one) => one === value);
    case "contains":
      if (Array.isArray(value)) return value.includes(condition.value);
      return typeof value === "string" && value.toLowerCase().includes(String(condition.value).toLowerCase());
    default:
      return condition satisfies never;
  }
}

function at(values: unknown, path: readonly string[]): unknown {
  let found = values;
  for (const name of path) {
    if (!isFields(found) || !Object.hasOwn(found, name)) return undefined;
    found = found[name];
  }
  return found;
}

function isFields(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
