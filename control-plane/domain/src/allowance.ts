/**
 * How much an environment, or one API key, may spend: a cap for the hour, the day and the month. The windows are those of the calendar in
 * UTC, so that everybody can say when one ends: at most two caps can be spent within one window's length, around its end.
 *
 * What counts is what was charged, when it was charged. What is reserved for running calls counts as spent while it is reserved: it has
 * been promised.
 */
import { formatMicros, type Micros, micros, NO_MONEY } from "@struere/kernel";
import { DAY_MS, HOUR_MS, startOfDay, startOfMonth, startOfNextMonth, utcMinute } from "./utc.ts";

export const CAP_WINDOWS = ["hour", "day", "month"] as const;
export type CapWindow = (typeof CAP_WINDOWS)[number];

/** The most of each window; `null`: as much as there is credit for. */
export type SpendCaps = { readonly [Window in CapWindow]: Micros | null };

export interface Spent {
  /** Milliseconds since 1970. */
  readonly startsAt: number;
  readonly amount: Micros;
}

export interface Allowance {
  /** For sentences: an environment's name, or `key …`. */
  readonly of: string;
  readonly caps: SpendCaps;
  /** Of the windows in which something was charged last. */
  readonly spent: { readonly [Window in CapWindow]: Spent };
  /** Reserved for running calls. */
  readonly held: Micros;
}

export const NO_CAPS: SpendCaps = { hour: null, day: null, month: null };

/** When the window that `at` is in began. */
export function windowStart(window: CapWindow, at: number): number {
  if (window === "month") return startOfMonth(at);
  return window === "day" ? startOfDay(at) : Math.floor(at / HOUR_MS) * HOUR_MS;
}

export function windowEnd(window: CapWindow, at: number): number {
  if (window === "month") return startOfNextMonth(at);
  return windowStart(window, at) + (window === "hour" ? HOUR_MS : DAY_MS);
}

/** In the window that `now` is in. */
export function spentIn({ spent }: Pick<Allowance, "spent">, window: CapWindow, now: number): Micros {
  return spent[window].startsAt >= windowStart(window, now) ? spent[window].amount : NO_MONEY;
}

export interface CapRoom {
  readonly allowance: Allowance;
  readonly window: CapWindow;
  readonly cap: Micros;
  /** Below zero when the cap was lowered, or exceeded by what was used without having been reserved. */
  readonly room: Micros;
}

/** The cap that leaves the least, over all allowances; undefined: nothing is capped. */
export function tightestCap(allowances: readonly Allowance[], now: number): CapRoom | undefined {
  const rooms = allowances.flatMap((allowance) =>
    CAP_WINDOWS.flatMap((window): readonly CapRoom[] => {
      const cap = allowance.caps[window];
      if (cap === null) return [];
      return [{ allowance, window, cap, room: micros(cap - spentIn(allowance, window, now) - allowance.held) }];
    }),
  );
  return rooms.toSorted((a, b) => (a.room < b.room ? -1 : a.room > b.room ? 1 : 0))[0];
}

export function isCapped({ caps }: Pick<Allowance, "caps">): boolean {
  return CAP_WINDOWS.some((window) => caps[window] !== null);
}

/** For whoever asked for what a cap does not leave room for: a call, or an answer. */
export function capSentence(
  tightest: CapRoom,
  question: { readonly what: string; readonly wanted: Micros; readonly currency: string; readonly now: number },
): string {
  const { allowance, window, cap } = tightest;
  const { what, wanted, currency, now } = question;
  const spent = formatMicros(spentIn(allowance, window, now));
  return (
    `the cap of ${formatMicros(cap)} ${currency} per ${window} of ${allowance.of} leaves no room for ${what}: ${spent} are spent, ` +
    `${formatMicros(allowance.held)} reserved for calls that are going on, and ${what} needs ${formatMicros(wanted)}; ` +
    `wait until ${utcMinute(windowEnd(window, now))} UTC, or raise the cap: struere billing caps --${window} <amount>${allowance.of.startsWith("key ") ? ` --for ${allowance.of.slice(4)}` : ""}`
  );
}
