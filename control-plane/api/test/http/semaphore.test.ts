import { expect, test } from "vitest";
import { semaphore } from "../../src/http/semaphore.ts";

const PATIENT = new AbortController().signal;

test("so many are inside at once, and the others come in order, whatever becomes of those before", async () => {
  const turns = semaphore({ atOnce: 2, waiting: 10 });
  const works = Array.from({ length: 4 }, () => Promise.withResolvers<string>());
  const inside: number[] = [];
  const passed = works.map(({ promise }, index) =>
    turns.run(PATIENT, async () => {
      inside.push(index);
      return await promise;
    }),
  );
  await expect.poll(() => inside).toEqual([0, 1]);
  works[1]?.resolve("second");
  expect(await passed[1]).toBe("second");
  await expect.poll(() => inside).toEqual([0, 1, 2]);
  works[0]?.reject(new Error("broke"));
  await expect(passed[0]).rejects.toThrow("broke");
  await expect.poll(() => inside).toEqual([0, 1, 2, 3]);
  for (const work of works) work.resolve("done");
  expect(await Promise.all(passed.slice(2))).toEqual(["done", "done"]);
  // Everybody has gone: there is room for two again.
  const again = [0, 1].map((index) =>
    turns.run(PATIENT, () => {
      inside.push(index);
      return Promise.resolve();
    }),
  );
  await expect.poll(() => inside.slice(4)).toEqual([0, 1]);
  await Promise.all(again);
});

test("when too many wait, one more is told so at once", async () => {
  const turns = semaphore({ atOnce: 1, waiting: 1 });
  const works = [Promise.withResolvers<string>(), Promise.withResolvers<string>()];
  const passed = works.map(({ promise }) => turns.run(PATIENT, () => promise));
  await expect(turns.run(PATIENT, () => Promise.resolve("never"))).rejects.toMatchObject({ code: "resource_exhausted" });
  for (const work of works) work.resolve("done");
  expect(await Promise.all(passed)).toEqual(["done", "done"]);
});

test("who does not want to wait any more is not let in, and holds up nobody", async () => {
  const turns = semaphore({ atOnce: 1, waiting: 2 });
  const first = Promise.withResolvers<string>();
  const inside: string[] = [];
  const passed = turns.run(PATIENT, () => first.promise);
  const impatient = new AbortController();
  const left = turns.run(impatient.signal, async () => void inside.push("impatient"));
  const next = turns.run(PATIENT, async () => void inside.push("next"));
  impatient.abort(new Error("too late"));
  await expect(left).rejects.toThrow("too late");
  await expect(turns.run(impatient.signal, async () => void inside.push("late"))).rejects.toThrow("too late");
  first.resolve("done");
  await Promise.all([passed, next]);
  await expect.poll(() => inside).toEqual(["next"]);
});
