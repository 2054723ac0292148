/**
 * Finds a few string values in a JSON object without parsing it: one pass over the bytes, nothing allocated. It knows only the plain
 * part of JSON – ASCII strings without escapes, whole numbers, literals, objects that it was told of – and answers "I do not know" to
 * everything else, so that a real parser can decide. What it does accept, JSON.parse accepts with the same values.
 */
import { endOfBase64 } from "./base64.ts";

export interface FlatObjectOptions {
  /** Keys whose string values are wanted. */
  readonly strings?: readonly string[];
  /** A key whose value is wanted and must be base64. */
  readonly base64?: string;
  /** A key whose value is an object again. */
  readonly nested?: { readonly key: string; readonly object: FlatObject };
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const ZERO = 0x30;
const NINE = 0x39;
const LITERALS = ["true", "false", "null"].map((text) => Buffer.from(text));

/** Whether `bytes[start, end)` may stand in a JSON string as it is and is ASCII. */
export function isPlain(bytes: Uint8Array, start: number, end: number): boolean {
  let bad = 0;
  for (let index = start; index < end; index++) bad |= ENDS_STRING[bytes[index] ?? 0] ?? 1;
  return bad === 0;
}

/** 1 for bytes that end a plain string: the quote, and what makes it not plain (escapes, control characters, not ASCII). */
const ENDS_STRING = new Uint8Array(256);
for (let byte = 0; byte < 256; byte++) ENDS_STRING[byte] = byte === QUOTE || byte === 0x5c || byte < 0x20 || byte >= 0x7f ? 1 : 0;

/** Begin and end of some values. The memory stays for the next scan. */
class Places {
  readonly #places: number[] = [];
  #length = 0;

  get all(): readonly number[] {
    return this.#places.slice(0, this.#length);
  }

  add(start: number, end: number): void {
    this.#places[this.#length] = start;
    this.#places[this.#length + 1] = end;
    this.#length += 2;
  }

  clear(): void {
    this.#length = 0;
  }
}

export class FlatObject {
  /** Where the value of the n-th wanted key begins, and ends; -1 when the object did not have it. `base64` is counted last. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly #otherStrings = new Places();
  readonly #otherNumbers = new Places();
  readonly #keys: readonly Buffer[];
  readonly #base64Index: number;
  readonly #nestedKey: Buffer | undefined;
  readonly #nested: FlatObject | undefined;

  constructor(options: FlatObjectOptions) {
    const strings = options.strings ?? [];
    const keys = options.base64 === undefined ? strings : [...strings, options.base64];
    this.#keys = keys.map((key) => Buffer.from(key));
    this.#base64Index = options.base64 === undefined ? -1 : strings.length;
    this.#nestedKey = options.nested === undefined ? undefined : Buffer.from(options.nested.key);
    this.#nested = options.nested?.object;
    this.starts = new Int32Array(keys.length).fill(-1);
    this.ends = new Int32Array(keys.length).fill(-1);
  }

  /** The strings and whole numbers that nobody asked for: begin and end of each, in order. Those of a nested object are its own. */
  get otherStrings(): readonly number[] {
    return this.#otherStrings.all;
  }
  get otherNumbers(): readonly number[] {
    return this.#otherNumbers.all;
  }

  /** Scans the object at `at`. Answers the index after its closing brace, or -1: not known. */
  scan(bytes: Uint8Array, at: number, end: number): number {
    this.#forget();
    let next = at;
    if (bytes[next] !== OPEN) return -1;
    next = skipSpace(bytes, next + 1, end);
    if (bytes[next] === CLOSE && next < end) return next + 1;
    while (next < end) {
      if (bytes[next] !== QUOTE) return -1;
      const keyStart = next + 1;
      const keyEnd = endOfString(bytes, keyStart, end);
      if (keyEnd < 0) return -1;
      next = skipSpace(bytes, keyEnd + 1, end);
      if (bytes[next] !== COLON) return -1;
      next = this.#value(bytes, keyStart, keyEnd, skipSpace(bytes, next + 1, end), end);
      if (next < 0) return -1;
      next = skipSpace(bytes, next, end);
      if (next >= end) return -1;
      if (bytes[next] === CLOSE) return next + 1;
      if (bytes[next] !== COMMA) return -1;
      next = skipSpace(bytes, next + 1, end);
    }
    return -1;
  }

