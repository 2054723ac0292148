/**
 * The books told again from their first transaction, as an auditor would: what every single one did, and whether all was well after it. The
 * rules that posted them (ledger.ts) are not asked; only what was written down counts.
 */
import { formatMicros, type Micros, micros, NO_MONEY } from "@struere/kernel";
import { type Account, ACCOUNTS, type EntryKind, NEW_BALANCES, type Posting } from "./ledger.ts";

export interface WrittenTransaction {
  readonly key: string;
  readonly kind: EntryKind;
  /** The hold that it is about; a charge is captured from it as far as that goes. */
  readonly holdId: string | null;
  readonly postings: readonly Posting[];
  /** What was written down beside it. */
  readonly availableAfter: Micros;
  readonly heldAfter: Micros;
}

export interface Replay {
  readonly steps: number;
  readonly balances: { readonly [Name in Account]: Micros };
  /** The least that was ever available. */
  readonly lowest: Micros;
  /** By hold: what is left of it. */
  readonly holds: ReadonlyMap<string, Micros>;
  /** By hold: what its call used beyond it, in all. */
  readonly beyond: ReadonlyMap<string, Micros>;
  /** Of the first steps at which something was wrong. */
  readonly problems: readonly string[];
}

export const NOTHING_REPLAYED: Replay = {
  steps: 0,
  balances: NEW_BALANCES,
  lowest: NO_MONEY,
  holds: new Map(),
  beyond: new Map(),
  problems: [],
};

const PROBLEMS_MAX = 20;

/** Goes on from `before`, so that books of any length are told page by page. @param transactions in the order of posting */
export function replay(before: Replay, transactions: readonly WrittenTransaction[]): Replay {
  const balances: { [Name in Account]: Micros } = { ...before.balances };
  const holds = new Map(before.holds);
  const beyond = new Map(before.beyond);
  const problems = [...before.problems];
  let { steps, lowest } = before;
  let open = sum([...holds.values()]);
  for (const transaction of transactions) {
    steps += 1;
    const { key, kind, holdId, postings } = transaction;
    const wrong = (what: string): void => {
      if (problems.length < PROBLEMS_MAX) problems.push(`after transaction ${steps} (${key}) ${what}`);
    };
    const moved = (account: Account): bigint => sum(postings.filter((posting) => posting.account === account).map(({ amount }) => amount));
    for (const account of ACCOUNTS) balances[account] = micros(balances[account] + moved(account));
    if (moved("held") !== 0n) {
      const left = (holds.get(holdId ?? "") ?? 0n) + moved("held");
      open += moved("held");
      holds.set(holdId ?? "", micros(left));
      if (holdId === null) wrong("something is reserved by no hold");
      if (left < 0n) wrong(`the hold ${holdId} has ${show(left)} left`);
    }
    if ((kind === "release" || kind === "expire") && (holds.get(holdId ?? "") ?? 0n) !== 0n)
      wrong(`the hold ${holdId} is closed and not empty`);
    if (kind === "charge" && holdId !== null && moved("available") < 0n)
      beyond.set(holdId, micros((beyond.get(holdId) ?? 0n) - moved("available")));
    const own = sum(postings.map(({ amount }) => amount));
    if (own !== 0n) wrong(`its own postings sum to ${show(own)}`);
    const all = sum(Object.values(balances));
    if (all !== 0n) wrong(`all postings sum to ${show(all)}`);
    if (balances.held !== open) wrong(`held is ${show(balances.held)}, and the holds have ${show(open)} left`);
    if (balances.available !== transaction.availableAfter || balances.held !== transaction.heldAfter)
      wrong(
        `${show(balances.available)} are available and ${show(balances.held)} held, and it says ${show(transaction.availableAfter)} and ${show(transaction.heldAfter)}`,
      );
    if (balances.available < lowest) lowest = balances.available;
  }
  return { steps, balances, lowest, holds, beyond, problems };
}

const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((total, amount) => total + amount, 0n);
const show = (amount: bigint): string => formatMicros(micros(amount));
