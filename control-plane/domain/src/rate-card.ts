/**
 * What things cost. A rate card never changes; other prices are another card with another version, and a call is billed by the version that
 * it was resolved with.
 *
 * Rounding is defined here, once: a line is one kind of unit of one use, for example the cached audio tokens of one response. Its cost is
 * an exact fraction, rounded half up to a whole micro. Nothing is carried over from one line to another, so that the order in which lines
 * come makes no difference, and a sum of n lines is at most n halves of a micro from the exact sum. The markup of a use is a fraction of
 * its rounded cost, rounded in the same way.
 */
import { err, type Micros, micros, ok, type Result } from "@struere/kernel";

/** All prices are whole micros. */
export interface RateCard {
  readonly version: string;
  readonly currency: string;
  /** Hundredths of a percent on top of every cost. */
  readonly markupBps: number;
  readonly models: { readonly [slug: string]: ModelRates };
  readonly telephony: readonly TelephonyRate[];
  /** What the carrier takes for a media stream, for each started minute, on top of the call; absent: nothing. */
  readonly mediaStreamPerMinute?: number | undefined;
}

export interface ModelRates {
  readonly perMillionTokens?: TokenRates | undefined;
  /** For models that are billed by the time of the audio. */
  readonly perMinute?: number | undefined;
}

export interface TokenRates {
  readonly textIn?: number | undefined;
  readonly textCachedIn?: number | undefined;
  /** Input that is written to the vendor's cache; absent: like any other input. */
  readonly textCacheWrite?: number | undefined;
  readonly textOut?: number | undefined;
  readonly audioIn?: number | undefined;
  readonly audioCachedIn?: number | undefined;
  readonly audioOut?: number | undefined;
}

export interface TelephonyRate {
  readonly direction: "inbound" | "outbound";
  /** E.164, `+1` or `+1900`: the longest that fits decides. Of the number called: inbound it is ours, outbound the person's. */
  readonly prefix: string;
  /** For each started minute. */
  readonly perMinute: number;
}

/** Cached tokens are part of the input tokens, as the vendor counts. */
export interface TokensUsed {
  readonly inputTextTokens: number;
  readonly inputAudioTokens: number;
  readonly cachedTextTokens: number;
  readonly cachedAudioTokens: number;
  /** Of the input's text; absent: the vendor counts none. */
  readonly cacheWriteTokens?: number | undefined;
  readonly outputTextTokens: number;
  readonly outputAudioTokens: number;
  /** Where the vendor counts time instead. */
  readonly seconds: number | null;
}

export type LineItem =
  | "text_in"
  | "text_cached_in"
  | "text_cache_write"
  | "text_out"
  | "audio_in"
  | "audio_cached_in"
  | "audio_out"
  | "audio_time"
  | "minutes"
  | "stream_minutes";

export interface PricedLine {
  readonly item: LineItem;
  /** Tokens; microseconds of `audio_time`; started `minutes` and `stream_minutes`. */
  readonly quantity: number;
  /** Micros for a million tokens or for a minute. */
  readonly rate: number;
  readonly cost: Micros;
}

export interface PricedUse {
  readonly lines: readonly PricedLine[];
  readonly cost: Micros;
  readonly markup: Micros;
  /** The vendor counted in a unit that the card does not price; it was converted. */
  readonly converted: boolean;
}

export interface PriceProblem {
  readonly reason: "price_unknown";
  /** For the person who can act. */
  readonly detail: string;
}

export function priceTokens(card: RateCard, model: string, used: TokensUsed): Result<PricedUse, PriceProblem> {
  const rates = ratesOf(card, model);
  if (!rates) return err(noModelPrice(card, model));
  if (rates.perMinute !== undefined) return ok(priceTime(card, rates.perMinute, used));
  const { inputTextTokens, inputAudioTokens, cachedTextTokens, cachedAudioTokens, outputTextTokens, outputAudioTokens, seconds } = used;
  const tokens = rates.perMillionTokens ?? {};
  // A model that is billed by tokens and of which only the time is known: its caller's audio, by the vendor's own measure.
  const timed = seconds !== null && inputAudioTokens === 0;
  const audioIn = timed ? Math.ceil(seconds * AUDIO_TOKENS_PER_S) : inputAudioTokens;
  // Where the vendor has no price of its own for writing to its cache, it is input like any other.
  const written = tokens.textCacheWrite === undefined ? 0 : (used.cacheWriteTokens ?? 0);
  const counted: readonly (readonly [LineItem, number, number | undefined])[] = [
    ["text_in", inputTextTokens - cachedTextTokens - written, tokens.textIn],
    ["text_cached_in", cachedTextTokens, tokens.textCachedIn],
    ["text_cache_write", written, tokens.textCacheWrite],
    ["text_out", outputTextTokens, tokens.textOut],
    ["audio_in", audioIn - cachedAudioTokens, tokens.audioIn],
    ["audio_cached_in", cachedAudioTokens, tokens.audioCachedIn],
    ["audio_out", outputAudioTokens, tokens.audioOut],
  ];
  const lines: PricedLine[] = [];
  for (const [item, quantity, rate] of counted) {
    if (quantity === 0) continue;
    if (rate === undefined) return err(noItemPrice(card, model, item));
    lines.push({ item, quantity, rate, cost: roundHalfUp(BigInt(quantity) * BigInt(rate), MILLION) });
  }
  return ok(priced(card, lines, timed && seconds > 0));
}

