/**
 * From what an owner chose to what the vendor takes (https://platform.openai.com/docs/guides/reasoning): the models of gpt-5 and later think,
 * take no temperature, and know different efforts.
 */
import { DEFAULT_TEXT_MODEL, type ModelChoice, modelInfo, modelInUse } from "struere";

type Effort = NonNullable<NonNullable<ModelChoice["reasoning"]>["effort"]>;

export interface ModelSettings {
  readonly model: string;
  readonly temperature?: number;
  readonly maxOutputTokens?: number;
  readonly effort?: Effort;
  /** For people: the model was replaced, or soon will be. */
  readonly warning?: string;
}

/** The vendor refuses less. */
const OUTPUT_TOKENS_MIN = 16;
const OUTPUT_TOKENS_MAX = 65_536;
const THINKS = /^gpt-(?:[5-9]|\d\d)|^o\d/;
const FIRST_THAT_THINK = /^gpt-5(?:-|$)/;

/** @param today a date in UTC, `2026-11-22`: after a model's shutdown its successor is used. */
export function modelSettings(choice: Partial<ModelChoice> | undefined, today: string): ModelSettings {
  const { model, warning } = modelInUse(choice?.model ?? DEFAULT_TEXT_MODEL, today);
  const { temperature, maxTokens } = choice ?? {};
  const effort = choice?.reasoning?.effort;
  const outputMax = modelInfo(model)?.maxOutputTokens ?? OUTPUT_TOKENS_MAX;
  return {
    model,
    ...(temperature === undefined || THINKS.test(model) ? {} : { temperature: Math.min(2, Math.max(0, temperature)) }),
    ...(maxTokens === undefined ? {} : { maxOutputTokens: Math.min(outputMax, Math.max(OUTPUT_TOKENS_MIN, maxTokens)) }),
    ...(effort === undefined || !THINKS.test(model) ? {} : { effort: effortFor(model, effort) }),
    ...(warning === undefined ? {} : { warning }),
  };
}

/** The nearest effort that the model knows: the first ones had no `none`, the later ones have no `minimal`. */
function effortFor(model: string, effort: Effort): Effort {
  if (!FIRST_THAT_THINK.test(model)) return effort === "minimal" ? "low" : effort;
  if (effort === "none") return "minimal";
  return effort === "xhigh" || effort === "max" ? "high" : effort;
}
