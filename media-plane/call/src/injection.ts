/**
 * Injections: words that an auditor, a person or a service puts into the agent's mouth.
 *
 * abort > complete > correction. One of each waits at most, of corrections one about each thing (`field`), and few; a newer one supersedes the
 * older of its kind, and an abort everything. A correction and a complete wait for the turn boundary, corrections also for a cool-down after
 * the one before; an abort waits for nothing. What is not begun by `expiresAt` is not said at all, nor what the caller has put right before.
 *
 * Each injection ends in exactly one receipt: `spoken` when its audio was heard to the end, `superseded`, `expired`, or `refused` with the
 * reason. One that the caller cut off is said again, once. Ids make redelivery harmless.
 *
 * This file keeps the queue and the account of the one being spoken; when the moment has come is for settle.ts to say.
 */
import { COOL_DOWN_MS, CORRECTIONS_MAX, INJECTIONS_REMEMBERED } from "./limits.ts";
import { type CallerWords, isPutRight } from "./put-right.ts";
import { NOTHING_RECENT, type Recent, remember } from "./recent.ts";

export interface Injected {
  readonly injectionId: string;
  readonly action: "correction" | "complete" | "abort";
  readonly message: string;
  readonly expiresAt: number;
  /** What a correction is about; null: nobody said. */
  readonly field: string | null;
  /** What is right. */
  readonly value: string | null;
  /** Position of the last utterance that its author had read. */
  readonly basedOn: number;
  /** The model has been told the message already: it was interrupted once. */
  readonly told: boolean;
}

export interface Injection {
  readonly abort: Injected | null;
  readonly complete: Injected | null;
  /** In the order in which they are said, at most one of each field. */
  readonly corrections: readonly Injected[];
  /** What the caller said lately. */
  readonly callerWords: readonly CallerWords[];
  readonly speaking: Speaking | null;
  /** No correction before this. */
  readonly quietUntil: number;
  readonly seen: Recent;
}

export interface Speaking {
  readonly injected: Injected;
  /** Its response, once there is one. */
  readonly responseId: string | null;
  /** Milliseconds of its items that were heard so far. */
  readonly heardMs: number;
  /** Part of it was cut off, or will never come. */
  readonly interrupted: boolean;
}

export const NONE_INJECTED: Injection = {
  abort: null,
  complete: null,
  corrections: [],
  callerWords: [],
  speaking: null,
  quietUntil: 0,
  seen: NOTHING_RECENT,
};

export function isSeen(injection: Injection, injectionId: string): boolean {
  return injection.seen.includes(injectionId);
}

export function seen(injection: Injection, injectionId: string): Injection {
  return { ...injection, seen: remember(injection.seen, injectionId, INJECTIONS_REMEMBERED) };
}

/** Queues it; the second value is what it displaces. One that was cut off comes first again. */
export function queued(injection: Injection, injected: Injected): readonly [Injection, readonly Injected[]] {
  if (injected.action === "abort") return [{ ...injection, ...NOTHING_WAITS, abort: injected }, waiting(injection)];
  if (injected.action === "complete") {
    return [{ ...injection, complete: injected }, injection.complete ? [injection.complete] : []];
  }
  const others = injection.corrections.filter(({ field }) => field !== injected.field);
  const kept = others.slice(Math.max(0, others.length + 1 - CORRECTIONS_MAX));
  const displaced = injection.corrections.filter((one) => !kept.includes(one));
  return [{ ...injection, corrections: injected.told ? [injected, ...kept] : [...kept, injected] }, displaced];
}

export const NOTHING_WAITS = { abort: null, complete: null, corrections: [] } as const;

/** What waits, the most urgent first. */
export function waiting({ abort, complete, corrections }: Injection): readonly Injected[] {
  return [abort, complete, ...corrections].filter((injected) => injected !== null);
}

export function unqueued(injection: Injection, injected: Injected): Injection {
  const { abort, complete, corrections } = injection;
  return {
    ...injection,
    abort: abort === injected ? null : abort,
    complete: complete === injected ? null : complete,
    corrections: corrections.filter((one) => one !== injected),
  };
}

/** A correction that waits, of what the caller has put right. */
export function putRight(injection: Injection): Injected | undefined {
  return injection.corrections.find((one) => isPutRight(one, injection.callerWords));
}

/** A newer one about the same. */
export function successor(injection: Injection, injected: Injected): Injected | undefined {
  return injection.corrections.find(({ field }) => field === injected.field);
}

export function expired(injection: Injection, at: number): Injected | undefined {
  return waiting(injection).find((injected) => at >= injected.expiresAt);
}

export function beginsSpeaking(injection: Injection, injected: Injected): Injection {
  return { ...unqueued(injection, injected), speaking: { injected, responseId: null, heardMs: 0, interrupted: false } };
}

/** The response that says it has been created. */
export function spokenBy(injection: Injection, responseId: string): Injection {
  if (!injection.speaking) return injection;
  return { ...injection, speaking: { ...injection.speaking, responseId, heardMs: 0, interrupted: false } };
}

/** An item left playback. */
export function heardOf(injection: Injection, responseId: string, heard: { readonly heardMs: number; readonly whole: boolean }): Injection {
  const { speaking } = injection;
  if (speaking === null || speaking.responseId !== responseId) return injection;
  return {
    ...injection,
    speaking: { ...speaking, heardMs: speaking.heardMs + heard.heardMs, interrupted: speaking.interrupted || !heard.whole },
  };
}

export function endsSpeaking(injection: Injection, at: number): Injection {
  return { ...injection, speaking: null, quietUntil: at + COOL_DOWN_MS };
}

export function injectionDeadline(injection: Injection): number {
  return Math.min(Number.POSITIVE_INFINITY, ...waiting(injection).map(({ expiresAt }) => expiresAt));
}
