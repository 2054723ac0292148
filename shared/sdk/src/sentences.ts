/**
 * What schemas say when a definition is wrong: the value, and which values are legal, in prose. A missing value is called missing, never
 * `undefined`. The field's name is the issue's path; `describeProblems` puts both together.
 */
import { z } from "zod";

type Issue = z.core.$ZodRawIssue;

/** A value as it would be written in the definition, shortened. */
function show(value: unknown): string {
  const text = typeof value === "function" ? "a function" : (JSON.stringify(value) ?? String(value));
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

/** `… is missing; legal: x` or `"y" is not legal; legal: x`. */
function sentence(value: unknown, legal: string): string {
  return value === undefined ? `is missing; legal: ${legal}` : `${show(value)} is not legal; legal: ${legal}`;
}

const says = (legal: string) => (issue: Issue) => sentence(issue.input, legal);

/**
 * Exactly these keys; an unknown one is named together with the legal ones. `refused` has sentences of their own for keys that people write
 * for a reason.
 */
export function strict<Shape extends z.core.$ZodLooseShape>(what: string, shape: Shape, refused: Readonly<Record<string, string>> = {}) {
  const legal = Object.keys(shape).join(", ");
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code !== "unrecognized_keys") return sentence(issue.input, `${what}, an object with ${legal}`);
      const known = issue.keys.map((key) => (Object.hasOwn(refused, key) ? refused[key] : undefined)).find((one) => one !== undefined);
      if (known !== undefined) return known;
      const keys = issue.keys.map((key) => `"${key}"`).join(", ");
      return `${issue.keys.length === 1 ? "unknown key" : "unknown keys"} ${keys}; legal keys of ${what}: ${legal}`;
    },
  });
}

/** One of `values`. `aliases` are taken too, but nobody is told of them. */
export function choice<const Value extends string, const Alias extends string = never>(
  values: readonly Value[],
  aliases: readonly Alias[] = [],
) {
  return z.enum([...values, ...aliases], { error: says(values.map((value) => `"${value}"`).join(", ")) });
}

export function words(options: { readonly what: string; readonly max: number }) {
  const { what, max } = options;
  const legal = `${what}, text of 1 to ${max} characters`;
  const tooLong = (issue: Issue) => `is too long (${String(issue.input).length} characters); legal: ${legal}`;
  return z
    .string({ error: says(legal) })
    .trim()
    .min(1, { error: says(legal) })
    .max(max, { error: tooLong });
}

export function pattern(regex: RegExp, legal: string) {
  return z.string({ error: says(legal) }).regex(regex, { error: says(legal) });
}

export function wholeNumber(options: { readonly min: number; readonly max: number; readonly unit?: string }) {
  const { min, max, unit } = options;
  const legal = says(`a whole number from ${min} to ${max}${unit ? ` ${unit}` : ""}`);
  return z.number({ error: legal }).int({ error: legal }).min(min, { error: legal }).max(max, { error: legal });
}

export function fraction(options: { readonly min: number; readonly max: number }) {
  const { min, max } = options;
  const legal = says(`a number from ${min} to ${max}`);
  return z.number({ error: legal }).min(min, { error: legal }).max(max, { error: legal });
}

/** A list; `each` says what is wrong with an element. */
export function list<Element extends z.ZodType>(
  each: Element,
  options: { readonly what: string; readonly min: number; readonly max: number },
) {
  const { what, min, max } = options;
  const legal = `a list of ${min} to ${max} ${what}`;
  const wrongLength = (issue: Issue) => {
    const count = Array.isArray(issue.input) ? issue.input.length : 0;
    return `has ${count} elements; legal: ${legal}`;
  };
  return z
    .array(each, { error: says(legal) })
    .min(min, { error: wrongLength })
    .max(max, { error: wrongLength })
    .readonly();
}

/** The kinds of an object that are told apart by `key`. `mistaken` has hints for values that people write for another. */
export function kinds<const Options extends readonly [z.core.$ZodTypeDiscriminable, ...z.core.$ZodTypeDiscriminable[]]>(
  key: string,
  values: readonly string[],
  options: Options,
  mistaken: Readonly<Record<string, string>> = {},
) {
  const legal = values.map((value) => `"${value}"`).join(", ");
  return z.discriminatedUnion(key, options, {
    error: (issue) => {
      const { input } = issue;
      const isObject = typeof input === "object" && input !== null && !Array.isArray(input);
      const kind = isObject ? Object.entries(input).find(([name]) => name === key)?.[1] : undefined;
      if (typeof kind === "string" && Object.hasOwn(mistaken, kind)) return `"${kind}" ${mistaken[kind]}; legal: ${legal}`;
      return isObject ? sentence(kind, legal) : sentence(input, `an object whose ${key} is one of ${legal}`);
    },
  });
}
