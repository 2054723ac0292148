/** Twilio's side of a media stream at the wire: a WebSocket client that signs its upgrade, starts, sends frames and echoes marks. */
import { createHmac } from "node:crypto";
import WebSocket from "ws";
import { Journal } from "./journal.ts";

export interface TwilioOut {
  readonly event: string;
  readonly streamSid?: string;
  readonly media?: { readonly payload: string };
  readonly mark?: { readonly name: string };
}

export const ACCOUNT_SID = `AC${"0".repeat(32)}`;

export interface StreamOptions {
  /** Where to connect. */
  readonly wsUrl: string;
  /** The URL that is signed, and the key. */
  readonly signedUrl?: string;
  readonly authToken?: string;
  /** `null`: no signature at all. */
  readonly signature?: string | null;
  readonly headers?: Record<string, string>;
  /** False: marks stay unanswered, as while audio is playing. */
  readonly echoMarks?: boolean;
}

/** https://www.twilio.com/docs/usage/security: no parameters are signed for an upgrade. */
export function upgradeSignature(url: string, authToken: string): string {
  return createHmac("sha1", authToken).update(url).digest("base64");
}

export class FakeStream {
  readonly socket: WebSocket;
  readonly received = new Journal<TwilioOut>();
  readonly opened: Promise<void>;
  readonly closed: Promise<{ code: number; reason: string }>;
  /** The HTTP status that was answered instead of the upgrade. */
  readonly refused: Promise<number>;
  streamSid = "MZ1";
  callSid = "CA1";
  #sequence = 0;
  #chunk = 0;

  constructor({ wsUrl, signedUrl = wsUrl, authToken = "token", signature, headers = {}, echoMarks = true }: StreamOptions) {
    const signed = signature === undefined ? upgradeSignature(signedUrl, authToken) : signature;
    this.socket = new WebSocket(wsUrl, {
      perMessageDeflate: false,
      headers: { ...headers, ...(signed === null ? {} : { "x-twilio-signature": signed }) },
    });
    const opened = Promise.withResolvers<void>();
    const refused = Promise.withResolvers<number>();
    this.opened = opened.promise;
    this.refused = refused.promise;
    this.closed = new Promise((resolve) => this.socket.on("close", (code, reason) => resolve({ code, reason: reason.toString() })));
    this.socket.on("open", () => opened.resolve());
    this.socket.on("error", () => undefined);
    this.socket.on("unexpected-response", (_request, response) => {
      refused.resolve(response.statusCode ?? 0);
      response.destroy();
    });
    this.socket.on("message", (data: Buffer) => {
      const message: TwilioOut = JSON.parse(data.toString());
      this.received.add(message);
      if (echoMarks && message.event === "mark" && message.mark) this.mark(message.mark.name);
    });
  }

  send(message: unknown): void {
    this.socket.send(typeof message === "string" ? message : JSON.stringify(message));
  }

  connect(): void {
    this.send({ event: "connected", protocol: "Call", version: "1.0.0" });
  }

  start({ token, callSid = "CA1", accountSid = ACCOUNT_SID, streamSid = "MZ1", mediaFormat = MULAW, parameters = {} }: StartOptions): void {
    this.streamSid = streamSid;
    this.callSid = callSid;
    const customParameters = { token, ...parameters };
    const start = { accountSid, streamSid, callSid, tracks: ["inbound"], mediaFormat, customParameters };
    this.send({ event: "start", sequenceNumber: this.#next(), start, streamSid });
  }

  media({ payload = Buffer.alloc(160, 0xff).toString("base64"), streamSid = this.streamSid, sequenceNumber = this.#next() } = {}): void {
    this.#chunk += 1;
    const media = { track: "inbound", chunk: String(this.#chunk), timestamp: String(this.#chunk * 20), payload };
    this.send({ event: "media", sequenceNumber, media, streamSid });
  }

  mark(name: string): void {
    this.send({ event: "mark", sequenceNumber: this.#next(), streamSid: this.streamSid, mark: { name } });
  }

  key(digit: string): void {
    this.send({ event: "dtmf", sequenceNumber: this.#next(), streamSid: this.streamSid, dtmf: { track: "inbound_track", digit } });
  }

  stop({ streamSid = this.streamSid } = {}): void {
    this.send({ event: "stop", sequenceNumber: this.#next(), streamSid, stop: { accountSid: ACCOUNT_SID, callSid: this.callSid } });
  }

  #next(): string {
    this.#sequence += 1;
    return String(this.#sequence);
  }
}

export interface StartOptions {
  readonly token: string;
  readonly callSid?: string;
  readonly accountSid?: string;
  readonly streamSid?: string;
  readonly mediaFormat?: unknown;
  readonly parameters?: Record<string, string>;
}

const MULAW = { encoding: "audio/x-mulaw", sampleRate: 8000, channels: 1 };
