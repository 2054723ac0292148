/**
 * What may not stand in a log line. Secrets never; phone numbers not at info and above. Values are recognised by the key they stand
 * under and, wherever they stand, by their shape, because vendors put numbers and keys into error messages.
 */

const REDACTED = "[redacted]";
const PHONE = "[phone]";
const DEPTH_MAX = 6;
const ITEMS_MAX = 50;
const TEXT_MAX = 4_000;

/** Compared with the key in lower case without `-` and `_`. Counters such as `outputTextTokens` do not match. */
const SECRET_KEY = /(authorization|token|apikey|password|passwd|secret|cookie|credentials?|privatekey|encryptionkey|signature)$/;
const PHONE_KEY = /^(from|to|caller|called|callernumber|phonenumber|phone)$/;

/** E.164 (ITU-T E.164: at most 15 digits), plain or URL-encoded. */
const E164 = /(?:\+|%2B)[1-9]\d{6,14}(?!\d)/gi;
const BEARER = /\b(Bearer|Basic)\s+[\w.~+/=-]{6,}/gi;
const VENDOR_KEY = /\bsk-[\w-]{8,}/g;
const URL_PASSWORD = /(:\/\/[^\s:/@]*:)[^\s/@]+@/g;
const QUERY_SECRET = /([?&](?:token|signature|apikey|api_key|password|secret)=)[^&\s"]+/gi;

export interface RedactOptions {
  /** Whether phone numbers are hidden too. Secrets always are. */
  readonly phones: boolean;
}

export function redactText(text: string, { phones }: RedactOptions): string {
  const short = text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)}… (${text.length} characters)` : text;
  const safe = short
    .replace(BEARER, `$1 ${REDACTED}`)
    .replace(VENDOR_KEY, REDACTED)
    .replace(URL_PASSWORD, `$1${REDACTED}@`)
    .replace(QUERY_SECRET, `$1${REDACTED}`);
  return phones ? safe.replace(E164, PHONE) : safe;
}

/** A copy that is safe to print: bounded in depth and length, errors as plain objects with their causes. */
export function redact(value: unknown, options: RedactOptions, depth = 0): unknown {
  if (typeof value === "string") return redactText(value, options);
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString();
  if (value instanceof URL) return redactText(value.href, options);
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (depth >= DEPTH_MAX) return "[deeper]";
  if (value instanceof Error) return redactError(value, options, depth);
  if (Array.isArray(value)) return value.slice(0, ITEMS_MAX).map((item) => redact(item, options, depth + 1));
  if (value instanceof Map) return redact(Object.fromEntries(value), options, depth);
  if (value instanceof Set) return redact([...value], options, depth);
  return redactEntries(Object.entries(value), options, depth);
}

function redactEntries(entries: readonly (readonly [string, unknown])[], options: RedactOptions, depth: number): Record<string, unknown> {
  const safe: Record<string, unknown> = {};
  for (const [key, value] of entries) safe[key] = redactUnder(key, value, options, depth);
  return safe;
}

function redactUnder(key: string, value: unknown, options: RedactOptions, depth: number): unknown {
  const plainKey = key.toLowerCase().replace(/[-_]/g, "");
  const holdsSomething = value !== null && value !== undefined && typeof value !== "boolean";
  if (holdsSomething && SECRET_KEY.test(plainKey)) return REDACTED;
  // A state machine's `from: "idle"` is no phone number.
  if (options.phones && PHONE_KEY.test(plainKey) && /(\d\D*){5}/.test(String(value))) return PHONE;
  return redact(value, options, depth + 1);
}

function redactError(error: Error, options: RedactOptions, depth: number): Record<string, unknown> {
  const named: [string, unknown][] = [
    ["type", error.name],
    ["message", error.message],
    ["stack", error.stack],
  ];
  const rest = Object.entries(error).filter(([key]) => !["name", "message", "stack", "cause"].includes(key));
  if (error.cause !== undefined) rest.push(["cause", error.cause]);
  if (error instanceof AggregateError) rest.push(["errors", error.errors]);
  return redactEntries([...named, ...rest], options, depth);
}
