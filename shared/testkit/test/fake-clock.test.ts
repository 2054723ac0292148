import { expect, test } from "vitest";
import { FakeClock, until } from "../src/index.ts";

test("alarms ring in the order of time, and what follows from one is done before the next", async () => {
  const clock = new FakeClock();
  const heard: string[] = [];
  const alarm = (name: string, at: number) =>
    clock.arm(at, () => {
      heard.push(`${name}@${clock.now()}`);
      void Promise.resolve()
        .then(() => Promise.resolve())
        .then(() => heard.push(`after ${name}`));
    });
  alarm("late", 30);
  alarm("early", 10);
  alarm("early too", 10);
  const cancel = alarm("never", 20);
  cancel();
  await clock.advance(29);
  expect(heard).toEqual(["early@10", "after early", "early too@10", "after early too"]);
  expect(clock.armed).toBe(1);
  await clock.advance(1);
  expect(heard.slice(4)).toEqual(["late@30", "after late"]);
  expect(clock.armed).toBe(0);
});

test("an alarm that is set while time moves rings in the same move", async () => {
  const clock = new FakeClock({ wall: 1_000 });
  const heard: number[] = [];
  const every = (ms: number) => {
    clock.arm(clock.now() + ms, () => {
      heard.push(clock.now());
      if (heard.length < 3) every(ms);
    });
  };
  every(20);
  await clock.advance(100);
  expect(heard).toEqual([20, 40, 60]);
  expect(clock.now()).toBe(100);
  expect(clock.wall()).toBe(1_100);
});

test("next moves to the next alarm and says when there is none", async () => {
  const clock = new FakeClock();
  clock.arm(1_000, () => undefined);
  expect(await clock.next()).toBe(true);
  expect(clock.now()).toBe(1_000);
  expect(await clock.next()).toBe(false);
});

test("waiting for a fact gives the fact, and says what did not happen", async () => {
  let asked = 0;
  expect(await until(() => ++asked >= 3 && `asked ${asked} times`, { what: "three questions" })).toBe("asked 3 times");
  const why = new Error("not yet");
  const vain = until(() => Promise.reject(why), { what: "the moon", withinMs: 20 });
  await expect(vain).rejects.toMatchObject({ code: "deadline_exceeded", sentence: "waited 20 ms in vain for the moon", cause: why });
});
