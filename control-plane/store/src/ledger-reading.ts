/** The books, read: balances, transactions with their postings, and whether everything adds up. */
import {
  type Account,
  ACCOUNTS,
  type Books,
  booksProblems,
  type CreditHold,
  type EntryKind,
  NOTHING_REPLAYED,
  type Posting,
  replay,
  type Replay,
  type WrittenTransaction,
} from "@struere/domain";
import { type CallId, formatMicros, type Micros, micros } from "@struere/kernel";
import { sql } from "kysely";
import { type Db, inSnapshot } from "./database.ts";
import { balancesOf } from "./ledger.ts";
import type { LedgerTransaction } from "./schema.ts";
import type { Scope } from "./scope.ts";

export type LedgerState = Pick<Books, "currency" | "creditLimit" | "balances">;

/** All zeros for an organization that has never been credited or charged. */
export async function getLedger(db: Db, scope: Scope): Promise<LedgerState> {
  return balancesOf(await rowOf(db, scope));
}

/** How far below zero holds may bring what is available; `null`: nothing is refused, the state of new books. */
export async function setCreditLimit(
  db: Db,
  scope: Scope,
  limit: { readonly creditLimit: Micros | null; readonly currency: string; readonly now: Date },
): Promise<void> {
  await db
    .insertInto("ledgers")
    .values({
      organization_id: scope.organizationId,
      environment: scope.environment,
      currency: limit.currency,
      credit_limit_micros: limit.creditLimit,
      created_at: limit.now,
    })
    .onConflict((conflict) => conflict.columns(["organization_id", "environment"]).doUpdateSet({ credit_limit_micros: limit.creditLimit }))
    .execute();
}

export interface StatementFilter {
  /** `occurred_at` from … to before …. */
  readonly from?: Date;
  readonly to?: Date;
  readonly kinds?: readonly EntryKind[];
  readonly callId?: CallId;
}

/** A transaction as the books have it; `lines` say what it is made of. */
export type StatementRow = Omit<LedgerTransaction, "amount_micros" | "available_after_micros" | "held_after_micros"> & {
  readonly amount: Micros;
  readonly availableAfter: Micros;
  readonly heldAfter: Micros;
  readonly postings: readonly Posting[];
};

export const STATEMENT_PAGE_MAX = 1_000;

/** In the order of posting. @param page.after the `id` of the last row of the page before. */
export async function listStatement(
  db: Db,
  scope: Scope,
  filter: StatementFilter,
  page: { readonly limit: number; readonly after: number | null },
): Promise<readonly StatementRow[]> {
  let query = db
    .selectFrom("ledger_transactions")
    .selectAll()
    .select(
      sql<{ account: Account; amount: string }[]>`(
        select coalesce(jsonb_agg(jsonb_build_object('account', account, 'amount', amount_micros::text) order by account), '[]')
        from ledger_postings where transaction_id = ledger_transactions.id)`.as("postings"),
    )
    .where("organization_id", "=", scope.organizationId)
    .where("environment", "=", scope.environment);
  if (filter.from) query = query.where("occurred_at", ">=", filter.from);
  if (filter.to) query = query.where("occurred_at", "<", filter.to);
  if (filter.kinds) query = query.where("kind", "in", filter.kinds);
  if (filter.callId) query = query.where("call_id", "=", filter.callId);
  if (page.after !== null) query = query.where("id", ">", page.after);
  const rows = await query.orderBy("id").limit(Math.min(page.limit, STATEMENT_PAGE_MAX)).execute();
  return rows.map(({ amount_micros, available_after_micros, held_after_micros, postings, ...row }) => ({
    ...row,
    amount: micros(amount_micros),
    availableAfter: micros(available_after_micros),
    heldAfter: micros(held_after_micros),
    postings: postings.map(({ account, amount }) => ({ account, amount: micros(BigInt(amount)) })),
  }));
}

/**
 * Computes everything anew from the postings and compares, at one moment that it sees a snapshot of: nobody waits for it.
 * @returns sentences about what does not add up; empty when all is well.
 */
