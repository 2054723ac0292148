/**
 * Whether the caller has said the right value already, so that nothing is to be corrected any more. An injection names the value and the place
 * in the conversation up to which its author had read; only words behind that place count, however late they were transcribed, since what
 * stands before it the author has judged. The value has to be there word for word, or, where it is a number, digit for digit. When in
 * doubt nothing is put right: to hear a correction once too often is better than to miss it.
 */
import type { Injected } from "./injection.ts";

export interface CallerWords {
  readonly position: number;
  readonly text: string;
}

/** The caller's last utterances: an injection may come a few turns after what its author had read. */
export const CALLER_WORDS_REMEMBERED = 8;
const CALLER_WORDS_CHARS_MAX = 2_000;
/** Fewer digits than this are compared as words only. */
const DIGITS_MIN = 3;

export function callerWords(before: readonly CallerWords[], said: CallerWords): readonly CallerWords[] {
  return [...before.slice(1 - CALLER_WORDS_REMEMBERED), { ...said, text: said.text.slice(0, CALLER_WORDS_CHARS_MAX) }];
}

export function isPutRight({ value, basedOn }: Injected, said: readonly CallerWords[]): boolean {
  return value !== null && said.some(({ position, text }) => position > basedOn && contains(text, value));
}

function contains(text: string, value: string): boolean {
  const words = wordsOf(value);
  if (words.length === 0) return false;
  if (` ${wordsOf(text).join(" ")} `.includes(` ${words.join(" ")} `)) return true;
  const digits = value.replaceAll(/\D/g, "");
  const isNumber = digits.length >= DIGITS_MIN && !/\p{L}/u.test(value);
  return isNumber && (text.match(/\d(?:[\s.,/-]*\d)*/g) ?? []).some((run) => run.replaceAll(/\D/g, "") === digits);
}

/** Without case and accents. */
function wordsOf(text: string): readonly string[] {
  return (
    text
      .normalize("NFKD")
      .replaceAll(/\p{M}/gu, "")
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? []
  );
}
