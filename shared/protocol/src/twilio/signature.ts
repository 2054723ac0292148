/**
 * X-Twilio-Signature (https://www.twilio.com/docs/usage/security), by Twilio's own validator. The URL is the configured public one,
 * never one put together from request headers, which anybody can write.
 */
import { validateRequest } from "twilio/lib/webhooks/webhooks.js";

/** The fields of a form as they came: every one, empty ones too; a field that came more than once as an array. */
export type FormParams = { readonly [name: string]: string | readonly string[] };

/** Whether `signature` is what the holder of `authToken` writes for this URL and form. Never throws; no token or no signature is no. */
export function validWebhookSignature(options: {
  readonly authToken: string;
  readonly signature: string | undefined;
  readonly url: string;
  readonly params: FormParams;
}): boolean {
  const { authToken, signature, url, params } = options;
  // An empty key would make a signature that anybody can compute.
  if (!authToken || !signature) return false;
  try {
    return validateRequest(authToken, signature, url, { ...params });
  } catch {
    // The validator throws on a URL that is none: nobody can have signed that.
    return false;
  }
}

/**
 * The same for the upgrade of a media stream: `url` is the `wss://` one of the TwiML. Twilio signs it with or without a trailing slash
 * (https://www.twilio.com/docs/usage/security, "append a trailing /"), so both count.
 */
export function validUpgradeSignature(options: {
  readonly authToken: string;
  readonly signature: string | undefined;
  readonly url: string;
}): boolean {
  const { url } = options;
  const other = url.endsWith("/") ? url.slice(0, -1) : `${url}/`;
  return [url, other].some((candidate) => validWebhookSignature({ ...options, url: candidate, params: {} }));
}
