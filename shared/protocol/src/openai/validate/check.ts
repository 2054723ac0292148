/**
 * Small checkers that say what is wrong with a JSON value in the vendor's own words: its error codes, its sentences, its paths
 * (`session.audio.input.format`), as the GA Realtime API answers them in `error` events.
 */

export interface ClientEventProblem {
  readonly code: "unknown_parameter" | "missing_required_parameter" | "invalid_type" | "invalid_value" | "invalid_event";
  /** Path of the field; empty for the event itself. */
  readonly param: string;
  readonly message: string;
}

/** Everything wrong with `value`, which stands at `path`. */
export type Check = (value: unknown, path: string) => ClientEventProblem[];

export type Fields = { readonly [name: string]: Check };

const problem = (code: ClientEventProblem["code"], param: string, message: string): ClientEventProblem => ({ code, param, message });

const wrongType = (path: string, expected: string): ClientEventProblem[] => [
  problem("invalid_type", path, `Invalid type for '${path || "event"}': expected ${expected}.`),
];

export const invalid = (path: string, why: string): ClientEventProblem[] => [
  problem("invalid_value", path, `Invalid value for '${path}': ${why}.`),
];

export const isRecord = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** An object with exactly these fields. */
export function object(required: Fields, optional: Fields = {}): Check {
  return (value, path) => {
    if (!isRecord(value)) return wrongType(path, "an object");
    const at = (name: string): string => (path ? `${path}.${name}` : name);
    const missing = Object.keys(required)
      .filter((name) => value[name] === undefined)
      .map((name) => problem("missing_required_parameter", at(name), `Missing required parameter: '${at(name)}'.`));
    const wrong = Object.entries(value).flatMap(([name, field]) => {
      const check = own(required, name) ?? own(optional, name);
      if (!check) return [problem("unknown_parameter", at(name), `Unknown parameter: '${at(name)}'.`)];
      return field === undefined ? [] : check(field, at(name));
    });
    return [...missing, ...wrong];
  };
}

const own = (fields: Fields, name: string): Check | undefined => (Object.hasOwn(fields, name) ? fields[name] : undefined);

/** An object whose kind is said by its field `key`. */
export function oneOfKinds(key: string, kinds: Fields): Check {
  return (value, path) => {
    if (!isRecord(value)) return wrongType(path, "an object");
    const at = path ? `${path}.${key}` : key;
    const kind = value[key];
    if (kind === undefined) return [problem("missing_required_parameter", at, `Missing required parameter: '${at}'.`)];
    const check = typeof kind === "string" ? own(kinds, kind) : undefined;
    return check ? check(value, path) : notOneOf(kind, at, Object.keys(kinds));
  };
}

function notOneOf(value: unknown, path: string, legal: readonly string[]): ClientEventProblem[] {
  const list = legal.map((word) => `'${word}'`).join(", ");
  return [problem("invalid_value", path, `Invalid value: '${String(value)}'. Supported values are: ${list}.`)];
}

export function oneOf(...legal: readonly string[]): Check {
  return (value, path) => (typeof value === "string" && legal.includes(value) ? [] : notOneOf(value, path, legal));
}

export function string(limits: { readonly min?: number; readonly max?: number; readonly pattern?: RegExp } = {}): Check {
  const { min = 0, max = Number.POSITIVE_INFINITY, pattern } = limits;
  return (value, path) => {
    if (typeof value !== "string") return wrongType(path, "a string");
    if (value.length < min) return invalid(path, `string too short, ${value.length} of at least ${min} characters`);
    if (value.length > max) return invalid(path, `string too long, ${value.length} of at most ${max} characters`);
    if (pattern && !pattern.test(value)) return invalid(path, `string does not match pattern '${pattern.source}'`);
    return [];
  };
}

export function number(limits: { readonly min: number; readonly max: number }): Check {
  return (value, path) => {
    if (typeof value !== "number" || !Number.isFinite(value)) return wrongType(path, "a number");
    return value < limits.min || value > limits.max ? invalid(path, `expected ${limits.min} to ${limits.max}, got ${value}`) : [];
  };
}

export function integer(limits: { readonly min: number; readonly max?: number }): Check {
  const inRange = number({ min: limits.min, max: limits.max ?? Number.MAX_SAFE_INTEGER });
  return (value, path) =>
    typeof value === "number" && !Number.isInteger(value)
      ? wrongType(path, "an integer, but got a decimal number instead")
      : inRange(value, path);
}

export const boolean: Check = (value, path) => (typeof value === "boolean" ? [] : wrongType(path, "a boolean"));

export const anything: Check = () => [];

/** An object with any fields. */
export const record: Check = (value, path) => (isRecord(value) ? [] : wrongType(path, "an object"));

export function array(each: Check, limits: { readonly min?: number; readonly max?: number } = {}): Check {
  const { min = 0, max = Number.POSITIVE_INFINITY } = limits;
  return (value, path) => {
    if (!Array.isArray(value)) return wrongType(path, "an array");
    if (value.length < min || value.length > max) return invalid(path, `expected ${min} to ${max} elements, got ${value.length}`);
    return value.flatMap((element: unknown, index) => each(element, `${path}[${index}]`));
  };
}

export function nullable(check: Check): Check {
  return (value, path) => (value === null ? [] : check(value, path));
}

/** The word itself, or else whatever `check` says. */
export function wordOr(word: string, check: Check): Check {
  return (value, path) => (value === word ? [] : check(value, path));
}
