/** The TwiML that we answer with (https://www.twilio.com/docs/voice/twiml). */
import { escapeXml } from "./xml.ts";

export const TWIML_CONTENT_TYPE = "text/xml; charset=utf-8";

/**
 * Joins the call to a media stream. When the stream ends, Twilio asks `actionUrl` what comes next. Whether it also does so when the
 * stream broke or never started is not documented: where it goes on with the next verb instead, that is `fallbackUrl`, so that no call
 * goes dead. An `actionUrl` that fails to answer leads to the number's own fallback URL.
 *
 * `streamUrl`: `wss://`, without a query string, which Twilio drops. `token` arrives in `start.customParameters.token`; name and value
 * together stay under 500 characters.
 */
export function connectStream(options: {
  readonly streamUrl: string;
  readonly token: string;
  readonly actionUrl: string;
  readonly streamStatusUrl: string;
  readonly fallbackUrl: string;
  /** Said first, in the account's default voice; absent or empty: nothing. */
  readonly sayFirst?: string;
}): string {
  const { streamUrl, token, actionUrl, streamStatusUrl, fallbackUrl, sayFirst } = options;
  return response(
    `${sayFirst ? `<Say>${escapeXml(sayFirst)}</Say>` : ""}<Connect action="${escapeXml(actionUrl)}" method="POST">` +
      `<Stream url="${escapeXml(streamUrl)}" statusCallback="${escapeXml(streamStatusUrl)}" statusCallbackMethod="POST">` +
      `<Parameter name="token" value="${escapeXml(token)}"/>` +
      `</Stream></Connect>` +
      `<Redirect method="POST">${escapeXml(fallbackUrl)}</Redirect>`,
  );
}

/** Says `text` in the account's default voice, then hangs up. */
export function sayAndHangUp(text: string): string {
  return response(`<Say>${escapeXml(text)}</Say><Hangup/>`);
}

/** The caller hears that the line is busy; the call is not answered, and Twilio does not bill it (https://www.twilio.com/docs/voice/twiml/reject). */
export function rejectAsBusy(): string {
  return response('<Reject reason="busy"/>');
}

export function hangUp(): string {
  return response("<Hangup/>");
}

const response = (verbs: string): string => `<?xml version="1.0" encoding="UTF-8"?><Response>${verbs}</Response>`;
