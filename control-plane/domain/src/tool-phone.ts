/** What tools may do with a phone line, decided here and not by a model. */
import { isPremiumOrShort } from "./dialling-policy.ts";
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
