/**
 * `{{a.b.c}}` and `{{entity.query({…})}}` in prompts. A template is parsed once, to parts; each part is filled once, and what fills it is
 * data: it is never read as a template. What can not be filled says so in the text, where the author sees it.
 */
import { parseTemplateArguments, type TemplateArgument } from "./template-arguments.ts";
import { TRUNCATED } from "./tool-output.ts";

export type TemplatePart =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "variable"; readonly name: string }
  | { readonly kind: "function"; readonly name: string; readonly argument: TemplateArgument }
  /** It could be filled never: `problem` is a sentence, `name` stands in the text. */
  | { readonly kind: "error"; readonly name: string; readonly problem: string };

export interface Template {
  readonly parts: readonly TemplatePart[];
}

/** More are an error each. */
export const TEMPLATE_FUNCTIONS_MAX = 20;
/** Characters; longer ones are not looked through for their end. */
const ARGUMENTS_MAX = 8_000;
const PLACE = /\{\{\s*(?:([#/^>&!][^{}]{0,100}|else\s*)\}\}|([A-Za-z_][\w-]*(?:\.[\w-]+)*)\s*(\}\}|\())/g;

/** Never fails: what is no place is text. */
export function parseTemplate(source: string): Template {
  const parts: TemplatePart[] = [];
  let at = 0;
  let functions = 0;
  for (const match of source.matchAll(PLACE)) {
    const [whole, block, name = "", end] = match;
    // Within the arguments of the function before.
    if (match.index < at) continue;
    if (match.index > at) parts.push({ kind: "text", text: source.slice(at, match.index) });
    at = match.index + whole.length;
    if (block !== undefined) {
      parts.push({
        kind: "error",
        name: block.trim(),
        problem: "templates have no blocks; write the variable, lists and objects come as JSON",
      });
    } else if (end === "(") {
      const closed = closeOf(source, at);
      functions++;
      if (closed === undefined) parts.push({ kind: "error", name, problem: `no )}} follows within ${ARGUMENTS_MAX} characters` });
      else {
        const argument = parseTemplateArguments(source.slice(at, closed.argumentsEnd));
        at = closed.end;
        if (functions > TEMPLATE_FUNCTIONS_MAX)
          parts.push({ kind: "error", name, problem: `a template calls at most ${TEMPLATE_FUNCTIONS_MAX} functions` });
        else if (!argument.ok) parts.push({ kind: "error", name, problem: argument.problem });
        else parts.push({ kind: "function", name, argument: argument.value });
      }
    } else parts.push({ kind: "variable", name });
  }
  if (at < source.length) parts.push({ kind: "text", text: source.slice(at) });
  return { parts };
}

/** The `)` that closes, and the `}}` after it. Parentheses in JSON strings do not count. */
function closeOf(source: string, from: number): { readonly argumentsEnd: number; readonly end: number } | undefined {
  let depth = 1;
  let inString = false;
  for (let at = from; at < Math.min(source.length, from + ARGUMENTS_MAX); at++) {
    const character = source[at];
    if (inString) {
      if (character === "\\") at++;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === "(") depth++;
    else if (character === ")" && --depth === 0) {
      const [close] = /^\s*\}\}/.exec(source.slice(at + 1, at + 64)) ?? [];
      return close === undefined ? undefined : { argumentsEnd: at, end: at + 1 + close.length };
    }
  }
  return undefined;
}

/** What a function came to. */
export type TemplateCall =
  /** A value, written as text or JSON; cut at 10 KB. */
  | { readonly kind: "value"; readonly value: unknown }
  /** The actor may not: an empty list, so that the prompt says nothing about what there is. */
  | { readonly kind: "denied"; readonly problem: string }
  | { readonly kind: "not_found" }
  | { readonly kind: "failed"; readonly problem: string };

export interface TemplateFilling {
  /** `undefined`: there is no such name; `null`: there is, and it is empty. */
  valueOf(path: readonly string[]): unknown;
  call(name: string, argument: { readonly [name: string]: unknown }): Promise<TemplateCall>;
}

export interface TemplateProblem {
  readonly name: string;
  /** A sentence. */
  readonly problem: string;
}

export interface FilledTemplate {
  readonly text: string;
  readonly problems: readonly TemplateProblem[];
}

/** Characters of a function's result; the rest is cut. */
export const TEMPLATE_RESULT_MAX = 10 * 1024;

/** Fills every part once. Functions run at the same time; each hears only of the arguments that stand in the template. */
export async function fillTemplate({ parts }: Template, filling: TemplateFilling): Promise<FilledTemplate> {
  const filled = await Promise.all(parts.map((part) => fillPart(part, filling)));
  return {
    text: filled.map((part) => part.text).join(""),
    problems: filled.flatMap(({ problem }) => problem ?? []),
  };
}

interface FilledPart {
  readonly text: string;
  readonly problem?: TemplateProblem;
}

async function fillPart(part: TemplatePart, filling: TemplateFilling): Promise<FilledPart> {
  switch (part.kind) {
    case "text":
      return { text: part.text };
    case "error":
      return { text: errorText(part.name), problem: { name: part.name, problem: part.problem } };
    case "variable": {
      const value = filling.valueOf(part.name.split("."));
      return value === undefined ? missing(part.name) : { text: written(value) };
    }
    case "function": {
      const argument = part.argument((name) => filling.valueOf(name.split(".")));
      if (!argument.ok) return { text: errorText(argument.problem.name), problem: argument.problem };
      return fromCall(part.name, await filling.call(part.name, argument.value));
    }
    default:
      return part satisfies never;
  }
}

function fromCall(name: string, outcome: TemplateCall): FilledPart {
  switch (outcome.kind) {
    case "value":
      return { text: cut(written(outcome.value)) };
    case "denied":
      return { text: "[]", problem: { name, problem: outcome.problem } };
    case "not_found":
      return missing(name);
    case "failed":
      return { text: `[TEMPLATE_ERROR: ${name} failed]`, problem: { name, problem: outcome.problem } };
    default:
      return outcome satisfies never;
  }
}

/** Variables alone, where nothing can be asked; functions are not found. */
export function renderTemplate(source: string, values: { readonly [name: string]: unknown }): string {
  return parseTemplate(source)
    .parts.map((part) => {
      if (part.kind === "text") return part.text;
      const value = part.kind === "variable" ? valueAt(values, part.name.split(".")) : undefined;
      return value === undefined ? errorText(part.name) : written(value);
    })
    .join("");
}

/** Nothing inherited is found, and nothing within a text. */
export function valueAt(values: unknown, path: readonly string[]): unknown {
  let found = values;
  for (const name of path) {
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, name)) return undefined;
    found = Object.getOwnPropertyDescriptor(found, name)?.value;
  }
  return found;
}

function written(value: unknown): string {
  if (value === null) return "";
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}

function missing(name: string): FilledPart {
  return { text: errorText(name), problem: { name, problem: `there is nothing called ${name}` } };
}

function errorText(name: string): string {
  return `[TEMPLATE_ERROR: ${name} not found]`;
}

function cut(text: string): string {
  if (text.length <= TEMPLATE_RESULT_MAX) return text;
  return `${text.slice(0, TEMPLATE_RESULT_MAX).replace(/[\uD800-\uDBFF]$/, "")}${TRUNCATED}`;
}
