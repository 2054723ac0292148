/**
 * The model's side of one call, as OpenAI Realtime: a delta of 20 ms each 20 ms while a response is active, a transcript
 * delta each 300 ms (speech has three to four tokens a second), and every eight seconds a turn: the response ends, the caller speaks,
 * the next response begins. What it sends does not depend on who listens, so that the load is the same for every subject.
 * https://platform.openai.com/docs/api-reference/realtime-server-events
 */
import type { LaneSocket } from "../src/wire/index.ts";
import { type Direction, findStamp } from "./direction.ts";
import { monotonicMs } from "./monotonic.ts";
import { SPEECH_BASE64, writeStamp } from "./stamp.ts";

const AUDIO_KEY = Buffer.from('"audio":"');
const APPEND_GUESS = '{"type":"input_audio_buffer.append","audio":"'.length;
/** In frames of 20 ms. */
const FRAMES_PER_TURN = 400;
const FRAMES_WITHOUT_RESPONSE = 10;
const FRAMES_PER_TRANSCRIPT = 15;
/** Turns of different calls are spread out. */
const SPREAD = 37;

interface ClientText {
  readonly type: string;
  readonly event_id?: string;
  readonly session?: unknown;
  readonly item_id?: string;
  readonly response?: { readonly metadata?: unknown; readonly id?: string };
  readonly item?: unknown;
}

export class FakeModel {
  readonly #socket: LaneSocket;
  readonly #number: number;
  readonly #up: Direction;
  #expected = 0;
  #sequence = 0;
  #frames: number;
  #events = 0;
  #turns = 0;
  #session: unknown = null;
  /** The delta of the response that is active, to be patched and sent; `undefined` while none is. */
  #delta: Buffer | undefined;
  #stampAt = 0;
  #responseId = "";
  #itemId = "";
  #speaking = false;

  constructor(options: { readonly socket: LaneSocket; readonly number: number; readonly up: Direction }) {
    this.#socket = options.socket;
    this.#number = options.number;
    this.#up = options.up;
    this.#frames = (options.number * SPREAD) % FRAMES_PER_TURN;
  }

  /** Whether audio has come. */
  get hears(): boolean {
    return this.#expected > 0;
  }

