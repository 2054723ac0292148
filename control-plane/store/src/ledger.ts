/**
 * The books in Postgres. The rules are the domain's (ledger.ts): here the row of the books is locked, what the entries are about is read,
 * the rule is asked entry by entry, and what it answers is written in the same transaction. Whoever else moves this organization's money
 * waits meanwhile; nobody else does.
 */
import {
  ACCOUNTS,
  type Books,
  type CreditHold,
  type Entry,
  type LedgerProblem,
  NEW_BALANCES,
  post,
  type PricedLine,
  type Transaction,
} from "@struere/domain";
import { type CallId, Fault, type Micros, micros, NO_MONEY, ok, type Result, type ThreadId } from "@struere/kernel";
import { sql } from "kysely";
import { countSpending } from "./allowances.ts";
import { type Db, inTransaction } from "./database.ts";
import type { LedgerTable, StoredLine, UseSource } from "./schema.ts";
import type { Scope } from "./scope.ts";
import type { Selectable } from "kysely";

/** What an entry is about, for whoever reads the books. */
export interface EntryNote {
  /** Who makes it: `key:…` or a part of the system. */
  readonly actor: string;
  /** Default: now. */
  readonly occurredAt?: Date;
  readonly callId?: CallId;
  readonly threadId?: ThreadId;
  readonly source?: UseSource;
  readonly model?: string;
  readonly rateCardVersion?: string;
  readonly estimated?: boolean;
  readonly lines?: readonly PricedLine[];
  readonly note?: string;
  /** The key of the charge that this corrects. */
  readonly corrects?: string;
}

export interface EntryToPost extends EntryNote {
  readonly entry: Entry;
}

export interface PostedEntry {
  /** `null`: it was posted before, or there was nothing to do. */
  readonly transaction: Transaction | null;
  /** What the organization can spend after it, and what is reserved. */
  readonly available: Micros;
  readonly held: Micros;
}

/**
 * Posts entries one after the other, in one transaction, the caller's if there is one. An entry that is refused moves nothing and keeps no
 * other from being posted. The caller may hold locks of its own only if nobody takes them after this one.
 */
export async function postEntries(
  db: Db,
  scope: Scope,
  entries: readonly EntryToPost[],
  now: Date,
): Promise<readonly Result<PostedEntry, LedgerProblem>[]> {
  if (entries.length === 0) return [];
  return await inTransaction(db, async (tx) => {
    const before = await readBooks(tx, scope, entries, now);
    let books = before;
    const written: { readonly entry: EntryToPost; readonly transaction: Transaction; readonly after: Books }[] = [];
    const answers = entries.map((entry): Result<PostedEntry, LedgerProblem> => {
      const posted = post(books, entry.entry);
      if (!posted.ok) return posted;
      const { transaction } = posted.value;
      books = posted.value.books;
      if (transaction) written.push({ entry, transaction, after: books });
      return ok({ transaction, available: books.balances.available, held: books.balances.held });
    });
    await writeHolds(tx, scope, before.holds, books.holds, now);
    if (written.length > 0) {
      await writeTransactions(tx, scope, written, now);
      await writeBalances(tx, scope, books);
      await countSpending(tx, scope, chargesOf(written), now);
    }
    return answers;
  });
}

/** What counts against caps: what the organization was charged. */
function chargesOf(written: readonly { readonly entry: EntryToPost; readonly transaction: Transaction }[]) {
  return written.flatMap(({ entry: { entry, callId }, transaction: { amount } }) =>
    entry.kind === "charge" && entry.payer === "organization" ? [{ callId: callId ?? null, amount }] : [],
  );
}

/** One entry. @see postEntries */
export async function postEntry(db: Db, scope: Scope, entry: EntryToPost, now: Date): Promise<Result<PostedEntry, LedgerProblem>> {
  const [answer] = await postEntries(db, scope, [entry], now);
  if (!answer) throw new Fault("internal", "an entry was posted and nothing answered");
  return answer;
}

const CURRENCY = "USD";

