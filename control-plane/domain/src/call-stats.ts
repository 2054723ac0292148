/**
 * What auditors are worth, out of rows of the record: per router and in total, for the calls that were corrected, for the control group, and for
 * those that nobody audited. The figures are counts, and what can be computed of counts; nothing is estimated, and what is not known is not
 * counted as if it were.
 *
 * Only calls of a router whose share was above 0 and below 1 when they came are compared: those, and no others, chance has put into their groups.
 */
import { type Micros, micros } from "@struere/kernel";
import { type CallerVerdict, callerVerdict } from "./caller-verdict.ts";
import { type Difference, differenceOf, type Proportion, proportion, type Quantiles, quantilesOf } from "./proportion.ts";
import { WITHHELD } from "./auditor-sample.ts";

export const StatsGroup = ["corrected", "control", "unaudited"] as const;
export type StatsGroup = (typeof StatsGroup)[number];

export interface CallFigures {
  readonly callId: string;
  /** Slug; `null`: the number is bound to an agent. */
  readonly router: string | null;
  readonly group: StatsGroup;
  /** Share of calls that were corrected when it came; `null`: nobody audited it. */
  readonly sample: number | null;
  readonly turns: number;
  /** Whether its forms were filled at its end; `null`: it had none, or that is not known. */
  readonly formComplete: boolean | null;
  /** It was not looked yet. */
  readonly formPending: boolean;
  readonly reason: string | null;
  readonly audits: { readonly done: number; readonly failed: number; readonly skipped: number };
}

export interface InjectionFigures {
  readonly callId: string;
  readonly source: "auditor" | "person" | "service";
  readonly action: "correction" | "complete" | "abort";
  readonly outcome: "spoken" | "superseded" | "expired" | "refused" | null;
  readonly reason: string | null;
  readonly value: string | null;
  /** All on the call's own clock: when its first word was heard, */
  readonly heardAtMs: number | null;
  /** and when the words were over that its auditor had read last, and first, of those that were new to it. */
  readonly newestReadMs: number | null;
  readonly oldestReadMs: number | null;
  /** What the caller said next, before the agent went on; `null`: nothing. */
  readonly reply: string | null;
}

/** Of one call's auditor and one model. */
export interface AuditorUse {
  readonly callId: string;
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly outputTokens: number;
  /** With the markup; `null`: there is no price. */
  readonly cost: { readonly micros: Micros; readonly currency: string } | null;
}

export interface GroupStats {
  readonly calls: number;
  readonly turns: number;
  readonly corrections: {
    /** What the auditor wanted said, in the control group too. */
    readonly asked: number;
    readonly spoken: number;
    readonly withheld: number;
    /** `null`: no turns. */
    readonly askedPer100Turns: number | null;
    readonly spokenPer100Turns: number | null;
  };
  /**
   * From the last word that was wrong to the first word of the correction. Which of the utterances that an audit has read was the wrong one is
   * not known: it is no sooner than after the newest and no later than after the oldest of those that were new.
   */
  readonly correctionMs: { readonly atLeast: Quantiles; readonly atMost: Quantiles } | null;
  readonly replies: { readonly [Verdict in CallerVerdict]: number };
  /** Of auditors. */
  readonly receipts: readonly {
    readonly action: InjectionFigures["action"];
    readonly outcome: NonNullable<InjectionFigures["outcome"]> | "waiting";
    readonly reason: string | null;
    readonly count: number;
  }[];
  /** Injected by people and services. */
  readonly byHand: number;
  /** Of the calls that had a form: how many left it with all required fields. */
  readonly formsComplete: Proportion;
  readonly formsPending: number;
  /** Calls that the auditor ended. */
  readonly ended: { readonly complete: Proportion; readonly abort: number };
  readonly audits: { readonly done: number; readonly failed: number; readonly skipped: number };
  readonly auditor: {
    readonly inputTokens: number;
    readonly cachedInputTokens: number;
    readonly outputTokens: number;
    readonly tokensPerCall: number | null;
    /** `null`: some of it has no price, or it is of several currencies. */
    readonly cost: { readonly micros: Micros; readonly perCall: Micros; readonly currency: string } | null;
  };
}

