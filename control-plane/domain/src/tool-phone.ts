/** What tools may do with a phone line, decided here and not by a model. */
import { parsePhoneNumber, type PhoneNumber } from "./phone-number.ts";
import { parseTemplate } from "./template.ts";

export const DIGITS_MAX = 32;

/** Key tones; `w` is half a second of silence. */
export function areDigits(text: string): boolean {
  return /^[0-9*#w]{1,32}$/.test(text);
}

/**
 * Numbers that the agent's author wrote into the instructions. A number that a template fills in is none of them: it may be the caller's
 * own words.
 */
export function numbersInInstructions(systemPrompt: string): readonly PhoneNumber[] {
  const written = parseTemplate(systemPrompt).parts.map((part) => (part.kind === "text" ? part.text : "\n"));
  const numbers = written.join("").matchAll(/(?<![\d+])\+[1-9](?:[ ().-]{0,2}\d){6,14}(?!\d)/g);
  return [...new Set([...numbers].flatMap(([text]) => parsePhoneNumber(text.replace(/[^+\d]/g, "")) ?? []))];
}

export type TransferRefusal = "not_a_number" | "not_in_instructions" | "premium_or_short" | "own_line";

/** Why the call must not go there; `undefined`: it may. */
export function transferRefusal(
  phoneNumber: string,
  where: { readonly systemPrompt: string; readonly from: string; readonly to: string },
): TransferRefusal | undefined {
  const number = parsePhoneNumber(phoneNumber);
  if (!number) return "not_a_number";
  if (!numbersInInstructions(where.systemPrompt).includes(number)) return "not_in_instructions";
  if (isPremiumOrShort(number)) return "premium_or_short";
  return number === where.from || number === where.to ? "own_line" : undefined;
}

/** A real subscriber's number has at least so many digits, country code included. */
const DIGITS_MIN = 8;

/** Prefixes that cost whoever dials them (ITU-T E.164 list of shared and premium codes, and the national ones of large countries). */
const PREMIUM: readonly RegExp[] = [
  /^\+(?:808|870|878|881|882|883|888|979|991)/,
  /^\+1(?:900|976)|^\+1\d{3}976/,
  /^\+44(?:9|84|87|70)/,
  /^\+49(?:900|137|180|190)/,
  /^\+33(?:89|81|82)/,
  /^\+34(?:80[3-7]|90[1-79])/,
  /^\+39(?:89|16|17)/,
  /^\+41(?:90[016]|84)/,
  /^\+43(?:9[03]|8[12])/,
  /^\+31(?:90)/,
  /^\+32(?:90|70)/,
  /^\+46(?:9[04]|77)/,
  /^\+61(?:190|13)/,
  /^\+81(?:990|570)/,
  /^\+52(?:900)/,
  /^\+55(?:900|300|500)/,
  /^\+56(?:600|700)/,
];

function isPremiumOrShort(number: PhoneNumber): boolean {
  return number.length - 1 < DIGITS_MIN || PREMIUM.some((prefix) => prefix.test(number));
}
