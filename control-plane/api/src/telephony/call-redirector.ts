/** Live calls taken away from their media stream, over Twilio's REST API, with the environment's own credentials. */
import type { CallRedirector } from "../tools/tool-request.ts";
import type { AccountOpener } from "./account-opener.ts";

export function callRedirector({ open }: AccountOpener): CallRedirector {
  return {
    async redirect(scope, { accountSid, callSid, twiml }) {
      const { account } = await open(scope, { accountSid });
      await account.redirectCall(callSid, twiml);
    },
  };
}
