import type { Paint } from "../paint.ts";
import { plainText } from "../plain-text.ts";

/** An agent or a router as its owner wrote it. */
export function definitionText(
  paint: Paint,
  row: { readonly slug: string; readonly version: number; readonly updatedAt: string; readonly definition: unknown },
): string {
  const definition = JSON.stringify(row.definition, null, 2).split("\n").map(plainText).join("\n");
  return `${paint("bold", row.slug)} version ${row.version}, changed ${row.updatedAt}\n${definition}`;
}

export function setText(
  what: string,
  row: { readonly slug: string; readonly version: number; readonly changed: boolean },
  environment: string,
): string {
  return `${what} ${row.slug} ${row.changed ? "is set to" : "was already at"} version ${row.version} in ${environment}`;
}
