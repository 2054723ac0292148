/** TwiML that takes the caller to a person (https://www.twilio.com/docs/voice/twiml/dial). */

/** The other phone rings so long. */
const RING_SECONDS = 25;

/** `phoneNumber`: E.164. When the other leg is over, or never came to be, Twilio asks `actionUrl` with `DialCallStatus`. */
export function dialPerson(options: { readonly phoneNumber: string; readonly callerId: string; readonly actionUrl: string }): string {
  const callerId = /^\+\d{7,15}$/.test(options.callerId) ? ` callerId="${options.callerId}"` : "";
  return (
    `<?xml version="1.0" encoding="UTF-8"?><Response>` +
    `<Dial answerOnBridge="true" timeout="${RING_SECONDS}"${callerId} action="${escaped(options.actionUrl)}" method="POST">` +
    `<Number>${escaped(options.phoneNumber)}</Number></Dial></Response>`
  );
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
