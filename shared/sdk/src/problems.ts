/** What is wrong with a definition, for the person who wrote it. */
import type { z } from "zod";

/**
 * One line for each problem: where, what, and what would be legal.
 *
 *     routers/phone.ts: voiceConfig.voice: "nova" is not legal; legal: "alloy", "ash", …
 */
export function describeProblems(error: z.ZodError, options: { readonly file?: string } = {}): string {
  const prefix = options.file === undefined ? "" : `${options.file}: `;
  return error.issues.map((issue) => `${prefix}${where(issue.path)}${issue.message}`).join("\n");
}

function where(path: readonly PropertyKey[]): string {
  if (path.length === 0) return "";
  const text = path.map((key, index) => (typeof key === "number" ? `[${key}]` : `${index === 0 ? "" : "."}${String(key)}`)).join("");
  return `${text}: `;
}
