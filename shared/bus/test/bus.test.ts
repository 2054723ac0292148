import { expect, test } from "vitest";
import { memoryBus } from "../src/memory-bus.ts";
import { MESSAGE_MAX_BYTES } from "../src/streams.ts";
import { subjectMatcher } from "../src/subject-match.ts";
import { busContract, reading, subjectOf, take } from "./bus-contract.ts";

busContract("memory bus", async () => {
  const bus = memoryBus();
  return { open: () => Promise.resolve(bus), [Symbol.asyncDispose]: () => bus.close() };
});

const publishMany = async (bus: ReturnType<typeof memoryBus>, count: number, from = 0) => {
  const data = "x".repeat(MESSAGE_MAX_BYTES);
  for (let index = from; index < from + count; index++) await bus.publish({ subject: subjectOf(1), id: `m${index}`, data });
};

test("a memory that is full of unread messages refuses new ones and keeps the old", async () => {
  const bus = memoryBus();
  const consumer = bus.consume(reading({ batch: 1 }));
  await expect(publishMany(bus, 300)).rejects.toMatchObject({ code: "resource_exhausted" });
  expect(await take(consumer, 200)).toHaveLength(200);
  await bus.close();
});

test("a memory that is full of acknowledged messages forgets them", async () => {
  const bus = memoryBus();
  for (let round = 0; round < 3; round++) {
    await publishMany(bus, 200, round * 200);
    await take(bus.consume(reading({ batch: 50 })), 200);
  }
  await bus.close();
});

test("subjects match by token", () => {
  const matching = (pattern: string, ...subjects: string[]) => subjects.filter(subjectMatcher(pattern));
  expect(matching("a.b", "a.b", "a", "a.b.c")).toEqual(["a.b"]);
  expect(matching("a.*.c", "a.b.c", "a.b.d", "a.c", "a.b.c.d")).toEqual(["a.b.c"]);
  expect(matching("a.>", "a.b", "a.b.c", "a", "b.a")).toEqual(["a.b", "a.b.c"]);
  expect(matching(">", "a", "a.b")).toEqual(["a", "a.b"]);
});
