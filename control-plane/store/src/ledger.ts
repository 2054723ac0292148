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
  type EntryKind,
  type LedgerProblem,
  NEW_BALANCES,
  post,
  type PricedLine,
  type Transaction,
} from "@struere/domain";
import { type ApiKeyId, type CallId, Fault, type Micros, micros, ok, type Result, type ThreadId } from "@struere/kernel";
import { type Selectable, sql } from "kysely";
import { countingSpending } from "./allowances.ts";
import { type Db, inTransaction } from "./database.ts";
import type { CreditHoldTable, LedgerTable, StoredLine, TextRow, UseSource } from "./schema.ts";
import type { Scope } from "./scope.ts";

/** What an entry is about, for whoever reads the books. */
export interface EntryNote {
  /** Who makes it: `key:…` or a part of the system. */
  readonly actor: string;
  /** Default: now. */
  readonly occurredAt?: Date;
  readonly callId?: CallId;
  readonly threadId?: ThreadId;
  /** Whose caps it counts against, where it belongs to no call. */
  readonly keyId?: ApiKeyId;
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
  return await inTransaction(db, async (tx) => await postTo(tx, scope, await readBooks(tx, scope, entries, now), entries, now));
}

/** @param before the books, locked and read by this transaction, with all that the entries are about. */
export async function postTo(
  tx: Db,
  scope: Scope,
  before: Books,
  entries: readonly EntryToPost[],
  now: Date,
): Promise<readonly Result<PostedEntry, LedgerProblem>[]> {
  let books = before;
  const written: Written[] = [];
  const answers = entries.map((entry): Result<PostedEntry, LedgerProblem> => {
    const posted = post(books, entry.entry);
    if (!posted.ok) return posted;
    const { transaction } = posted.value;
    books = posted.value.books;
    if (transaction) written.push({ entry, transaction, after: books });
    return ok({ transaction, available: books.balances.available, held: books.balances.held });
  });
  await writeBooks(tx, scope, { before, after: books, written, now });
  return answers;
}

interface Written {
  readonly entry: EntryToPost;
  readonly transaction: Transaction;
  readonly after: Books;
}

/** What counts against caps: what the organization was charged. */
function chargesOf(written: readonly Written[]) {
  return written.flatMap(({ entry: { entry, callId, keyId }, transaction: { amount } }) =>
    entry.kind === "charge" && entry.payer === "organization" ? [{ callId: callId ?? null, keyId: keyId ?? null, amount }] : [],
  );
}

/** One entry. @see postEntries */
export async function postEntry(db: Db, scope: Scope, entry: EntryToPost, now: Date): Promise<Result<PostedEntry, LedgerProblem>> {
  const [answer] = await postEntries(db, scope, [entry], now);
  if (!answer) throw new Fault("internal", "an entry was posted and nothing answered");
  return answer;
}

export const CURRENCY = "USD";

/** Locks the books, which are there from their first use on. The lock is held until the transaction ends. */
export async function lockBooks(tx: Db, { organizationId, environment }: Scope, now: Date): Promise<Ledger> {
  const { rows } = await sql<Ledger>`select * from lock_ledger(${organizationId}, ${environment}, ${CURRENCY}, ${now})`.execute(tx);
  const [ledger] = rows;
  if (!ledger) throw new Fault("internal", "the books were opened and are not there");
  return ledger;
}

type Ledger = Selectable<LedgerTable>;

/** What `read_books` answers. */
export interface BooksRead {
  readonly ledger: TextRow<Ledger>;
  readonly posted: readonly { readonly key: string; readonly kind: EntryKind; readonly amount: string }[];
  readonly holds: readonly TextRow<Selectable<CreditHoldTable>>[];
}

/** Locks the books, and reads as much of them as the entries are about. */
async function readBooks(tx: Db, { organizationId, environment }: Scope, entries: readonly EntryToPost[], now: Date): Promise<Books> {
  const keys = entries.flatMap(({ entry }) => ("key" in entry ? [entry.key] : []));
  const holdIds = [...new Set(entries.flatMap(({ entry }) => ("holdId" in entry && entry.holdId !== null ? [entry.holdId] : [])))];
  const { rows } = await sql<{ books: BooksRead }>`
    select read_books(${organizationId}, ${environment}, ${CURRENCY}, ${now}, ${keys}::text[], ${holdIds}::text[]) as books`.execute(tx);
  const [row] = rows;
  if (!row) throw new Fault("internal", "the books were read and there is nothing");
  return booksOf(row.books);
}

export function booksOf({ ledger, posted, holds }: BooksRead): Books {
  const balances = { ...NEW_BALANCES };
  for (const account of ACCOUNTS) balances[account] = amountOf(ledger[`${account}_micros`]);
  return {
    currency: ledger.currency ?? CURRENCY,
    creditLimit: ledger.credit_limit_micros === null ? null : amountOf(ledger.credit_limit_micros),
    balances,
    posted: new Map(posted.map(({ key, kind, amount }) => [key, { kind, amount: amountOf(amount) }])),
    holds: new Map(
      holds.map(({ id, state, remaining_micros, expires_at }): [string, CreditHold] => [
        id ?? "",
        { state: state as CreditHold["state"], remaining: amountOf(remaining_micros), expiresAt: Date.parse(expires_at ?? "") },
      ]),
    ),
  };
}

/** Of a value that is never `null` in its table. */
const amountOf = (text: string | null): Micros => micros(BigInt(text ?? 0));

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

async function writeBooks(
  tx: Db,
  scope: Scope,
  {
    before,
    after,
    written,
    now,
  }: { readonly before: Books; readonly after: Books; readonly written: readonly Written[]; readonly now: Date },
): Promise<void> {
  const holds = [...after.holds]
    .filter(([id, hold]) => before.holds.get(id) !== hold)
    .map(([id, { state, remaining, expiresAt }]) => ({
      id,
      state,
      remaining: String(remaining),
      expires_at: new Date(expiresAt).toISOString(),
    }));
  if (holds.length === 0 && written.length === 0) return;
  const balances = Object.fromEntries(ACCOUNTS.map((account) => [account, String(after.balances[account])]));
  const postings = written.flatMap(({ transaction }) =>
    transaction.postings.map(({ account, amount }) => ({ idempotency_key: transaction.key, account, amount: String(amount) })),
  );
  // In one statement: everybody else waits meanwhile.
  await sql`
    ${countingSpending(scope, chargesOf(written), now)}
    select write_books(${scope.organizationId}, ${scope.environment}, ${now}, ${JSON.stringify(balances)}::jsonb,
      ${JSON.stringify(holds)}::jsonb, ${JSON.stringify(written.map((one) => rowOf(one, now)))}::jsonb, ${JSON.stringify(postings)}::jsonb)
  `.execute(tx);
}

function rowOf({ entry, transaction, after }: Written, now: Date) {
  return {
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
  };
}

function storedLine({ cost, ...line }: PricedLine): StoredLine {
  return { ...line, costMicros: String(cost) };
}
