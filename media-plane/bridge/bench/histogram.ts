/** Times in buckets of 0.05 ms up to 250 ms; what is longer counts in the last one. */
export const BUCKET_MS = 0.05;
const BUCKETS = 5_000;

export class Histogram {
  readonly counts = new Float64Array(BUCKETS);

  add(ms: number): void {
    const bucket = ms <= 0 ? 0 : Math.min(BUCKETS - 1, Math.floor(ms / BUCKET_MS));
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1;
  }

  clear(): void {
    this.counts.fill(0);
  }

  merge(counts: readonly number[]): this {
    for (let bucket = 0; bucket < counts.length; bucket++) this.counts[bucket] = (this.counts[bucket] ?? 0) + (counts[bucket] ?? 0);
    return this;
  }

  get total(): number {
    return this.counts.reduce((sum, count) => sum + count, 0);
  }

  /** Upper edge of the bucket in which the quantile lies; 0 when nothing was added. */
  quantileMs(quantile: number): number {
    const wanted = this.total * quantile;
    if (wanted === 0) return 0;
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.counts[bucket] ?? 0;
      if (seen >= wanted) return (bucket + 1) * BUCKET_MS;
    }
    return BUCKETS * BUCKET_MS;
  }

  toJSON(): readonly number[] {
    return [...this.counts];
  }
}
