import { z } from "zod";
import { modelInfo, type ModelSlug, modelSlugs } from "./models.ts";
import { choice, fraction, strict, wholeNumber } from "./sentences.ts";
import type { Suggested } from "./suggested.ts";

const legalTextModels = modelSlugs("text").join(", ");

/**
 * A text model. One that is not in the list is no matter of form, since the vendor has new ones every month; but without a price it can not
 * be billed, and `checkProject` refuses it.
 */
const TextModel = z
  .string({ error: `is missing or no text; legal: a text model such as "openai/gpt-6.1-terra" (known: ${legalTextModels})` })
  .regex(/^(?:openai\/)?[a-z0-9][a-z0-9.:-]{0,99}$/, {
    error: (issue) =>
      `${JSON.stringify(issue.input)} is not legal; legal: an OpenAI text model, with or without "openai/" (known: ${legalTextModels})`,
  })
  .refine((slug) => (modelInfo(slug)?.kind ?? "text") === "text", {
    error: (issue) => `${JSON.stringify(issue.input)} does not write text; legal: a text model (known: ${legalTextModels})`,
  });

/** Which text model thinks, and how. Speech is not chosen here but in a router's `voiceConfig`. */
export const ModelChoice = strict("model", {
  model: TextModel,
  temperature: z.exactOptional(fraction({ min: 0, max: 2 })),
  maxTokens: z.exactOptional(wholeNumber({ min: 1, max: 65_536, unit: "tokens" })),
  reasoning: z.exactOptional(strict("reasoning", { effort: choice(["none", "minimal", "low", "medium", "high", "xhigh", "max"]) })),
});
export type ModelChoice = z.output<typeof ModelChoice>;

/** What an owner writes. */
export interface ModelInput extends Omit<z.input<typeof ModelChoice>, "model"> {
  readonly model: Suggested<ModelSlug<"text"> | `openai/${ModelSlug<"text">}`>;
}
