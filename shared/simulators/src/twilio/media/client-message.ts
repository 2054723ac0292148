/**
 * What Twilio sends on a media stream (twilio.com/docs/voice/media-streams/websocket-messages). `sequenceNumber`, `chunk` and
 * `timestamp` are strings of counters; `connected` carries none. Each stream keeps one of these; the pieces of JSON that never change
 * are made once, since a media message is written fifty times a second for every call.
 */
import { FRAME_BYTES, SILENCE_BYTE } from "../../speech.ts";

const SILENT_PAYLOAD = Buffer.alloc(FRAME_BYTES, SILENCE_BYTE).toString("base64");
const CHUNK = '","media":{"track":"inbound","chunk":"';
const TIMESTAMP = '","timestamp":"';
const PAYLOAD = '","payload":"';

export class ClientMessages {
  static readonly connected = '{"event":"connected","protocol":"Call","version":"1.0.0"}';

  readonly #streamSid: string;
  readonly #mediaHead = '{"event":"media","sequenceNumber":"';
  readonly #mediaTail: string;
  #sequence = 0;
  #chunk = 0;

  constructor(streamSid: string) {
    this.#streamSid = streamSid;
    this.#mediaTail = `"},"streamSid":"${streamSid}"}`;
  }

  /** Messages written so far, `start` included. */
  get sequence(): number {
    return this.#sequence;
  }

  start(options: { readonly accountSid: string; readonly callSid: string; readonly parameters: Readonly<Record<string, string>> }): string {
    return JSON.stringify({
      event: "start",
      sequenceNumber: String(++this.#sequence),
      start: {
        accountSid: options.accountSid,
        streamSid: this.#streamSid,
        callSid: options.callSid,
        tracks: ["inbound"],
        mediaFormat: { encoding: "audio/x-mulaw", sampleRate: 8000, channels: 1 },
        customParameters: options.parameters,
      },
      streamSid: this.#streamSid,
    });
  }

  /** @param frame 160 bytes of mu-law, or null for silence. @param timestampMs since the start of the stream. */
  media(frame: Uint8Array | null, timestampMs: number): string {
    const payload = frame === null ? SILENT_PAYLOAD : base64(frame);
    const sequence = ++this.#sequence;
    const chunk = ++this.#chunk;
    return this.#mediaHead + sequence + CHUNK + chunk + TIMESTAMP + timestampMs + PAYLOAD + payload + this.#mediaTail;
  }

  dtmf(digit: string): string {
    return JSON.stringify({
      event: "dtmf",
      streamSid: this.#streamSid,
      sequenceNumber: String(++this.#sequence),
      dtmf: { track: "inbound_track", digit },
    });
  }

  mark(name: string): string {
    return JSON.stringify({ event: "mark", sequenceNumber: String(++this.#sequence), streamSid: this.#streamSid, mark: { name } });
  }

  stop(options: { readonly accountSid: string; readonly callSid: string }): string {
    return JSON.stringify({
      event: "stop",
      sequenceNumber: String(++this.#sequence),
      streamSid: this.#streamSid,
      stop: { accountSid: options.accountSid, callSid: options.callSid },
    });
  }
}

function base64(frame: Uint8Array): string {
  return Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength).toString("base64");
}
