import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { differenceOf, proportion, quantilesOf } from "../src/index.ts";

describe("a share", () => {
  // Newcombe 1998, Statistics in Medicine 17:857-872, table I, method 3.
  test.each([
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ])("of %d in %d has Wilson's interval %d to %d", (count, of, low, high) => {
    const found = proportion(count, of);
    expect([found.low?.toFixed(4), found.high?.toFixed(4)]).toEqual([low.toFixed(4), high.toFixed(4)]);
  });

  test("of nothing is not known", () => {
    expect(proportion(0, 0)).toEqual({ count: 0, of: 0, share: null, low: null, high: null });
    expect(differenceOf(proportion(0, 0), proportion(1, 2))).toBeNull();
    expect(differenceOf(proportion(1, 2), proportion(0, 0))).toBeNull();
  });
});

describe("a difference of two shares", () => {
  // Newcombe 1998, Statistics in Medicine 17:873-890, table II, method 10.
  test.each([
    [56, 70, 48, 80, 0.2, 0.0524, 0.3339],
    [9, 10, 3, 10, 0.6, 0.1705, 0.809],
    [5, 56, 0, 29, 0.0893, -0.0381, 0.1926],
    [0, 10, 0, 20, 0, -0.1611, 0.2775],
    [10, 10, 0, 10, 1, 0.6075, 1],
  ])("%d/%d less %d/%d has Newcombe's interval", (a, m, b, n, difference, low, high) => {
    const found = differenceOf(proportion(a, m), proportion(b, n));
    expect([found?.difference, found?.low, found?.high].map((value) => value?.toFixed(4))).toEqual(
      [difference, low, high].map((value) => value.toFixed(4)),
    );
  });

  test("lies in its interval, which lies within -1 and 1, and turns round with the groups", () => {
    const group = fc.integer({ min: 1, max: 500 }).chain((of) => fc.integer({ min: 0, max: of }).map((count) => proportion(count, of)));
    fc.assert(
      fc.property(group, group, (one, other) => {
        const there = differenceOf(one, other)!;
        const back = differenceOf(other, one)!;
        expect(there.low).toBeLessThanOrEqual(there.difference);
        expect(there.high).toBeGreaterThanOrEqual(there.difference);
        expect(there.low).toBeGreaterThanOrEqual(-1.000001);
        expect(there.high).toBeLessThanOrEqual(1.000001);
        expect(back.low).toBeCloseTo(-there.high, 9);
        expect(back.difference).toBeCloseTo(-there.difference, 9);
      }),
    );
  });
});

test.each([
  [[7], 7, 7],
  [[1, 2], 1, 2],
  [[10, 9, 8, 7, 6, 5, 4, 3, 2, 1], 5, 9],
  [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], 6, 10],
])("of %j the median is %d and the ninth decile %d, both among them", (values, p50, p90) => {
  expect(quantilesOf(values)).toEqual({ count: values.length, p50, p90 });
  expect(quantilesOf([])).toBeNull();
});
