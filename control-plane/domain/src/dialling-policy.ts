/**
 * Which numbers may be dialled at all. Everything is refused that is not a subscriber's number in a country that the environment allows:
 * what a model, a caller or a stolen key asks for costs money and reaches people. Decided from the number alone, before anybody is asked.
 */
import { countryOf } from "./calling-codes.ts";
import { parsePhoneNumber, type PhoneNumber } from "./phone-number.ts";

export type DiallingRefusal =
  | { readonly reason: "not_a_number" | "short_number" | "emergency_number" | "premium_number" | "own_number" }
  /** Satellite phones, international services: no country's numbering plan. */
  | { readonly reason: "no_country" }
  | { readonly reason: "country_not_allowed"; readonly country: string };

export interface DiallingRules {
  /** ISO 3166-1 alpha-2; a country that is not here is not called. */
  readonly countries: readonly string[];
  /** Of this organization, in all its environments: an agent that calls itself talks to itself, and pays twice. */
  readonly ownNumbers: readonly string[];
}

/** Why this number is not called; `undefined`: it may be. */
export function diallingRefusal(text: string, rules: DiallingRules): DiallingRefusal | undefined {
  const number = parsePhoneNumber(text);
  if (!number || STANDS_FOR_NOBODY.has(number)) return { reason: "not_a_number" };
  if (rules.ownNumbers.includes(number)) return { reason: "own_number" };
  if (isEmergency(number)) return { reason: "emergency_number" };
  if (isPremium(number)) return { reason: "premium_number" };
  const country = countryOf(number);
  if (country === undefined) return { reason: "no_country" };
  if (!isWholeNumber(number, country)) return { reason: "short_number" };
  return rules.countries.includes(country) ? undefined : { reason: "country_not_allowed", country };
}

/** For whoever asked for the call. Nothing in it says whose the number is. */
export function refusalSentence(refusal: DiallingRefusal, rules: Pick<DiallingRules, "countries">): string {
  switch (refusal.reason) {
    case "not_a_number":
      return "phoneNumber is not a phone number in E.164 form; legal: + and country code and number, without blanks, such as +14155550100";
    case "short_number":
      return "phoneNumber is not a whole number of its country, or a short code; legal: a subscriber's number, such as +14155550100";
    case "emergency_number":
      return "emergency and service numbers are never called by an agent; a person has to";
    case "premium_number":
      return "premium and shared-cost numbers are not called";
    case "no_country":
      return "phoneNumber belongs to no country (satellite or international service); such numbers are not called";
    case "own_number":
      return "phoneNumber is one of your own connected numbers: the agent would call itself";
    case "country_not_allowed": {
      const legal = rules.countries.length === 0 ? "none" : rules.countries.join(", ");
      return `calls to ${refusal.country} are not allowed here; allowed: ${legal}. Allow it with: struere calls policy --allow ${[...rules.countries, refusal.country].join(",")}`;
    }
    default:
      return refusal satisfies never;
  }
}

/** What stands in `From` when the network withholds a number (https://help.twilio.com/articles/223179988): nobody can be called back there. */
const STANDS_FOR_NOBODY: ReadonlySet<string> = new Set(["+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253"]);

/** N11 codes of +1 as an area code or an exchange, and 11x of Germany. 112, 999 and the like right behind a country code are too short to be numbers. */
function isEmergency(number: PhoneNumber): boolean {
  return /^\+1(?:\d{3})?[2-9]11/.test(number) || number.startsWith("+4911");
}

/** Digits after the country code, where a country has them fixed or nearly so; elsewhere 6 to 14. */
const NATIONAL_DIGITS: { readonly [country: string]: readonly [least: number, most: number] } = {
  AR: [10, 11],
  AU: [9, 9],
  BE: [8, 9],
  BR: [10, 11],
  CH: [9, 9],
  CL: [9, 9],
  CO: [10, 10],
  DE: [7, 11],
  DK: [8, 8],
  ES: [9, 9],
  FR: [9, 9],
  GB: [9, 10],
  IE: [8, 9],
  IN: [10, 10],
  JP: [9, 10],
  MX: [10, 10],
  NL: [9, 9],
  NO: [8, 8],
  PL: [9, 9],
  PT: [9, 9],
  SE: [7, 9],
};
const ANY_COUNTRY: readonly [number, number] = [6, 14];
/** A real subscriber's number has at least so many digits, country code included. */
const DIGITS_MIN = 8;

function isWholeNumber(number: PhoneNumber, country: string): boolean {
  // Area code and exchange begin with 2 to 9 (North American Numbering Plan).
  if (number.startsWith("+1")) return /^\+1[2-9]\d{2}[2-9]\d{6}$/.test(number);
  if (number.length - 1 < DIGITS_MIN) return false;
  const [least, most] = NATIONAL_DIGITS[country] ?? ANY_COUNTRY;
  const digits = number.length - 1 - codeLength(number);
  return digits >= least && digits <= most;
}

function codeLength(number: PhoneNumber): number {
  if (number.startsWith("+7")) return 1;
  return TWO_DIGIT_CODE.test(number) ? 2 : 3;
}

const TWO_DIGIT_CODE = /^\+(?:2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58])/;

/** Prefixes that cost whoever dials them (ITU-T E.164 shared and premium codes, and the national ones). */
const PREMIUM: readonly RegExp[] = [
  /^\+(?:808|870|878|881|882|883|888|979|991)/,
  /^\+1(?:900|976|5(?:00|2[1-9]|33|44|66|77|88)|700|710)|^\+1\d{3}976/,
  /^\+44(?:9|84|87|70|76)/,
  /^\+49(?:900|137|180|190|118)/,
  /^\+33(?:89|81|82)/,
  /^\+34(?:80[3-7]|90[1-79])/,
  /^\+39(?:89|16|17|199)/,
  /^\+41(?:90[016]|84)/,
  /^\+43(?:9[03]|8[12])/,
  /^\+31(?:90)/,
  /^\+32(?:90|70)/,
  /^\+46(?:9[04]|77)/,
  /^\+47(?:82)/,
  /^\+45(?:90)/,
  /^\+48(?:70)/,
  /^\+351(?:76[01]|70[78])/,
  /^\+358(?:600|700)/,
  /^\+(?:420|421|36|40|30|359|352|371|370|372|380|90)90/,
  /^\+61(?:190|13)/,
  /^\+81(?:990|570)/,
  /^\+52(?:900)/,
  /^\+55(?:900|300|500)/,
  /^\+56(?:600|700)/,
  /^\+57(?:901)/,
  /^\+54(?:600)/,
  /^\+60(?:600)/,
  /^\+7(?:809)/,
  /^\+972(?:1900)/,
];

function isPremium(number: PhoneNumber): boolean {
  return PREMIUM.some((prefix) => prefix.test(number));
}

export function isPremiumOrShort(number: PhoneNumber): boolean {
  return number.length - 1 < DIGITS_MIN || isPremium(number);
}
