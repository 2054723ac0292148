/**
 * Injections: words that an auditor, a person or a service puts into the agent's mouth.
 *
 * abort > complete > correction. One of each waits at most; a newer one supersedes the older of its kind, and an abort everything. A
 * correction and a complete wait for the turn boundary, corrections also for a cool-down after the one before; an abort waits for nothing.
 * What is not begun by `expiresAt` is not said at all.
 *
 * Each injection ends in exactly one receipt: `spoken` when its audio was heard to the end, `superseded`, `expired`, or `refused` with the
 * reason. One that the caller cut off is said again, once. Ids make redelivery harmless.
 *
 * This file keeps the queue and the account of the one being spoken; when the moment has come is for settle.ts to say.
 */
import { COOL_DOWN_MS, INJECTIONS_REMEMBERED } from "./limits.ts";
import { NOTHING_RECENT, type Recent, remember } from "./recent.ts";

export interface Injected {
  readonly injectionId: string;
  readonly action: "correction" | "complete" | "abort";
  readonly message: string;
  readonly expiresAt: number;
  /** The model has been told the message already: it was interrupted once. */
  readonly told: boolean;
}

export interface Injection {
  readonly abort: Injected | null;
  readonly complete: Injected | null;
  readonly correction: Injected | null;
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
  correction: null,
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

/** Queues it; the second value is what it displaces. */
export function queued(injection: Injection, injected: Injected): readonly [Injection, readonly Injected[]] {
  if (injected.action === "abort") {
    const displaced = waiting(injection);
    return [{ ...injection, abort: injected, complete: null, correction: null }, displaced];
  }
  const before = injection[injected.action];
  return [{ ...injection, [injected.action]: injected }, before ? [before] : []];
}

/** What waits, the most urgent first. */
export function waiting(injection: Injection): readonly Injected[] {
  return [injection.abort, injection.complete, injection.correction].filter((injected) => injected !== null);
}

export function unqueued(injection: Injection, injected: Injected): Injection {
  return { ...injection, [injected.action]: null };
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
  return Math.min(
    injection.abort?.expiresAt ?? Number.POSITIVE_INFINITY,
    injection.complete?.expiresAt ?? Number.POSITIVE_INFINITY,
    injection.correction?.expiresAt ?? Number.POSITIVE_INFINITY,
  );
}
