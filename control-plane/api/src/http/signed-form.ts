/**
 * A form of Twilio's, let in: its signature is checked against the configured public URL with an auth token of the account that it
 * names, before anything in it is believed (https://www.twilio.com/docs/usage/security).
 */
import { Fault } from "@struere/kernel";
import { type FormParams, validWebhookSignature } from "@struere/protocol/twilio";
import { type Db, type KeyRing, openCredentialsOfAccount, type Scope } from "@struere/store";
import { textOf } from "./form.ts";

/** It names an account and carries something like a signature: worth a question to the database. */
export interface FormToCheck {
  readonly url: string;
  readonly params: FormParams;
  readonly accountSid: string;
  readonly signature: string;
}

export interface SignedForm {
  readonly params: FormParams;
  readonly accountSid: string;
  /** Environments whose token signed it; empty when only the installation's fallback token did. */
  readonly scopes: readonly Scope[];
}

export interface FormChecker {
  readonly db: Db;
  readonly keyRing: KeyRing;
  /** TWILIO_AUTH_TOKEN of an installation with one account. */
  readonly fallbackAuthToken: string | null;
}

/** base64 of an HMAC-SHA1. */
const SIGNATURE = /^[A-Za-z0-9+/]{27}=$/;
const ACCOUNT_SID = /^AC[0-9a-fA-F]{32}$/;

/** @throws Fault permission_denied, which says nothing about why. */
export function formToCheck(request: { readonly url: string; readonly params: FormParams; readonly signature: unknown }): FormToCheck {
  const accountSid = textOf(request.params, "AccountSid") ?? "";
  const { url, params, signature } = request;
  if (!ACCOUNT_SID.test(accountSid) || typeof signature !== "string" || !SIGNATURE.test(signature)) throw notTwilio();
  return { url, params, accountSid, signature };
}

/** @throws Fault permission_denied, which says nothing about why. */
export async function checkSignedForm({ db, keyRing, fallbackAuthToken }: FormChecker, form: FormToCheck): Promise<SignedForm> {
  const { params, accountSid } = form;
  const candidates = await openCredentialsOfAccount(db, keyRing, accountSid);
  const scopes = candidates.filter(({ authToken }) => validWebhookSignature({ ...form, authToken })).map(({ scope }) => scope);
  const byFallback = scopes.length === 0 && fallbackAuthToken !== null && validWebhookSignature({ ...form, authToken: fallbackAuthToken });
  if (scopes.length === 0 && !byFallback) throw notTwilio();
  return { params, accountSid, scopes };
}

function notTwilio(): Fault {
  return new Fault("permission_denied", "this request does not carry a signature of the account that it names");
}
