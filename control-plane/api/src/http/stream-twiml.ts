/** The TwiML that joins a call to the media node that was picked for it. */
import { assert } from "@struere/kernel";
import { connectStream } from "@struere/protocol/twilio";
import type { Call } from "@struere/store";
import { makeStreamToken } from "../grants.ts";
import type { Addresses } from "./addresses.ts";

export interface StreamTwiml {
  readonly addresses: Addresses;
  readonly gatewaySecret: string;
}

/**
 * The token is the first grant, whatever has happened since: a webhook that comes twice gets the same words twice, and the token works once.
 * @param nodeUrl origin of the node; empty: nodes stand behind one address.
 */
export function streamTwiml({ addresses, gatewaySecret }: StreamTwiml, call: Call, nodeUrl: string): string {
  assert(call.grant_expires_at, "a call with a configuration has a grant");
  const expiresAtSeconds = Math.floor(call.grant_expires_at.getTime() / 1_000);
  return connectStream({
    streamUrl: addresses.stream(nodeUrl),
    token: makeStreamToken(gatewaySecret, { callId: call.id, epoch: 1, expiresAtSeconds }),
    actionUrl: addresses.webhook("connectAction"),
    streamStatusUrl: addresses.webhook("streamStatus"),
    fallbackUrl: addresses.webhook("fallback"),
    // Before there is a stream there is no recording: nobody is recorded who was not told.
    sayFirst: call.config?.recording?.consentText ?? "",
  });
}
