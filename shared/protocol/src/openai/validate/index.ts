/**
 * The vendor's judgement of a client event, by hand: what the installed package's types can not say (ranges, integers, lengths, a mu-law
 * format without rate) and what they say too, at run time. For tests and for the simulated vendor; nothing on the way of a real call.
 *
 * Facts: https://platform.openai.com/docs/api-reference/realtime-client-events and the types of the `openai` package.
 */
import { type Check, type ClientEventProblem, integer, object, oneOf, oneOfKinds, string } from "./check.ts";
import { base64, item, itemOrReference } from "./item.ts";
import { responseParams, session } from "./session.ts";

export type { ClientEventProblem } from "./check.ts";

const eventId = { event_id: string({ max: 512 }) };
const itemId = string({ min: 1 });

/** WebRTC and SIP only: on a WebSocket there is no such buffer. */
const notOnWebSocket: Check = (_value, path) => [
  { code: "invalid_event", param: path, message: "output_audio_buffer.clear is only available over WebRTC and SIP." },
];

function event(type: string, required = {}, optional = {}): Check {
  return object({ type: oneOf(type), ...required }, { ...eventId, ...optional });
}

const clientEvent = oneOfKinds("type", {
  "session.update": event("session.update", { session }),
  "input_audio_buffer.append": event("input_audio_buffer.append", { audio: base64 }),
  "input_audio_buffer.commit": event("input_audio_buffer.commit"),
  "input_audio_buffer.clear": event("input_audio_buffer.clear"),
  "output_audio_buffer.clear": notOnWebSocket,
  "conversation.item.create": event("conversation.item.create", { item }, { previous_item_id: itemId }),
  "conversation.item.retrieve": event("conversation.item.retrieve", { item_id: itemId }),
  "conversation.item.truncate": event("conversation.item.truncate", {
    item_id: itemId,
    content_index: integer({ min: 0 }),
    audio_end_ms: integer({ min: 0 }),
  }),
  "conversation.item.delete": event("conversation.item.delete", { item_id: itemId }),
  "response.create": event("response.create", {}, { response: responseParams(itemOrReference) }),
  "response.cancel": event("response.cancel", {}, { response_id: itemId }),
});

/** Everything wrong with a client event, as the vendor's `error` events would put it; empty when it would be taken. */
export function clientEventProblems(clientEventJson: unknown): ClientEventProblem[] {
  return clientEvent(clientEventJson, "");
}

/** The same as text, one `code: message` each. */
export function validateClientEvent(clientEventJson: unknown): string[] {
  return clientEventProblems(clientEventJson).map(({ code, message }) => `${code}: ${message}`);
}
