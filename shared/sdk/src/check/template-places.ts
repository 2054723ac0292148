/** Finds the `{{…}}` of a prompt, for checking only: nothing is rendered here. */

export type TemplatePlace =
  | { readonly kind: "variable"; readonly name: string }
  /** `argumentsText`: what stands in the parentheses; undefined: they are not closed. */
  | { readonly kind: "function"; readonly name: string; readonly argumentsText: string | undefined }
  /** `{{#each}}`, `{{/if}}`, `{{else}}`: of another template language. */
  | { readonly kind: "block"; readonly name: string };

const PLACE = /\{\{\s*(?:([#/^>&!]\s*[\w.-]*|else\b)|([A-Za-z_][\w-]*(?:\.[\w-]+)*)\s*(\}\}|\())/g;

/** In order; a variable within a function's arguments comes after the function. */
export function templatePlaces(prompt: string): TemplatePlace[] {
  return [...prompt.matchAll(PLACE)].map((match): TemplatePlace => {
    const [whole, block, name = "", end] = match;
    if (block !== undefined) return { kind: "block", name: block };
    if (end === "(") return { kind: "function", name, argumentsText: upToParenthesis(prompt, match.index + whole.length) };
    return { kind: "variable", name };
  });
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
