/** The statistics of calls: a window is read at one moment, priced by the prices that the calls were billed by, and summed up by the domain. */
import { type AuditorUse, callStats, type GroupStats, priceTokens, type RateCard, type RouterStats } from "@struere/domain";
import { Fault, formatMicros, micros } from "@struere/kernel";
import {
  type AuditorTokens,
  type Db,
  faultOfDatabase,
  findRateCard,
  inSnapshot,
  listAuditorTokens,
  listCallsForStats,
  listInjectionsForStats,
  type Scope,
} from "@struere/store";

/** The newest of a window; older ones are left out, and it is said. */
export const STATS_CALLS_MAX = 5_000;
const INJECTIONS_MAX = 50_000;
const STATEMENT_MS = 8_000;

export interface StatsAsked {
  readonly since: Date;
  readonly until: Date;
  readonly router?: string | undefined;
}

/** @throws Fault resource_exhausted, deadline_exceeded: ask for less. */
export async function readCallStats(db: Db, scope: Scope, asked: StatsAsked, options: { readonly callsMax?: number } = {}) {
  const { callsMax = STATS_CALLS_MAX } = options;
  const { calls, injections, tokens, cards } = await inSnapshot(db, STATEMENT_MS, async (tx) => {
    const found = await listCallsForStats(tx, scope, { ...asked, limit: callsMax + 1 });
    const callIds = found.slice(0, callsMax).map(({ callId }) => callId);
    const auditors = await listAuditorTokens(tx, scope, callIds);
    return {
      calls: found,
      injections: await listInjectionsForStats(tx, scope, { callIds, limit: INJECTIONS_MAX + 1 }),
      tokens: auditors,
      cards: await cardsOf(tx, auditors),
    };
  }).catch((thrown: unknown) => {
    if (faultOfDatabase(thrown)?.code !== "deadline_exceeded") throw thrown;
    throw new Fault("deadline_exceeded", "these are too many calls to be counted in time; ask for a shorter window, or for one router");
  });
  if (injections.length > INJECTIONS_MAX)
    throw new Fault(
      "resource_exhausted",
      `these calls have more than ${INJECTIONS_MAX} injections; ask for a shorter window, or for one router`,
    );
  const counted = calls.slice(0, callsMax);
  const oldest = counted.at(-1);
  const truncated = calls.length > callsMax;
  const stats = callStats(
    counted,
    injections,
    tokens.map((used) => usePriced(used, cards)),
  );
  return {
    /** Of the calls that are counted. */
    since: truncated && oldest ? oldest.createdAt : asked.since,
    until: asked.until,
    /** There were more in the window: only the newest are counted. */
    truncated,
    total: { groups: shownGroups(stats.total.groups), comparison: stats.total.comparison },
    routers: stats.routers.map(({ router, groups, comparison }) => ({ router, groups: shownGroups(groups), comparison })),
  };
}

async function cardsOf(tx: Db, tokens: readonly AuditorTokens[]): Promise<ReadonlyMap<string, RateCard>> {
  const cards = new Map<string, RateCard>();
  for (const version of new Set(tokens.map((used) => used.rateCardVersion))) {
    const card = version === null ? undefined : await findRateCard(tx, version);
    if (card) cards.set(card.version, card);
  }
  return cards;
}

function usePriced({ rateCardVersion, model, ...used }: AuditorTokens, cards: ReadonlyMap<string, RateCard>): AuditorUse {
  const card = rateCardVersion === null ? undefined : cards.get(rateCardVersion);
  if (!card) return { ...used, cost: null };
  const priced = priceTokens(card, model, {
    inputTextTokens: used.inputTokens,
    cachedTextTokens: used.cachedInputTokens,
    outputTextTokens: used.outputTokens,
    inputAudioTokens: 0,
    cachedAudioTokens: 0,
    outputAudioTokens: 0,
    seconds: null,
  });
  if (!priced.ok) return { ...used, cost: null };
  const { cost, markup } = priced.value;
  return { ...used, cost: { micros: micros(cost + markup), currency: card.currency } };
}

function shownGroups({ corrected, control, unaudited }: RouterStats["groups"]) {
  return { corrected: shown(corrected), control: shown(control), unaudited: shown(unaudited) };
}

/** Amounts are decimals in text: JSON has no numbers for money. */
function shown({ auditor: { cost, ...auditor }, ...group }: GroupStats) {
  const amounts = cost && { amount: formatMicros(cost.micros), perCall: formatMicros(cost.perCall), currency: cost.currency };
  return { ...group, auditor: { ...auditor, cost: amounts } };
}
