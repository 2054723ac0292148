import { expect, test } from "vitest";
import { Mailbox, type OverflowPolicy } from "../src/mailbox.ts";

const filled = (onFull: OverflowPolicy) => {
  const mailbox = new Mailbox<number>({ max: 2, onFull });
  const taken = [1, 2, 3].map((item) => mailbox.push(item));
  mailbox.close();
  return { mailbox, taken };
};
const rest = async (mailbox: Mailbox<number>) => {
  const items: number[] = [];
  for await (const item of mailbox) items.push(item);
  return items;
};

test.each([
  ["refuse", [true, true, false], [1, 2], 0],
  ["drop_oldest", [true, true, true], [2, 3], 1],
  ["drop_newest", [true, true, false], [1, 2], 1],
] as const)("a full mailbox with policy %s", async (policy, answers, kept, dropped) => {
  const { mailbox, taken } = filled(policy);
  expect(taken).toEqual(answers);
  expect(mailbox.dropped).toBe(dropped);
  expect(await rest(mailbox)).toEqual(kept);
});

test("a full mailbox with policy throw tells the sender", () => {
  expect(() => filled("throw")).toThrow(/full: 2 items wait/);
});

test("a reader who waits gets the next item, then the end", async () => {
  const mailbox = new Mailbox<string>({ max: 1, onFull: "throw" });
  const all: string[] = [];
  const reading = (async () => {
    for await (const item of mailbox) all.push(item);
  })();
  mailbox.push("a");
  await Promise.resolve();
  mailbox.push("b");
  mailbox.close();
  await reading;
  expect(all).toEqual(["a", "b"]);
  expect(mailbox.push("late")).toBe(false);
});
