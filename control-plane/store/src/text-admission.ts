/** Whether there is credit, and room under the environment's caps, for an answer in writing. */
import { type Allowance, spendRefusal, type SpendRefusal } from "@struere/domain";
import type { Micros } from "@struere/kernel";
import { getAllowance } from "./allowances.ts";
import { nameOf } from "./call-credit.ts";
import type { Db } from "./database.ts";
import { getLedger } from "./ledger-reading.ts";
import type { Scope } from "./scope.ts";

/**
 * Takes no lock and reserves nothing, so that conversations do not wait for calls: answers that are under way at the same time do not see
 * each other, and each may go beyond by what it costs itself.
 */
export async function refuseText(
  db: Db,
  scope: Scope,
  asked: { readonly wanted: Micros; readonly now: Date },
): Promise<SpendRefusal | undefined> {
  const [{ currency, creditLimit, balances }, { caps, spent }] = await Promise.all([getLedger(db, scope), getAllowance(db, scope, null)]);
  const allowance: Allowance = { of: nameOf(scope, null), caps, spent, held: balances.held };
  const question = { currency, creditLimit, available: balances.available, allowances: [allowance], now: asked.now.getTime() };
  return spendRefusal({ ...question, wanted: asked.wanted }, "an answer");
}