export async function verifyLedger(db: Db, scope: Scope): Promise<readonly string[]> {
  return await inSnapshot(db, async (tx) => {
    const state = balancesOf(await rowOf(tx, scope));
    const { rows: sums } = await sql<{ account: Account; sum: string }>`
      select posting.account, sum(posting.amount_micros)::text as sum
      from ledger_postings posting join ledger_transactions on ledger_transactions.id = posting.transaction_id
      where organization_id = ${scope.organizationId} and environment = ${scope.environment}
      group by posting.account`.execute(tx);
    const posted = new Map(sums.map(({ account, sum }) => [account, BigInt(sum)]));
    const holds = await tx
      .selectFrom("credit_holds")
      .select(["id", "state", "remaining_micros", "expires_at"])
      .where("organization_id", "=", scope.organizationId)
      .where("environment", "=", scope.environment)
      .where("state", "=", "open")
      .execute();
    const open = new Map(
      holds.map((hold): [string, CreditHold] => [
        hold.id,
        { state: hold.state, remaining: micros(hold.remaining_micros), expiresAt: hold.expires_at.getTime() },
      ]),
    );
    const drifted = ACCOUNTS.filter((account) => state.balances[account] !== (posted.get(account) ?? 0n)).map(
      (account) =>
        `${account} is kept as ${formatMicros(state.balances[account])}, and its postings sum to ${formatMicros(micros(posted.get(account) ?? 0n))}`,
    );
    return [...booksProblems({ ...state, holds: open, posted: new Map() }), ...drifted];
  });
}

/**
 * Tells the books again, transaction by transaction, and compares what that comes to with the balances and holds that are kept, at one moment
 * that it sees a snapshot of.
 */
export async function replayLedger(db: Db, scope: Scope): Promise<Replay> {
  return await inSnapshot(db, async (tx) => {
    const { balances } = balancesOf(await rowOf(tx, scope));
    let told = NOTHING_REPLAYED;
    for (let after: number | null = null; ; ) {
      const page: readonly StatementRow[] = await listStatement(tx, scope, {}, { limit: STATEMENT_PAGE_MAX, after });
      told = replay(told, page.map(writtenIn));
      if (page.length < STATEMENT_PAGE_MAX) break;
      after = page.at(-1)?.id ?? null;
    }
    const kept = await tx
      .selectFrom("credit_holds")
      .select(["id", "remaining_micros"])
      .where("organization_id", "=", scope.organizationId)
      .where("environment", "=", scope.environment)
      .execute();
    const drifted = [
      ...ACCOUNTS.filter((account) => told.balances[account] !== balances[account]).map(
        (account) => `${account} is kept as ${formatMicros(balances[account])}, and comes to ${formatMicros(told.balances[account])}`,
      ),
      ...kept
        .filter((hold) => (told.holds.get(hold.id) ?? 0n) !== BigInt(hold.remaining_micros))
        .map((hold) => `the hold ${hold.id} is kept as ${hold.remaining_micros}, and comes to ${told.holds.get(hold.id) ?? 0n} micros`),
    ];
    return { ...told, problems: [...told.problems, ...drifted] };
  });
}

function writtenIn(row: StatementRow): WrittenTransaction {
  const { idempotency_key: key, kind, hold_id: holdId, postings, availableAfter, heldAfter } = row;
  return { key, kind, holdId, postings, availableAfter, heldAfter };
}

/** Whose books there are. */
export async function listLedgers(db: Db): Promise<readonly Scope[]> {
  const rows = await db
    .selectFrom("ledgers")
    .select(["organization_id", "environment"])
    .orderBy("organization_id")
    .orderBy("environment")
    .execute();
  return rows.map((row) => ({ organizationId: row.organization_id, environment: row.environment }));
}

async function rowOf(db: Db, scope: Scope) {
  return await db
    .selectFrom("ledgers")
    .selectAll()
    .where("organization_id", "=", scope.organizationId)
    .where("environment", "=", scope.environment)
    .executeTakeFirst();
}