/** Locks the books, which are there from their first use on. The lock is held until the transaction ends. */
export async function lockBooks(tx: Db, scope: Scope, now: Date): Promise<Ledger> {
  return (await lockLedger(tx, scope)) ?? (await openLedger(tx, scope, now));
}

/** Locks the books, and reads as much of them as the entries are about. */
async function readBooks(tx: Db, scope: Scope, entries: readonly EntryToPost[], now: Date): Promise<Books> {
  const ledger = await lockBooks(tx, scope, now);
  const keys = entries.flatMap(({ entry }) => ("key" in entry ? [entry.key] : []));
  const holdIds = [...new Set(entries.flatMap(({ entry }) => ("holdId" in entry && entry.holdId !== null ? [entry.holdId] : [])))];
  const posted = keys.length === 0 ? [] : await ofScope(tx, scope, keys);
  const holds = holdIds.length === 0 ? [] : await lockHolds(tx, scope, holdIds);
  return {
    ...balancesOf(ledger),
    posted: new Map(posted.map((row) => [row.idempotency_key, { kind: row.kind, amount: micros(row.amount_micros) }])),
    holds: new Map(
      holds.map((row): [string, CreditHold] => [
        row.id,
        { state: row.state, remaining: micros(row.remaining_micros), expiresAt: row.expires_at.getTime() },
      ]),
    ),
  };
}

type Ledger = Selectable<LedgerTable>;

export function balancesOf(row: Ledger | undefined): Pick<Books, "currency" | "creditLimit" | "balances"> {
  if (!row) return { currency: CURRENCY, creditLimit: null, balances: NEW_BALANCES };
  const balances = { ...NEW_BALANCES };
  for (const account of ACCOUNTS) balances[account] = micros(row[`${account}_micros`]);
  return {
    currency: row.currency,
    creditLimit: row.credit_limit_micros === null ? null : micros(row.credit_limit_micros),
    balances,
  };
}

async function lockLedger(tx: Db, scope: Scope): Promise<Ledger | undefined> {
  return await tx
    .selectFrom("ledgers")
    .selectAll()
    .where("organization_id", "=", scope.organizationId)
    .where("environment", "=", scope.environment)
    .forNoKeyUpdate()
    .executeTakeFirst();
}

/** Of two who open the same books one does, and the other waits for it. */
async function openLedger(tx: Db, scope: Scope, now: Date): Promise<Ledger> {
  await tx
    .insertInto("ledgers")
    .values({
      organization_id: scope.organizationId,
      environment: scope.environment,
      currency: CURRENCY,
      credit_limit_micros: null,
      created_at: now,
    })
    .onConflict((conflict) => conflict.columns(["organization_id", "environment"]).doNothing())
    .execute();
  const ledger = await lockLedger(tx, scope);
  if (!ledger) throw new Fault("internal", "the books were opened and are not there");
  return ledger;
}

async function ofScope(tx: Db, scope: Scope, keys: readonly string[]) {
  return await tx
    .selectFrom("ledger_transactions")
    .select(["idempotency_key", "kind", "amount_micros"])
    .where("organization_id", "=", scope.organizationId)
    .where("environment", "=", scope.environment)
    .where("idempotency_key", "=", (any) => any.fn.any(sql<string[]>`${keys}::text[]`))
    .execute();
}

/** In one order for everybody: renewals lock holds without the books. */
async function lockHolds(tx: Db, scope: Scope, ids: readonly string[]) {
  return await tx
    .selectFrom("credit_holds")
    .selectAll()
    .where("organization_id", "=", scope.organizationId)
    .where("environment", "=", scope.environment)
    .where("id", "in", ids)
    .orderBy("id")
    .forNoKeyUpdate()
    .execute();
}

