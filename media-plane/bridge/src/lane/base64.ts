/** Base64 on raw bytes (RFC 4648, section 4), without decoding it. */

const isBase64Char = (code: number): boolean =>
  (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39) || code === 0x2b || code === 0x2f;

/** By two bytes at once: 0 when both are characters of base64. */
const NOT_BASE64_PAIR = new Uint8Array(0x1_0000).map((_, pair) => (isBase64Char(pair & 0xff) && isBase64Char(pair >> 8) ? 0 : 1));

const QUOTE = 0x22;
const PAD = 0x3d;

/** Whether the `length` bytes at `at`, an even number, are all characters of base64, padding excluded. */
export function isBase64Run(view: DataView, at: number, length: number): boolean {
  let bad = 0;
  for (let index = at; index < at + length; index += 2) bad |= NOT_BASE64_PAIR[view.getUint16(index)] ?? 1;
  return bad === 0;
}

const isGroup = (bytes: Uint8Array, at: number): boolean =>
  isPair(bytes[at] ?? 0, bytes[at + 1] ?? 0) && isPair(bytes[at + 2] ?? 0, bytes[at + 3] ?? 0);
const isPair = (first: number, second: number): boolean => NOT_BASE64_PAIR[(first << 8) | second] === 0;

/** The index of the quote that ends the base64 text at `at`; -1 when what stands there is not whole, padded base64 and a quote. */
export function endOfBase64(bytes: Uint8Array, at: number, end: number): number {
  let group = at;
  while (group + 4 <= end && isGroup(bytes, group)) group += 4;
  if (group >= end) return -1;
  if (bytes[group] === QUOTE) return group;
  if (group + 5 > end || bytes[group + 3] !== PAD || bytes[group + 4] !== QUOTE || !isPair(bytes[group] ?? 0, bytes[group + 1] ?? 0))
    return -1;
  return bytes[group + 2] === PAD || isBase64Char(bytes[group + 2] ?? 0) ? group + 4 : -1;
}

/** How many of the characters of `bytes[start, end)` are padding. */
export function paddingOf(bytes: Uint8Array, start: number, end: number): number {
  if (end === start || bytes[end - 1] !== PAD) return 0;
  return bytes[end - 2] === PAD ? 2 : 1;
}

/** How many bytes the base64 text `bytes[start, end)` stands for; it must be whole groups. */
export function decodedBytes(bytes: Uint8Array, start: number, end: number): number {
  return ((end - start) >> 2) * 3 - paddingOf(bytes, start, end);
}

/** Whether `text` is whole, padded base64. */
export function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
}
