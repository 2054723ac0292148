/**
 * What nobody saw the vendor's figure of, because a process died before it came: the response that was under way. The vendor bills it all the
 * same. It is estimated from what was used until then, the platform pays for it, and reconciliation replaces it by what the vendor says.
 */
import type { TokensUsed } from "./rate-card.ts";

/**
 * Events after which the model may speak: we ask it to, or the caller speaks. The vendor answers the caller by itself, and a node may be killed
 * before the news of it, or of the caller's last word, has reached it. So the sign is that the caller began, which is told before anybody can be
 * answered.
 */
export const RESPONSE_SIGNS = ["response.asked", "caller.speaking", "caller.silent"] as const;

/** In the record of one epoch. */
export interface RecordedSign {
  readonly seq: number;
  readonly name: "usage" | (typeof RESPONSE_SIGNS)[number];
  /** Of what the caller says. */
  readonly itemId: string | null;
}

/**
 * What may have been under way when the record broke off. `response`: one that was asked for, or that answers the caller. `unheard`: the vendor
 * may have begun to answer the caller just then, who was speaking as far as anybody knows, or had spoken while it was busy with what has
 * been reported since.
 */
export type InFlight = "response" | "unheard" | "nothing";

export function inFlight(signs: readonly RecordedSign[]): InFlight {
  const ordered = signs.toSorted((a, b) => a.seq - b.seq);
  const last = ordered.findLast(({ name }) => name !== "caller.speaking");
  if (last !== undefined && last.name !== "usage") return "response";
  if (endedMeanwhile(ordered)) return "unheard";
  // What was reported since then is the response that they cut off.
  const began = ordered.findLast(({ name }) => name === "caller.speaking");
  const hasEnded = ordered.some(({ name, itemId }) => name === "caller.silent" && itemId === began?.itemId);
  return began === undefined || hasEnded ? "nothing" : "unheard";
}

/** The response that was reported last had its sign already when the caller fell silent: it need not be the answer to that. */
function endedMeanwhile(ordered: readonly RecordedSign[]): boolean {
  const told = ordered.map(({ name }) => name).filter((name) => name !== "caller.speaking");
  // The last one is the report; before it, back to the report before.
  const signs = told.slice(told.lastIndexOf("usage", -2) + 1, -1);
  return signs.length > 1 && signs.at(-1) === "caller.silent";
}

/** Nobody saw the end of an utterance: it was hardly longer than people speak in one breath. */
const UTTERANCE_MS_MAX = 10_000;

/** @param untilMs from its beginning until the record ended. */
export function unseenUtteranceMs(untilMs: number): number {
  return Math.min(Math.max(untilMs, 0), UTTERANCE_MS_MAX);
}

/** Of a first response: a greeting of some five seconds. */
const GREETING_AUDIO_TOKENS = 100;
const GREETING_TEXT_TOKENS = 25;
const CHARS_PER_TOKEN = 4;

/**
 * The next response of a call: it reads what the one before read, which is cached by now, and what that one said; and it says as much as they
 * said on average. One that nobody had heard of yet has read all that, and said nothing.
 */
export function estimateResponse(is: Exclude<InFlight, "nothing">, earlier: readonly TokensUsed[], instructionsChars: number): TokensUsed {
  const full = estimateNext(earlier, instructionsChars);
  return is === "response" ? full : { ...full, outputTextTokens: 0, outputAudioTokens: 0 };
}

function estimateNext(earlier: readonly TokensUsed[], instructionsChars: number): TokensUsed {
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

/** What answers of the same kind were like lately. */
export interface EarlierAnswers {
  readonly meanOutputTokens: number;
  /** Of what they read, from 0 to 1. */
  readonly cachedShare: number;
}

/** An answer that nobody lived to read: it was asked with so many characters, and is as long, and as much of it cached, as of such answers. */
export function estimateAnswer(inputChars: number, earlier: EarlierAnswers | null): TokensUsed {
  const inputTextTokens = Math.ceil(inputChars / CHARS_PER_TOKEN);
  return {
    inputTextTokens,
    inputAudioTokens: 0,
    cachedTextTokens: Math.floor(inputTextTokens * (earlier?.cachedShare ?? 0)),
    cachedAudioTokens: 0,
    outputTextTokens: earlier?.meanOutputTokens ?? ANSWER_TEXT_TOKENS,
    outputAudioTokens: 0,
    seconds: null,
  };
}
