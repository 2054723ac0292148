import fc from "fast-check";
import { expect, test } from "vitest";
import { Gathering } from "../src/wire/index.ts";

/** An event loop in numbers: reads come in turns that take time, and sleeping moves the clock. */
function aLoop(ms: number) {
  let now = 1_000;
  let rest: (() => void) | undefined;
  const sleeps: number[] = [];
  const gathering = new Gathering({
    ms,
    now: () => now,
    sleep: (forMs) => {
      sleeps.push(forMs);
      now += forMs;
    },
    afterReads: (next) => {
      rest = next;
    },
  });
  return {
    gathering,
    sleeps,
    get now() {
      return now;
    },
    /** `reads` reads after `idleMs` in the poll, worked on for `workMs`. Answers for how long the loop slept then. */
    turn({ reads, workMs = 0, idleMs = 0 }: { readonly reads: number; readonly workMs?: number; readonly idleMs?: number }): number {
      now += idleMs;
      for (let read = 0; read < reads; read++) gathering.noticeRead();
      now += workMs;
      const before = sleeps.length;
      const next = rest;
      rest = undefined;
      next?.();
      return sleeps.slice(before).reduce((sum, one) => sum + one, 0);
    },
  };
}

/** Fifty calls and more. */
function aBusyLoop(ms: number) {
  const loop = aLoop(ms);
  for (let at = loop.now; loop.now < at + 300; ) loop.turn({ reads: 1, idleMs: 0.2 });
  return loop;
}

test("a loop that serves many calls turns once in so many milliseconds", () => {
  const loop = aBusyLoop(4);
  const slept = loop.turn({ reads: 20, workMs: 1 });
  expect(slept).toBeCloseTo(3, 5);
  expect(loop.turn({ reads: 20, workMs: 2.5 })).toBeCloseTo(1.5, 5);
});

test("no wait is longer than was allowed, no turn is waited for twice, and none follows a turn that was long", () => {
  const turns = fc.array(
    fc.record({
      reads: fc.nat(60),
      workMs: fc.double({ min: 0, max: 12, noNaN: true }),
      idleMs: fc.double({ min: 0, max: 12, noNaN: true }),
    }),
    { minLength: 1, maxLength: 400 },
  );
  fc.assert(
    fc.property(turns, fc.constantFrom(1, 2, 4, 10), (all, ms) => {
      const loop = aBusyLoop(ms);
      for (const turn of all) {
        const slept = loop.turn(turn);
        expect(slept).toBeLessThanOrEqual(ms);
        if (turn.workMs >= ms || turn.reads === 0) expect(slept).toBe(0);
      }
      const { waits, waitedMs } = loop.gathering.counts;
      expect(waits).toBe(loop.sleeps.length);
      expect(waitedMs).toBeCloseTo(
        loop.sleeps.reduce((sum, one) => sum + one, 0),
        3,
      );
    }),
  );
});

test("a process with few calls never waits", () => {
  const loop = aLoop(4);
  // Five calls: a frame each way in 20 ms.
  for (let turn = 0; turn < 2_000; turn++) loop.turn({ reads: 1, idleMs: 2, workMs: 0.1 });
  expect(loop.sleeps).toEqual([]);
});

test("when the calls are over, so are the waits", () => {
  const loop = aBusyLoop(4);
  loop.turn({ reads: 1, idleMs: 200 });
  const before = loop.sleeps.length;
  for (let turn = 0; turn < 200; turn++) loop.turn({ reads: 1, idleMs: 10 });
  expect(loop.sleeps.length).toBe(before);
});

test("a process that was told not to never waits", () => {
  expect(aBusyLoop(0).sleeps).toEqual([]);
});

test("by default the thread sleeps, after the reads of its turn", async () => {
  const gathering = new Gathering({ ms: 2 });
  const until = performance.now() + 300;
  while (performance.now() < until) {
    for (let read = 0; read < 10; read++) gathering.noticeRead();
    await new Promise(setImmediate);
  }
  const { waits, waitedMs } = gathering.counts;
  expect(waits).toBeGreaterThan(0);
  expect(waitedMs).toBeGreaterThan(waits * 0.1);
});
