/**
 * The messages of a Twilio media stream, both ways: JSON in text frames
 * (https://www.twilio.com/docs/voice/media-streams/websocket-messages).
 *
 * Numbers arrive as strings and become numbers here. Unknown keys and unknown events are let through, because Twilio adds some
 * without notice; a known event that lacks what it is for is a fault.
 */
import { Fault } from "@struere/kernel";
import { z } from "zod";
import { sentenceOf } from "../zod-sentence.ts";

export type TwilioMessage =
  /** First of all; says nothing about the call yet. */
  | { readonly type: "connected" }
  /** Once, after `connected`. The audio is mu-law, 8000 Hz, one channel: anything else is refused. */
  | {
      readonly type: "start";
      readonly streamSid: string;
      readonly callSid: string;
      readonly accountSid: string;
      /** What the TwiML's `<Parameter>`s said; empty when there were none. */
      readonly customParameters: { readonly [name: string]: string };
      readonly sequenceNumber: number;
    }
  /** Usually 20 ms of the caller's audio. `timestampMs` counts from the start of the stream, and does not start at 0. */
  | {
      readonly type: "media";
      readonly streamSid: string;
      readonly track: string;
      readonly chunk: number;
      readonly timestampMs: number;
      /** base64 of raw mu-law, never empty. */
      readonly payload: string;
      readonly sequenceNumber: number;
    }
  /** All that was sent before this mark has been played, or was dropped by a `clear`. */
  | { readonly type: "mark"; readonly streamSid: string; readonly name: string }
  /** The caller pressed a key: one of 0-9, *, #, A-D. */
  | { readonly type: "dtmf"; readonly streamSid: string; readonly digit: string }
  /** The stream has stopped or the call has ended. Not always sent. */
  | { readonly type: "stop"; readonly streamSid: string; readonly callSid: string }
  /** An event that we do not know: ignore it. */
  | { readonly type: "unknown"; readonly event: string };

const Sid = z.string().min(1).max(64);
const Count = z.union([
  z.number().int().nonnegative(),
  z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number),
]);

const MESSAGES = {
  connected: z.object({}).transform((): TwilioMessage => ({ type: "connected" })),
  start: z
    .object({
      sequenceNumber: Count.default(1),
      start: z.object({
        streamSid: Sid,
        callSid: Sid,
        accountSid: Sid,
        mediaFormat: z.object({
          encoding: z.literal("audio/x-mulaw"),
          sampleRate: z.union([z.literal(8000), z.literal("8000")]),
          channels: z.union([z.literal(1), z.literal("1")]),
        }),
        customParameters: z.record(z.string(), z.string()).default({}),
      }),
    })
    .transform(({ sequenceNumber, start }): TwilioMessage => {
      const { streamSid, callSid, accountSid, customParameters } = start;
      return { type: "start", streamSid, callSid, accountSid, customParameters, sequenceNumber };
    }),
  media: z
    .object({
      streamSid: Sid,
      sequenceNumber: Count,
      media: z.object({ track: z.string().default("inbound"), chunk: Count, timestamp: Count, payload: z.string().min(1) }),
    })
    .transform(({ streamSid, sequenceNumber, media }): TwilioMessage => {
      const { track, chunk, timestamp, payload } = media;
      return { type: "media", streamSid, track, chunk, timestampMs: timestamp, payload, sequenceNumber };
    }),
  mark: z
    .object({ streamSid: Sid, mark: z.object({ name: z.string() }) })
    .transform(({ streamSid, mark }): TwilioMessage => ({ type: "mark", streamSid, name: mark.name })),
  dtmf: z
    .object({ streamSid: Sid, dtmf: z.object({ digit: z.string().regex(/^[0-9*#A-D]$/) }) })
    .transform(({ streamSid, dtmf }): TwilioMessage => ({ type: "dtmf", streamSid, digit: dtmf.digit })),
  stop: z
    .object({ streamSid: Sid, stop: z.object({ callSid: Sid }) })
    .transform(({ streamSid, stop }): TwilioMessage => ({ type: "stop", streamSid, callSid: stop.callSid })),
} as const;

const Envelope = z.object({ event: z.string() });

/**
 * One text frame from Twilio.
 * @throws Fault invalid_argument when it is not JSON, has no `event`, or is a known event without what it is for.
 */
export function parseTwilioMessage(text: string): TwilioMessage {
  const json = readJson(text);
  const envelope = Envelope.safeParse(json);
  if (!envelope.success) throw malformed("Twilio message", envelope.error);
  const { event } = envelope.data;
  if (!isKnown(event)) return { type: "unknown", event };
  const message = MESSAGES[event].safeParse(json);
  if (!message.success) throw malformed(`Twilio "${event}" message`, message.error);
  return message.data;
}

const isKnown = (event: string): event is keyof typeof MESSAGES => Object.hasOwn(MESSAGES, event);

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Fault("invalid_argument", "Twilio message: not JSON", { cause });
  }
}

function malformed(what: string, error: z.ZodError): Fault {
  return new Fault("invalid_argument", `${what}: ${sentenceOf(error)}`, { cause: error });
}

/** Audio for the caller, as the text of a frame. `payloadBase64`: raw mu-law, any length, played in order. */
export function mediaMessage(streamSid: string, payloadBase64: string): string {
  return JSON.stringify({ event: "media", streamSid, media: { payload: payloadBase64 } });
}

/** Comes back with the same name when all audio before it has been played or dropped. `name` is not empty. */
export function markMessage(streamSid: string, name: string): string {
  return JSON.stringify({ event: "mark", streamSid, mark: { name } });
}

/** Drops what waits for play-out; Twilio sends all outstanding marks back at once. */
export function clearMessage(streamSid: string): string {
  return JSON.stringify({ event: "clear", streamSid });
}
