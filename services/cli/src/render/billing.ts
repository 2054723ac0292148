/** Money as text for people. */
import type { BillingCaps, BillingPrices, Charged, Reconciled } from "../api-types.ts";
import type { Paint } from "../paint.ts";
import { plainText } from "../plain-text.ts";
import { table } from "../table.ts";

const OPEN_SHOWN = 20;

export function renderReconciled(what: string, found: Reconciled): string {
  const { checked, corrected, unseen, open, vendor, booked, currency } = found;
  return [
    `${what}: ${checked} checked, ${corrected} corrected, ${unseen} that nobody had reported, ${open.length} open`,
    `  the vendor bills ${vendor} ${currency}; the books had ${booked} ${currency}`,
    ...open.slice(0, OPEN_SHOWN).map(({ id, why }) => `  open: ${plainText(id)}: ${plainText(why)}`),
    ...(open.length > OPEN_SHOWN ? [`  and ${open.length - OPEN_SHOWN} more; --json has all`] : []),
  ].join("\n");
}

/** A line for each, the amounts under one another. */
export function renderAmounts(lines: readonly (readonly [what: string, amount: string])[]): string {
  const width = Math.max(...lines.map(([what]) => what.length));
  return lines.map(([what, amount]) => `${what.padEnd(width)}  ${amount}`).join("\n");
}

export function renderCharged(
  paint: Paint,
  charged: { readonly items: readonly Charged[]; readonly total: string; readonly currency: string },
): string {
  const { items, total, currency } = charged;
  const hasDays = items.some(({ day }) => day !== null);
  const columns = [...(hasDays ? ["DAY"] : []), "FOR", "QUANTITY", "UNIT", currency];
  const rows = items.map(({ day, category, quantity, unit, amount }) => [
    ...(hasDays ? [day] : []),
    CATEGORIES[category],
    unit === "none" ? null : unit === "microseconds" ? Math.round(quantity / 1_000) / 1_000 : quantity,
    unit === "none" ? null : unit === "microseconds" ? "seconds" : unit,
    amount,
  ]);
  const sum = [...(hasDays ? [""] : []), "total", "", "", total];
  return table(paint, { columns, rows: items.length === 0 ? [] : [...rows, sum], nothing: "nothing was charged" });
}

export function renderCaps(paint: Paint, caps: readonly BillingCaps[], balance: { readonly creditLimit: string | null }): string {
  const of = (spent: string, cap: string | null): string => (cap === null ? `${spent} of any` : `${spent} of ${cap}`);
  const rows = caps.map((each) => [
    each.keyId ?? "environment",
    of(each.spent.hour, each.caps.hour),
    of(each.spent.day, each.caps.day),
    of(each.spent.month, each.caps.month),
    each.callsPerNumber,
    each.maxConcurrent,
    each.callsPerSecond,
  ]);
  const credit = balance.creditLimit === null ? "calls need no credit" : `calls need credit, and may go ${balance.creditLimit} below zero`;
  const columns = ["OF", "THIS HOUR", "TODAY", "THIS MONTH", "PER NUMBER", "AT A TIME", "PER SECOND"];
  return `${table(paint, { columns, rows, nothing: "no limits" })}\n${credit}`;
}

export function renderPrices(paint: Paint, prices: BillingPrices): string {
  const models = prices.models.map(({ model, perMinute, perMillionTokens: tokens }) => [
    model,
    tokens.textIn,
    tokens.textCachedIn,
    tokens.textOut,
    tokens.audioIn,
    tokens.audioCachedIn,
    tokens.audioOut,
    perMinute,
  ]);
  const telephony = prices.telephony.map(({ direction, prefix, perMinute }) => [direction, prefix === "" ? "any" : prefix, perMinute]);
  telephony.push(["media stream", "", prices.mediaStreamPerMinute ?? "not billed"]);
  const columns = ["MODEL", "TEXT IN", "CACHED", "TEXT OUT", "AUDIO IN", "CACHED", "AUDIO OUT", "A MINUTE"];
  return [
    `rate card ${prices.version}, ${prices.currency}, markup ${prices.markupPercent} %; models for a million tokens or a minute`,
    table(paint, { columns, rows: models, nothing: "no models" }),
    "",
    table(paint, { columns: ["CALLS", "TO", "A STARTED MINUTE"], rows: telephony, nothing: "no telephony" }),
  ].join("\n");
}

const CATEGORIES: { readonly [Category in Charged["category"]]: string } = {
  audio_in: "audio in",
  audio_out: "audio out",
  cached: "cached input",
  text: "text",
  transcription: "transcription",
  telephony: "telephony",
  transfer: "transfers",
  media_stream: "media streams",
  auditor: "auditor",
  classifier: "classifier",
  text_agents: "text agents",
  markup: "markup",
};