  begin(): void {
    this.#send("session.created", {
      session: {
        type: "realtime",
        object: "realtime.session",
        id: this.#id("sess"),
        model: "gpt-realtime-2.1-mini",
        expires_at: Math.floor(Date.now() / 1_000) + 3_600,
      },
    });
  }

  take(bytes: Buffer, start: number, end: number): void {
    const at = findStamp(bytes, start, end, APPEND_GUESS, AUDIO_KEY);
    if (at < 0) {
      this.#takeEvent(JSON.parse(bytes.toString("utf8", start, end)));
      return;
    }
    this.#expected = this.#up.take(bytes, at, this.#expected);
  }

  /** The next 20 ms, once it hears the caller. */
  speak(): void {
    if (!this.hears) return;
    this.#frames++;
    const place = this.#frames % FRAMES_PER_TURN;
    if (place === 0) this.#endTurn();
    else if (place === FRAMES_WITHOUT_RESPONSE && this.#speaking) this.#nextTurn();
    this.#sendAudio();
    if (place % FRAMES_PER_TRANSCRIPT === 5 && this.#delta !== undefined) {
      this.#send("response.output_audio_transcript.delta", { ...this.#place(), delta: " some more words" });
    }
  }

  #sendAudio(): void {
    const delta = this.#delta;
    if (delta === undefined) return;
    const at = this.#socket.beginText(delta.length);
    if (at < 0) return;
    writeStamp(delta, this.#stampAt, monotonicMs(), this.#sequence++);
    delta.copy(this.#socket.outgoing, at);
    this.#socket.commitText();
  }

  #takeEvent(event: ClientText): void {
    switch (event.type) {
      case "session.update":
        this.#session = { object: "realtime.session", id: "sess_bench", ...Object(event.session) };
        this.#send("session.updated", { session: this.#session });
        return;
      case "response.create":
        if (this.#delta === undefined && !this.#speaking) this.#createResponse(event.response?.metadata ?? null);
        return;
      case "conversation.item.create":
        this.#send("conversation.item.added", { previous_item_id: null, item: { id: this.#id("item"), ...Object(event.item) } });
        return;
      case "conversation.item.truncate":
        this.#send("conversation.item.truncated", { item_id: event.item_id, content_index: 0, audio_end_ms: 0 });
        return;
      case "conversation.item.delete":
        this.#send("conversation.item.deleted", { item_id: event.item_id });
        return;
    }
  }

  #endTurn(): void {
    if (this.#delta !== undefined) this.#endResponse();
    this.#speaking = true;
    this.#send("input_audio_buffer.speech_started", { audio_start_ms: this.#frames * 20, item_id: this.#callerItem() });
  }

  #nextTurn(): void {
    this.#speaking = false;
    const item_id = this.#callerItem();
    const item = {
      id: item_id,
      object: "realtime.item",
      type: "message",
      status: "completed",
      role: "user",
      content: [{ type: "input_audio", transcript: null }],
    };
    this.#send("input_audio_buffer.speech_stopped", { audio_end_ms: this.#frames * 20, item_id });
    this.#send("input_audio_buffer.committed", { previous_item_id: null, item_id });
    this.#send("conversation.item.added", { previous_item_id: null, item });
    this.#send("conversation.item.done", { previous_item_id: null, item });
    this.#send("conversation.item.input_audio_transcription.completed", {
      item_id,
      content_index: 0,
      transcript: "And what about Tuesday?",
      usage: {
        type: "tokens",
        total_tokens: 22,
        input_tokens: 13,
        output_tokens: 9,
        input_token_details: { text_tokens: 0, audio_tokens: 13 },
      },
    });
    this.#turns++;
    this.#createResponse(null);
  }

  #createResponse(metadata: unknown): void {
    this.#responseId = this.#id("resp");
    this.#itemId = this.#id("item");
    const item = { id: this.#itemId, object: "realtime.item", type: "message", status: "in_progress", role: "assistant", content: [] };
    this.#send("response.created", {
      response: {
        object: "realtime.response",
        id: this.#responseId,
        status: "in_progress",
        status_details: null,
        output: [],
        usage: null,
        metadata,
      },
    });
    this.#send("response.output_item.added", { response_id: this.#responseId, output_index: 0, item });
    this.#send("conversation.item.added", { previous_item_id: null, item });
    this.#send("response.content_part.added", { ...this.#place(), part: { type: "audio", transcript: "" } });
    const { response_id, item_id } = this.#place();
    const head = `{"type":"response.output_audio.delta","event_id":"${this.#id("event")}","response_id":"${response_id}","item_id":"${item_id}","output_index":0,"content_index":0,"delta":"`;
    this.#delta = Buffer.from(`${head}${SPEECH_BASE64}"}`);
    this.#stampAt = head.length;
  }

  #endResponse(): void {
    this.#delta = undefined;
    const place = this.#place();
    const transcript = "Some more words than were heard, but who counts them?";
    const content = [{ type: "output_audio", transcript }];
    const item = { id: this.#itemId, object: "realtime.item", type: "message", status: "completed", role: "assistant", content };
    this.#send("response.output_audio.done", place);
    this.#send("response.output_audio_transcript.done", { ...place, transcript });
    this.#send("response.content_part.done", { ...place, part: { type: "audio", transcript } });
    this.#send("response.output_item.done", { response_id: this.#responseId, output_index: 0, item });
    this.#send("conversation.item.done", { previous_item_id: null, item });
    const usage = {
      total_tokens: 253,
      input_tokens: 132,
      output_tokens: 121,
      input_token_details: {
        text_tokens: 119,
        audio_tokens: 13,
        cached_tokens: 64,
        cached_tokens_details: { text_tokens: 64, audio_tokens: 0 },
      },
      output_token_details: { text_tokens: 30, audio_tokens: 91 },
    };
    this.#send("response.done", {
      response: {
        object: "realtime.response",
        id: this.#responseId,
        status: "completed",
        status_details: null,
        output: [item],
        usage,
        metadata: null,
      },
    });
    this.#send("rate_limits.updated", { rate_limits: [{ name: "tokens", limit: 50_000, remaining: 49_950, reset_seconds: 0.06 }] });
  }

  #place(): { readonly response_id: string; readonly item_id: string; readonly output_index: 0; readonly content_index: 0 } {
    return { response_id: this.#responseId, item_id: this.#itemId, output_index: 0, content_index: 0 };
  }

  #callerItem(): string {
    return `item_caller_${this.#number}_${this.#turns}`;
  }

  #id(prefix: string): string {
    return `${prefix}_${this.#number.toString(36).padStart(6, "0")}${(this.#events++).toString(36).padStart(15, "0")}`;
  }

  #send(type: string, fields: Readonly<Record<string, unknown>>): void {
    this.#socket.sendText(JSON.stringify({ type, event_id: this.#id("event"), ...fields }));
  }
}
