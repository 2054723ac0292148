/** Tokens of a text response by the vendor's rules (platform.openai.com/docs/guides/prompt-caching): about one in four characters. */
import { textTokens } from "./usage.ts";

/** `usage` of a response (platform.openai.com/docs/api-reference/responses/object). */
export interface TextUsage {
  readonly input_tokens: number;
  readonly input_tokens_details: { readonly cached_tokens: number; readonly cache_write_tokens: number };
  readonly output_tokens: number;
  readonly output_tokens_details: { readonly reasoning_tokens: number };
  readonly total_tokens: number;
}

/** A prefix is cached from this length on, in steps of `CACHE_STEP`. */
const CACHE_MIN = 1_024;
const CACHE_STEP = 128;
/** How many prompts the vendor remembers in this simulation. */
const PROMPTS_MAX = 200;

/** Counts what a request costs; remembers prompts, since the beginning that a prompt shares with an earlier one is cached. */
export class TextMeter {
  #prompts: string[] = [];

  measure(use: { readonly model: string; readonly prompt: string; readonly output: string; readonly reasoningTokens: number }): TextUsage {
    const prompt = `${use.model}\n${use.prompt}`;
    const shared = Math.max(0, ...this.#prompts.map((earlier) => commonPrefix(earlier, prompt)));
    this.#prompts = [...this.#prompts, prompt].slice(-PROMPTS_MAX);
    const input = textTokens(use.prompt);
    const cached = Math.min(Math.floor(shared / 4), input);
    const output = textTokens(use.output) + use.reasoningTokens;
    return {
      input_tokens: input,
      input_tokens_details: { cached_tokens: cached < CACHE_MIN ? 0 : cached - (cached % CACHE_STEP), cache_write_tokens: 0 },
      output_tokens: output,
      output_tokens_details: { reasoning_tokens: use.reasoningTokens },
      total_tokens: input + output,
    };
  }
}

function commonPrefix(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  let at = 0;
  while (at < length && a.charCodeAt(at) === b.charCodeAt(at)) at++;
  return at;
}
