import type { z } from "zod";

/** What a schema found wrong, as one sentence part: `start.callSid: Invalid input; media.chunk: …`. Never repeats the value. */
export function sentenceOf(error: z.ZodError): string {
  return error.issues.map((issue) => `${issue.path.length > 0 ? issue.path.join(".") : "message"}: ${issue.message}`).join("; ");
}
