/** The most that an answer in writing can cost: what is reserved before the model is asked. */
import { type Micros, micros, ok, type Result } from "@struere/kernel";
import { type PriceProblem, priceTokens, type RateCard } from "./rate-card.ts";

/** Few languages have less; four is usual. */
const CHARS_PER_TOKEN_LEAST = 2;
/** Where nobody has said how long an answer may be, and its credit is reserved. */
export const ANSWER_TOKENS_MAX = 16_384;

export interface AnswerToPrice {
  readonly model: string;
  /** Of all that the model reads. */
  readonly chars: number;
  readonly outputTokensMax: number;
}

/**
 * @returns micros of the card's currency, markup included; the problem when the card has no price for the model.
 */
export function mostOfAnswer(card: RateCard, { model, chars, outputTokensMax }: AnswerToPrice): Result<Micros, PriceProblem> {
  const read = Math.ceil(chars / CHARS_PER_TOKEN_LEAST);
  const priceIf = (cacheWriteTokens: number) =>
    priceTokens(card, model, {
      inputTextTokens: read,
      cacheWriteTokens,
      outputTextTokens: outputTokensMax,
      inputAudioTokens: 0,
      cachedTextTokens: 0,
      cachedAudioTokens: 0,
      outputAudioTokens: 0,
      seconds: null,
    });
  // Writing to the vendor's cache may be dearer than reading.
  const [plain, cached] = [priceIf(0), priceIf(read)];
  if (!plain.ok) return plain;
  if (!cached.ok) return cached;
  const [a, b] = [plain, cached].map(({ value: { cost, markup } }) => cost + markup) as [bigint, bigint];
  return ok(micros(a > b ? a : b));
}
