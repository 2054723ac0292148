/**
 * Pages of a ledger, the same for the pure rules and for Postgres. A line is a time, an entry, and after the arrow what is available and
 * what is held once it is posted, or why it is refused. Amounts are micros.
 *
 * - `credit KEY amount`
 * - `limit amount|none`: how far below zero holds may go
 * - `hold ID KEY amount until TIME`, `renew ID until TIME`, `release ID`, `expire ID`
 * - `charge ID|- KEY cost+markup to ACCOUNT [by platform]`
 * - `adjust KEY ACCOUNT amount ACCOUNT amount …`
 */
import type { Account, CostAccount, Entry } from "@struere/domain";
import { micros } from "@struere/kernel";

export interface LedgerBook {
  setLimit(limit: bigint | null): Promise<void>;
  renew(holdId: string, expiresAt: number): Promise<string>;
  /** The reason of a refusal. */
  post(entry: Entry, at: number): Promise<string | undefined>;
  balances(): Promise<{ readonly [Name in Account]: bigint }>;
  /** What does not add up. */
  problems(): Promise<readonly string[]>;
}

/** @returns the page with what happened in the place of what was expected: equal when all is as it should be. */
export async function writePage(book: LedgerBook, page: string): Promise<{ readonly expected: string; readonly actual: string }> {
  const lines = page
    .trim()
    .split("\n")
    .map((line) => line.trim().replaceAll(/\s+/g, " "));
  const actual: string[] = [];
  for (const line of lines) {
    const [step = ""] = line.split(" -> ");
    const refused = await write(book, step.split(" "));
    const { available, held } = await book.balances();
    const problems = await book.problems();
    actual.push([`${step} ->`, ...(refused ? [refused] : []), available, held, ...problems].join(" "));
  }
  return { expected: lines.join("\n"), actual: actual.join("\n") };
}

async function write(book: LedgerBook, [time = "0", verb, ...words]: readonly string[]): Promise<string | undefined> {
  const at = Number(time);
  const [first = "", second = "", third = "", , fifth = ""] = words;
  switch (verb) {
    case "limit":
      await book.setLimit(first === "none" ? null : BigInt(first));
      return undefined;
    case "credit":
      return await book.post({ kind: "credit", key: first, amount: micros(BigInt(second)) }, at);
    case "hold":
      return await book.post({ kind: "hold", holdId: first, key: second, amount: micros(BigInt(third)), expiresAt: Number(fifth) }, at);
    case "renew":
      return await book.renew(first, Number(third));
    case "release":
      return await book.post({ kind: "release", holdId: first }, at);
    case "expire":
      return await book.post({ kind: "expire", holdId: first, at }, at);
    case "charge": {
      const [cost = "0", markup = "0"] = third.split("+");
      const to = fifth as CostAccount;
      const payer = words.includes("platform") ? "platform" : "organization";
      const holdId = first === "-" ? null : first;
      return await book.post(
        { kind: "charge", key: second, holdId, to, cost: micros(BigInt(cost)), markup: micros(BigInt(markup)), payer },
        at,
      );
    }
    case "adjust": {
      const postings = [];
      for (let index = 1; index + 1 < words.length; index += 2) {
        postings.push({ account: words[index] as Account, amount: micros(BigInt(words[index + 1] ?? "0")) });
      }
      return await book.post({ kind: "adjustment", key: first, postings }, at);
    }
    default:
      throw new Error(`no entry begins with ${verb}`);
  }
}

