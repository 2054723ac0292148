import type { IncomingHttpHeaders } from "node:http";
import { clearMessage, markMessage, mediaMessage, parseTwilioMessage, type TwilioMessage } from "@struere/protocol/twilio";
import type { WebSocket } from "ws";
import { speak } from "../src/speech.ts";

type Start = TwilioMessage & { readonly type: "start" };

/** The server's end of one media stream, for a test to look at and to play with. */
export class TestMedia {
  readonly socket: WebSocket;
  readonly signed: boolean;
  readonly headers: IncomingHttpHeaders;
  /** Everything received, as text and as read by the product's own parser. */
  readonly texts: string[] = [];
  readonly messages: TwilioMessage[] = [];
  readonly closed: Promise<number>;
  readonly #watchers = new Set<() => void>();

  constructor(socket: WebSocket, options: { readonly signed: boolean; readonly headers: IncomingHttpHeaders }) {
    this.socket = socket;
    this.signed = options.signed;
    this.headers = options.headers;
    socket.on("message", (data: Buffer) => {
      const text = data.toString();
      this.texts.push(text);
      this.messages.push(parseTwilioMessage(text));
      for (const watcher of this.#watchers) watcher();
    });
    this.closed = new Promise((resolve) => socket.once("close", (code) => resolve(code)));
  }

  /** Resolves with the first thing that `look` finds in what was received, now or later. */
  until<T>(look: (messages: readonly TwilioMessage[]) => T | undefined): Promise<T> {
    return new Promise((resolve) => {
      const check = (): void => {
        const found = look(this.messages);
        if (found === undefined) return;
        this.#watchers.delete(check);
        resolve(found);
      };
      this.#watchers.add(check);
      check();
    });
  }

  start(): Promise<Start> {
    return this.until((messages) => messages.find((message): message is Start => message.type === "start"));
  }

  async say(text: string, mark?: string): Promise<void> {
    const { streamSid } = await this.start();
    this.socket.send(mediaMessage(streamSid, Buffer.from(speak(text)).toString("base64")));
    if (mark !== undefined) this.socket.send(markMessage(streamSid, mark));
  }

  async mark(name: string): Promise<void> {
    this.socket.send(markMessage((await this.start()).streamSid, name));
  }

  async clear(): Promise<void> {
    this.socket.send(clearMessage((await this.start()).streamSid));
  }

  /** The names of the marks that came back. */
  get marks(): readonly string[] {
    return this.messages.flatMap((message) => (message.type === "mark" ? [message.name] : []));
  }

  get mediaCount(): number {
    return this.messages.filter((message) => message.type === "media").length;
  }

  /** Everything heard from the caller. */
  get audio(): Buffer {
    return Buffer.concat(this.messages.flatMap((message) => (message.type === "media" ? [Buffer.from(message.payload, "base64")] : [])));
  }
}
