/**
 * X-Twilio-Signature, written from the documentation and from nothing else (twilio.com/docs/usage/security), so that the
 * product's check, which uses the vendor's package, is held against a second reading of the same text.
 */
import { createHmac } from "node:crypto";

/** Form fields in the order they are sent; a field that is repeated has several values. */
export type Form = Readonly<Record<string, string | readonly string[]>>;

/**
 * The signature of a webhook: base64(HMAC-SHA1(authToken, url + name1 + value1 + name2 + value2 ...)), names sorted by their code
 * units, the values of a repeated field without duplicates and sorted. `url` is the whole URL as it was configured, without user and
 * fragment; for a GET the fields are already in its query and `params` is empty.
 */
export function signWebhook(options: { readonly authToken: string; readonly url: string; readonly params: Form }): string {
  let text = options.url;
  for (const name of Object.keys(options.params).sort()) {
    const value = options.params[name] ?? "";
    const values = typeof value === "string" ? [value] : [...new Set(value)].sort();
    for (const each of values) text += name + each;
  }
  return createHmac("sha1", options.authToken).update(text, "utf8").digest("base64");
}

/** The signature of a WebSocket upgrade: the `wss://` URL as it stands in the TwiML, and no parameters. */
export function signUpgrade(options: { readonly authToken: string; readonly url: string }): string {
  return signWebhook({ ...options, params: {} });
}

/** The URL that is signed: no user, no fragment; over https the port is dropped, over http it stays. */
export function signedUrl(url: string): string {
  const match = /^([a-z][a-z0-9+.-]*:\/\/)(?:[^/?#@]*@)?([^/?#]*)([^#]*)/i.exec(url);
  if (match === null) return url;
  const [, scheme = "", authority = "", rest = ""] = match;
  const host = scheme.toLowerCase() === "https://" ? authority.replace(/:\d+$/, "") : authority;
  return scheme + host + rest;
}