export const PAGES: { readonly [guarantee: string]: string } = {
  "what was never reserved is not given back, whatever is charged to it, and however often": `
    0 limit none                              -> 0 0
    0 credit C1 100                           -> 100 0
    1 charge A u1 30+0 to models              -> 70 0
    1 release A                               -> 70 0
    2 release A                               -> 70 0
    3 hold B b1 50 until 60                   -> 20 50
    4 charge B u2 10+0 to models              -> 20 40
    4 release B                               -> 60 0
    5 charge B u2 10+0 to models              -> 60 0
    5 release B                               -> 60 0
  `,
  "a hold reserves, is captured as far as it goes, and gives back the rest": `
    0 limit 0                                 -> 0 0
    0 credit C1 100                           -> 100 0
    1 hold A a1 60 until 50                   -> 40 60
    2 hold B b1 50 until 50                   -> insufficient_credit 40 60
    3 charge A u1 20+5 to models              -> 40 35
    4 charge A u2 10+0 to telephony           -> 40 25
    5 release A                               -> 65 0
    6 release A                               -> 65 0
    7 hold A a2 10 until 90                   -> hold_released 65 0`,

  "what a hold can not cover is taken from what is available, below zero if need be": `
    0 limit 0                                 -> 0 0
    0 credit C1 100                           -> 100 0
    1 hold A a1 60 until 50                   -> 40 60
    2 charge A u1 80+0 to models              -> 20 0
    3 charge A u2 30+3 to models              -> -13 0
    4 hold B b1 1 until 50                    -> insufficient_credit -13 0
    5 release A                               -> -13 0
    6 credit C2 14                            -> 1 0
    7 hold B b1 1 until 50                    -> 0 1`,

  "whatever is delivered again was posted before": `
    0 credit C1 100                           -> 100 0
    1 credit C1 100                           -> 100 0
    2 credit C1 101                           -> key_reused 100 0
    3 hold A a1 60 until 50                   -> 40 60
    4 hold A a1 60 until 50                   -> 40 60
    5 hold A a1 61 until 50                   -> key_reused 40 60
    6 charge A u1 10+1 to models              -> 40 49
    7 charge A u1 10+1 to models              -> 40 49
    8 charge A u1 99+9 to models              -> 40 49
    9 release A                               -> 89 0
    9 release A                               -> 89 0
    9 charge A u1 10+1 to models              -> 89 0
    9 charge A C1 10+1 to models              -> key_reused 89 0`,

  "a hold that its call renews does not expire, and one that nobody renews does": `
    0 credit C1 100                           -> 100 0
    1 hold A a1 60 until 50                   -> 40 60
    1 hold B b1 20 until 50                   -> 20 80
    9 expire A                                -> 20 80
   40 renew A until 90                        -> 20 80
   41 renew A until 70                        -> 20 80
   60 expire A                                -> 20 80
   60 expire B                                -> 40 60
   61 renew B until 99                        -> hold_not_open 40 60
   62 renew X until 99                        -> hold_not_open 40 60
   90 expire A                                -> 100 0
   91 expire A                                -> 100 0`,

  "what is reported after a hold expired or was released is a plain debit": `
    0 limit 0                                 -> 0 0
    0 credit C1 50                            -> 50 0
    1 hold A a1 50 until 10                   -> 0 50
   10 expire A                                -> 50 0
   11 charge A u1 70+0 to models              -> -20 0
   12 release A                               -> -20 0
   13 charge A u2 5+0 to telephony            -> -25 0`,

  "a live call whose hold expired reserves anew under the same hold": `
    0 credit C1 100                           -> 100 0
    1 hold A a1 60 until 10                   -> 40 60
   10 expire A                                -> 100 0
   11 hold A a2 30 until 10                   -> 70 30
   11 expire A                                -> 100 0
   12 hold A a3 30 until 40                   -> 70 30
   13 hold A a4 30 until 40                   -> 40 60
   14 charge A u1 45+0 to models              -> 40 15
   15 release A                               -> 55 0`,

  "holds stay within the credit limit; without one nothing is refused": `
    0 hold A a1 60 until 50                   -> -60 60
    1 limit 100                               -> -60 60
    2 hold B b1 40 until 50                   -> -100 100
    3 hold C c1 1 until 50                    -> insufficient_credit -100 100
    4 limit none                              -> -100 100
    5 hold C c1 900 until 50                  -> -1000 1000`,

  "nothing but more than nothing is given or reserved, and no charge is below zero": `
    0 credit C1 0                             -> amount_invalid 0 0
    0 credit C1 -5                            -> amount_invalid 0 0
    0 hold A a1 0 until 9                     -> amount_invalid 0 0
    0 charge - u1 -1+0 to models              -> amount_invalid 0 0
    0 charge - u1 0+0 to models               -> 0 0
    1 charge - u1 5+0 to models               -> 0 0`,

  "what the platform pays for costs the organization nothing": `
    0 credit C1 100                           -> 100 0
    1 hold A a1 60 until 50                   -> 40 60
    2 charge A u1 30+3 to models by platform  -> 40 60
    3 charge A u2 30+3 to models              -> 40 27`,

  "a correction is another transaction, and moves no hold": `
    0 credit C1 100                                           -> 100 0
    1 charge - e1 30+3 to unobserved                          -> 67 0
    2 adjust r1 unobserved -30 models 34 recovery -4          -> 67 0
    3 adjust r1 unobserved -30 models 34 recovery -4          -> 67 0
    4 adjust r2 available 3 markup -3                         -> 70 0
    5 adjust r3 available 3 markup -2                         -> postings_unbalanced 70 0
    6 adjust r4 available -3 held 3                           -> postings_unbalanced 70 0
    7 adjust r5 available 1 available 1 funding -2            -> 72 0`,
};
