/**
 * Whether a call may begin as far as money and limits go: credit, spend caps, calls at a time, and calls to one number. The first limit that
 * does not leave room is the answer, with its name, its value, and what to do. Whoever asks has locked the books, so that what this
 * says is still true when the credit is reserved. An answer in writing needs credit and caps, too, and reserves nothing.
 */
import { formatMicros, type Micros } from "@struere/kernel";
import { type Allowance, capSentence, tightestCap } from "./allowance.ts";

export type CallRefusalReason = "insufficient_credit" | "spend_cap" | "too_many_calls" | "too_many_calls_to_number" | "too_fast";

export interface CallRefusal {
  readonly reason: CallRefusalReason;
  /** The limit that was reached, as its owner knows it, and what it is set to. */
  readonly limit: string;
  readonly value: string;
  readonly sentence: string;
}

/** A number of calls, and how many there may be. */
export interface Counted {
  /** For sentences: an environment's name, or `key …`. */
  readonly of: string;
  readonly count: number;
  readonly most: number;
}

export interface SpendQuestion {
  readonly currency: string;
  readonly available: Micros;
  /** `null`: whoever has no credit left may go on. */
  readonly creditLimit: Micros | null;
  readonly allowances: readonly Allowance[];
  /** What there has to be room for. */
  readonly wanted: Micros;
  readonly now: number;
}

export interface CallQuestion extends SpendQuestion {
  /** Calls that are going on, of each that has a limit. */
  readonly atATime: readonly Counted[];
  /** Calls placed to this number within a day, of each that has a limit. */
  readonly toNumber: readonly Counted[];
}

export function callRefusal(question: CallQuestion): CallRefusal | undefined {
  return tooMany(question) ?? tooManyToNumber(question) ?? spendRefusal(question, "a call");
}

export type SpendRefusal = CallRefusal & { readonly reason: "insufficient_credit" | "spend_cap" };

/** Whether there is no room for something that costs. */
export function spendRefusal(question: SpendQuestion, what: "a call" | "an answer"): SpendRefusal | undefined {
  return noCredit(question, what) ?? overCap(question, what);
}

function tooMany({ atATime }: CallQuestion): CallRefusal | undefined {
  const full = atATime.find(({ count, most }) => count >= most);
  if (!full) return undefined;
  const { of, count, most } = full;
  const raise = of.startsWith("key ")
    ? `struere billing caps --for ${of.slice(4)} --max-concurrent <calls>`
    : "struere calls policy --max-concurrent <calls>";
  return {
    reason: "too_many_calls",
    limit: `maxConcurrent of ${of}`,
    value: String(most),
    sentence: `${count} calls of ${of} are going on, and at most ${most} may; wait for one to end, or raise the limit: ${raise}`,
  };
}

function tooManyToNumber({ toNumber }: CallQuestion): CallRefusal | undefined {
  const full = toNumber.find(({ count, most }) => count >= most);
  if (!full) return undefined;
  const { of, count, most } = full;
  return {
    reason: "too_many_calls_to_number",
    limit: `callsPerNumber of ${of}`,
    value: String(most),
    sentence:
      `${count} calls were placed to this number within 24 hours, and ${of} may place ${most}; wait, or raise the limit: ` +
      `struere billing caps --calls-per-number <calls>${keyFlag(of)}`,
  };
}

function noCredit({ available, creditLimit, wanted, currency }: SpendQuestion, what: string): SpendRefusal | undefined {
  if (creditLimit === null || available + creditLimit >= wanted) return undefined;
  const limit = creditLimit === 0n ? "" : ` beyond a credit limit of ${formatMicros(creditLimit)}`;
  return {
    reason: "insufficient_credit",
    limit: "credit",
    value: formatMicros(available),
    sentence:
      `${formatMicros(available)} ${currency} of credit are left${limit}, and ${what} needs ${formatMicros(wanted)} to begin; ` +
      "add credit: struere billing topup <amount>",
  };
}

function overCap({ allowances, wanted, currency, now }: SpendQuestion, what: string): SpendRefusal | undefined {
  const tightest = tightestCap(allowances, now);
  if (!tightest || tightest.room >= wanted) return undefined;
  return {
    reason: "spend_cap",
    limit: `${tightest.window} cap of ${tightest.allowance.of}`,
    value: formatMicros(tightest.cap),
    sentence: capSentence(tightest, { what, wanted, currency, now }),
  };
}

const keyFlag = (of: string): string => (of.startsWith("key ") ? ` --for ${of.slice(4)}` : "");
