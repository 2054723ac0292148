/** Who calls in an eval, and over what line. */
import { z } from "zod";
import { choice, fraction, list, pattern, strict, wholeNumber, words } from "../sentences.ts";

const E164 = pattern(/^\+[1-9]\d{6,14}$/, "a phone number in E.164 form, as +14155550111");

/** What the line does to the caller's voice. The agent's is not touched: what the caller hears is what was sent. */
export const EvalLine = strict("line", {
  /** Sound behind the caller, and how much of the speech drowns in it: office 0 %, street 3 %, crowd 8 %. */
  noise: choice(["none", "office", "street", "crowd"]).default("none"),
  /** Share of the caller's frames that are lost on the way. */
  loss: fraction({ min: 0, max: 0.5 }).default(0),
});
export type EvalLine = z.output<typeof EvalLine>;

/**
 * A caller who is played instead of scripted. With a model it says what such a person would say. Without one it opens with `opening`,
 * answers what the agent asks for from `facts`, says yes to what is right, and goodbye when it is offered more help.
 */
export const EvalPersona = strict("persona", {
  description: words({ what: "who the caller is and what they want", max: 4_000 }),
  opening: words({ what: "the caller's first sentence", max: 1_000 }),
  /** By the word that the agent asks for: `name`, `day`, `phone number`. */
  facts: z
    .record(z.string().min(1).max(100), z.string().min(1).max(500), {
      error: 'is not legal; legal: texts by what they answer, as { name: "Ada Lovelace" }',
    })
    .default({}),
  /** After so many utterances the caller hangs up. */
  maxTurns: wholeNumber({ min: 1, max: 50 }).default(12),
});
export type EvalPersona = z.output<typeof EvalPersona>;

export const EvalCaller = strict("caller", {
  number: E164.default("+14155550111"),
  line: EvalLine.prefault({}),
  persona: z.exactOptional(EvalPersona),
});
export type EvalCaller = z.output<typeof EvalCaller>;

/** Keys of a phone. A list is not legal: `"12#"`. */
export const Keys = pattern(/^[0-9*#]{1,32}$/, 'keys in quotes, as "5" or "12#": 0-9, * and #');

export const Tags = list(words({ what: "a tag", max: 64 }), { what: "tags", min: 0, max: 20 }).default([]);
