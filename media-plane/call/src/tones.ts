/**
 * Tones: keys that the agent presses on the line, for a machine at the other end. They are audio like the agent's words, so they wait until
 * nothing else is in flight or playing, and for the other side to be silent, but not forever: a menu that talks on wants them. While
 * they sound the agent says nothing.
 */
import { MARK_GRACE_MS, TONE_MS, TONE_PAUSE_MS, TONES_MAX, TONES_WAIT_MS } from "./limits.ts";

/** The mark after the last tone. */
export const TONES_MARK = "tones";

export interface Tones {
  readonly waiting: string;
  readonly since: number;
  /** Until when they sound at the latest, or null. */
  readonly playsUntil: number | null;
}

export const NO_TONES: Tones = { waiting: "", since: 0, playsUntil: null };

export function areDigits(digits: string): boolean {
  return /^[0-9*#A-Dw]+$/.test(digits);
}

/** What is more than TONES_MAX is left out. */
export function tonesAsked(tones: Tones, digits: string, at: number): Tones {
  return { ...tones, waiting: (tones.waiting + digits).slice(0, TONES_MAX), since: tones.waiting === "" ? at : tones.since };
}

/** Nobody is waited for any longer. */
export function arePressing(tones: Tones, at: number): boolean {
  return tones.waiting !== "" && at >= tones.since + TONES_WAIT_MS;
}

export function tonesBegan(tones: Tones, at: number): Tones {
  return { waiting: "", since: 0, playsUntil: at + tonesMs(tones.waiting) + MARK_GRACE_MS };
}

export function tonesEnded(tones: Tones): Tones {
  return { ...tones, playsUntil: null };
}

export function areTonesDue(tones: Tones): boolean {
  return tones.waiting !== "" || tones.playsUntil !== null;
}

export function tonesMs(digits: string): number {
  return Array.from(digits).reduce((ms, digit) => ms + (digit === "w" ? TONE_PAUSE_MS : TONE_MS), 0);
}
