/**
 * The prices that hold when nobody says otherwise. Those of models are the vendor's, from the list of models. Telephony is an ASSUMPTION, for
 * the United States and Canada only: what a carrier charges depends on the account, the number and the contract, so check these two
 * lines against your carrier's price list, and override them, and add the countries that you call, in the file that RATE_CARD_FILE names
 * (deploy/README.md shows one). What has no price here or there is not called and not answered. What the carrier takes for media streams is
 * not known here, and is billed once that file says it.
 *
 * Whoever changes a price here makes another card: its version comes from what is in it.
 */
import type { RateCard } from "@struere/domain";
import { versionOfCard } from "@struere/store";
import { MODELS } from "struere";

const BUILTIN_LABEL = "2026-11";

export const BUILTIN_PRICES: Omit<RateCard, "version"> = {
  currency: "USD",
  markupBps: 0,
  models: Object.fromEntries(MODELS.map(({ slug, prices }) => [slug, prices])),
  telephony: [
    // Assumed: 0.0085 and 0.0140 dollars a minute.
    { direction: "inbound", prefix: "+1", perMinute: 8_500 },
    { direction: "outbound", prefix: "+1", perMinute: 14_000 },
  ],
};

export function builtinRateCard(): RateCard {
  return { version: versionOfCard(BUILTIN_LABEL, BUILTIN_PRICES), ...BUILTIN_PRICES };
}
