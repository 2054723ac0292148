import { Fault } from "@struere/kernel";
import { expect, test } from "vitest";
import { pause } from "../src/pause.ts";
import { retrying } from "../src/retrying.ts";
import { systemClock } from "../src/system-clock.ts";

const clock = systemClock({ scale: 100 });
const quick = { clock, attempts: 4, firstDelayMs: 10, maxDelayMs: 30 };

test("an alarm never rings before its time, and not at all when it was called off", async () => {
  const plain = systemClock();
  const { promise, resolve } = Promise.withResolvers<number>();
  const at = plain.now() + 12.7;
  const cancel = plain.arm(plain.now() + 2, () => resolve(Number.NaN));
  cancel();
  plain.arm(at, () => resolve(plain.now()));
  expect(await promise).toBeGreaterThanOrEqual(at);
});

test("a scaled clock runs faster, on the wall too", async () => {
  const plain = systemClock();
  const [startedAt, startedWall, plainStart] = [clock.now(), clock.wall(), plain.now()];
  await pause(clock, 2_000);
  const passed = clock.now() - startedAt;
  expect(passed).toBeGreaterThanOrEqual(2_000);
  expect(plain.now() - plainStart).toBeLessThan(passed);
  expect(clock.wall() - startedWall).toBeGreaterThanOrEqual(1_999);
});

test("a pause ends when it is aborted", async () => {
  const abort = new AbortController();
  const paused = pause(clock, 1e9, abort.signal);
  abort.abort();
  await paused;
  await pause(clock, 1e9, abort.signal);
});

test("what fails for a while is tried again until it succeeds, with growing waits", async () => {
  const at: number[] = [];
  const value = await retrying({ ...quick, random: () => 1 }, async (attempt) => {
    at.push(clock.now());
    if (attempt < 4) throw new Fault("unavailable", "away");
    return attempt;
  });
  expect(value).toBe(4);
  const waits = at.slice(1).map((moment, index) => moment - (at[index] ?? 0));
  for (const [index, least] of [10, 20, 30].entries()) expect(waits[index]).toBeGreaterThanOrEqual(least);
});

test("attempts are bounded, and what can not succeed is not tried again", async () => {
  const count = async (fault: Fault, options: object = {}) => {
    let attempts = 0;
    const attempt = () => {
      attempts += 1;
      return Promise.reject(fault);
    };
    await expect(retrying({ ...quick, ...options }, attempt)).rejects.toBe(fault);
    return attempts;
  };
  expect(await count(new Fault("unavailable", "away"))).toBe(4);
  expect(await count(new Fault("not_found", "no such thing"))).toBe(1);
  expect(await count(new Fault("unavailable", "away"), { signal: AbortSignal.abort() })).toBe(1);
});
