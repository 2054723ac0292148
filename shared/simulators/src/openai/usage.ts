/**
 * Tokens by the vendor's rules (platform.openai.com/docs/guides/realtime-costs): user audio 1 per 100 ms, assistant audio 1 per 50 ms,
 * text about a token in four characters; input that begins like the last response's input is cached up to where it differs.
 */
import type { Item } from "./conversation.ts";

export interface TokenPair {
  readonly text: number;
  readonly audio: number;
}

/** One piece of a response's input; equal keys mean that nothing in it changed. */
export interface Segment extends TokenPair {
  readonly key: string;
}

/** `usage` of response.done. */
export interface ResponseUsage {
  readonly total_tokens: number;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly input_token_details: {
    readonly text_tokens: number;
    readonly audio_tokens: number;
    readonly image_tokens: number;
    readonly cached_tokens: number;
    readonly cached_tokens_details: { readonly text_tokens: number; readonly audio_tokens: number; readonly image_tokens: number };
  };
  readonly output_token_details: { readonly text_tokens: number; readonly audio_tokens: number };
}

/** `usage` of a completed transcription. */
export type TranscriptionUsage =
  | {
      readonly type: "tokens";
      readonly total_tokens: number;
      readonly input_tokens: number;
      readonly output_tokens: number;
      readonly input_token_details: { readonly text_tokens: number; readonly audio_tokens: number };
    }
  | { readonly type: "duration"; readonly seconds: number };

export const textTokens = (text: string): number => Math.ceil(text.length / 4);
export const userAudioTokens = (ms: number): number => Math.ceil(ms / 100);
export const assistantAudioTokens = (ms: number): number => Math.ceil(ms / 50);

export function inputSegments(input: {
  readonly instructions: string;
  readonly tools: unknown;
  readonly items: readonly Item[];
}): readonly Segment[] {
  const setup = `${input.instructions}\n${JSON.stringify(input.tools)}`;
  return [{ key: setup, text: textTokens(setup), audio: 0 }, ...input.items.map(itemSegment)];
}

/** The usage of a response whose input was `segments`, after one whose input was `previous`. */
export function responseUsage(segments: readonly Segment[], previous: readonly Segment[], output: TokenPair): ResponseUsage {
  const same = segments.findIndex((segment, index) => segment.key !== previous[index]?.key);
  const cached = sum(segments.slice(0, same < 0 ? segments.length : same));
  const input = sum(segments);
  return {
    total_tokens: input.text + input.audio + output.text + output.audio,
    input_tokens: input.text + input.audio,
    output_tokens: output.text + output.audio,
    input_token_details: {
      text_tokens: input.text,
      audio_tokens: input.audio,
      image_tokens: 0,
      cached_tokens: cached.text + cached.audio,
      cached_tokens_details: { text_tokens: cached.text, audio_tokens: cached.audio, image_tokens: 0 },
    },
    output_token_details: { text_tokens: output.text, audio_tokens: output.audio },
  };
}

/** The gpt-4o transcription models report tokens; the others, priced by the minute, report seconds. */
export function transcriptionUsage(model: string, audioMs: number, transcript: string): TranscriptionUsage {
  if (!model.startsWith("gpt-4o")) return { type: "duration", seconds: audioMs / 1000 };
  const audio = userAudioTokens(audioMs);
  const output = textTokens(transcript);
  return {
    type: "tokens",
    total_tokens: audio + output,
    input_tokens: audio,
    output_tokens: output,
    input_token_details: { text_tokens: 0, audio_tokens: audio },
  };
}

function itemSegment(item: Item): Segment {
  if (item.type === "function_call") return { key: `${item.id} ${item.arguments}`, text: textTokens(item.name + item.arguments), audio: 0 };
  if (item.type === "function_call_output") return { key: `${item.id} ${item.output}`, text: textTokens(item.output), audio: 0 };
  let text = 0;
  let audio = 0;
  for (const part of item.content) {
    if (part.type === "input_audio") audio += userAudioTokens(part.audioMs);
    else if (part.type === "output_audio") audio += assistantAudioTokens(part.audioMs);
    else if (part.type !== "input_image") text += textTokens(part.text);
  }
  return { key: `${item.id} ${text} ${audio}`, text, audio };
}

function sum(segments: readonly TokenPair[]): TokenPair {
  return segments.reduce((total, segment) => ({ text: total.text + segment.text, audio: total.audio + segment.audio }), {
    text: 0,
    audio: 0,
  });
}
