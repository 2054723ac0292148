/**
 * An installation's own prices, laid over the built-in ones. Prices are decimal text in dollars, as on a price list: "0.0085" is exact, and a
 * number in JSON is not. A model is priced as a whole; telephony is priced by direction and prefix.
 *
 *   { "label": "acme-2026-12", "markupBps": 1500,
 *     "models": { "gpt-realtime-2.1-mini": { "perMillionTokens": { "textIn": "0.60", "audioIn": "10.00", … } }, "own": { "perMinute": "0.01" } },
 *     "mediaStream": { "perMinute": "0.004" },
 *     "telephony": [{ "direction": "outbound", "prefix": "+49", "perMinute": "0.0190" }, { "direction": "inbound", "prefix": "*", "perMinute": "0.01" }] }
 */
import { readFile } from "node:fs/promises";
import type { RateCard, TelephonyRate } from "@struere/domain";
import { Fault, parseMicros } from "@struere/kernel";
import { versionOfCard } from "@struere/store";
import { bareSlug } from "struere";
import { z } from "zod";
import { BUILTIN_PRICES, builtinRateCard } from "./builtin-rate-card.ts";

const Price = z.string({ error: 'a price is text in dollars such as "0.0085", at most six decimals' }).transform((text, context) => {
  const amount = parseMicros(text);
  if (amount !== undefined && amount >= 0n && amount <= PRICE_MAX) return Number(amount);
  context.addIssue({ code: "custom", message: `"${text}" is no price; legal: dollars from "0" to "10000", at most six decimals` });
  return z.NEVER;
});
const PRICE_MAX = 10_000_000_000n;

const Tokens = z
  .strictObject({
    textIn: Price.optional(),
    textCachedIn: Price.optional(),
    textCacheWrite: Price.optional(),
    textOut: Price.optional(),
    audioIn: Price.optional(),
    audioCachedIn: Price.optional(),
    audioOut: Price.optional(),
  })
  .refine((rates) => Object.values(rates).some((rate) => rate !== undefined), { error: "needs at least one price" });

const Model = z
  .strictObject({ perMillionTokens: Tokens.optional(), perMinute: Price.optional() })
  .refine((rates) => (rates.perMillionTokens === undefined) !== (rates.perMinute === undefined), {
    error: "is billed either perMillionTokens or perMinute",
  });

const Telephony = z.strictObject({
  direction: z.enum(["inbound", "outbound"], { error: 'legal: "inbound", "outbound"' }),
  prefix: z
    .string()
    .regex(/^(\+\d{1,15}|sip:|\*)$/, { error: 'legal: the beginning of an E.164 number such as "+49", "sip:", or "*" for all others' }),
  perMinute: Price,
});

const RateCardFile = z.strictObject({
  /** For people; the version is this and a fingerprint of the prices. */
  label: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$/, { error: "1 to 40 letters, digits, dots and dashes" }),
  markupBps: z.number().int().min(0).max(100_000).optional(),
  models: z.record(z.string(), Model).default({}),
  telephony: z.array(Telephony).max(5_000).default([]),
  /** The carrier's price of a media stream, beside that of the call. */
  mediaStream: z.strictObject({ perMinute: Price }).optional(),
});

/** @param text JSON. @throws Fault invalid_argument that names every place where it is wrong. */
export function readRateCard(text: string, name = "RATE_CARD_FILE"): RateCard {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new Fault("invalid_argument", `${name} is not JSON`, { cause });
  }
  const read = RateCardFile.safeParse(json);
  if (!read.success) {
    const where = read.error.issues.map((issue) => `${issue.path.join(".") || "the file"}: ${issue.message}`).join("; ");
    throw new Fault("invalid_argument", `${name} is not a rate card: ${where}`);
  }
  const { label, markupBps, models, telephony, mediaStream } = read.data;
  const own: TelephonyRate[] = telephony.map((rate) => ({ ...rate, prefix: rate.prefix === "*" ? "" : rate.prefix }));
  const replaced = new Set(own.map(placeOf));
  if (replaced.size < own.length) throw new Fault("invalid_argument", `${name} prices the same direction and prefix twice`);
  const prices = {
    currency: BUILTIN_PRICES.currency,
    markupBps: markupBps ?? BUILTIN_PRICES.markupBps,
    models: { ...BUILTIN_PRICES.models, ...Object.fromEntries(Object.entries(models).map(([slug, rates]) => [bareSlug(slug), rates])) },
    telephony: [...BUILTIN_PRICES.telephony.filter((rate) => !replaced.has(placeOf(rate))), ...own],
    ...(mediaStream === undefined ? {} : { mediaStreamPerMinute: mediaStream.perMinute }),
  };
  return { version: versionOfCard(label, prices), ...prices };
}

/** @param path `null`: the built-in prices. */
export async function loadRateCard(path: string | null): Promise<RateCard> {
  if (path === null) return builtinRateCard();
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new Fault("invalid_argument", `RATE_CARD_FILE is "${path}", and can not be read; name a file with prices, or leave it out`, {
      cause,
    });
  });
  return readRateCard(text, `the file ${path} of RATE_CARD_FILE`);
}

const placeOf = ({ direction, prefix }: TelephonyRate): string => `${direction} ${prefix}`;
