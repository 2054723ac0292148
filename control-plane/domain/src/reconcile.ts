/**
 * What a vendor says that something cost, held against what is booked for it. The vendor's accounts become what the vendor says. The organization
 * pays what its rate card says for what was really used, and never more than it has paid already: what was too much is given back, and what
 * was too little is the platform's.
 */
import { type Micros, micros, negated } from "@struere/kernel";
import type { Account, CostAccount, Posting } from "./ledger.ts";

/** What is booked for one use, its earlier corrections included. */
export type Booked = { readonly [Name in Account]: Micros };

export interface Actual {
  /** Where the vendor is owed. */
  readonly account: Exclude<CostAccount, "unobserved">;
  /** What the vendor takes. */
  readonly vendorCost: Micros;
  /** What the rate card says for it, and the markup on that. */
  readonly cardCost: Micros;
  readonly markup: Micros;
}

/** @returns what is to be posted; empty when the books are right. */
export function correction(booked: Booked, actual: Actual): readonly Posting[] {
  const paid = -(booked.available + booked.held);
  const owed = actual.cardCost + actual.markup;
  const refund = paid > owed ? paid - owed : 0n;
  // Only what is given back is taken out of the markup: what was too little is nobody's gain.
  const markup = refund > 0n ? least(0n, actual.markup - booked.markup) : 0n;
  const unobserved = negated(booked.unobserved);
  const vendor = actual.vendorCost - booked[actual.account];
  const recovery = -(refund + markup + unobserved + vendor);
  return [
    { account: actual.account, amount: micros(vendor) },
    { account: "unobserved" as const, amount: micros(unobserved) },
    { account: "available" as const, amount: micros(refund) },
    { account: "markup" as const, amount: micros(markup) },
    { account: "recovery" as const, amount: micros(recovery) },
  ].filter((posting) => posting.amount !== 0n);
}

const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);
