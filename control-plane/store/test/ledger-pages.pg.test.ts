import type { CallId } from "@struere/kernel";
import { micros } from "@struere/kernel";
import { expect, test } from "vitest";
import { getLedger, postEntry, renewHolds, replayLedger, type Scope, setCreditLimit, verifyLedger } from "../src/index.ts";
import { aScope, later, NOW, useDatabase } from "./database.ts";
import { type LedgerBook, PAGES, writePage } from "./ledger-pages.ts";

const server = useDatabase();

/** The rules in Postgres. A page's times are milliseconds here, too. */
function sqlBook(scope: Scope): LedgerBook {
  const expires = (at: number): number => later(at).getTime();
  return {
    async setLimit(limit) {
      await setCreditLimit(server.db, scope, { creditLimit: limit === null ? null : micros(limit), currency: "USD", now: NOW });
    },
    async renew(holdId, expiresAt) {
      const gone = await renewHolds(server.db, { callIds: [holdId as CallId], expiresAt: later(expiresAt) });
      return gone.length === 0 ? "" : "hold_not_open";
    },
    async post(entry, at) {
      const dated =
        entry.kind === "hold"
          ? { ...entry, expiresAt: expires(entry.expiresAt) }
          : entry.kind === "expire"
            ? { ...entry, at: expires(at) }
            : entry;
      const posted = await postEntry(server.db, scope, { entry: dated, actor: "test" }, later(at));
      return posted.ok ? undefined : posted.problem.reason;
    },
    balances: async () => (await getLedger(server.db, scope)).balances,
    problems: async () => [...(await verifyLedger(server.db, scope)), ...(await replayLedger(server.db, scope)).problems],
  };
}

let pages = 0;

test.for(Object.entries(PAGES))("%s", async ([, page]) => {
  const scope = await aScope(server.db);
  // One hold is one call of one organization: pages do not see each other's.
  const mine = `page${++pages}`;
  const own = page.replaceAll(/\b(hold|renew|release|expire|charge) ([A-Z])\b/g, `$1 ${mine}$2`);
  const { expected, actual } = await writePage(sqlBook(scope), own);
  expect(actual).toBe(expected);
});
