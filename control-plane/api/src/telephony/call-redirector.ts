/** Live calls taken away from their media stream, over Twilio's REST API, with the environment's own credentials. */
import { Fault } from "@struere/kernel";
import { type Db, type KeyRing, openCredentials } from "@struere/store";
import type { CallRedirector } from "../tools/tool-request.ts";
import { twilioAccount } from "./twilio-account.ts";

export interface CallRedirectorOptions {
  readonly db: Db;
  readonly keyRing: KeyRing;
  /** `null`: the vendor's own. */
  readonly apiBaseUrl: string | null;
  /** TWILIO_AUTH_TOKEN of an installation with one account. */
  readonly fallbackAuthToken: string | null;
}

export function callRedirector({ db, keyRing, apiBaseUrl, fallbackAuthToken }: CallRedirectorOptions): CallRedirector {
  return {
    async redirect(scope, { accountSid, callSid, twiml }) {
      const credentials = await openCredentials(db, keyRing, scope);
      const authToken = credentials?.accountSid === accountSid ? credentials.authToken : fallbackAuthToken;
      if (!authToken) throw new Fault("failed_precondition", `there is no auth token of account ${accountSid} to redirect the call with`);
      await twilioAccount({ accountSid, authToken, apiBaseUrl }).redirectCall(callSid, twiml);
    },
  };
}
