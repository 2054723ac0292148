/**
 * The books of one organization in one environment: double entry, in whole micros of one currency.
 *
 * Every transaction is a set of postings that sum to zero; nothing that was posted is changed, a mistake is corrected by another
 * transaction. What a transaction does is decided here alone: the store locks the books, asks `post`, and writes down what it answers.
 *
 * A call's credit is reserved by a hold, moved from `available` to `held`. Charges are captured out of the hold as they come; what the hold
 * can not cover is taken from `available`, if need be below zero, because what was used is owed. The hold is released when the call is
 * billed. A hold that its call no longer renews expires, and what is charged afterwards is a plain debit.
 *
 * What must stay true: all balances together are zero; `held` is what the open holds have left; a key is posted once.
 */
import { err, formatMicros, type Micros, micros, negated, NO_MONEY, ok, type Result } from "@struere/kernel";

export const ACCOUNTS = [
  /** What the organization can spend. */
  "available",
  /** What open holds have reserved of it. */
  "held",
  /** The outside world: below zero by all credit that was ever given. */
  "funding",
  /** Owed to the vendor of models, as the vendor counts. */
  "models",
  /** Owed to the carrier. */
  "telephony",
  /** Owed to a vendor by our own estimate. Reconciliation brings it back to zero. */
  "unobserved",
  /** What the platform takes on top. */
  "markup",
  /** Below zero by what the platform pays itself: recoveries, and the differences that reconciliation finds. */
  "recovery",
] as const;
export type Account = (typeof ACCOUNTS)[number];
/** Where the cost of something used is booked. */
export type CostAccount = Extract<Account, "models" | "telephony" | "unobserved">;

/** A hold that no lease has renewed for so long gives its credit back: well beyond the death of a node or a control plane. */
export const HOLD_EXPIRES_MS = 5 * 60_000;

export interface Posting {
  readonly account: Account;
  /** Not zero. */
  readonly amount: Micros;
}