export interface CarrierUse {
  readonly direction: "inbound" | "outbound";
  /** The number that was called. */
  readonly called: string;
  readonly seconds: number;
}

/** A media stream beside its call. Without a price it costs nothing, and has no line. */
export function priceMediaStream(card: RateCard, seconds: number): PricedUse {
  const rate = card.mediaStreamPerMinute ?? 0;
  const minutes = rate === 0 ? 0 : Math.ceil(seconds / 60);
  if (minutes === 0) return priced(card, [], false);
  return priced(card, [{ item: "stream_minutes", quantity: minutes, rate, cost: micros(BigInt(minutes) * BigInt(rate)) }], false);
}

/** Carriers bill every minute that was begun. */
export function priceTelephony(card: RateCard, use: CarrierUse): Result<PricedUse, PriceProblem> {
  const rate = telephonyRate(card, use);
  if (!rate.ok) return rate;
  const minutes = Math.ceil(use.seconds / 60);
  if (minutes === 0) return ok(priced(card, [], false));
  const { perMinute } = rate.value;
  return ok(
    priced(card, [{ item: "minutes", quantity: minutes, rate: perMinute, cost: micros(BigInt(minutes) * BigInt(perMinute)) }], false),
  );
}

export function telephonyRate(
  card: RateCard,
  { direction, called }: Pick<CarrierUse, "direction" | "called">,
): Result<TelephonyRate, PriceProblem> {
  const [best] = card.telephony
    .filter((rate) => rate.direction === direction && called.startsWith(rate.prefix))
    .sort((a, b) => b.prefix.length - a.prefix.length);
  if (best) return ok(best);
  const known = card.telephony.filter((rate) => rate.direction === direction).map((rate) => rate.prefix);
  const digits = `${called.slice(0, 4)}…`;
  return err({
    reason: "price_unknown",
    detail:
      `the rate card ${card.version} has no telephony price for ${direction} calls to ${digits}; ` +
      `it has ${known.length === 0 ? "none" : known.join(", ")}. ${WHERE_TO_ADD}`,
  });
}

/** Whether everything that a call will use has a price. @returns the first thing that has none. */
export function unpriced(card: RateCard, use: { readonly models: readonly string[] } & Partial<Pick<CarrierUse, "direction" | "called">>) {
  const missing = use.models.find((model) => ratesOf(card, model) === undefined);
  if (missing !== undefined) return noModelPrice(card, missing);
  const { direction, called } = use;
  if (direction === undefined || called === undefined) return undefined;
  const rate = telephonyRate(card, { direction, called });
  return rate.ok ? undefined : rate.problem;
}

/** n/d to the nearest whole number, halves up; for nothing below zero. */
export function roundHalfUp(numerator: bigint, denominator: bigint): Micros {
  return micros((2n * numerator + denominator) / (2n * denominator));
}

const MILLION = 1_000_000n;
const MINUTE_US = 60n * MILLION;
const BASIS_POINTS = 10_000n;
/** platform.openai.com/docs/guides/realtime-costs: a token of the caller's audio is 100 ms. */
const AUDIO_TOKENS_PER_S = 10;
const AUDIO_TOKEN_US = 100_000;

const WHERE_TO_ADD = "Add the price to the file that RATE_CARD_FILE names, and restart the control plane";

const ratesOf = (card: RateCard, model: string): ModelRates | undefined =>
  Object.hasOwn(card.models, model) ? card.models[model] : undefined;

function priceTime(card: RateCard, perMinute: number, used: TokensUsed): PricedUse {
  const us = used.seconds === null ? used.inputAudioTokens * AUDIO_TOKEN_US : Math.round(used.seconds * 1_000_000);
  if (us === 0) return priced(card, [], false);
  const cost = roundHalfUp(BigInt(us) * BigInt(perMinute), MINUTE_US);
  return priced(card, [{ item: "audio_time", quantity: us, rate: perMinute, cost }], used.seconds === null);
}

function priced(card: RateCard, lines: readonly PricedLine[], converted: boolean): PricedUse {
  const cost = micros(lines.reduce((sum: bigint, line) => sum + line.cost, 0n));
  return { lines, cost, markup: roundHalfUp(cost * BigInt(card.markupBps), BASIS_POINTS), converted };
}

function noModelPrice(card: RateCard, model: string): PriceProblem {
  return {
    reason: "price_unknown",
    detail:
      `the rate card ${card.version} has no price for the model ${model}; ` +
      `priced are ${Object.keys(card.models).join(", ")}. Use one of these, or: ${lowered(WHERE_TO_ADD)}`,
  };
}

function noItemPrice(card: RateCard, model: string, item: LineItem): PriceProblem {
  return {
    reason: "price_unknown",
    detail: `the rate card ${card.version} prices the model ${model}, but not its ${item}. ${WHERE_TO_ADD}`,
  };
}

const lowered = (sentence: string): string => sentence.charAt(0).toLowerCase() + sentence.slice(1);
