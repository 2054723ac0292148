/** Finds the `{{…}}` of a prompt, for checking only: nothing is rendered here. */

export type TemplatePlace =
  | { readonly kind: "variable"; readonly name: string }
  /** `argumentsText`: what stands in the parentheses; undefined: they are not closed. */
  | { readonly kind: "function"; readonly name: string; readonly argumentsText: string | undefined }
  /** `{{#each}}`, `{{/if}}`, `{{else}}`: of another template language. */
  | { readonly kind: "block"; readonly name: string };

const PLACE = /\{\{\s*(?:([#/^>&!]\s*[\w.-]*|else\b)|([A-Za-z_][\w-]*(?:\.[\w-]+)*)\s*(\}\}|\())/g;

/** More are not looked at: each may have to be read to the prompt's end. */
export const PLACES_MAX = 500;

/** In order, one at a time; a variable within a function's arguments comes after the function. */
export function* templatePlaces(prompt: string): Generator<TemplatePlace> {
  for (const match of prompt.matchAll(PLACE)) {
    const [whole, block, name = "", end] = match;
    if (block !== undefined) yield { kind: "block", name: block };
    else if (end === "(") yield { kind: "function", name, argumentsText: upToParenthesis(prompt, match.index + whole.length) };
    else yield { kind: "variable", name };
  }
}

/** The text from `start` to the parenthesis that closes; parentheses in JSON strings do not count. */
function upToParenthesis(text: string, start: number): string | undefined {
  let inString = false;
  let depth = 1;
  for (let at = start; at < text.length; at++) {
    const character = text[at];
    if (inString && character === "\\") at++;
    else if (character === '"') inString = !inString;
    else if (inString) continue;
    else if (character === "(") depth++;
    else if (character === ")" && --depth === 0) return text.slice(start, at);
  }
  return undefined;
}

/** The arguments with a zero for each variable in them; undefined: they are not JSON. */
export function readArguments(argumentsText: string): unknown {
  const filled = argumentsText.replace(/\{\{\s*[\w.-]+\s*\}\}/g, "0").trim();
  if (filled === "") return {};
  try {
    return JSON.parse(filled);
  } catch {
    return undefined;
  }
}