export interface CreditHold {
  readonly state: "open" | "released" | "expired";
  /** Of it, not captured yet; zero when it is not open. */
  readonly remaining: Micros;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

export type EntryKind = "credit" | "hold" | "charge" | "release" | "expire" | "adjustment";

export interface PostedBefore {
  readonly kind: EntryKind;
  readonly amount: Micros;
}

/** As much of the books as an entry is about. */
export interface Books {
  readonly currency: string;
  /** How far below zero holds may bring `available`; `null`: nothing is refused. */
  readonly creditLimit: Micros | null;
  readonly balances: { readonly [Name in Account]: Micros };
  readonly holds: ReadonlyMap<string, CreditHold>;
  /** What was posted, by key. */
  readonly posted: ReadonlyMap<string, PostedBefore>;
}

export type Entry =
  /** Credit is given. */
  | { readonly kind: "credit"; readonly key: string; readonly amount: Micros }
  /** Credit is reserved: opens the hold, adds to an open one, or opens one again that expired. */
  | { readonly kind: "hold"; readonly key: string; readonly holdId: string; readonly amount: Micros; readonly expiresAt: number }
  /** Something was used. It is captured from the hold as far as that goes, and from `available` beyond. */
  | {
      readonly kind: "charge";
      readonly key: string;
      readonly holdId: string | null;
      readonly to: CostAccount;
      readonly cost: Micros;
      readonly markup: Micros;
      /** `platform`: for what was used only because something of ours broke; without markup. */
      readonly payer: "organization" | "platform";
    }
  /** Nothing more will be charged to the hold. */
  | { readonly kind: "release"; readonly holdId: string }
  /** Nobody has renewed the hold. */
  | { readonly kind: "expire"; readonly holdId: string; readonly at: number }
  /** A correction: whatever sums to zero and leaves holds alone. */
  | { readonly kind: "adjustment"; readonly key: string; readonly postings: readonly Posting[] };

export interface Transaction {
  readonly key: string;
  readonly kind: EntryKind;
  /** Given, reserved, charged, released; of an adjustment, what the organization gains by it. */
  readonly amount: Micros;
  /** Empty when there was nothing to move. */
  readonly postings: readonly Posting[];
}

export interface Posted {
  readonly books: Books;
  /** `null`: nothing is to be written, for it was written before, or the hold is not open (any more). */
  readonly transaction: Transaction | null;
}

export type LedgerReason = "insufficient_credit" | "hold_released" | "key_reused" | "amount_invalid" | "postings_unbalanced";

export interface LedgerProblem {
  readonly reason: LedgerReason;
  /** For the person who can act. */
  readonly detail: string;
}

export function post(books: Books, entry: Entry): Result<Posted, LedgerProblem> {
  switch (entry.kind) {
    case "credit":
      return once(books, entry, entry.amount, () => give(books, entry));
    case "hold":
      return once(books, entry, entry.amount, () => reserve(books, entry));
    case "charge":
      return once(books, entry, null, () => charge(books, entry));
    case "release":
      return ok(close(books, entry.holdId, "released"));
    case "expire": {
      const hold = books.holds.get(entry.holdId);
      return ok(hold && hold.expiresAt <= entry.at ? close(books, entry.holdId, "expired") : unchanged(books));
    }
    case "adjustment":
      return once(books, entry, null, () => adjust(books, entry));
    default:
      return entry satisfies never;
  }
}

/** A live call keeps its hold. @returns the hold as it is now; undefined: it is not open, and must be reserved again. */
export function renewHold(hold: CreditHold | undefined, expiresAt: number): CreditHold | undefined {
  return hold?.state === "open" ? { ...hold, expiresAt: Math.max(hold.expiresAt, expiresAt) } : undefined;
}

/** What does not add up; empty when all is well. `books` must have every open hold. */
export function booksProblems(books: Books): readonly string[] {
  const problems: string[] = [];
  const sum = total(Object.values(books.balances));
  if (sum !== 0n) problems.push(`the balances sum to ${formatMicros(sum)}, not to zero`);
  const open = total([...books.holds.values()].map((hold) => hold.remaining));
  if (books.balances.held !== open) {
    problems.push(`held is ${formatMicros(books.balances.held)}, and open holds have ${formatMicros(open)} left`);
  }
  return problems;
}

export const NEW_BALANCES: Books["balances"] = {
  available: NO_MONEY,
  held: NO_MONEY,
  funding: NO_MONEY,
  models: NO_MONEY,
  telephony: NO_MONEY,
  unobserved: NO_MONEY,
  markup: NO_MONEY,
  recovery: NO_MONEY,
};

type Of<Kind extends Entry["kind"]> = Extract<Entry, { readonly kind: Kind }>;
type Answer = Result<Posted, LedgerProblem>;

/** What was posted under this key before stays as it is. @param amount of a repetition; `null`: whoever came first was right. */
function once(books: Books, entry: { readonly key: string; readonly kind: EntryKind }, amount: Micros | null, work: () => Answer): Answer {
  const before = books.posted.get(entry.key);
  if (!before) return work();
  if (before.kind === entry.kind && (amount === null || amount === before.amount)) return ok(unchanged(books));
  return refuse(
    "key_reused",
    `the key ${entry.key} was used before, for a ${before.kind} of ${formatMicros(before.amount)} ${books.currency}; take another key for another entry`,
  );
}

function give(books: Books, entry: Of<"credit">): Answer {
  if (entry.amount <= 0n) return refuse("amount_invalid", `credit is ${formatMicros(entry.amount)}; it must be more than zero`);
  return ok(booked(books, { ...entry, postings: move("funding", "available", entry.amount) }));
}

function reserve(books: Books, { key, kind, holdId, amount, expiresAt }: Of<"hold">): Answer {
  if (amount <= 0n) return refuse("amount_invalid", `a hold of ${formatMicros(amount)} reserves nothing; it must be more than zero`);
  const hold = books.holds.get(holdId);
  if (hold?.state === "released") return refuse("hold_released", `the hold ${holdId} was released: what it was for is over and billed`);
  const { currency, creditLimit, balances } = books;
  if (creditLimit !== null && balances.available - amount < negated(creditLimit)) {
    const limit = creditLimit === 0n ? "" : ` and a credit limit of ${formatMicros(creditLimit)} ${currency}`;
    return refuse(
      "insufficient_credit",
      `${formatMicros(amount)} ${currency} must be reserved, and ${formatMicros(balances.available)} ${currency} are available${limit}; add credit`,
    );
  }
  const held: CreditHold = {
    state: "open",
    remaining: micros((hold?.remaining ?? 0n) + amount),
    // What expired at one moment can not expire at it again.
    expiresAt: Math.max(hold === undefined ? 0 : hold.state === "expired" ? hold.expiresAt + 1 : hold.expiresAt, expiresAt),
  };
  return ok(booked(withHold(books, holdId, held), { key, kind, amount, postings: move("available", "held", amount) }));
}

function charge(books: Books, entry: Of<"charge">): Answer {
  const { key, kind, holdId, to, cost, payer } = entry;
  if (cost < 0n || entry.markup < 0n) return refuse("amount_invalid", `the charge ${key} is below zero; a correction is an adjustment`);
  if (payer === "platform") return ok(booked(books, { key, kind, amount: cost, postings: move("recovery", to, cost) }));
  const amount = micros(cost + entry.markup);
  const hold = holdId === null ? undefined : books.holds.get(holdId);
  const captured = hold?.state === "open" ? least(hold.remaining, amount) : NO_MONEY;
  const postings = nonZero([
    { account: "held", amount: negated(captured) },
    { account: "available", amount: micros(captured - amount) },
    { account: to, amount: cost },
    { account: "markup", amount: entry.markup },
  ]);
  const after =
    hold && holdId !== null && captured > 0n ? withHold(books, holdId, { ...hold, remaining: micros(hold.remaining - captured) }) : books;
  return ok(booked(after, { key, kind, amount, postings }));
}

function close(books: Books, holdId: string, state: "released" | "expired"): Posted {
  const hold = books.holds.get(holdId);
  if (hold?.state !== "open") {
    // What expired is not opened again once its call is billed.
    return hold && state === "released" ? { books: withHold(books, holdId, { ...hold, state }), transaction: null } : unchanged(books);
  }
  const closed = withHold(books, holdId, { ...hold, state, remaining: NO_MONEY });
  const kind = state === "released" ? "release" : "expire";
  // A hold that expired may be opened and expire again, at a later time.
  const key = state === "released" ? `release:${holdId}` : `expire:${holdId}:${hold.expiresAt}`;
  return booked(closed, { key, kind, amount: hold.remaining, postings: move("held", "available", hold.remaining) });
}

function adjust(books: Books, { key, kind, postings }: Of<"adjustment">): Answer {
  const sum = total(postings.map((posting) => posting.amount));
  if (sum !== 0n) return refuse("postings_unbalanced", `the postings of ${key} sum to ${formatMicros(sum)}; they must sum to zero`);
  if (postings.some((posting) => posting.account === "held"))
    return refuse("postings_unbalanced", `the postings of ${key} touch held; what holds reserve is moved by holds alone`);
  const gained = total(postings.filter((posting) => posting.account === "available").map((posting) => posting.amount));
  const perAccount = ACCOUNTS.map((account) => ({
    account,
    amount: total(postings.filter((posting) => posting.account === account).map((posting) => posting.amount)),
  }));
  return ok(booked(books, { key, kind, amount: gained, postings: nonZero(perAccount) }));
}

function booked(books: Books, { key, kind, amount, postings }: Transaction): Posted {
  const balances = { ...books.balances };
  for (const posting of postings) balances[posting.account] = micros(balances[posting.account] + posting.amount);
  const posted = new Map(books.posted).set(key, { kind, amount });
  return { books: { ...books, balances, posted }, transaction: { key, kind, amount, postings } };
}

const unchanged = (books: Books): Posted => ({ books, transaction: null });

const withHold = (books: Books, holdId: string, hold: CreditHold): Books => ({ ...books, holds: new Map(books.holds).set(holdId, hold) });

const move = (from: Account, to: Account, amount: Micros): readonly Posting[] =>
  nonZero([
    { account: from, amount: negated(amount) },
    { account: to, amount },
  ]);

const nonZero = (postings: readonly Posting[]): readonly Posting[] => postings.filter((posting) => posting.amount !== 0n);

const least = (a: Micros, b: Micros): Micros => (a < b ? a : b);

const total = (amounts: readonly Micros[]): Micros => micros(amounts.reduce((sum: bigint, amount) => sum + amount, 0n));

const refuse = (reason: LedgerReason, detail: string): Answer => err({ reason, detail });
