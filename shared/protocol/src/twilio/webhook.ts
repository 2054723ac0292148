/**
 * The forms that Twilio posts (https://www.twilio.com/docs/voice/twiml#request-parameters and
 * https://www.twilio.com/docs/voice/api/call-resource#statuscallback): `application/x-www-form-urlencoded`, Twilio's names, all values
 * strings. Here they get our names and types. Extra fields are let through, empty ones count as absent.
 *
 * Parse after the signature is checked, and check the signature over the raw fields, empty and unknown ones included.
 */
import { z } from "zod";

const Sid = z.string().min(1).max(64);
const Text = z
  .string()
  .optional()
  .transform((value) => value || null);
const Count = z
  .string()
  .optional()
  .transform((value) => (value !== undefined && /^\d{1,15}$/.test(value) ? Number(value) : null));

const CALL_STATUSES = ["queued", "initiated", "ringing", "in-progress", "completed", "busy", "failed", "no-answer", "canceled"] as const;

/** Twilio's words for the state of a call; `unknown` for one that it may add. */
export type CallStatus = (typeof CALL_STATUSES)[number] | "unknown";

const Status = z
  .string()
  .optional()
  .transform((value): CallStatus => CALL_STATUSES.find((known) => known === value) ?? "unknown");

/** A call with one of these is over and changes no more. */
export function isTerminalStatus(status: CallStatus): boolean {
  return ["completed", "busy", "failed", "no-answer", "canceled"].includes(status);
}

const Direction = z
  .string()
  .optional()
  .transform((value): "inbound" | "outbound" => (value?.startsWith("outbound") ? "outbound" : "inbound"));

const call = {
  CallSid: Sid,
  AccountSid: Sid,
  /** A number in E.164, `client:…`, `sip:…`, or what the network gave instead; see `callerNumber`. */
  From: z
    .string()
    .optional()
    .transform((value) => value || "anonymous"),
  To: z.string().default(""),
  CallStatus: Status,
  Direction,
};

type Call = z.output<z.ZodObject<typeof call>>;

const ours = (form: Call) => ({
  callSid: form.CallSid,
  accountSid: form.AccountSid,
  from: form.From,
  to: form.To,
  callStatus: form.CallStatus,
  direction: form.Direction,
});

/** A call asks what shall happen: the number's voice URL, the `Url` of an outbound call, or a fallback URL (then with `errorCode`). */
export const VoiceWebhook = z
  .object({
    ...call,
    ParentCallSid: Text,
    ForwardedFrom: Text,
    CallerName: Text,
    StirVerstat: Text,
    AnsweredBy: Text,
    ErrorCode: Text,
    ErrorUrl: Text,
  })
  .transform((form) => ({
    ...ours(form),
    parentCallSid: form.ParentCallSid,
    forwardedFrom: form.ForwardedFrom,
    callerName: form.CallerName,
    stirVerstat: form.StirVerstat,
    answeredBy: form.AnsweredBy,
    errorCode: form.ErrorCode,
    errorUrl: form.ErrorUrl,
  }));
export type VoiceWebhook = z.output<typeof VoiceWebhook>;

/** A call has changed its state. Comes in any order and more than once: order by `sequenceNumber`, and let terminal states stick. */
export const StatusWebhook = z
  .object({
    ...call,
    SequenceNumber: Count,
    CallDuration: Count,
    Timestamp: Text,
    AnsweredBy: Text,
    SipResponseCode: Count,
    ErrorCode: Text,
  })
  .transform((form) => ({
    ...ours(form),
    /** From 0 within one call; null when Twilio did not say. */
    sequenceNumber: form.SequenceNumber,
    /** Seconds; only with `completed`. */
    callDurationS: form.CallDuration,
    timestamp: form.Timestamp,
    answeredBy: form.AnsweredBy,
    sipResponseCode: form.SipResponseCode,
    errorCode: form.ErrorCode,
  }));
export type StatusWebhook = z.output<typeof StatusWebhook>;

/** Answering machine detection has come to a word: human, machine_start, machine_end_beep, fax, unknown … Twilio adds words. */
export const AnsweredByWebhook = z
  .object({ CallSid: Sid, AccountSid: Sid, AnsweredBy: z.string().max(64).default("unknown"), MachineDetectionDuration: Count })
  .transform((form) => ({
    callSid: form.CallSid,
    accountSid: form.AccountSid,
    answeredBy: form.AnsweredBy,
    detectionMs: form.MachineDetectionDuration,
  }));
export type AnsweredByWebhook = z.output<typeof AnsweredByWebhook>;

const STREAM_EVENTS = ["stream-started", "stream-stopped", "stream-error"] as const;

/** News about a media stream; informational only. */
export const StreamStatusWebhook = z
  .object({
    CallSid: Sid,
    AccountSid: Sid,
    StreamSid: Sid,
    StreamName: Text,
    StreamEvent: z
      .string()
      .optional()
      .transform((value) => STREAM_EVENTS.find((known) => known === value) ?? ("unknown" as const)),
    StreamError: Text,
    /** ISO 8601 with nanoseconds: text, because `Date` reads milliseconds. */
    Timestamp: Text,
  })
  .transform((form) => ({
    callSid: form.CallSid,
    accountSid: form.AccountSid,
    streamSid: form.StreamSid,
    streamName: form.StreamName,
    streamEvent: form.StreamEvent,
    streamError: form.StreamError,
    timestamp: form.Timestamp,
  }));
export type StreamStatusWebhook = z.output<typeof StreamStatusWebhook>;

/** `<Connect>` is over and Twilio asks what comes next. Which fields `<Stream>` adds is not documented, so none is needed. */
export const ConnectActionWebhook = z
  .object({ ...call, StreamSid: Text, StreamEvent: Text, StreamError: Text })
  .transform((form) => ({ ...ours(form), streamSid: form.StreamSid, streamEvent: form.StreamEvent, streamError: form.StreamError }));
export type ConnectActionWebhook = z.output<typeof ConnectActionWebhook>;

/** Numbers that stand for "no number": https://help.twilio.com/articles/223179988 */
const WITHHELD = new Set(["+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253"]);

/** The caller's number in E.164, or null when it was withheld or the caller is not a telephone. */
export function callerNumber(from: string): string | null {
  return /^\+[1-9]\d{6,14}$/.test(from) && !WITHHELD.has(from) ? from : null;
}
