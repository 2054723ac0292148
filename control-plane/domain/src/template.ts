/**
 * `{{a.b.c}}` in prompts. One pass: a value is data and is never read as a template again. A path that leads nowhere is left as it
 * stands, where its author will see it.
 */
const PLACE = /\{\{\s*([A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*)\s*\}\}/g;

export function renderTemplate(template: string, values: { readonly [name: string]: unknown }): string {
  return template.replace(PLACE, (place, path: string) => {
    const value = at(values, path.split("."));
    if (value === undefined || value === null) return place;
    return typeof value === "string" ? value : JSON.stringify(value);
  });
}

function at(values: unknown, path: readonly string[]): unknown {
  let found = values;
  for (const name of path) {
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, name)) return undefined;
    found = Object.entries(found).find(([key]) => key === name)?.[1];
  }
  return found;
}
