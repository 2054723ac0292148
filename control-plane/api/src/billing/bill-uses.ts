/** Prices what was used by the card that it is pinned to, and posts it: once in effect, in any order, however often it is asked to. */
import type { Clock } from "@struere/kernel";
import { type CostAccount, type PricedUse, type PriceProblem, type RateCard } from "@struere/domain";
import type { ApiKeyId, CallId, Result, ThreadId } from "@struere/kernel";
import { type Db, type EntryToPost, findRateCard, postEntries, type Scope, type UseSource } from "@struere/store";

/** One thing that was used. */
export interface Use {
  /** What makes it count once. */
  readonly key: string;
  readonly scope: Scope;
  readonly callId: CallId | null;
  /** Of an answer in writing: the hold that it is captured from, and that is released with it. */
  readonly requestId?: string;
  /** Whose caps it counts against, where it belongs to no call. */
  readonly keyId?: ApiKeyId;
  readonly threadId: ThreadId | null;
  readonly source: UseSource;
  readonly model: string | null;
  readonly rateCardVersion: string;
  /** We counted, and not the vendor. */
  readonly estimated: boolean;
  readonly occurredAt: Date;
  /** Not everybody pays for it: what has no price is not in the books at all. */
  readonly ifPriced?: true;
  readonly price: (card: RateCard) => Result<PricedUse, PriceProblem>;
}

export interface BillingOptions {
  readonly db: Db;
  readonly clock: Clock;
  readonly cards: RateCards;
}

/** @returns by use why it can not be billed; `null`: it is in the books. @throws whatever the database throws. */
export async function billUses({ db, clock, cards }: BillingOptions, uses: readonly Use[]): Promise<readonly (string | null)[]> {
  const problems = new Map<Use, string>();
  const byScope = new Map<string, { readonly scope: Scope; readonly entries: EntryToPost[]; readonly uses: Use[] }>();
  for (const use of uses) {
    const card = await cards.find(use.rateCardVersion);
    const priced = card && use.price(card);
    if (!priced) problems.set(use, `the rate card ${use.rateCardVersion} is not in the database`);
    else if (!priced.ok) problems.set(use, priced.problem.detail);
    else if (!use.ifPriced || priced.value.lines.length > 0) {
      const name = `${use.scope.organizationId} ${use.scope.environment}`;
      const batch = byScope.get(name) ?? { scope: use.scope, entries: [], uses: [] };
      byScope.set(name, batch);
      batch.entries.push(entryOf(use, priced.value));
      batch.uses.push(use);
    }
  }
  for (const { scope, entries, uses: posted } of byScope.values()) {
    const now = new Date(clock.wall());
    // In the same breath: what is left of a hold is not seen as reserved and spent.
    const answers = await postEntries(db, scope, [...entries, ...posted.flatMap(releaseOf)], now);
    posted.forEach((use, index) => {
      const answer = answers[index];
      if (answer && !answer.ok) problems.set(use, answer.problem.detail);
    });
  }
  return uses.map((use) => problems.get(use) ?? null);
}

const BY_CARRIER: ReadonlySet<UseSource> = new Set(["telephony", "transfer", "media_stream"]);

function entryOf(use: Use, { cost, markup, lines, converted }: PricedUse): EntryToPost {
  const estimated = use.estimated || converted;
  const to: CostAccount = estimated ? "unobserved" : BY_CARRIER.has(use.source) ? "telephony" : "models";
  return {
    entry: { kind: "charge", key: use.key, holdId: use.requestId ?? use.callId, to, cost, markup, payer: "organization" },
    actor: "biller",
    occurredAt: use.occurredAt,
    source: use.source,
    rateCardVersion: use.rateCardVersion,
    estimated,
    lines,
    ...(use.callId === null ? {} : { callId: use.callId }),
    ...(use.threadId === null ? {} : { threadId: use.threadId }),
    ...(use.keyId === undefined ? {} : { keyId: use.keyId }),
    ...(use.model === null ? {} : { model: use.model }),
  };
}

/** Where nothing was reserved, or it was released before, the books say so, and nothing is posted. */
function releaseOf({ requestId }: Use): readonly EntryToPost[] {
  return requestId === undefined ? [] : [{ entry: { kind: "release", holdId: requestId }, actor: "biller" }];
}

export interface RateCards {
  find(version: string): Promise<RateCard | undefined>;
}

/** Cards never change, so that one that was read once need not be read again. There are as many as prices have changed. */
export function rateCards(db: Db): RateCards {
  const known = new Map<string, RateCard>();
  return {
    async find(version) {
      const card = known.get(version) ?? (await findRateCard(db, version));
      if (card) known.set(version, card);
      return card;
    },
  };
}
