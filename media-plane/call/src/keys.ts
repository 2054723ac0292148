/**
 * Keys: what the caller presses on the phone. Digits that follow each other closely are one number, and the model is told of it once, as
 * if the caller had said it; an account number of ten digits is one turn, not ten.
 */
import { KEYS_MAX, KEYS_QUIET_MS } from "./limits.ts";

export interface Keys {
  readonly digits: string;
  readonly lastAt: number;
}

export const NO_KEYS: Keys = { digits: "", lastAt: 0 };

export function isKey(digit: string): boolean {
  return /^[0-9*#A-D]$/.test(digit);
}

export function pressed(keys: Keys, digit: string, at: number): Keys {
  return { digits: keys.digits + digit, lastAt: at };
}

/** The number is complete: the caller paused, or it is as long as a number may be. */
export function isComplete(keys: Keys, at: number): boolean {
  return isFull(keys) || at >= keysDeadline(keys);
}

export function isFull(keys: Keys): boolean {
  return keys.digits.length >= KEYS_MAX;
}

export function keysDeadline(keys: Keys): number {
  return keys.digits === "" ? Number.POSITIVE_INFINITY : keys.lastAt + KEYS_QUIET_MS;
}