  #forget(): void {
    const { starts, ends } = this;
    for (let key = 0; key < starts.length; key++) {
      starts[key] = -1;
      ends[key] = -1;
    }
    this.#otherStrings.clear();
    this.#otherNumbers.clear();
    if (this.#nested !== undefined) this.#nested.#forget();
  }

  #value(bytes: Uint8Array, keyStart: number, keyEnd: number, at: number, end: number): number {
    if (at >= end) return -1;
    const wanted = this.#indexOf(bytes, keyStart, keyEnd);
    const first = bytes[at] ?? 0;
    if (first === QUOTE) {
      const close = wanted >= 0 && wanted === this.#base64Index ? endOfBase64(bytes, at + 1, end) : endOfString(bytes, at + 1, end);
      if (close < 0) return -1;
      if (wanted >= 0) {
        // JSON.parse takes the last of two; so rare that it may.
        if ((this.starts[wanted] ?? -1) >= 0) return -1;
        this.starts[wanted] = at + 1;
        this.ends[wanted] = close;
      } else {
        this.#otherStrings.add(at + 1, close);
      }
      return close + 1;
    }
    if (wanted >= 0) return -1;
    if (first === OPEN) {
      const known = this.#nested !== undefined && this.#nestedKey !== undefined && equals(bytes, keyStart, keyEnd, this.#nestedKey);
      return known && this.#nested !== undefined ? this.#nested.scan(bytes, at, end) : -1;
    }
    if (first >= ZERO && first <= NINE) {
      let next = at + 1;
      while (next < end && isDigit(bytes[next])) next++;
      this.#otherNumbers.add(at, next);
      return first === ZERO && next > at + 1 ? -1 : next;
    }
    for (const literal of LITERALS)
      if (at + literal.length <= end && equals(bytes, at, at + literal.length, literal)) return at + literal.length;
    return -1;
  }

  #indexOf(bytes: Uint8Array, start: number, end: number): number {
    const keys = this.#keys;
    for (let index = 0; index < keys.length; index++) {
      const key = keys[index];
      if (key !== undefined && key.length === end - start && equals(bytes, start, end, key)) return index;
    }
    return -1;
  }
}

/** Whether `bytes[start, end)` is `expected`. */
export function equals(bytes: Uint8Array, start: number, end: number, expected: Uint8Array): boolean {
  const length = expected.length;
  if (end - start !== length) return false;
  for (let index = 0; index < length; index++) if (bytes[start + index] !== expected[index]) return false;
  return true;
}

/** Whether `bytes[start, end)`, not empty, is a whole number as JSON spells it. */
export function isWholeNumber(bytes: Uint8Array, start: number, end: number): boolean {
  for (let index = start; index < end; index++) if (!isDigit(bytes[index])) return false;
  return bytes[start] !== ZERO || end === start + 1;
}

/** Whether the message begins with `opening` and then something else than `expected`: most messages say at once what they are. */
export function isOtherwise(bytes: Uint8Array, start: number, opening: Uint8Array, expected: Uint8Array): boolean {
  const at = start + opening.length;
  return equals(bytes, start, at, opening) && !equals(bytes, at, at + expected.length, expected);
}

/** The index of the quote that ends the plain string at `at`, or -1. */
function endOfString(bytes: Uint8Array, at: number, end: number): number {
  let next = at;
  while (next < end && (ENDS_STRING[bytes[next] ?? 0] ?? 1) === 0) next++;
  return next < end && bytes[next] === QUOTE ? next : -1;
}

function skipSpace(bytes: Uint8Array, at: number, end: number): number {
  let next = at;
  while (next < end && isSpace(bytes[next])) next++;
  return next;
}

const isSpace = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= ZERO && byte <= NINE;
