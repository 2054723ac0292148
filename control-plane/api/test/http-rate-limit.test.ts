import { FakeClock } from "@struere/testkit";
import { expect, test } from "vitest";
import { RateLimited, rateLimiter } from "../src/http/rate-limit.ts";

const limits = { key: { perMinute: 60, burst: 2 }, organization: { perMinute: 60, burst: 3 } };

function limited(clock: FakeClock) {
  const limiter = rateLimiter({ clock, limits });
  /** How long to wait, 0 when the request may go. */
  return (keyId: string, organizationId = "o"): number => {
    try {
      limiter.take({ keyId, organizationId });
      return 0;
    } catch (thrown) {
      if (!(thrown instanceof RateLimited)) throw thrown;
      expect(thrown.retryAt).toBe(clock.wall() + thrown.retryAfterMs);
      return thrown.retryAfterMs;
    }
  };
}

test("a burst goes through, then one request for each that the time has brought back", async () => {
  const clock = new FakeClock();
  const take = limited(clock);
  expect([take("a"), take("a"), take("a")]).toEqual([0, 0, 1_000]);
  await clock.advance(400);
  expect(take("a")).toBe(600);
  await clock.advance(600);
  expect([take("a"), take("a")]).toEqual([0, 1_000]);
  await clock.advance(3_600_000);
  expect([take("a"), take("a"), take("a")]).toEqual([0, 0, 1_000]);
});

test("the keys of one organization share its limit, and others are not concerned", () => {
  const take = limited(new FakeClock());
  expect([take("a"), take("a"), take("b"), take("b")]).toEqual([0, 0, 0, 1_000]);
  expect(take("c", "another")).toBe(0);
});

test("a request that is refused takes from neither bucket", () => {
  const clock = new FakeClock();
  const take = limited(clock);
  expect([take("a"), take("a"), take("a"), take("a"), take("a")]).toEqual([0, 0, 1_000, 1_000, 1_000]);
  expect(take("b")).toBe(0);
});
