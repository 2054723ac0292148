/** Stream tokens: made for the TwiML, checked when a media node claims the call with one. Their shape is the domain's. */
import { createHmac, timingSafeEqual } from "node:crypto";
import { isExpired, parseStreamToken, signedTextOf, type StreamGrant } from "@struere/domain";
import { Fault } from "@struere/kernel";

export function makeStreamToken(secret: string, grant: StreamGrant): string {
  return `${signedTextOf(grant)}.${signatureOf(secret, signedTextOf(grant))}`;
}

/** @throws Fault unauthenticated when the token is none of ours, was changed, or is too old. */
export function openStreamToken(secret: string, text: string, wallMs: number): StreamGrant {
  const token = parseStreamToken(text);
  const expected = token && Buffer.from(signatureOf(secret, token.signedText));
  const given = token && Buffer.from(token.signature);
  if (!token || !expected || !given || expected.length !== given.length || !timingSafeEqual(expected, given)) {
    throw new Fault("unauthenticated", "the stream token is not one that this control plane made");
  }
  if (isExpired(token, wallMs)) throw new Fault("unauthenticated", "the stream token has expired");
  return { callId: token.callId, epoch: token.epoch, expiresAtSeconds: token.expiresAtSeconds };
}

function signatureOf(secret: string, text: string): string {
  return createHmac("sha256", secret).update("stream-token\n").update(text).digest("base64url");
}
