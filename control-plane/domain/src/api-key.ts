/**
 * The shape of an API key: `sk_<dev|prod|eval>_<52 characters: 256 bits><7 characters: checksum>`, in Crockford's base 32.
 * The checksum lets a mistyped or truncated key be told from a revoked one, and a scanner for leaked secrets be sure, without a database.
 */
import type { Environment } from "@struere/kernel";

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const SHORT: { readonly [name in Environment]: string } = { development: "dev", production: "prod", eval: "eval" };
const SHAPE = /^sk_(dev|prod|eval)_([0-9a-hjkmnp-tv-z]{52})([0-9a-hjkmnp-tv-z]{7})$/;

/** Bytes of randomness in one key. */
export const API_KEY_BYTES = 32;
/** What may be shown of a key after it was made: enough to tell keys apart, useless to a thief. */
const SHOWN = 6;

export interface ParsedApiKey {
  readonly environment: Environment;
  readonly prefix: string;
}

export function formatApiKey(environment: Environment, random: Uint8Array): string {
  if (random.length !== API_KEY_BYTES) throw new RangeError(`formatApiKey needs ${API_KEY_BYTES} random bytes, got ${random.length}`);
  const body = `sk_${SHORT[environment]}_${base32(random)}`;
  return body + checksum(body);
}

/** `undefined`: not a key at all, or mistyped. */
export function parseApiKey(text: string): ParsedApiKey | undefined {
  const match = SHAPE.exec(text);
  if (!match) return undefined;
  const [, short = "", secret = "", sum = ""] = match;
  const body = `sk_${short}_${secret}`;
  const environment = (["development", "production", "eval"] as const).find((candidate) => SHORT[candidate] === short);
  if (!environment || checksum(body) !== sum) return undefined;
  return { environment, prefix: `sk_${short}_${secret.slice(0, SHOWN)}` };
}

function base32(bytes: Uint8Array): string {
  let text = "";
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = (value << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += ALPHABET[(value >>> bits) & 31];
    }
    value &= (1 << bits) - 1;
  }
  return bits > 0 ? text + ALPHABET[(value << (5 - bits)) & 31] : text;
}

/** CRC-32 (IEEE 802.3) of the text, in 7 characters. */
function checksum(text: string): string {
  let crc = 0xffffffff;
  for (let index = 0; index < text.length; index++) {
    crc ^= text.charCodeAt(index);
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  let rest = (crc ^ 0xffffffff) >>> 0;
  let sum = "";
  for (let digit = 0; digit < 7; digit++) {
    sum = ALPHABET[rest & 31] + sum;
    rest >>>= 5;
  }
  return sum;
}
