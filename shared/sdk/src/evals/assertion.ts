/**
 * What an eval demands of a conversation. The first five are the ones that text agents have; the others ask what only a call has: what was
 * heard, when, by whom, and what became of it. Times are milliseconds on the caller's phone.
 */
import { z } from "zod";
import { choice, fraction, kinds, list, strict, wholeNumber, words } from "../sentences.ts";
import { Slug, ToolName } from "../slug.ts";

/** How much an assertion counts in the score. Whether a case passes does not depend on it: all have to hold. */
const weight = fraction({ min: 0.1, max: 100 }).default(1);

const phrase = words({ what: "a text to look for", max: 2_000 });

/** A pattern of JavaScript; case never matters. */
const Expression = phrase.superRefine((source, context) => {
  try {
    new RegExp(source, "iu");
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.replace(/^.*: /, "") : "unreadable";
    context.addIssue({
      code: "custom",
      message: `${JSON.stringify(source)} is no regular expression (${why}); legal: a pattern such as "order \\\\d+"`,
    });
  }
});

/** Whose words count: what the caller heard of the agent, or what the agent understood of the caller. */
const by = choice(["agent", "caller"]).default("agent");

const text = <const Type extends string, Value extends z.ZodType>(type: Type, value: Value) =>
  strict(`an assertion of type ${type}`, { type: z.literal(type), value, by, weight });

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()], {
  error: "is not legal; legal: a text, a number, true, false or null",
});

/** Fields with the values that they must have; text is compared without regard to case. `/…/` is a pattern. */
const Fields = z.record(z.string().min(1).max(200), scalar, { error: 'is not legal; legal: fields with values, as { day: "2026-12-01" }' });

const atMost = (max: number) => wholeNumber({ min: 0, max, unit: "milliseconds" });
const count = wholeNumber({ min: 0, max: 10_000 });

export const EVAL_ASSERTIONS = [
  "llm_judge",
  "contains",
  "not_contains",
  "matches",
  "not_matches",
  "tool_called",
  "tool_not_called",
  "entity",
  "agent",
  "outcome",
  "transfer",
  "injection",
  "latency",
  "barge_in",
  "dead_air",
  "duration",
  "cost",
] as const;
export type EvalAssertionType = (typeof EVAL_ASSERTIONS)[number];

export const EvalAssertion = kinds("type", EVAL_ASSERTIONS, [
  /** A model scores from 1 to 5; 3 passes. Without a model it is not run, and the report says so. */
  strict("an assertion of type llm_judge", { type: z.literal("llm_judge"), criteria: words({ what: "criteria", max: 4_000 }), weight }),
  text("contains", phrase),
  text("not_contains", phrase),
  text("matches", Expression),
  text("not_matches", Expression),
  strict("an assertion of type tool_called", {
    type: z.literal("tool_called"),
    value: ToolName,
    /** Only of calls, whose record has them: the tool must have ended well. */
    status: z.exactOptional(choice(["success", "error"])),
    times: z.exactOptional(count),
    weight,
  }),
  strict("an assertion of type tool_not_called", { type: z.literal("tool_not_called"), value: ToolName, weight }),
  /** Entities as they are at this moment in the case's own data. */
  strict("an assertion of type entity", {
    type: z.literal("entity"),
    entityType: Slug,
    /** Which of them; absent: all of the type. */
    where: Fields.default({}),
    /** What each that is found must have. */
    has: Fields.default({}),
    /** How many there must be; absent: at least one. */
    count: z.exactOptional(count),
    weight,
  }),
  /** Who has the conversation now. */
  strict("an assertion of type agent", { type: z.literal("agent"), value: Slug, weight }),
  /** How the call's record ends. */
  strict("an assertion of type outcome", {
    type: z.literal("outcome"),
    status: z.exactOptional(choice(["completed", "stopped", "failed"])),
    reason: z.exactOptional(words({ what: 'a reason such as "agent_hung_up"', max: 64 })),
    weight,
  }),
  /** The phone call was given to a person on this number. */
  strict("an assertion of type transfer", { type: z.literal("transfer"), value: words({ what: "a phone number", max: 32 }), weight }),
  /** What an auditor put into the call, and what became of it. */
  strict("an assertion of type injection", {
    type: z.literal("injection"),
    action: z.exactOptional(choice(["correction", "complete", "abort"])),
    outcome: z.exactOptional(choice(["spoken", "superseded", "expired", "refused"])),
    contains: z.exactOptional(phrase),
    count: z.exactOptional(count),
    weight,
  }),
  /** From the caller's last sound to the agent's first, over all turns. */
  strict("an assertion of type latency", {
    type: z.literal("latency"),
    maxMs: atMost(60_000),
    at: choice(["max", "p95", "p50"]).default("max"),
    weight,
  }),
  /** From the caller's first sound over the agent to the agent's silence. */
  strict("an assertion of type barge_in", { type: z.literal("barge_in"), maxStopMs: atMost(10_000), weight }),
  /** The longest time in which nobody was heard, once the agent had begun. */
  strict("an assertion of type dead_air", { type: z.literal("dead_air"), maxMs: atMost(600_000), weight }),
  strict("an assertion of type duration", { type: z.literal("duration"), maxMs: atMost(3_600_000), weight }),
  /** What the models used, at their list prices, in dollars. */
  strict("an assertion of type cost", { type: z.literal("cost"), maxUsd: fraction({ min: 0, max: 1_000 }), weight }),
]);
export type EvalAssertion = z.output<typeof EvalAssertion>;

export const EvalAssertions = list(EvalAssertion, { what: "assertions", min: 0, max: 100 }).default([]);

/** Those that can be asked of a call only. */
export const CALL_ONLY: readonly EvalAssertionType[] = ["outcome", "transfer", "injection", "latency", "barge_in", "dead_air", "duration"];
