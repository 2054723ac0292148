/** The form fields that every voice request carries (twilio.com/docs/voice/twiml#request-parameters). */
import type { Params } from "./status-callbacks.ts";

export type CallStatus = "queued" | "initiated" | "ringing" | "in-progress" | "completed" | "busy" | "failed" | "no-answer" | "canceled";

export function isFinal(status: CallStatus): boolean {
  return status === "completed" || status === "busy" || status === "failed" || status === "no-answer" || status === "canceled";
}

type Facts = {
  readonly sid: string;
  readonly accountSid: string;
  readonly from: string;
  readonly to: string;
  readonly direction: string;
  readonly status: CallStatus;
  readonly parentCallSid: string | null;
};

export function voiceParams(call: Facts): Params {
  const inbound = call.direction === "inbound";
  return {
    AccountSid: call.accountSid,
    ApiVersion: "2010-04-01",
    CallSid: call.sid,
    CallStatus: call.status,
    Direction: call.direction,
    From: call.from,
    To: call.to,
    Caller: call.from,
    Called: call.to,
    ...place("From", call.from),
    ...place("Caller", call.from),
    ...place("To", call.to),
    ...place("Called", call.to),
    ...(inbound ? { StirVerstat: "TN-Validation-Passed-A", CallToken: `{"parentCallInfoToken":"${call.sid}=="}` } : {}),
    ...(call.parentCallSid === null ? {} : { ParentCallSid: call.parentCallSid }),
  };
}

/** Where a number is. Fields that Twilio does not know are sent empty, and are signed like the others. */
function place(side: string, number: string): Params {
  const isAmerican = /^\+1\d{10}$/.test(number);
  const isSanFrancisco = number.startsWith("+1415");
  return {
    [`${side}City`]: isSanFrancisco ? "SAN FRANCISCO" : "",
    [`${side}State`]: isSanFrancisco ? "CA" : "",
    [`${side}Zip`]: isSanFrancisco ? "94105" : "",
    [`${side}Country`]: isAmerican ? "US" : "",
  };
}

/** A date as Twilio writes it: RFC 2822 with a numeric zone. */
export function rfc2822(wallMs: number): string {
  return new Date(wallMs).toUTCString().replace("GMT", "+0000");
}
