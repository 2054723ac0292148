import { expect, test } from "vitest";
import { turnstile } from "../../src/http/turnstile.ts";

test("so many are inside at once, and the others come in order, whatever becomes of those before", async () => {
  const turns = turnstile({ atOnce: 2, waiting: 10 });
  const works = Array.from({ length: 4 }, () => Promise.withResolvers<string>());
  const inside: number[] = [];
  const passed = works.map(({ promise }, index) =>
    turns.pass(async () => {
      inside.push(index);
      return await promise;
    }),
  );
  expect(inside).toEqual([0, 1]);
  works[1]?.resolve("second");
  expect(await passed[1]).toBe("second");
  expect(inside).toEqual([0, 1, 2]);
  works[0]?.reject(new Error("broke"));
  await expect(passed[0]).rejects.toThrow("broke");
  expect(inside).toEqual([0, 1, 2, 3]);
  for (const work of works) work.resolve("done");
  expect(await Promise.all(passed.slice(2))).toEqual(["done", "done"]);
  // Everybody has gone: there is room for two again.
  const again = [0, 1].map((index) =>
    turns.pass(() => {
      inside.push(index);
      return Promise.resolve();
    }),
  );
  expect(inside.slice(4)).toEqual([0, 1]);
  await Promise.all(again);
});

test("when too many wait, one more is told so at once", async () => {
  const turns = turnstile({ atOnce: 1, waiting: 1 });
  const works = [Promise.withResolvers<string>(), Promise.withResolvers<string>()];
  const passed = works.map(({ promise }) => turns.pass(() => promise));
  await expect(turns.pass(() => Promise.resolve("never"))).rejects.toMatchObject({ code: "resource_exhausted" });
  for (const work of works) work.resolve("done");
  expect(await Promise.all(passed)).toEqual(["done", "done"]);
});
