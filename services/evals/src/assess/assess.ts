/** Whether an assertion holds for what is known. Judges are asked elsewhere, once the conversation is over. */
import type { ApiClient } from "@struere/api/client";
import type { EvalAssertion } from "struere";
import { quantile } from "../call-times.ts";
import { dollars } from "../cost.ts";
import type { CaseEvidence, TurnEvidence } from "../evidence.ts";
import { assessEntities } from "./entities.ts";
import { assessInjections } from "./injections.ts";
import { plain, shortened } from "./text.ts";
import { verdict, type Verdict } from "./verdict.ts";

/** Every assertion but the judge's. */
export type Assessable = Exclude<EvalAssertion, { readonly type: "llm_judge" }>;

export interface Known {
  /** One turn, or all of them. */
  readonly turns: readonly TurnEvidence[];
  /** Only at the end. */
  readonly whole: Omit<CaseEvidence, "turns" | "wav"> | null;
  readonly api: ApiClient;
}

export async function assess(assertion: Assessable, known: Known): Promise<Verdict> {
  const { turns } = known;
  switch (assertion.type) {
    case "contains":
    case "not_contains":
    case "matches":
    case "not_matches":
      return aboutWords(assertion, turns);
    case "tool_called": {
      const { value, status, times } = assertion;
      const used = turns
        .flatMap(({ tools }) => tools)
        .filter((tool) => tool.name === value && (status === undefined || tool.status === status));
      const wanted = times === undefined ? "called" : `called ${times} time${times === 1 ? "" : "s"}`;
      const holds = times === undefined ? used.length > 0 : used.length === times;
      return verdict(
        assertion,
        holds,
        holds ? `${value} was ${wanted}` : `${value} was to be ${wanted}${status ? ` with ${status}` : ""}; called: ${toolsOf(turns)}`,
      );
    }
    case "tool_not_called": {
      const holds = !turns.some(({ tools }) => tools.some((tool) => tool.name === assertion.value));
      return verdict(assertion, holds, holds ? `${assertion.value} was not called` : `${assertion.value} was called`);
    }
    case "entity":
      return await assessEntities(assertion, known.api);
    case "agent": {
      const agent = turns.at(-1)?.agent ?? null;
      const holds = agent === assertion.value;
      return verdict(
        assertion,
        holds,
        holds ? `${agent} has the conversation` : `${agent ?? "nobody"} has the conversation, not ${assertion.value}`,
      );
    }
    case "outcome":
    case "transfer":
    case "injection":
    case "latency":
    case "barge_in":
    case "dead_air":
    case "duration":
    case "cost":
      return aboutCall(assertion, known.whole);
    default:
      return assertion satisfies never;
  }
}

const toolsOf = (turns: readonly TurnEvidence[]): string =>
  turns.flatMap(({ tools }) => tools.map(({ name, status }) => (status === "success" ? name : `${name} (${status})`))).join(", ") || "none";

type AboutWords = Extract<Assessable, { readonly by: string }>;

function aboutWords(assertion: AboutWords, turns: readonly TurnEvidence[]): Verdict {
  const { type, value, by } = assertion;
  const texts =
    by === "agent" ? turns.flatMap(({ replies }) => replies.map(({ text }) => text)) : turns.flatMap(({ understood }) => understood);
  const all = texts.join(" ");
  const isThere = type === "matches" || type === "not_matches" ? new RegExp(value, "iu").test(all) : plain(all).includes(plain(value));
  const wanted = type === "contains" || type === "matches";
  const what = type === "matches" || type === "not_matches" ? `/${value}/` : `"${value}"`;
  const where = by === "agent" ? "the agent's words" : "what was understood of the caller";
  const holds = isThere === wanted;
  const heard = all === "" ? "there were none" : `"${shortened(all)}"`;
  return verdict(
    assertion,
    holds,
    holds ? `${what} is ${wanted ? "" : "not "}in ${where}` : `${what} is ${wanted ? "not " : ""}in ${where}: ${heard}`,
  );
}

type AboutCall = Extract<
  Assessable,
  { readonly type: "outcome" | "transfer" | "injection" | "latency" | "barge_in" | "dead_air" | "duration" | "cost" }
>;

const ONLY_AT_THE_END = "is known only at the end; put it into finalAssertions";

function aboutCall(assertion: AboutCall, whole: Known["whole"]): Verdict {
  if (whole === null) return verdict(assertion, false, ONLY_AT_THE_END);
  const { record, times, costMicros } = whole;
  switch (assertion.type) {
    case "outcome": {
      const is = `${record?.status ?? "no call"} (${record?.reason ?? "no reason"})`;
      const holds =
        (assertion.status === undefined || assertion.status === record?.status) &&
        (assertion.reason === undefined || assertion.reason === record?.reason);
      return verdict(
        assertion,
        holds,
        holds ? `the call is ${is}` : `the call is ${is}, not ${[assertion.status, assertion.reason].filter(Boolean).join(" ")}`,
      );
    }
    case "transfer": {
      const to = whole.transferredTo;
      const holds = to.includes(assertion.value);
      return verdict(
        assertion,
        holds,
        holds
          ? `the call was given to ${assertion.value}`
          : `the call was not given to ${assertion.value}; given to: ${to.join(", ") || "nobody"}`,
      );
    }
    case "injection":
      return assessInjections(assertion, record?.injections ?? []);
    case "latency": {
      const { at, maxMs } = assertion;
      const value = quantile(times?.latenciesMs ?? [], { max: 1, p95: 0.95, p50: 0.5 }[at]);
      return bounded(assertion, value, {
        what: `the agent answers within ${maxMs} ms (${at})`,
        max: maxMs,
        none: "the agent never answered anything that was said",
      });
    }
    case "barge_in": {
      const value = quantile(times?.stopsMs ?? [], 1);
      return bounded(assertion, value, {
        what: `the agent falls silent within ${assertion.maxStopMs} ms`,
        max: assertion.maxStopMs,
        none: "the caller never spoke over the agent",
      });
    }
    case "dead_air":
      return bounded(assertion, times?.deadAirMs ?? null, {
        what: `nobody is heard for at most ${assertion.maxMs} ms`,
        max: assertion.maxMs,
        none: "there was no call",
      });
    case "duration":
      return bounded(assertion, times?.durationMs ?? null, {
        what: `the call lasts at most ${assertion.maxMs} ms`,
        max: assertion.maxMs,
        none: "there was no call",
      });
    case "cost": {
      const holds = costMicros !== null && costMicros <= assertion.maxUsd * 1_000_000;
      return verdict(
        assertion,
        holds,
        `the models cost at most $${assertion.maxUsd}`,
        costMicros === null ? "a model has no price" : dollars(costMicros),
      );
    }
    default:
      return assertion satisfies never;
  }
}

function bounded(
  assertion: AboutCall,
  value: number | null,
  bound: { readonly what: string; readonly max: number; readonly none: string },
): Verdict {
  if (value === null) return verdict(assertion, false, bound.none);
  return verdict(assertion, value <= bound.max, bound.what, `${Math.round(value)} ms`);
}
