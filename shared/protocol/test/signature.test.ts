import { validUpgradeSignature, validWebhookSignature } from "@struere/protocol/twilio";
import { getExpectedTwilioSignature } from "twilio/lib/webhooks/webhooks.js";
import { describe, expect, test } from "vitest";

const authToken = "12345";
const url = "https://mycompany.com/myapp.php?foo=1&bar=2";
const params = { CallSid: "CA1234567890ABCDE", Caller: "+14158675309", Digits: "1234", From: "+14158675309", To: "+18005551212" };
const signature = "RSOYDt4T1cUTdK1PDd93/VVr8B8=";

describe("a webhook's signature", () => {
  test("of Twilio's documentation is valid", () => {
    expect(validWebhookSignature({ authToken, signature, url, params })).toBe(true);
  });

  test("covers every field, empty and repeated ones too", () => {
    const odd = { ...params, FromCity: "", StatusCallbackEvent: ["ringing", "answered"] };
    const signed = getExpectedTwilioSignature(authToken, url, odd);
    expect(validWebhookSignature({ authToken, signature: signed, url, params: odd })).toBe(true);
    expect(validWebhookSignature({ authToken, signature: signed, url, params: { ...odd, FromCity: "x" } })).toBe(false);
  });

  test.each([
    ["another token", { authToken: "12346" }],
    ["no token", { authToken: "" }],
    ["no signature", { signature: undefined }],
    ["an empty signature", { signature: "" }],
    ["a signature of another length", { signature: "abc" }],
    ["another URL", { url: "https://mycompany.com/other" }],
    ["a URL that is none", { url: "/myapp.php" }],
    ["another field", { params: { ...params, Digits: "4321" } }],
  ])("is refused with %s, and nothing is thrown", (_what, change) => {
    expect(validWebhookSignature({ authToken, signature, url, params, ...change })).toBe(false);
  });

  test("made without a token is not valid without a token either", () => {
    const unsigned = getExpectedTwilioSignature("", url, params);
    expect(validWebhookSignature({ authToken: "", signature: unsigned, url, params })).toBe(false);
  });
});

describe("an upgrade's signature", () => {
  const stream = "wss://media.example.com/media";
  const sign = (signedUrl: string): string => getExpectedTwilioSignature(authToken, signedUrl, {});

  test("is valid with and without a trailing slash", () => {
    expect(validUpgradeSignature({ authToken, signature: sign(stream), url: stream })).toBe(true);
    expect(validUpgradeSignature({ authToken, signature: sign(`${stream}/`), url: stream })).toBe(true);
    expect(validUpgradeSignature({ authToken, signature: sign(stream), url: `${stream}/` })).toBe(true);
  });

  test("of the https URL or of another path is not", () => {
    expect(validUpgradeSignature({ authToken, signature: sign("https://media.example.com/media"), url: stream })).toBe(false);
    expect(validUpgradeSignature({ authToken, signature: sign(`${stream}/other`), url: stream })).toBe(false);
  });
});
