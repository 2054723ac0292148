/**
 * What the simulated vendor charges: its invoice in money. Written on its own, by long division on the price list, so that it can be
 * held against whoever else computes the same.
 */
import { modelInfo } from "struere";
import type { InvoiceLine } from "./invoice.ts";

/** A kind of unit on one line of the invoice; millionths of a dollar, each rounded half up by itself. */
export interface BilledUnits {
  readonly what: "text in" | "cached text in" | "text out" | "audio in" | "cached audio in" | "audio out" | "seconds";
  readonly units: number;
  readonly micros: bigint;
}

export function billOf(line: InvoiceLine): readonly BilledUnits[] {
  const prices = modelInfo(line.model)?.prices;
  if (!prices) throw new Error(`the simulated vendor has no price for ${line.model}`);
  if (line.kind === "transcription" && line.usage.type === "duration") {
    if (prices.perMinute === undefined) throw new Error(`${line.model} is not billed by the minute`);
    const { seconds } = line.usage;
    return seconds === 0 ? [] : [{ what: "seconds", units: seconds, micros: divide(Math.round(seconds * 1e6) * prices.perMinute, 60e6) }];
  }
  const rates = prices.perMillionTokens ?? {};
  const tokens = tokensOf(line);
  const billed: readonly (readonly [BilledUnits["what"], number, number | undefined])[] = [
    ["text in", tokens.textIn - tokens.cachedText, rates.textIn],
    ["cached text in", tokens.cachedText, rates.textCachedIn],
    ["text out", tokens.textOut, rates.textOut],
    ["audio in", tokens.audioIn - tokens.cachedAudio, rates.audioIn],
    ["cached audio in", tokens.cachedAudio, rates.audioCachedIn],
    ["audio out", tokens.audioOut, rates.audioOut],
  ];
  return billed
    .filter(([, units]) => units > 0)
    .map(([what, units, rate]) => {
      if (rate === undefined) throw new Error(`the simulated vendor has no price for ${what} of ${line.model}`);
      return { what, units, micros: divide(units * rate, 1e6) };
    });
}

/** In micros. */
export function totalOf(lines: readonly InvoiceLine[]): bigint {
  return lines.flatMap(billOf).reduce((sum, { micros }) => sum + micros, 0n);
}

function tokensOf(line: InvoiceLine) {
  if (line.kind === "text") {
    const { input_tokens: textIn, input_tokens_details: input, output_tokens: textOut } = line.usage;
    return { textIn, textOut, cachedText: input.cached_tokens, audioIn: 0, cachedAudio: 0, audioOut: 0 };
  }
  if (line.kind === "transcription") {
    if (line.usage.type === "duration") throw new Error("a transcription by time has no tokens");
    const { text_tokens: textIn, audio_tokens: audioIn } = line.usage.input_token_details;
    return { textIn, audioIn, textOut: line.usage.output_tokens, cachedText: 0, cachedAudio: 0, audioOut: 0 };
  }
  const { input_token_details: input, output_token_details: output } = line.usage;
  return {
    textIn: input.text_tokens,
    audioIn: input.audio_tokens,
    cachedText: input.cached_tokens_details.text_tokens,
    cachedAudio: input.cached_tokens_details.audio_tokens,
    textOut: output.text_tokens,
    audioOut: output.audio_tokens,
  };
}

/** Whole part and remainder; half or more goes up. Exact: the numbers here stay far below 2^53. */
function divide(numerator: number, denominator: number): bigint {
  const remainder = numerator % denominator;
  return BigInt((numerator - remainder) / denominator + (2 * remainder >= denominator ? 1 : 0));
}
