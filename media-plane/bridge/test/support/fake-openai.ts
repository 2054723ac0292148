/**
 * OpenAI Realtime at the wire, as small as a test of the bridge needs it: accepts sessions, echoes their configuration, answers
 * `response.create` with half a second of audio and its words, and lets a test say or break anything.
 */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import { Journal } from "./journal.ts";

export interface ClientEvent {
  readonly type: string;
  readonly [field: string]: unknown;
}

export interface FakeOpenAIOptions {
  /** HTTP status instead of the upgrade. */
  refuseWith?: () => number | undefined;
  /** False: the session says nothing by itself. */
  readonly answers?: boolean;
  /** Changes what the session says that it was configured with. */
  readonly echo?: (session: Record<string, unknown>) => Record<string, unknown>;
  /** False: `session.created` never comes. */
  readonly greets?: boolean;
}

export class FakeSession {
  readonly id: string;
  readonly headers: IncomingMessage["headers"];
  readonly url: string;
  readonly received = new Journal<ClientEvent>();
  readonly closed: Promise<{ code: number }>;
  readonly socket: WebSocket;
  #responses = 0;

  constructor(id: string, socket: WebSocket, request: IncomingMessage, options: FakeOpenAIOptions) {
    this.id = id;
    this.socket = socket;
    this.headers = request.headers;
    this.url = request.url ?? "";
    this.closed = new Promise((resolve) => socket.on("close", (code) => resolve({ code })));
    socket.on("error", () => undefined);
    socket.on("message", (data: Buffer) => {
      const event: ClientEvent = JSON.parse(data.toString());
      this.received.add(event);
      if (options.answers !== false) this.#answer(event, options);
    });
    if (options.greets !== false) {
      this.send({
        type: "session.created",
        event_id: "event_0",
        session: { type: "realtime", id, expires_at: Math.floor(Date.now() / 1000) + 3600 },
      });
    }
  }

  send(event: { readonly type: string; readonly [field: string]: unknown }): void {
    this.socket.send(JSON.stringify({ event_id: "event_x", ...event }));
  }

  /** Creates a response, speaks `text` over `ms` of audio, and finishes it. Returns its id. */
  speak({ text = "Hello.", ms = 500, metadata = null as Record<string, string> | null, finish = true } = {}): {
    responseId: string;
    itemId: string;
  } {
    this.#responses += 1;
    const responseId = `resp_${this.id}_${this.#responses}`;
    const itemId = `item_${this.id}_${this.#responses}`;
    const place = { response_id: responseId, item_id: itemId, output_index: 0, content_index: 0 };
    const response = {
      object: "realtime.response",
      id: responseId,
      status: "in_progress",
      status_details: null,
      output: [],
      metadata,
      usage: null,
      conversation_id: "conv_1",
    };
    this.send({ type: "response.created", response });
    const item = { id: itemId, object: "realtime.item", type: "message", role: "assistant", status: "in_progress", content: [] };
    this.send({ type: "response.output_item.added", response_id: responseId, output_index: 0, item });
    this.send({ type: "response.output_audio_transcript.delta", ...place, delta: text });
    for (let left = ms; left > 0; left -= 100)
      this.send({ type: "response.output_audio.delta", ...place, delta: audio(Math.min(left, 100)) });
    if (!finish) return { responseId, itemId };
    this.send({ type: "response.output_audio.done", ...place });
    this.send({ type: "response.output_audio_transcript.done", ...place, transcript: text });
    const done = { ...item, status: "completed", content: [{ type: "output_audio", transcript: text }] };
    this.send({ type: "response.output_item.done", response_id: responseId, output_index: 0, item: done });
    this.send({ type: "response.done", response: { ...response, status: "completed", output: [done], usage: USAGE } });
    return { responseId, itemId };
  }

  /** The caller is heard: VAD events and the transcription. */
  hearCaller(text: string, itemId = `item_caller_${this.received.entries.length}`): string {
    this.send({ type: "input_audio_buffer.speech_started", audio_start_ms: 0, item_id: itemId });
    this.send({ type: "input_audio_buffer.speech_stopped", audio_end_ms: 500, item_id: itemId });
    this.send({ type: "input_audio_buffer.committed", item_id: itemId, previous_item_id: null });
    this.send({
      type: "conversation.item.input_audio_transcription.completed",
      item_id: itemId,
      content_index: 0,
      transcript: text,
      usage: { type: "duration", seconds: 1 },
    });
    return itemId;
  }

  #answer(event: ClientEvent, options: FakeOpenAIOptions): void {
    if (event.type === "session.update") {
      const asked = event["session"] as Record<string, unknown>;
      const session = { id: this.id, object: "realtime.session", expires_at: Math.floor(Date.now() / 1000) + 3600, ...asked };
      this.send({ type: "session.updated", session: options.echo?.(session) ?? session });
    }
    if (event.type === "response.create") {
      const response = event["response"] as { metadata?: Record<string, string> } | undefined;
      this.speak({ metadata: response?.metadata ?? null });
    }
  }
}

export interface FakeOpenAI extends AsyncDisposable {
  readonly realtimeUrl: string;
  readonly sessions: Journal<FakeSession>;
  /** Upgrades that were asked for, accepted or not. */
  readonly attempts: Journal<IncomingMessage["headers"]>;
}

export async function startFakeOpenAI(options: FakeOpenAIOptions = {}): Promise<FakeOpenAI> {
  const http = createServer();
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  const sessions = new Journal<FakeSession>();
  const attempts = new Journal<IncomingMessage["headers"]>();
  http.on("upgrade", (request, socket, head) => {
    attempts.add(request.headers);
    const status = options.refuseWith?.();
    if (status !== undefined) {
      socket.end(`HTTP/1.1 ${status} Refused\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      sessions.add(new FakeSession(`sess_${sessions.entries.length + 1}`, webSocket, request, options));
    });
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  return {
    realtimeUrl: `ws://127.0.0.1:${port}/v1/realtime`,
    sessions,
    attempts,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets.clients) socket.terminate();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

function audio(ms: number): string {
  return Buffer.alloc(ms * 8, 0x2a).toString("base64");
}

const USAGE = {
  total_tokens: 30,
  input_tokens: 20,
  output_tokens: 10,
  input_token_details: { text_tokens: 12, audio_tokens: 8, cached_tokens: 4, cached_tokens_details: { text_tokens: 4, audio_tokens: 0 } },
  output_token_details: { text_tokens: 2, audio_tokens: 8 },
};
