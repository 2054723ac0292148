/**
 * The same relay on our wire and lanes and nothing else: what the audio path costs, marks and flow control included. It does not do:
 * the call machine, truncation, transcripts, usage, leases, metrics. The media plane itself is measured by media-subject.ts.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { AgentLane, CallerLane } from "../src/lane/index.ts";
import { connectLaneSocket, type LaneSocket, laneAcceptor } from "../src/wire/index.ts";
import { monotonicClock } from "./monotonic.ts";
import { relayGreeting, relaySession } from "./relay-session.ts";
import { runSubject } from "./subject.ts";

interface TwilioText {
  readonly event: string;
  readonly start: { readonly streamSid: string };
}

interface ModelText {
  readonly type: string;
  readonly response: { readonly id: string };
}

function relay(telephony: LaneSocket, realtimeUrl: string): void {
  let generation = 0;
  let model: LaneSocket | undefined;
  const caller = new CallerLane({
    telephony,
    clock: monotonicClock,
    onFlood: () => telephony.close(1008),
    onMark: (name) => agent.marked(name),
    onMessage: (text) => {
      const message: TwilioText = JSON.parse(text);
      if (message.event === "start") {
        caller.begin(message.start.streamSid);
        agent.begin(message.start.streamSid);
      }
    },
  });
  const agent = new AgentLane({
    telephony,
    clock: monotonicClock,
    markName: (position) => `${position.generation}:${position.itemId}:${position.sentMs}`,
    onAudioStarted: () => undefined,
    onOverflow: () => telephony.close(1011),
    onMessage: (text) => {
      const event: ModelText = JSON.parse(text);
      agent.takeProgress();
      switch (event.type) {
        case "session.created":
          model?.sendText(JSON.stringify(relaySession));
          break;
        case "session.updated":
          caller.route("flow");
          model?.sendText(JSON.stringify(relayGreeting));
          break;
        case "response.created":
          agent.play({ responseId: event.response.id, generation });
          break;
        case "response.done":
          agent.finish(event.response.id);
          break;
        case "input_audio_buffer.speech_started":
          generation++;
          agent.clear();
          agent.mute();
          break;
      }
    },
  });
  telephony.start({
    onText: () => undefined,
    onClose: () => model?.close(),
  });
  telephony.deliverTo(caller);
  const connecting = connectLaneSocket({
    url: realtimeUrl,
    headers: { Authorization: "Bearer bench" },
    handshakeTimeoutMs: 5_000,
    maxMessageBytes: 16 * 1024 * 1024,
    clock: monotonicClock,
  });
  connecting.then(
    (socket) => {
      model = socket;
      caller.attachModel(socket);
      socket.start({
        onText: () => undefined,
        onClose: () => telephony.close(),
      });
      agent.attachModel(socket);
      socket.deliverTo(agent);
    },
    () => telephony.terminate(),
  );
}

runSubject(async ({ realtimeUrl }) => {
  const acceptor = laneAcceptor({ clock: monotonicClock, maxMessageBytes: 64 * 1024 });
  const http = createServer();
  http.on("upgrade", (request, socket, head) => acceptor.accept(request, socket, head, (telephony) => relay(telephony, realtimeUrl)));
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  return { mediaUrl: `ws://127.0.0.1:${(http.address() as AddressInfo).port}/media` };
});
