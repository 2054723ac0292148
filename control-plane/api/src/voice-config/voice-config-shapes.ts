/** What `GET /v1/voice/config` takes and answers. */
import { z } from "zod";
import { id, PhoneNumberInput } from "../trpc/input.ts";

/** A `+` that was not encoded reaches us as a blank. */
const numberInQuery = z.preprocess(
  (text) => (typeof text === "string" ? text.replace(/^ (?=\d)/, "+") : text),
  PhoneNumberInput.meta({ description: "In E.164 form; encode the plus sign as %2B." }),
);

export const VoiceConfigQuery = z
  .strictObject({ phoneNumber: z.exactOptional(numberInQuery), connectionId: z.exactOptional(id("conn")) })
  .meta({ description: "Exactly one of both." });

const Version = z.object({ slug: z.string(), version: z.int() });

export const VoiceConfigShape = z.object({
  connectionId: z.string(),
  phoneNumber: z.string(),
  environment: z.enum(["development", "production", "eval"]),
  agent: Version.nullable().meta({ description: "What the number is bound to; exactly one of agent and router is not null." }),
  router: Version.nullable(),
  opensWith: Version.meta({ description: "The agent that answers: the number's own, or the router's fallback." }),
  agents: z.array(Version).meta({ description: "Who may speak on a call." }),
  voiceConfig: z.object({
    provider: z.literal("openai-realtime"),
    model: z.string().meta({ description: "The one that a call beginning now would get: after its shutdown a model's successor." }),
    voice: z.string(),
    auditorAgent: z.string().nullable().meta({ description: "null: single-agent mode." }),
    auditorSample: z
      .number()
      .nullable()
      .meta({ description: "Share of calls that the auditor corrects, from 0 to 1; null without an auditor." }),
    pollInterval: z.int().meta({ description: "Milliseconds." }),
    turnDetection: z.discriminatedUnion("type", [
      z.object({ type: z.literal("semantic_vad"), eagerness: z.enum(["low", "medium", "high", "auto"]) }),
      z.object({
        type: z.literal("server_vad"),
        threshold: z.number(),
        silenceDurationMs: z.int(),
        prefixPaddingMs: z.int(),
      }),
    ]),
    noiseReduction: z.enum(["near_field", "far_field"]).nullable(),
    transcriptionModel: z.string(),
  }),
  warnings: z.array(z.string()).meta({ description: "A model that was replaced by its successor, or soon will be." }),
});
export type VoiceConfigAnswer = z.output<typeof VoiceConfigShape>;
