/** Shares of small groups, with how much can be said about them; and quantiles. */

export interface Proportion {
  readonly count: number;
  readonly of: number;
  /** `count / of`; `null`: of none. */
  readonly share: number | null;
  /** 95 % interval after Wilson, which also holds for small groups (doi:10.1080/01621459.1927.10502953). */
  readonly low: number | null;
  readonly high: number | null;
}

/** Of the normal distribution, both sides, 95 %. */
const Z = 1.959963984540054;

export function proportion(count: number, of: number): Proportion {
  if (of === 0) return { count, of, share: null, low: null, high: null };
  const share = count / of;
  const centre = (share + Z ** 2 / (2 * of)) / (1 + Z ** 2 / of);
  const half = (Z / (1 + Z ** 2 / of)) * Math.sqrt((share * (1 - share)) / of + Z ** 2 / (4 * of ** 2));
  return { count, of, share, low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}

export interface Difference {
  readonly difference: number;
  readonly low: number;
  readonly high: number;
}

/** How much larger the first share is; 95 % interval after Newcombe, method 10 (doi:10.1002/(SICI)1097-0258(19980430)17:8<873). */
export function differenceOf(one: Proportion, other: Proportion): Difference | null {
  if (one.share === null || one.low === null || one.high === null) return null;
  if (other.share === null || other.low === null || other.high === null) return null;
  const difference = one.share - other.share;
  return {
    difference,
    low: difference - Math.hypot(one.share - one.low, other.high - other.share),
    high: difference + Math.hypot(one.high - one.share, other.share - other.low),
  };
}

export interface Quantiles {
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
}

/** By nearest rank: each is one of the values. `null`: there are none. */
export function quantilesOf(values: readonly number[]): Quantiles | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
  return { count: sorted.length, p50: at(0.5), p90: at(0.9) };
}
