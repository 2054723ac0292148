import { describe, expect, test } from "vitest";
import { countryOf, diallingRefusal, parsePhoneNumber, refusalSentence } from "../src/index.ts";

const RULES = { countries: ["US", "GB", "DE", "FR"], ownNumbers: ["+15550100200", "+4930123456"] };

const NOT_A_NUMBER = [
  "",
  " ",
  "+",
  "+1",
  "911",
  "112",
  "14155550100",
  "4155550100",
  "0014155550100",
  "+0014155550100",
  "++14155550100",
  "+1 415 555 0100",
  "+1-415-555-0100",
  "+1(415)5550100",
  "+1.415.555.0100",
  " +14155550100",
  "+14155550100 ",
  "+14155550100\n",
  "+14155550100\r\nTo: +19005550100",
  "+14155550100,,1234#",
  "+14155550100w1",
  "+14155550100x12",
  "+14155550100;ext=7",
  "+1415555010000000",
  "+1415CALLNOW",
  "tel:+14155550100",
  "sip:+14155550100@evil.example",
  "client:alice",
  "anonymous",
  "+٤١٥٥٥٥٠١٠٠",
  "＋14155550100",
  "+1\u0000415555010",
  "+14155550100&Url=https://evil.example",
  "+44999",
  "+1911",
  "null",
  "{{threadContext.params.callerNumber}}",
  // Stands for a number that was withheld.
  "+266696687",
  "+86282452253",
];

const REFUSED: readonly (readonly [string, string])[] = [
  ["+19115550100", "emergency_number"],
  ["+14115550100", "emergency_number"],
  ["+14159115010", "emergency_number"],
  ["+4911012345", "emergency_number"],
  ["+4411234", "short_number"],
  ["+44118118", "short_number"],
  ["+1415555", "short_number"],
  ["+11155550100", "short_number"],
  ["+14150550100", "short_number"],
  ["+141555501001", "short_number"],
  ["+33123456", "short_number"],
  ["+19005550100", "premium_number"],
  ["+14159760100", "premium_number"],
  ["+15005550100", "premium_number"],
  ["+449098790000", "premium_number"],
  ["+447012345678", "premium_number"],
  ["+448712345678", "premium_number"],
  ["+49900123456", "premium_number"],
  ["+491371234567", "premium_number"],
  ["+33899123456", "premium_number"],
  ["+88213456789", "premium_number"],
  ["+881612345678", "premium_number"],
  ["+979123456789", "premium_number"],
  ["+870773123456", "premium_number"],
  ["+80012345678", "no_country"],
  ["+21012345678", "no_country"],
  ["+99912345678", "no_country"],
  ["+18765550100", "country_not_allowed"],
  ["+18095550100", "country_not_allowed"],
  ["+14165550100", "country_not_allowed"],
  ["+5355501234", "country_not_allowed"],
  ["+25261234567", "country_not_allowed"],
  ["+37125551234", "country_not_allowed"],
  ["+9607712345", "country_not_allowed"],
  ["+77012345678", "country_not_allowed"],
  ["+85012345678", "country_not_allowed"],
  ["+15550100200", "own_number"],
  ["+4930123456", "own_number"],
];

describe("a number is not dialled when it is", () => {
  test.each(NOT_A_NUMBER)("%j: no E.164 number", (text) => {
    expect(diallingRefusal(text, RULES)).toEqual({ reason: "not_a_number" });
  });

  test.each(REFUSED)("%s: %s", (text, reason) => {
    expect(diallingRefusal(text, RULES)).toMatchObject({ reason });
  });
});

test.each(["+14155550100", "+442079460000", "+447911123456", "+4915112345678", "+33612345678"])(
  "%s is a subscriber's and may be called",
  (text) => {
    expect(diallingRefusal(text, RULES)).toBeUndefined();
  },
);

test("with no country allowed nobody can be called, and the sentence says how to allow one", () => {
  const nobody = { countries: [], ownNumbers: [] };
  const refusal = diallingRefusal("+14155550100", nobody);
  expect(refusal).toEqual({ reason: "country_not_allowed", country: "US" });
  expect(refusal && refusalSentence(refusal, nobody)).toBe(
    "calls to US are not allowed here; allowed: none. Allow it with: struere calls policy --allow US",
  );
});

test.each([
  ["+14155550100", "US"],
  ["+14165550100", "CA"],
  ["+18765550100", "JM"],
  ["+442079460000", "GB"],
  ["+35312345678", "IE"],
  ["+79161234567", "RU"],
  ["+77012345678", "KZ"],
  ["+85212345678", "HK"],
  ["+5511987654321", "BR"],
] as const)("%s is in %s", (text, country) => {
  const number = parsePhoneNumber(text);
  expect(number && countryOf(number)).toBe(country);
});
