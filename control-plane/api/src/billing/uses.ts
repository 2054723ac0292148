/** Rows and messages as things that were used. The same use has the same key, whichever way it comes. */
import { createHash } from "node:crypto";
import {
  type CarrierTimes,
  GRANT_TTL_MS,
  priceMediaStream,
  priceTelephony,
  priceTokens,
  type TokensUsed,
  unreportedSeconds,
} from "@struere/domain";
import { type CallId, ok } from "@struere/kernel";
import type { CallToBill, CallUsage, UnbilledCarrier, UnbilledText, UnbilledTransfer, UsageToRecord } from "@struere/store";
import { storable } from "@struere/store";
import type { Use } from "./bill-uses.ts";

/** A call's usage as the bus has it. */
export function useOfMessage(call: CallToBill & { readonly rate_card_version: string }, message: UsageToRecord): Use {
  return callUse(call, {
    usageId: storable(message.usageId),
    source: message.source,
    model: storable(message.model),
    estimated: message.estimated,
    at: new Date(message.at),
    tokens: { ...message, seconds: message.seconds ?? null },
  });
}

/** The same as the record has it. */
export function useOfRow(call: CallToBill & { readonly rate_card_version: string }, row: CallUsage): Use {
  return callUse(call, {
    usageId: row.usage_id,
    source: row.source,
    model: row.model,
    estimated: row.estimated,
    at: row.at,
    tokens: tokensOfRow(row),
  });
}

export function tokensOfRow(row: CallUsage): TokensUsed {
  return {
    inputTextTokens: row.input_text_tokens,
    inputAudioTokens: row.input_audio_tokens,
    cachedTextTokens: row.cached_text_tokens,
    cachedAudioTokens: row.cached_audio_tokens,
    outputTextTokens: row.output_text_tokens,
    outputAudioTokens: row.output_audio_tokens,
    seconds: row.seconds,
  };
}

export function useOfText(row: UnbilledText, cardNow: string): Use {
  const { model } = row;
  const tokens: TokensUsed = {
    inputTextTokens: row.input_tokens,
    cachedTextTokens: row.cached_input_tokens,
    cacheWriteTokens: row.cache_write_tokens,
    // What a model thinks is output like any other.
    outputTextTokens: row.output_tokens,
    inputAudioTokens: 0,
    cachedAudioTokens: 0,
    outputAudioTokens: 0,
    seconds: null,
  };
  return {
    key: textKey(row.response_id),
    scope: scopeOf(row),
    callId: row.call_id,
    threadId: row.thread_id,
    source: row.by_auditor ? "audit" : row.purpose,
    ...(row.request_id === null ? {} : { requestId: row.request_id }),
    ...(row.api_key_id === null ? {} : { keyId: row.api_key_id }),
    model,
    rateCardVersion: row.call_rate_card_version ?? cardNow,
    estimated: row.estimated,
    occurredAt: row.at,
    price: (card) => priceTokens(card, model, tokens),
  };
}

/** Without the carrier's word the call is as long as we saw it, and the charge an estimate. */
export function useOfCarrier(row: UnbilledCarrier): Use {
  const { direction, to_number: called, carrier_duration_s: counted } = row;
  const seconds = counted ?? unreportedSeconds(timesOf(row));
  return {
    key: carrierKey(row.id),
    scope: scopeOf(row),
    callId: row.id,
    threadId: row.thread_id,
    source: "telephony",
    model: null,
    rateCardVersion: row.rate_card_version,
    estimated: counted === null,
    occurredAt: row.ended_at ?? row.created_at,
    // Who was turned away with a busy line costs nothing, and may be a thousand at once.
    ...(counted === 0 ? { ifPriced: true } : {}),
    price: (card) => priceTelephony(card, { direction, called, seconds }),
  };
}

function timesOf(row: UnbilledCarrier): CarrierTimes {
  return {
    direction: row.direction,
    reason: row.reason,
    carrierStatus: row.carrier_status,
    // The grant was given in that moment.
    connectedAt: row.grant_expires_at === null ? null : row.grant_expires_at.getTime() - GRANT_TTL_MS,
    answeredAt: row.answered_at?.getTime() ?? null,
    endedAt: row.ended_at?.getTime() ?? null,
    durationMs: row.duration_ms,
  };
}

/** For as long as the stream was open, as its nodes saw it: the carrier says of no call how long that was. */
export function useOfMediaStream(row: UnbilledCarrier): Use {
  const seconds = row.answered_at === null ? 0 : Math.ceil((row.duration_ms ?? 0) / 1_000);
  return {
    ...useOfCarrier(row),
    key: streamKey(row.id),
    source: "media_stream",
    estimated: false,
    ifPriced: true,
    price: (card) => ok(priceMediaStream(card, seconds)),
  };
}

/** Of a leg that Twilio said nothing about: it can have begun when it was asked for, and was over with its call. */
export function useOfTransfer(row: UnbilledTransfer): Use {
  const { call_id: callId, to_number: called, asked_at: askedAt, carrier_ended_at: endedAt, leg_duration_s: counted } = row;
  const seconds = counted ?? (endedAt === null ? 60 : Math.max(0, Math.ceil((endedAt.getTime() - askedAt.getTime()) / 1_000)));
  return {
    key: transferKey(callId),
    scope: scopeOf(row),
    callId,
    threadId: null,
    source: "transfer",
    model: null,
    rateCardVersion: row.rate_card_version,
    estimated: counted === null,
    occurredAt: endedAt ?? askedAt,
    price: (card) => priceTelephony(card, { direction: "outbound", called, seconds }),
  };
}

export const usageKey = (callId: CallId, usageId: string): string => short(`usage:${callId}:${usageId}`);
export const textKey = (responseId: string): string => short(`text:${responseId}`);
export const carrierKey = (callId: CallId): string => `telephony:${callId}`;
export const streamKey = (callId: CallId): string => `media_stream:${callId}`;
export const transferKey = (callId: CallId): string => `transfer:${callId}`;

function callUse(
  call: CallToBill & { readonly rate_card_version: string },
  used: {
    readonly usageId: string;
    readonly source: "response" | "transcription";
    readonly model: string;
    readonly estimated: boolean;
    readonly at: Date;
    readonly tokens: TokensUsed;
  },
): Use {
  const { usageId, source, model, estimated, at, tokens } = used;
  return {
    key: usageKey(call.id, usageId),
    scope: scopeOf(call),
    callId: call.id,
    threadId: null,
    source,
    model,
    rateCardVersion: call.rate_card_version,
    estimated,
    occurredAt: at,
    price: (card) => priceTokens(card, model, tokens),
  };
}

function scopeOf(row: { readonly organization_id: Use["scope"]["organizationId"]; readonly environment: Use["scope"]["environment"] }) {
  return { organizationId: row.organization_id, environment: row.environment };
}

/** Vendors may give ids of any length; keys have a bound. */
function short(key: string): string {
  return key.length <= KEY_MAX ? key : `${key.slice(0, 100)}:${createHash("sha256").update(key).digest("hex")}`;
}
const KEY_MAX = 250;
