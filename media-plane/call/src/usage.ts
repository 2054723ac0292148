/**
 * Usage: what each response and each transcription cost, reported once, as soon as it is known.
 *
 * A response is metered by its id when it is done, whoever asked for it and whether anybody heard it: the vendor bills what it generated
 * (platform.openai.com/docs/guides/realtime-costs). If the vendor says nothing, or nonsense, and there was audio, the audio is counted
 * instead and the message says `estimated`. A response that never reports is estimated when the call ends, so that a lost message is not
 * a free call, and a late one not a double bill.
 */
import type { Usage } from "./event.ts";
import { AGENT_TOKEN_MS, CALLER_TOKEN_MS, METERED_REMEMBERED, TOKENS_MAX } from "./limits.ts";
import { NOTHING_RECENT, type Recent, remember } from "./recent.ts";

export interface AwaitedUsage {
  readonly responseId: string;
  /** Audio that it generated, and what the caller had said before it. Milliseconds. */
  readonly agentMs: number;
  readonly callerMs: number;
}

export interface UsageBook {
  readonly awaited: readonly AwaitedUsage[];
  /** The caller's speech since the last response began. */
  readonly callerMs: number;
  readonly metered: Recent;
}

/** A message of usage without its identity. */
export interface Measured {
  readonly estimated: boolean;
  readonly usage: Usage;
}

export const NOTHING_USED: UsageBook = { awaited: [], callerMs: 0, metered: NOTHING_RECENT };

export function callerSpoke(book: UsageBook, ms: number): UsageBook {
  return ms > 0 ? { ...book, callerMs: book.callerMs + ms } : book;
}

/** From now on its usage is awaited. */
export function awaits(book: UsageBook, responseId: string): UsageBook {
  if (isMetered(book, responseId) || findAwaited(book, responseId)) return book;
  return { ...book, callerMs: 0, awaited: [...book.awaited, { responseId, agentMs: 0, callerMs: book.callerMs }] };
}

/** More audio of it was generated. */
export function generatedMore(book: UsageBook, responseId: string, ms: number): UsageBook {
  if (ms <= 0) return book;
  const awaited = book.awaited.map((entry) => (entry.responseId === responseId ? { ...entry, agentMs: entry.agentMs + ms } : entry));
  return { ...book, awaited };
}

export function isMetered(book: UsageBook, usageId: string): boolean {
  return book.metered.includes(usageId);
}

export function findAwaited(book: UsageBook, responseId: string): AwaitedUsage | undefined {
  return book.awaited.find((entry) => entry.responseId === responseId);
}

export function meteredOnce(book: UsageBook, usageId: string): UsageBook {
  return {
    ...book,
    awaited: book.awaited.filter((entry) => entry.responseId !== usageId),
    metered: remember(book.metered, usageId, METERED_REMEMBERED),
  };
}

/** What the vendor said if it can be true, else what the audio says; undefined when there is nothing to bill. */
export function measuredResponse(usage: Usage | null, awaited: AwaitedUsage | undefined): Measured | undefined {
  if (usage && isPlausible(usage)) return { estimated: false, usage };
  if (!awaited || awaited.agentMs <= 0) return undefined;
  return {
    estimated: true,
    usage: {
      ...NO_TOKENS,
      inputAudioTokens: Math.ceil(awaited.callerMs / CALLER_TOKEN_MS),
      outputAudioTokens: Math.ceil(awaited.agentMs / AGENT_TOKEN_MS),
    },
  };
}

/** @param spokenMs how long the caller spoke. */
export function measuredTranscription(usage: Usage | null, spokenMs: number): Measured | undefined {
  if (usage && isPlausible(usage)) return { estimated: false, usage };
  if (spokenMs <= 0) return undefined;
  return { estimated: true, usage: { ...NO_TOKENS, inputAudioTokens: Math.ceil(spokenMs / CALLER_TOKEN_MS) } };
}

export function isPlausible(usage: Usage): boolean {
  const { inputTextTokens, inputAudioTokens, cachedTextTokens, cachedAudioTokens, outputTextTokens, outputAudioTokens, seconds } = usage;
  const counts = [inputTextTokens, inputAudioTokens, cachedTextTokens, cachedAudioTokens, outputTextTokens, outputAudioTokens];
  return counts.every((count) => Number.isSafeInteger(count) && count >= 0 && count <= TOKENS_MAX) && isDuration(seconds);
}

function isDuration(seconds: number | undefined): boolean {
  return seconds === undefined || (Number.isFinite(seconds) && seconds >= 0 && seconds <= TOKENS_MAX);
}

const NO_TOKENS: Usage = {
  inputTextTokens: 0,
  inputAudioTokens: 0,
  cachedTextTokens: 0,
  cachedAudioTokens: 0,
  outputTextTokens: 0,
  outputAudioTokens: 0,
};
