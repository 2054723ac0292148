/** What a tool answers to a model: JSON, and never longer than a model should read. */
import type { FaultCode } from "@struere/kernel";

export const OUTPUT_MAX_BYTES = 32 * 1024;
export const TRUNCATED = "...[truncated]";

/** Faults, and one thing more: whether it happened is not known, and it is never tried again. */
export type ToolErrorCode = FaultCode | "unknown_outcome";

/** The value as JSON; a longer one becomes `{ truncated: true, text }` with the beginning of the JSON. */
export function toolOutput(value: unknown): string {
  const json = JSON.stringify(value) ?? "null";
  if (byteLength(json) <= OUTPUT_MAX_BYTES) return json;
  // Quotes in the text are escaped once more: half is always within the bound.
  let room = OUTPUT_MAX_BYTES - 64;
  for (;;) {
    const cut = JSON.stringify({ truncated: true, text: `${cutBytes(json, room)}${TRUNCATED}` });
    if (byteLength(cut) <= OUTPUT_MAX_BYTES) return cut;
    room = Math.floor(room * 0.8);
  }
}

const MESSAGE_MAX = 2_000;

export function toolError(code: ToolErrorCode, message: string): string {
  return JSON.stringify({ error: { code, message: cutBytes(message, MESSAGE_MAX) } });
}

/** At most so many bytes of UTF-8, cut between characters. */
export function cutBytes(text: string, bytes: number): string {
  if (text.length * 3 <= bytes) return text;
  let used = 0;
  let end = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    used += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x1_0000 ? 3 : 4;
    if (used > bytes) break;
    end += character.length;
  }
  return text.slice(0, end);
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}
