/** Money is whole micros: a million of them are one unit of the currency. It is never a floating-point number. */
import type { Brand } from "./brand.ts";

export type Micros = Brand<bigint, "Micros">;

export const MICROS_PER_UNIT = 1_000_000n;

export const micros = (amount: bigint | number): Micros => BigInt(amount) as Micros;

export const NO_MONEY = micros(0n);

export const negated = (amount: Micros): Micros => micros(0n - amount);

/** `1.25`, `-0.000001`: at least two decimals, at most six, exact. */
export function formatMicros(amount: Micros): string {
  const size: bigint = amount < 0n ? negated(amount) : amount;
  const decimals = (size % MICROS_PER_UNIT)
    .toString()
    .padStart(6, "0")
    .replace(/0{1,4}$/, "");
  return `${amount < 0n ? "-" : ""}${size / MICROS_PER_UNIT}.${decimals}`;
}

const DECIMAL = /^(-?)(\d{1,12})(?:\.(\d{1,6}))?$/;

/** `12.5` → 12 500 000. Undefined: not a decimal number with at most six decimals. */
export function parseMicros(text: string): Micros | undefined {
  const [matched, sign, units = "", decimals = ""] = DECIMAL.exec(text) ?? [];
  if (matched === undefined) return undefined;
  const size = BigInt(units) * MICROS_PER_UNIT + BigInt(decimals.padEnd(6, "0"));
  return micros(sign === "-" ? -size : size);
}
