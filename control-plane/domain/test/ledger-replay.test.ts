/** Books told again: right ones have nothing wrong, and each mistake is found at the transaction that made it. */
import { type Micros, micros } from "@struere/kernel";
import { expect, test } from "vitest";
import { type Books, type Entry, NEW_BALANCES, NOTHING_REPLAYED, post, replay, type WrittenTransaction } from "../src/index.ts";

const STORY: readonly Entry[] = [
  { kind: "credit", key: "c", amount: micros(100) },
  { kind: "hold", key: "h1", holdId: "A", amount: micros(60), expiresAt: 1_000 },
  { kind: "charge", key: "u1", holdId: "A", to: "models", cost: micros(50), markup: micros(5), payer: "organization" },
  { kind: "charge", key: "u2", holdId: "A", to: "telephony", cost: micros(20), markup: micros(0), payer: "organization" },
  { kind: "charge", key: "u3", holdId: null, to: "models", cost: micros(40), markup: micros(0), payer: "organization" },
  { kind: "hold", key: "h2", holdId: "B", amount: micros(10), expiresAt: 1_000 },
  { kind: "expire", holdId: "B", at: 1_000 },
  { kind: "charge", key: "u4", holdId: null, to: "unobserved", cost: micros(7), markup: micros(0), payer: "platform" },
  { kind: "release", holdId: "A" },
];

/** As it is written down by the rules. */
function written(story: readonly Entry[] = STORY): readonly WrittenTransaction[] {
  let books: Books = { currency: "USD", creditLimit: micros(1_000), balances: NEW_BALANCES, holds: new Map(), posted: new Map() };
  return story.flatMap((entry) => {
    const posted = post(books, entry);
    if (!posted.ok) throw new Error(posted.problem.detail);
    books = posted.value.books;
    const { transaction } = posted.value;
    if (!transaction) return [];
    const { key, kind, postings } = transaction;
    const holdId = "holdId" in entry ? entry.holdId : null;
    return [{ key, kind, holdId, postings, availableAfter: books.balances.available, heldAfter: books.balances.held }];
  });
}

const changed = (key: string, change: (one: WrittenTransaction) => Partial<WrittenTransaction>): readonly WrittenTransaction[] =>
  written().map((one) => (one.key === key ? { ...one, ...change(one) } : one));

test("books that were written by the rules have nothing wrong; what was lowest, and beyond a hold, is known", () => {
  const told = replay(NOTHING_REPLAYED, written());
  expect(told).toMatchObject({
    steps: 9,
    problems: [],
    lowest: -25n,
    balances: { available: -15n, held: 0n, unobserved: 7n, recovery: -7n },
  });
  expect([...told.beyond]).toEqual([["A", 15n]]);
  // In pages, too.
  const all = written();
  expect(replay(replay(NOTHING_REPLAYED, all.slice(0, 3)), all.slice(3))).toEqual(told);
});

const oneMore = (amount: Micros): Micros => micros(amount + 1n);

test.each<[name: string, rows: readonly WrittenTransaction[], problem: RegExp]>([
  [
    "postings that do not sum to zero",
    changed("u1", ({ postings }) => ({
      postings: postings.map((one) => (one.account === "markup" ? { ...one, amount: oneMore(one.amount) } : one)),
    })),
    /after transaction 3 \(u1\) its own postings sum to 0\.000001/,
  ],
  ["a transaction that is missing", written().filter(({ key }) => key !== "u3"), /and it says/],
  ["one that is there twice", written().flatMap((one) => (one.key === "u1" ? [one, one] : [one])), /the hold A has -0\.00005 left/],
  ["two in the wrong order", [...written().slice(0, 2).toReversed(), ...written().slice(2)], /after transaction 1 \(h1\) .* and it says/],
  [
    "a balance that was written down wrong",
    changed("c", (one) => ({ availableAfter: oneMore(one.availableAfter) })),
    /after transaction 1 \(c\)/,
  ],
  ["a hold that is closed and not empty", changed("expire:B:1000", () => ({ postings: [] })), /the hold B is closed and not empty/],
  ["a capture from another hold", changed("u1", () => ({ holdId: "B" })), /the hold B has -0\.000055 left/],
])("%s is found", (_, rows, problem) => {
  expect(replay(NOTHING_REPLAYED, rows).problems.join("\n")).toMatch(problem);
});
