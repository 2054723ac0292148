/**
 * The books, read from the first line to the last, as an auditor reads them: the ledger is only ever added to, so that every state it was ever in
 * is still there to be checked, whoever was killed at that moment.
 */
import { type Account, ACCOUNTS, NEW_BALANCES } from "@struere/domain";
import { formatMicros, type Micros, micros } from "@struere/kernel";
import { type Db, getLedger, type Scope, type StatementRow, verifyLedger } from "@struere/store";

/** @param rows the whole statement, in the order of posting. @returns sentences; empty when every step adds up. */
export function replay(rows: readonly StatementRow[], now: { readonly [Name in Account]: Micros }): readonly string[] {
  const problems: string[] = [];
  const balances = { ...NEW_BALANCES };
  const keys = new Set<string>();
  for (const { idempotency_key: key, postings, availableAfter, heldAfter } of rows) {
    if (keys.has(key)) problems.push(`${key} was posted twice`);
    keys.add(key);
    for (const { account, amount } of postings) balances[account] = micros(balances[account] + amount);
    const sum = total(postings.map(({ amount }) => amount));
    if (sum !== 0n) problems.push(`the postings of ${key} sum to ${formatMicros(sum)}`);
    const all = total(Object.values(balances));
    if (all !== 0n) problems.push(`after ${key} all accounts together are ${formatMicros(all)}`);
    if (balances.available !== availableAfter || balances.held !== heldAfter)
      problems.push(
        `after ${key} there are ${formatMicros(balances.available)} available and ${formatMicros(balances.held)} held, and it says ${formatMicros(availableAfter)} and ${formatMicros(heldAfter)}`,
      );
  }
  for (const account of ACCOUNTS)
    if (balances[account] !== now[account])
      problems.push(`${account} is ${formatMicros(now[account])}, and all that was ever posted to it ${formatMicros(balances[account])}`);
  return problems;
}

/** The same, and what the database finds when it computes everything anew; and no credit may be reserved any more. */
export async function auditBooks(db: Db, scope: Scope, rows: readonly StatementRow[]): Promise<readonly string[]> {
  const { balances } = await getLedger(db, scope);
  const open = await db.selectFrom("credit_holds").select(["id", "remaining_micros"]).where("state", "=", "open").execute();
  return [
    ...replay(rows, balances),
    ...(await verifyLedger(db, scope)),
    ...open.map(({ id, remaining_micros: left }) => `the hold of ${id} is still open, with ${formatMicros(micros(left))}`),
  ];
}

const total = (amounts: readonly Micros[]): Micros => micros(amounts.reduce((sum: bigint, amount) => sum + amount, 0n));