async function writeHolds(tx: Db, scope: Scope, before: Books["holds"], after: Books["holds"], now: Date): Promise<void> {
  const changed = [...after].filter(([id, hold]) => before.get(id) !== hold);
  if (changed.length === 0) return;
  await tx
    .insertInto("credit_holds")
    .values(
      changed.map(([id, hold]) => ({
        id,
        organization_id: scope.organizationId,
        environment: scope.environment,
        state: hold.state,
        remaining_micros: hold.remaining,
        opened_at: now,
        expires_at: new Date(hold.expiresAt),
        closed_at: hold.state === "open" ? null : now,
      })),
    )
    .onConflict((conflict) =>
      conflict.columns(["organization_id", "environment", "id"]).doUpdateSet((row) => ({
        state: row.ref("excluded.state"),
        remaining_micros: row.ref("excluded.remaining_micros"),
        expires_at: row.ref("excluded.expires_at"),
        closed_at: row.ref("excluded.closed_at"),
      })),
    )
    .execute();
}

/** Transactions, and all their postings in one statement: the database looks whether they sum to zero when it is done. */
async function writeTransactions(
  tx: Db,
  scope: Scope,
  written: readonly { readonly entry: EntryToPost; readonly transaction: Transaction; readonly after: Books }[],
  now: Date,
): Promise<void> {
  const rows = written.map(({ entry, transaction, after }) => ({
    idempotency_key: transaction.key,
    kind: transaction.kind,
    amount: String(transaction.amount),
    available_after: String(after.balances.available),
    held_after: String(after.balances.held),
    hold_id: "holdId" in entry.entry ? entry.entry.holdId : null,
    call_id: entry.callId ?? null,
    thread_id: entry.threadId ?? null,
    source: entry.source ?? null,
    model: entry.model ?? null,
    rate_card_version: entry.rateCardVersion ?? null,
    estimated: entry.estimated ?? false,
    lines: (entry.lines ?? []).map(storedLine),
    actor: entry.actor,
    note: entry.note ?? null,
    corrects: entry.corrects ?? null,
    occurred_at: (entry.occurredAt ?? now).toISOString(),
  }));
  const postings = written.flatMap(({ transaction }) =>
    transaction.postings.map(({ account, amount }) => ({ idempotency_key: transaction.key, account, amount: String(amount) })),
  );
  await sql`
      insert into ledger_transactions (
        organization_id, environment, idempotency_key, kind, amount_micros, available_after_micros, held_after_micros, hold_id, call_id,
        thread_id, source, model, rate_card_version, estimated, lines, actor, note, corrects, occurred_at, posted_at
      )
      select ${scope.organizationId}, ${scope.environment}, idempotency_key, kind, amount, available_after, held_after, hold_id, call_id,
        thread_id, source, model, rate_card_version, estimated, lines, actor, note, corrects, occurred_at, ${now}
      from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as row (
        idempotency_key text, kind text, amount bigint, available_after bigint, held_after bigint, hold_id text, call_id text,
        thread_id text, source text, model text, rate_card_version text, estimated boolean, lines jsonb, actor text, note text, corrects text,
        occurred_at timestamptz
      )
`.execute(tx);
  // A statement of its own: whoever may see only one organization's rows adds postings only to transactions that it sees.
  await sql`
    insert into ledger_postings (transaction_id, account, amount_micros)
    select posted.id, row.account, row.amount
    from jsonb_to_recordset(${JSON.stringify(postings)}::jsonb) as row (idempotency_key text, account text, amount bigint)
    join ledger_transactions posted
      on posted.organization_id = ${scope.organizationId} and posted.environment = ${scope.environment}
      and posted.idempotency_key = row.idempotency_key`.execute(tx);
}

function storedLine({ cost, ...line }: PricedLine): StoredLine {
  return { ...line, costMicros: String(cost) };
}

async function writeBalances(tx: Db, scope: Scope, { balances }: Books): Promise<void> {
  await tx
    .updateTable("ledgers")
    .set(Object.fromEntries(ACCOUNTS.map((account) => [`${account}_micros`, balances[account] ?? NO_MONEY])))
    .where("organization_id", "=", scope.organizationId)
    .where("environment", "=", scope.environment)
    .execute();
}
