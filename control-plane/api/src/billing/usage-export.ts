/**
 * What the model's vendor says that it bills, as a file: JSON, one use a line.
 *
 *   {"id":"resp_1","model":"gpt-realtime-2.1-mini","sessionId":"sess_1","usage":{…}}
 *
 * `id` is the vendor's id of the response or, for a transcription, of the item; `usage` is the vendor's own object, of `response.done`, of a
 * transcription or of the Responses API. `sessionId` leads to the call of a response that nobody saw; `costUsd`, decimal text, says what the
 * vendor takes where that is not the list price.
 */
import type { TokensUsed } from "@struere/domain";
import { Fault, type Micros, parseMicros } from "@struere/kernel";
import { readResponseUsage, readTranscriptionUsage } from "@struere/protocol/openai";
import { z } from "zod";

export interface VendorUse {
  readonly id: string;
  readonly model: string;
  readonly sessionId: string | null;
  readonly kind: "response" | "transcription";
  readonly used: TokensUsed;
  /** What the vendor takes; `null`: its list price. */
  readonly cost: Micros | null;
}

/** In one part; each use is a question or two to the books. */
const LINES_MAX = 500;
const COST_MAX = 1_000_000_000_000n;

const Count = z.number().int().nonnegative();
const Line = z.object({
  id: z.string().min(1).max(200),
  model: z.string().min(1),
  sessionId: z.string().optional(),
  usage: z.record(z.string(), z.unknown()),
  costUsd: z.string().optional(),
});
const TextUsage = z.object({
  input_tokens: Count,
  input_tokens_details: z.object({ cached_tokens: Count, cache_write_tokens: Count.optional() }),
  output_tokens: Count,
});

/** @param firstLine where this part of the export begins. @throws Fault invalid_argument that names the line. */
export function readUsageExport(text: string, firstLine = 1): readonly VendorUse[] {
  const lines = text.split("\n");
  if (lines.length > LINES_MAX) throw new Fault("invalid_argument", `the export has more than ${LINES_MAX} lines; give it in parts`);
  return lines.flatMap((line, index) => (line.trim() === "" ? [] : [readLine(line, firstLine + index)]));
}

function readLine(text: string, number: number): VendorUse {
  const wrong = (why: string): Fault => new Fault("invalid_argument", `line ${number} of the usage export ${why}`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw wrong("is not JSON");
  }
  const line = Line.safeParse(json);
  if (!line.success) {
    const [issue] = line.error.issues;
    throw wrong(`is not a use: ${issue?.path.join(".")}: ${issue?.message}`);
  }
  const { id, model, sessionId, usage, costUsd } = line.data;
  const cost = costUsd === undefined ? null : parseMicros(costUsd);
  if (cost === undefined || (cost !== null && (cost < 0n || cost > COST_MAX)))
    throw wrong(`has costUsd "${costUsd}"; legal: dollars such as "0.0123"`);
  const kind = "type" in usage ? "transcription" : "response";
  const used = readUsed(usage, kind);
  if (!used) throw wrong("has a usage of no known shape; legal: that of response.done, of a transcription, or of the Responses API");
  return { id, model, sessionId: sessionId ?? null, kind, used, cost };
}

function readUsed(usage: { readonly [field: string]: unknown }, kind: VendorUse["kind"]): TokensUsed | undefined {
  const spoken = kind === "transcription" ? readTranscriptionUsage(usage) : readResponseUsage(usage);
  if (spoken) return { ...spoken, seconds: spoken.seconds ?? null };
  const text = TextUsage.safeParse(usage);
  return text.success
    ? {
        inputTextTokens: text.data.input_tokens,
        cachedTextTokens: text.data.input_tokens_details.cached_tokens,
        cacheWriteTokens: text.data.input_tokens_details.cache_write_tokens,
        outputTextTokens: text.data.output_tokens,
        inputAudioTokens: 0,
        cachedAudioTokens: 0,
        outputAudioTokens: 0,
        seconds: null,
      }
    : undefined;
}
