/** Text as Postgres can hold it: no NUL and no half of a surrogate pair, in which neither text nor jsonb can be written. */

export function cleanText(text: string): string {
  return text.replaceAll("\u0000", "").toWellFormed();
}

/** JSON for a jsonb column, every string in it cleaned. */
export function cleanJson(value: unknown): string {
  return JSON.stringify(cleaned(value));
}

function cleaned(value: unknown): unknown {
  if (typeof value === "string") return cleanText(value);
  if (Array.isArray(value)) return value.map(cleaned);
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [cleanText(name), cleaned(inner)]));
}
