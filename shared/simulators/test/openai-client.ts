/** A client of the simulated vendor for tests: sends events, collects what comes, and waits on facts. */
import { systemClock } from "@struere/runtime";
import { WebSocket } from "ws";
import { silence, speak } from "../src/speech.ts";
import { type SimulatedOpenAI, type SimulatedOpenAIOptions, startSimulatedOpenAI } from "../src/openai/index.ts";

export type Event = { readonly type: string; readonly [field: string]: unknown };

/** A simulator with an exact latency profile that runs 20 times faster than life. */
export function startVendor(options: SimulatedOpenAIOptions = {}): Promise<SimulatedOpenAI> {
  return startSimulatedOpenAI({ clock: systemClock({ scale: 20 }), ...options, latency: { jitter: 0, ...options.latency } });
}

export const PHONE_SESSION = {
  type: "realtime",
  instructions: "You answer the phone.",
  output_modalities: ["audio"],
  audio: {
    input: {
      format: { type: "audio/pcmu" },
      transcription: { model: "gpt-4o-mini-transcribe" },
      turn_detection: { type: "server_vad", silence_duration_ms: 200, create_response: true, interrupt_response: true },
    },
    output: { format: { type: "audio/pcmu" }, voice: "marin" },
  },
};

export class Client implements Disposable {
  readonly events: Event[] = [];
  /** Messages that were not JSON. */
  readonly garbage: string[] = [];
  closed: { readonly code: number; readonly reason: string } | null = null;
  readonly #socket: WebSocket;
  #wake: () => void = () => {};
  #sent = 0;

  constructor(vendor: SimulatedOpenAI, options: { readonly query?: string; readonly headers?: { readonly [name: string]: string } } = {}) {
    const headers = options.headers ?? { authorization: "Bearer sk-test" };
    this.#socket = new WebSocket(`${vendor.realtimeUrl}${options.query ?? "?model=gpt-realtime-2.1-mini"}`, { headers });
    this.#socket.on("message", (data) => {
      const text = Buffer.isBuffer(data) ? data.toString() : "";
      try {
        this.events.push(JSON.parse(text));
      } catch {
        this.garbage.push(text);
      }
      this.#wake();
    });
    this.#socket.on("close", (code, reason) => {
      this.closed = { code, reason: reason.toString() };
      this.#wake();
    });
    // The close that follows is what tests look at.
    this.#socket.on("error", () => {});
  }

  /** A client whose session speaks mu-law. */
  static async onThePhone(vendor: SimulatedOpenAI, session: object = {}): Promise<Client> {
    const client = new Client(vendor);
    await client.next("session.created");
    client.send({ type: "session.update", session: { ...PHONE_SESSION, ...session } });
    await client.next("session.updated");
    return client;
  }

  /** The socket is open; nothing needs to have come yet. */
  async opened(): Promise<void> {
    if (this.#socket.readyState === WebSocket.OPEN) return;
    await new Promise<void>((resolve) => {
      this.#socket.once("open", () => resolve());
    });
  }

  /** Sends an event with an event id of its own, which is returned. */
  send(event: Event): string {
    const eventId = `evt_${++this.#sent}`;
    this.#socket.send(JSON.stringify({ event_id: eventId, ...event }));
    return eventId;
  }

  sendText(text: string): void {
    this.#socket.send(text);
  }

  append(audio: Uint8Array): void {
    for (let at = 0; at < audio.length; at += 160) {
      this.#socket.send(
        JSON.stringify({ type: "input_audio_buffer.append", audio: Buffer.from(audio.subarray(at, at + 160)).toString("base64") }),
      );
    }
  }

  /** A whole turn: a moment of quiet, the words, and silence enough to end it. */
  say(text: string, silenceMs = 300): void {
    this.append(Buffer.concat([silence(400), speak(text), silence(silenceMs)]));
  }

  /** The nth event (from 1) of this type, once it is there. */
  async next(type: string, nth = 1): Promise<Event> {
    for (;;) {
      const found = this.of(type)[nth - 1];
      if (found) return found;
      if (this.closed) throw new Error(`closed ${this.closed.code} before ${type} #${nth}; had: ${this.types.join(" ")}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async ended(): Promise<{ readonly code: number; readonly reason: string }> {
    while (!this.closed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.closed;
  }

  of(type: string): readonly Event[] {
    return this.events.filter((event) => event.type === type);
  }

  get types(): readonly string[] {
    return this.events.map((event) => event.type);
  }

  /** All audio of an item, or of everything. */
  audio(itemId?: string): Uint8Array {
    const deltas = this.of("response.output_audio.delta").filter((event) => itemId === undefined || event["item_id"] === itemId);
    return Buffer.concat(deltas.map((event) => Buffer.from(String(event["delta"]), "base64")));
  }

  [Symbol.dispose](): void {
    this.#socket.terminate();
  }
}

/** A field of a nested event: `at(event, "response.status_details.reason")`. */
export function at(event: Event | undefined, path: string): unknown {
  return path
    .split(".")
    .reduce<unknown>((value, key) => (typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined), event);
}
