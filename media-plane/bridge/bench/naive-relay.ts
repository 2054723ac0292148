/**
 * The yardstick: a relay as the vendors' samples write it, on the `ws` package, JSON.parse and JSON.stringify for each message.
 * It configures the session, relays audio both ways and clears the caller's buffer at a barge-in. It does not do: marks, truncation,
 * transcripts, usage, leases, metrics.
 */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer } from "ws";
import { relayGreeting, relaySession } from "./relay-session.ts";
import { runSubject } from "./subject.ts";

interface TwilioText {
  readonly event: string;
  readonly start: { readonly streamSid: string };
  readonly media: { readonly payload: string };
}

interface ModelText {
  readonly type: string;
  readonly delta: string;
}

function relay(telephony: WebSocket, realtimeUrl: string): void {
  let streamSid = "";
  const model = new WebSocket(realtimeUrl, { headers: { Authorization: "Bearer bench" }, perMessageDeflate: false });
  model.on("message", (data) => {
    const event: ModelText = JSON.parse(data.toString());
    switch (event.type) {
      case "session.created":
        model.send(JSON.stringify(relaySession));
        break;
      case "session.updated":
        model.send(JSON.stringify(relayGreeting));
        break;
      case "response.output_audio.delta":
        telephony.send(JSON.stringify({ event: "media", streamSid, media: { payload: event.delta } }));
        break;
      case "input_audio_buffer.speech_started":
        telephony.send(JSON.stringify({ event: "clear", streamSid }));
        break;
    }
  });
  telephony.on("message", (data) => {
    const message: TwilioText = JSON.parse(data.toString());
    if (message.event === "start") streamSid = message.start.streamSid;
    else if (message.event === "media" && model.readyState === WebSocket.OPEN) {
      model.send(JSON.stringify({ type: "input_audio_buffer.append", audio: message.media.payload }));
    }
  });
  telephony.on("close", () => model.close());
  model.on("close", () => telephony.close());
  model.on("error", () => telephony.terminate());
  telephony.on("error", () => model.terminate());
}

runSubject(async ({ realtimeUrl }) => {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false });
  server.on("connection", (telephony) => relay(telephony, realtimeUrl));
  await once(server, "listening");
  return { mediaUrl: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/media` };
});
