/** The vendor's two shapes of usage as ours. Counts that do not add up to a bill are null: then the call counts its own audio. */
import { z } from "zod";
import type { Usage } from "./usage.ts";

const Tokens = z.number().int().nonnegative();
const Some = Tokens.nullish().transform((count) => count ?? 0);

const ResponseUsage = z.object({
  input_token_details: z.object({
    text_tokens: Some,
    audio_tokens: Some,
    image_tokens: Some,
    cached_tokens: Some,
    cached_tokens_details: z.object({ text_tokens: Some, audio_tokens: Some, image_tokens: Some }).nullish(),
  }),
  output_token_details: z.object({ text_tokens: Some, audio_tokens: Some }),
});

export function responseUsage(usage: unknown): Usage | null {
  const { success, data } = ResponseUsage.safeParse(usage);
  if (!success) return null;
  const { input_token_details: input, output_token_details: output } = data;
  // Images are billed as text, and phones send none.
  const inputTextTokens = input.text_tokens + input.image_tokens;
  // Without the split, the cheapest reading: text is cached first, because instructions stand at the head of the prompt.
  const split = input.cached_tokens_details;
  const cachedTextTokens = split ? split.text_tokens + split.image_tokens : Math.min(input.cached_tokens, inputTextTokens);
  const cachedAudioTokens = split ? split.audio_tokens : input.cached_tokens - cachedTextTokens;
  return {
    inputTextTokens,
    inputAudioTokens: input.audio_tokens,
    cachedTextTokens: Math.min(cachedTextTokens, inputTextTokens),
    cachedAudioTokens: Math.min(cachedAudioTokens, input.audio_tokens),
    outputTextTokens: output.text_tokens,
    outputAudioTokens: output.audio_tokens,
  };
}

const NOTHING = {
  inputTextTokens: 0,
  inputAudioTokens: 0,
  cachedTextTokens: 0,
  cachedAudioTokens: 0,
  outputTextTokens: 0,
  outputAudioTokens: 0,
};

const TranscriptionUsage = z.discriminatedUnion("type", [
  z.object({ type: z.literal("duration"), seconds: z.number().nonnegative() }),
  z.object({
    type: z.literal("tokens"),
    input_tokens: Tokens,
    output_tokens: Tokens,
    input_token_details: z.object({ audio_tokens: Some, text_tokens: Some }).nullish(),
  }),
]);

export function transcriptionUsage(usage: unknown): Usage | null {
  const { success, data } = TranscriptionUsage.safeParse(usage);
  if (!success) return null;
  if (data.type === "duration") return { ...NOTHING, seconds: data.seconds };
  // Without details all input is the caller's audio.
  const details = data.input_token_details ?? { audio_tokens: data.input_tokens, text_tokens: 0 };
  return { ...NOTHING, inputTextTokens: details.text_tokens, inputAudioTokens: details.audio_tokens, outputTextTokens: data.output_tokens };
}
