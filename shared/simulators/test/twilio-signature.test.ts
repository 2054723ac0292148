import { validUpgradeSignature, validWebhookSignature } from "@struere/protocol/twilio";
import fc from "fast-check";
import { expect, test } from "vitest";
import { signedUrl, signUpgrade, signWebhook } from "../src/index.ts";

const token = fc.stringMatching(/^[0-9a-f]{32}$/);
const params = fc.dictionary(
  fc.stringMatching(/^[A-Za-z][A-Za-z0-9_]{0,12}$/),
  fc.oneof(fc.string({ unit: "grapheme" }), fc.array(fc.string(), { minLength: 1, maxLength: 3 })),
  { noNullPrototype: true },
);
const url = fc.webUrl({ withQueryParameters: true, validSchemes: ["http", "https"] });

test("the example of the documentation has the documentation's signature", () => {
  const params = { CallSid: "CA1234567890ABCDE", Caller: "+14158675309", Digits: "1234", From: "+14158675309", To: "+18005551212" };
  expect(signWebhook({ authToken: "12345", url: "https://mycompany.com/myapp.php?foo=1&bar=2", params })).toBe(
    "RSOYDt4T1cUTdK1PDd93/VVr8B8=",
  );
});

test("Twilio's own validator accepts every signature that the simulator makes", () => {
  fc.assert(
    fc.property(token, url, params, (authToken, url, params) => {
      const signature = signWebhook({ authToken, url, params });
      expect(validWebhookSignature({ authToken, signature, url, params })).toBe(true);
    }),
  );
});

test("one changed byte of token, URL, field or signature is refused", () => {
  fc.assert(
    fc.property(token, url, params, fc.integer({ min: 0, max: 3 }), (authToken, url, params, which) => {
      const signature = signWebhook({ authToken, url, params });
      const forged = {
        authToken: which === 0 ? flip(authToken) : authToken,
        signature: which === 1 ? flip(signature) : signature,
        url: which === 2 ? `${url}x` : url,
        params: which === 3 ? { ...params, Extra: "1" } : params,
      };
      expect(validWebhookSignature(forged)).toBe(false);
    }),
  );
});

test("upgrades are accepted with and without a trailing slash, and for no other path or token", () => {
  const authToken = "0123456789abcdef0123456789abcdef";
  const url = "wss://media.example.com/media";
  for (const signed of [url, `${url}/`]) {
    const signature = signUpgrade({ authToken, url: signed });
    expect(validUpgradeSignature({ authToken, signature, url })).toBe(true);
    expect(validUpgradeSignature({ authToken, signature, url: "wss://media.example.com/other" })).toBe(false);
    expect(validUpgradeSignature({ authToken: flip(authToken), signature, url })).toBe(false);
  }
});

test("user and fragment are not signed; the port is dropped over https and kept over http", () => {
  expect(signedUrl("https://user:secret@voice.example.com:8443/a?b=1#rc=2")).toBe("https://voice.example.com/a?b=1");
  expect(signedUrl("http://voice.example.com:8080/a#x")).toBe("http://voice.example.com:8080/a");
});

function flip(text: string): string {
  return (text.startsWith("a") ? "b" : "a") + text.slice(1);
}
