import { expect, test } from "vitest";
import { tonesOf } from "../src/lane/tones.ts";

const MS = 8;

test("a key is 100 ms of tone and 100 ms of silence, a w half a second of silence", () => {
  const tones = tonesOf("5w#");
  expect(tones.length).toBe((200 + 500 + 200) * MS);
  expect(new Set(tones.subarray(100 * MS, 700 * MS))).toEqual(new Set([0xff]));
  expect(new Set(tones.subarray(0, 100 * MS)).size).toBeGreaterThan(20);
});

test("what is no key makes no sound, and what is too long is cut", () => {
  expect(tonesOf("x?").length).toBe(0);
  expect(tonesOf("1".repeat(1_000)).length).toBe(64 * 200 * MS);
});
