import fc from "fast-check";
import { expect, test } from "vitest";
import { formatMicros, micros, parseMicros } from "../src/index.ts";

test("money is written as people write it, and read back as it was", () => {
  expect([0, 1, 1_250_000, -20_000, 1_000_000, -1].map((amount) => formatMicros(micros(amount)))).toEqual([
    "0.00",
    "0.000001",
    "1.25",
    "-0.02",
    "1.00",
    "-0.000001",
  ]);
  const amounts = fc.bigInt({ min: -(10n ** 17n), max: 10n ** 17n });
  fc.assert(fc.property(amounts, (amount) => parseMicros(formatMicros(micros(amount))) === amount));
});

test("what is not an amount with at most six decimals is none", () => {
  expect(["12.5", "-3", "0.000001"].map(parseMicros)).toEqual([12_500_000n, -3_000_000n, 1n]);
  const others = ["", "1.", ".5", "1e3", "0.0000001", "1,5", " 1", "12 ", "$5", "NaN", "1".repeat(13)];
  for (const text of others) expect(parseMicros(text), text).toBeUndefined();
});
