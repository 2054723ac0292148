/** Phone numbers in E.164: `+`, a country code that does not begin with 0, at most 15 digits (ITU-T E.164). */
import type { Brand } from "@struere/kernel";

export type PhoneNumber = Brand<string, "PhoneNumber">;

const E164 = /^\+[1-9]\d{6,14}$/;

/** The number when `text` is E.164 to the letter: blanks, dashes and brackets are not guessed at. */
export function parsePhoneNumber(text: string): PhoneNumber | undefined {
  return E164.test(text) ? (text as PhoneNumber) : undefined;
}

/** For logs and lists that many may read: the country code's first digit and the last two digits stay. */
export function maskPhoneNumber(text: string): string {
  return text.length < 6 ? "***" : `${text.slice(0, 2)}${"*".repeat(text.length - 4)}${text.slice(-2)}`;
}
