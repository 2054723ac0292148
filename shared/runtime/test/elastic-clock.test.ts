import { expect, test } from "vitest";
import { elasticClock } from "../src/index.ts";

const busy = (ms: number): void => {
  for (const until = performance.now() + ms; performance.now() < until; );
};

test("it runs faster than life, and nobody is woken before its time", async () => {
  using clock = elasticClock({ scale: 20 });
  const [startedAt, startedReal] = [clock.now(), performance.now()];
  await new Promise<void>((resolve) => clock.arm(startedAt + 1_000, resolve));
  expect(clock.now()).toBeGreaterThanOrEqual(startedAt + 1_000);
  expect(performance.now() - startedReal).toBeLessThan(1_000);
});

test("it does not go on while the process is busy with one thing", async () => {
  using clock = elasticClock({ scale: 10 });
  const before = clock.now();
  busy(120);
  expect(clock.now() - before).toBeLessThanOrEqual(40);
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(clock.now() - before).toBeLessThan(1_200);
});

test("it goes no further in one turn than asked, however busy that was", async () => {
  using clock = elasticClock({ scale: 10, turnMaxMs: 3 });
  for (let turn = 0; turn < 5; turn++) {
    const before = clock.now();
    busy(20);
    await new Promise((resolve) => setImmediate(resolve));
    // The turn in which it began, and this one.
    expect(clock.now() - before).toBeLessThanOrEqual(6);
  }
});

test("what was called off is not woken, and time never goes back", async () => {
  using clock = elasticClock({ scale: 50 });
  let woken = false;
  clock.arm(clock.now() + 100, () => (woken = true))();
  let last = clock.now();
  for (let step = 0; step < 50; step++) {
    await new Promise((resolve) => setImmediate(resolve));
    const now = clock.now();
    expect(now).toBeGreaterThanOrEqual(last);
    last = now;
  }
  await new Promise<void>((resolve) => clock.arm(clock.now() + 500, resolve));
  expect(woken).toBe(false);
});

test("disposed, it wakes nobody and keeps nothing alive", async () => {
  const clock = elasticClock({ scale: 10 });
  let woken = false;
  clock.arm(clock.now() + 20, () => (woken = true));
  const before = process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
  clock[Symbol.dispose]();
  expect(process.getActiveResourcesInfo().filter((name) => name === "Timeout").length).toBeLessThan(before);
  clock.arm(clock.now() + 1, () => (woken = true));
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(woken).toBe(false);
});

test("a scale that is none is refused", () => {
  expect(() => elasticClock({ scale: 0 })).toThrow(RangeError);
  expect(() => elasticClock({ scale: 8, turnMaxMs: 0 })).toThrow(RangeError);
});