export interface Comparison {
  /** Calls that chance has put into the two groups. */
  readonly corrected: number;
  readonly control: number;
  /** Share in the corrected group less share in the control group. */
  readonly formsComplete: Difference | null;
  readonly endedComplete: Difference | null;
  /** Sentences: why not too much should be read into it. */
  readonly warnings: readonly string[];
}

export interface RouterStats {
  /** Slug; `null`: calls to numbers that are bound to an agent. */
  readonly router: string | null;
  readonly groups: { readonly [Group in StatsGroup]: GroupStats };
  readonly comparison: Comparison;
}

export interface CallStats {
  readonly total: Omit<RouterStats, "router">;
  readonly routers: readonly RouterStats[];
}

/** Below this, a group says little, whatever the interval. */
export const GROUP_CALLS_MIN = 30;

export function callStats(calls: readonly CallFigures[], injections: readonly InjectionFigures[], uses: readonly AuditorUse[]): CallStats {
  const of = (chosen: readonly CallFigures[]): Omit<RouterStats, "router"> => {
    const group = (name: StatsGroup) =>
      groupStats(
        chosen.filter((call) => call.group === name),
        injectionsOf,
        usesOf,
      );
    return {
      groups: { corrected: group("corrected"), control: group("control"), unaudited: group("unaudited") },
      comparison: comparisonOf(chosen),
    };
  };
  const injectionsOf = Map.groupBy(injections, ({ callId }) => callId);
  const usesOf = Map.groupBy(uses, ({ callId }) => callId);
  const routers = [...Map.groupBy(calls, ({ router }) => router)].toSorted(([a], [b]) => (a ?? "").localeCompare(b ?? ""));
  return { total: of(calls), routers: routers.map(([router, own]) => ({ router, ...of(own) })) };
}

function groupStats(
  calls: readonly CallFigures[],
  injectionsOf: ReadonlyMap<string, readonly InjectionFigures[]>,
  usesOf: ReadonlyMap<string, readonly AuditorUse[]>,
): GroupStats {
  const all = calls.flatMap(({ callId }) => injectionsOf.get(callId) ?? []);
  const injections = all.filter(({ source }) => source === "auditor");
  const corrections = injections.filter(({ action }) => action === "correction");
  const spoken = corrections.filter(({ outcome }) => outcome === "spoken");
  const turns = sum(calls, (call) => call.turns);
  const per100Turns = (count: number): number | null => (turns === 0 ? null : (count * 100) / turns);
  const verdicts = spoken.map(({ reply, value }) => (reply === null ? "unclear" : callerVerdict(reply, value)));
  const ended = (reason: string): number => calls.filter((call) => call.reason === reason).length;
  return {
    calls: calls.length,
    turns,
    corrections: {
      asked: corrections.length,
      spoken: spoken.length,
      withheld: corrections.filter(({ reason }) => reason === WITHHELD).length,
      askedPer100Turns: per100Turns(corrections.length),
      spokenPer100Turns: per100Turns(spoken.length),
    },
    correctionMs: correctionMs(spoken),
    replies: {
      confirmed: verdicts.filter((verdict) => verdict === "confirmed").length,
      contradicted: verdicts.filter((verdict) => verdict === "contradicted").length,
      unclear: verdicts.filter((verdict) => verdict === "unclear").length,
    },
    receipts: receiptsOf(injections),
    byHand: all.length - injections.length,
    formsComplete: formsComplete(calls),
    formsPending: calls.filter((call) => call.formPending).length,
    ended: { complete: proportion(ended("auditor_completed"), calls.length), abort: ended("auditor_aborted") },
    audits: {
      done: sum(calls, ({ audits }) => audits.done),
      failed: sum(calls, ({ audits }) => audits.failed),
      skipped: sum(calls, ({ audits }) => audits.skipped),
    },
    auditor: auditorStats(
      calls.length,
      calls.flatMap(({ callId }) => usesOf.get(callId) ?? []),
    ),
  };
}

