/**
 * What nobody saw the vendor's figure of, because a process died before it came: the response that was under way. The vendor bills it all the
 * same. It is estimated from what was used until then, the platform pays for it, and reconciliation replaces it by what the vendor says.
 */
import type { TokensUsed } from "./rate-card.ts";

/** Events that have the model speak up: a greeting, a reply, words of an auditor, or something to say while a tool takes its time. */
export const RESPONSE_SIGNS = [
  "model.opened",
  "agent.speaking",
  "caller.silent",
  "tool.called",
  "tool.finished",
  "injection.taken",
  "key.pressed",
  "agent.changed",
] as const;

/** In the order of the record. */
export interface RecordedSign {
  readonly seq: number;
  readonly name: "usage" | (typeof RESPONSE_SIGNS)[number];
}

/** Whether a response may have been under way when the record broke off: something that brings one came after the last one's usage. */
export function isResponseInFlight(signs: readonly RecordedSign[]): boolean {
  const last = signs.reduce((latest, sign) => (sign.seq > latest.seq ? sign : latest), {
    seq: 0,
    name: "usage",
  } satisfies RecordedSign as RecordedSign);
  return last.name !== "usage";
}

/** Of a first response: a greeting of some five seconds. */
const GREETING_AUDIO_TOKENS = 100;
const GREETING_TEXT_TOKENS = 25;
const CHARS_PER_TOKEN = 4;

/**
 * The next response of a call: it reads what the one before read, which is cached by now, and what that one said; and it says as much as they
 * said on average.
 */
export function estimateResponse(earlier: readonly TokensUsed[], instructionsChars: number): TokensUsed {
  const before = earlier.at(-1);
  if (!before) {
    return {
      inputTextTokens: Math.ceil(instructionsChars / CHARS_PER_TOKEN),
      inputAudioTokens: 0,
      cachedTextTokens: 0,
      cachedAudioTokens: 0,
      outputTextTokens: GREETING_TEXT_TOKENS,
      outputAudioTokens: GREETING_AUDIO_TOKENS,
      seconds: null,
    };
  }
  const mean = (of: (used: TokensUsed) => number): number => Math.round(earlier.reduce((sum, used) => sum + of(used), 0) / earlier.length);
  return {
    inputTextTokens: before.inputTextTokens + before.outputTextTokens,
    inputAudioTokens: before.inputAudioTokens + before.outputAudioTokens,
    cachedTextTokens: before.inputTextTokens,
    cachedAudioTokens: before.inputAudioTokens,
    outputTextTokens: mean((used) => used.outputTextTokens),
    outputAudioTokens: mean((used) => used.outputAudioTokens),
    seconds: null,
  };
}

/** Of a text model's answer, where there is no other to go by. */
const ANSWER_TEXT_TOKENS = 100;

/** An answer that nobody lived to read: it was asked with so many characters, and is as long as such answers are. Nothing counts as cached. */
export function estimateAnswer(inputChars: number, meanOutputTokens: number | null): TokensUsed {
  return {
    inputTextTokens: Math.ceil(inputChars / CHARS_PER_TOKEN),
    inputAudioTokens: 0,
    cachedTextTokens: 0,
    cachedAudioTokens: 0,
    outputTextTokens: meanOutputTokens ?? ANSWER_TEXT_TOKENS,
    outputAudioTokens: 0,
    seconds: null,
  };
}
