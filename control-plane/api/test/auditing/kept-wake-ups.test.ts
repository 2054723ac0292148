/** Which wake-up of a call asks, and that none is turned away whose words nobody would read. */
import { mintId } from "@struere/kernel";
import { FakeClock } from "@struere/testkit";
import { expect, test } from "vitest";
import { keptWakeUps } from "../../src/auditing/kept-wake-ups.ts";

const [call, other] = [1, 2].map((seed) =>
  mintId(
    "call",
    Uint8Array.from({ length: 24 }, (_, index) => seed + index),
  ),
);

function aDesk() {
  if (!call || !other) throw new Error("there are two calls");
  const clock = new FakeClock();
  return { clock, call, other, wakeUps: keptWakeUps(clock) };
}

test("while one is answered and until it asks again, others of its call go, and those of other calls do not", async () => {
  const { clock, call, other, wakeUps } = aDesk();
  expect(wakeUps.asks(call, "1.1")).toBe(true);
  expect(wakeUps.asks(call, "1.2")).toBe(false);
  expect(wakeUps.asks(other, "1.2")).toBe(true);
  expect(wakeUps.answered(call, "1.1", 5_000)).toBe(5_000);
  expect(wakeUps.asks(call, "1.3")).toBe(false);
  await clock.advance(5_000);
  expect(wakeUps.asks(call, "1.1")).toBe(true);
});

test("one that is done asks once more when others rang meanwhile, and not when nobody did", () => {
  const { wakeUps, call } = aDesk();
  wakeUps.asks(call, "1.1");
  wakeUps.asks(call, "1.2");
  expect(wakeUps.answered(call, "1.1", 0)).toBeGreaterThan(0);
  wakeUps.asks(call, "1.1");
  expect(wakeUps.answered(call, "1.1", 0)).toBe(0);
  expect(wakeUps.asks(call, "1.3")).toBe(true);
});

test("what rang counts although the one that is kept was given to a second worker", () => {
  const { wakeUps, call } = aDesk();
  wakeUps.asks(call, "1.1");
  wakeUps.asks(call, "1.2");
  expect(wakeUps.asks(call, "1.1")).toBe(true);
  expect(wakeUps.answered(call, "1.1", 0)).toBeGreaterThan(0);
});

test("once it may ask again nobody is turned away: it may ask another control plane, or be lost", async () => {
  const { clock, wakeUps, call } = aDesk();
  wakeUps.asks(call, "1.1");
  wakeUps.answered(call, "1.1", 5_000);
  await clock.advance(5_000);
  expect(wakeUps.asks(call, "1.2")).toBe(true);
  expect(wakeUps.answered(call, "1.1", 3_000), "the one before is a stranger now").toBe(3_000);
  expect(wakeUps.asks(call, "1.3")).toBe(false);
});

test("one that nobody had room for keeps nobody away", () => {
  const { wakeUps, call } = aDesk();
  wakeUps.asks(call, "1.1");
  wakeUps.dropped(call);
  expect(wakeUps.asks(call, "1.2")).toBe(true);
});
