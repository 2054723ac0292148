/**
 * Token buckets in the memory of this process: `burst` requests at once, refilled at `perMinute`. With several processes behind one
 * address each has its own buckets, so that the limit is at most that many times higher.
 */
import type { Clock } from "@struere/kernel";

export interface RateLimit {
  readonly perMinute: number;
  readonly burst: number;
}

/** Of one group of endpoints. */
export interface RateLimits {
  readonly key: RateLimit;
  readonly organization: RateLimit;
}

export const DATA_LIMITS: RateLimits = { key: { perMinute: 60, burst: 20 }, organization: { perMinute: 200, burst: 60 } };
export const CHAT_LIMITS: RateLimits = { key: { perMinute: 30, burst: 10 }, organization: { perMinute: 100, burst: 30 } };

/** Of `calls.stats`: each reads up to thousands of calls. */
export const STATS_LIMITS: RateLimits = { key: { perMinute: 20, burst: 10 }, organization: { perMinute: 60, burst: 20 } };

/** One request more than the limit. */
export class RateLimited extends Error {
  override readonly name = "RateLimited";
  /** Milliseconds since 1970 from which a request may succeed. */
  readonly retryAt: number;
  readonly retryAfterMs: number;

  constructor(retryAt: number, retryAfterMs: number) {
    super("Rate limit exceeded");
    this.retryAt = retryAt;
    this.retryAfterMs = retryAfterMs;
  }
}

export interface RateLimiter {
  /** Takes one token from the key's bucket and one from its organization's; from neither when one is empty. @throws RateLimited */
  take(holder: { readonly keyId: string; readonly organizationId: string }): void;
}

interface Bucket {
  tokens: number;
  at: number;
}

/** When there are more holders than this, the one that has not asked for longest begins anew with a full bucket. */
const MAX_BUCKETS = 20_000;
const MINUTE_MS = 60_000;

export function rateLimiter({ clock, limits }: { readonly clock: Clock; readonly limits: RateLimits }): RateLimiter {
  const buckets = new Map<string, Bucket>();
  const refilled = (name: string, { perMinute, burst }: RateLimit): Bucket => {
    const now = clock.now();
    const known = buckets.get(name);
    const bucket = known
      ? { tokens: Math.min(burst, known.tokens + ((now - known.at) * perMinute) / MINUTE_MS), at: now }
      : { tokens: burst, at: now };
    // Last in the map is who asked last.
    buckets.delete(name);
    buckets.set(name, bucket);
    return bucket;
  };
  return {
    take({ keyId, organizationId }) {
      const asked = [
        { bucket: refilled(`key ${keyId}`, limits.key), limit: limits.key },
        { bucket: refilled(`organization ${organizationId}`, limits.organization), limit: limits.organization },
      ];
      for (const name of buckets.keys()) {
        if (buckets.size <= MAX_BUCKETS) break;
        buckets.delete(name);
      }
      const waitMs = Math.max(...asked.map(({ bucket, limit }) => ((1 - bucket.tokens) * MINUTE_MS) / limit.perMinute));
      if (waitMs > 0) throw new RateLimited(Math.ceil(clock.wall() + waitMs), Math.ceil(waitMs));
      for (const { bucket } of asked) bucket.tokens -= 1;
    },
  };
}