function correctionMs(spoken: readonly InjectionFigures[]): GroupStats["correctionMs"] {
  const timed = spoken.flatMap(({ heardAtMs, newestReadMs, oldestReadMs }) =>
    heardAtMs === null || newestReadMs === null || oldestReadMs === null
      ? []
      : [{ atLeast: heardAtMs - newestReadMs, atMost: heardAtMs - oldestReadMs }],
  );
  const atLeast = quantilesOf(timed.map((one) => one.atLeast));
  const atMost = quantilesOf(timed.map((one) => one.atMost));
  return atLeast && atMost && { atLeast, atMost };
}

function receiptsOf(injections: readonly InjectionFigures[]): GroupStats["receipts"] {
  const groups = Map.groupBy(injections, ({ action, outcome, reason }) => `${action} ${outcome ?? "waiting"} ${reason ?? ""}`);
  return [...groups.values()]
    .flatMap((same) =>
      same
        .slice(0, 1)
        .map(({ action, outcome, reason }) => ({ action, outcome: outcome ?? ("waiting" as const), reason, count: same.length })),
    )
    .toSorted((a, b) => b.count - a.count || `${a.action}${a.outcome}`.localeCompare(`${b.action}${b.outcome}`));
}

function formsComplete(calls: readonly CallFigures[]): Proportion {
  const forms = calls.filter((call) => call.formComplete !== null);
  return proportion(forms.filter((call) => call.formComplete).length, forms.length);
}

function auditorStats(calls: number, uses: readonly AuditorUse[]): GroupStats["auditor"] {
  const inputTokens = sum(uses, (use) => use.inputTokens);
  const outputTokens = sum(uses, (use) => use.outputTokens);
  const costs = uses.flatMap(({ cost }) => (cost ? [cost] : []));
  const [first] = costs;
  const priced = first !== undefined && costs.length === uses.length && costs.every(({ currency }) => currency === first.currency);
  const total = micros(costs.reduce((so, cost) => so + cost.micros, 0n));
  return {
    inputTokens,
    cachedInputTokens: sum(uses, (use) => use.cachedInputTokens),
    outputTokens,
    tokensPerCall: uses.length === 0 ? null : (inputTokens + outputTokens) / calls,
    cost: priced ? { micros: total, perCall: micros(total / BigInt(calls)), currency: first.currency } : null,
  };
}

function comparisonOf(calls: readonly CallFigures[]): Comparison {
  const drawn = calls.filter(({ sample }) => sample !== null && sample > 0 && sample < 1);
  const corrected = drawn.filter(({ group }) => group === "corrected");
  const control = drawn.filter(({ group }) => group === "control");
  const [formsOfCorrected, formsOfControl] = [formsComplete(corrected), formsComplete(control)];
  const completed = (of: readonly CallFigures[]) => proportion(of.filter(({ reason }) => reason === "auditor_completed").length, of.length);
  const samples = [...new Set(drawn.map(({ sample }) => sample))].toSorted((a, b) => (a ?? 0) - (b ?? 0));
  return {
    corrected: corrected.length,
    control: control.length,
    formsComplete: differenceOf(formsOfCorrected, formsOfControl),
    endedComplete: differenceOf(completed(corrected), completed(control)),
    warnings: [
      ...(drawn.length === 0 ? ["no call was drawn into a group: set voiceConfig.auditorSample above 0 and below 1 to compare"] : []),
      ...(drawn.length === 0
        ? []
        : [tooSmall("corrected", corrected.length, formsOfCorrected.of), tooSmall("control", control.length, formsOfControl.of)].flat()),
      ...(samples.length > 1
        ? [`calls with different shares are mixed (${samples.join(", ")}): compare one router, and only since its share was changed`]
        : []),
    ],
  };
}

function tooSmall(group: string, calls: number, withForm: number): readonly string[] {
  const [count, what] = withForm > 0 && calls >= GROUP_CALLS_MIN ? [withForm, " with a form"] : [calls, ""];
  if (count >= GROUP_CALLS_MIN) return [];
  return [
    `the ${group} group has only ${count} ${count === 1 ? "call" : "calls"}${what}; below ${GROUP_CALLS_MIN} chance may have made a difference`,
  ];
}

function sum<Item>(items: readonly Item[], of: (item: Item) => number): number {
  return items.reduce((so, item) => so + of(item), 0);
}
