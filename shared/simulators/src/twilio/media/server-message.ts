/** What a media server may send on a bidirectional stream (twilio.com/docs/voice/media-streams/websocket-messages), strictly read. */

export type ServerMessage =
  | { readonly kind: "media"; readonly audio: Buffer }
  | { readonly kind: "mark"; readonly name: string }
  | { readonly kind: "clear" }
  /** 31950: cannot be decoded. 31951: decoded, but not one of the above. */
  | { readonly kind: "refused"; readonly code: 31950 | 31951; readonly why: string };

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** Reads one text frame of the server. `streamSid` is the stream's own: another one is refused. */
export function parseServerMessage(text: string, streamSid: string): ServerMessage {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { kind: "refused", code: 31950, why: "is not JSON" };
  }
  if (!isRecord(value)) return invalid("is not an object");
  const { event, streamSid: sid, ...rest } = value;
  if (event !== "media" && event !== "mark" && event !== "clear") return invalid(`has an unknown event ${JSON.stringify(event)}`);
  if (sid !== streamSid) return invalid(`names the stream ${JSON.stringify(sid)} instead of ${streamSid}`);
  if (event === "clear") return hasOnly(rest) ? { kind: "clear" } : invalid("has unexpected fields");
  if (!hasOnly(rest, event)) return invalid(`must have event, streamSid and ${event}, and nothing else`);
  const body = rest[event];
  if (!isRecord(body)) return invalid(`has no object ${event}`);
  if (event === "mark") {
    const name = body["name"];
    if (!hasOnly(body, "name") || typeof name !== "string" || name === "") return invalid("has no mark.name");
    return { kind: "mark", name };
  }
  const payload = body["payload"];
  if (!hasOnly(body, "payload") || typeof payload !== "string") return invalid("has no media.payload");
  if (payload.length % 4 !== 0 || !BASE64.test(payload)) return { kind: "refused", code: 31950, why: "has a payload that is not base64" };
  return { kind: "media", audio: Buffer.from(payload, "base64") };
}

function invalid(why: string): ServerMessage {
  return { kind: "refused", code: 31951, why };
}

/** Whether the object has no other keys than these. */
function hasOnly(object: object, ...keys: readonly string[]): boolean {
  return Object.keys(object).every((key) => keys.includes(key));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
