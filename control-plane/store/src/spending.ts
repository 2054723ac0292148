/**
 * Whether there is credit, and room under the environment's caps, as the books stand: one question, without a lock. Enough for an answer in
 * writing, which reserves nothing, and to turn a call away; a call that begins is admitted under the lock (admission.ts).
 */
import { type Allowance, spendRefusal, type SpendRefusal } from "@struere/domain";
import { Fault, type Micros } from "@struere/kernel";
import { type Selectable, sql } from "kysely";
import { stateOfText } from "./allowances.ts";
import { nameOf } from "./call-credit.ts";
import type { Db } from "./database.ts";
import { balancesOf, booksOf } from "./ledger.ts";
import type { AllowanceTable, LedgerTable, TextRow } from "./schema.ts";
import type { Scope } from "./scope.ts";

/** Who asks at the same time does not see the other. @returns undefined: there is room, or nothing is limited. */
export async function refuseSpending(
  db: Db,
  scope: Scope,
  asked: { readonly what: "a call" | "an answer"; readonly wanted: Micros; readonly now: Date },
): Promise<SpendRefusal | undefined> {
  const { organizationId, environment } = scope;
  const { rows } = await sql<{ ledger: TextRow<Selectable<LedgerTable>> | null; allowance: TextRow<Selectable<AllowanceTable>> | null }>`
    select
      (select as_text(kept) from ledgers kept where organization_id = ${organizationId} and environment = ${environment}) as ledger,
      (select as_text(kept) from allowances kept
        where organization_id = ${organizationId} and environment = ${environment} and subject = '') as allowance`.execute(db);
  const [row] = rows;
  if (!row) throw new Fault("internal", "the books were read and there is nothing");
  const { currency, creditLimit, balances } = row.ledger ? booksOf({ ledger: row.ledger, posted: [], holds: [] }) : balancesOf(undefined);
  const { caps, spent } = stateOfText(null, row.allowance ?? undefined);
  const allowance: Allowance = { of: nameOf(scope, null), caps, spent, held: balances.held };
  const { what, wanted, now } = asked;
  const question = { currency, creditLimit, available: balances.available, allowances: [allowance], wanted, now: now.getTime() };
  return spendRefusal(question, what);
}
