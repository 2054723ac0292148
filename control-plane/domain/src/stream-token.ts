/**
 * The shape of a stream token: `<callId>.<epoch>.<expiresAtSeconds>.<signature>`. It travels in the TwiML's <Parameter> and opens one
 * call for one epoch. The first three parts stand in the call's row, so that a repeated webhook gives the same token; the signature is an
 * HMAC-SHA256 of them, made and checked where the secret is.
 */
import { type CallId, parseId } from "@struere/kernel";

export interface StreamGrant {
  readonly callId: CallId;
  /** The epoch that the claim will establish, from 1. */
  readonly epoch: number;
  readonly expiresAtSeconds: number;
}

export interface StreamToken extends StreamGrant {
  /** What the signature was made over. */
  readonly signedText: string;
  /** base64url, not checked here. */
  readonly signature: string;
}

const SHAPE = /^([a-z0-9_]{1,64})\.([1-9]\d{0,8})\.([1-9]\d{0,11})\.([A-Za-z0-9_-]{43})$/;

export function signedTextOf(grant: StreamGrant): string {
  return `${grant.callId}.${grant.epoch}.${grant.expiresAtSeconds}`;
}

export function parseStreamToken(text: string): StreamToken | undefined {
  const [, id = "", epoch = "", expires = "", signature = ""] = SHAPE.exec(text) ?? [];
  const callId = parseId("call", id);
  if (!callId) return undefined;
  const grant = { callId, epoch: Number(epoch), expiresAtSeconds: Number(expires) };
  return { ...grant, signedText: signedTextOf(grant), signature };
}

/** Twilio and the planes may disagree about the time by so much. */
export const CLOCK_SKEW_SECONDS = 60;

export function isExpired(grant: StreamGrant, wallMs: number): boolean {
  return wallMs > (grant.expiresAtSeconds + CLOCK_SKEW_SECONDS) * 1_000;
}
