import { type Books, booksProblems, NEW_BALANCES, post, renewHold } from "@struere/domain";
import { micros } from "@struere/kernel";
import { expect, test } from "vitest";
import { type LedgerBook, PAGES, writePage } from "./ledger-pages.ts";

/** The rules alone. */
function pureBook(): LedgerBook {
  let books: Books = { currency: "USD", creditLimit: null, balances: NEW_BALANCES, holds: new Map(), posted: new Map() };
  return {
    async setLimit(limit) {
      books = { ...books, creditLimit: limit === null ? null : micros(limit) };
    },
    async renew(holdId, expiresAt) {
      const renewed = renewHold(books.holds.get(holdId), expiresAt);
      if (!renewed) return "hold_not_open";
      books = { ...books, holds: new Map(books.holds).set(holdId, renewed) };
      return "";
    },
    async post(entry) {
      const posted = post(books, entry);
      if (!posted.ok) return posted.problem.reason;
      books = posted.value.books;
      return undefined;
    },
    balances: async () => books.balances,
    problems: async () => booksProblems(books),
  };
}

test.for(Object.entries(PAGES))("%s", async ([, page]) => {
  const { expected, actual } = await writePage(pureBook(), page);
  expect(actual).toBe(expected);
});
