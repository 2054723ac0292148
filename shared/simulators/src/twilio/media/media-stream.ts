/**
 * One media stream: Twilio's end of the WebSocket of `<Connect><Stream>`. It opens the socket with a signed upgrade, introduces itself,
 * carries a frame each way in every 20 ms step that the call drives, and ends in exactly one way. What happens to the call afterwards is
 * not decided here.
 */
import type { Clock } from "@struere/kernel";
import { type RawData, WebSocket } from "ws";
import type { AlertCode } from "../alert.ts";
import { mintSid } from "../sid.ts";
import { signUpgrade } from "../signature.ts";
import type { Switches } from "../switches.ts";
import { ClientMessages } from "./client-message.ts";
import { handshakeAlert } from "./handshake-alert.ts";
import { PlayOut } from "./play-out.ts";
import { parseServerMessage } from "./server-message.ts";

/** How a stream ended. */
export type StreamEnding =
  /** It never opened. */
  | { readonly how: "handshake-failed"; readonly code: AlertCode; readonly detail: string }
  /** The server closed it with a close frame. */
  | { readonly how: "closed"; readonly closeCode: number }
  /** It broke: the connection ended without a close frame (31903), or the protocol was violated (31924). */
  | { readonly how: "broken"; readonly code: AlertCode; readonly detail: string }
  /** Twilio stopped it: the call ended or was redirected. */
  | { readonly how: "stopped" };

export type MediaStreamOptions = {
  readonly clock: Clock;
  readonly switches: Switches;
  readonly accountSid: string;
  readonly authToken: string;
  readonly callSid: string;
  /** As in the TwiML; this is what is signed. */
  readonly url: string;
  /** Where to connect instead, when the URL is public and the server is not. */
  readonly connectTo: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly onStarted: (stream: MediaStream) => void;
  /** The server has sent its first audio. */
  readonly onFirstAudio: () => void;
  readonly onEnded: (ending: StreamEnding) => void;
  /** Errors and warnings other than the ones in the ending. */
  readonly onAlert: (code: AlertCode, detail: string) => void;
  /** The buffer was cleared; `droppedMs` had not been played. */
  readonly onCleared: (droppedMs: number) => void;
};

/** A socket that was told to close is cut after this long. */
const CLOSE_MS = 5_000;

export class MediaStream {
  readonly sid = mintSid("MZ");
  readonly playOut: PlayOut;
  readonly #options: MediaStreamOptions;
  readonly #messages = new ClientMessages(this.sid);
  readonly #warned = new Set<AlertCode>();
  #socket: WebSocket | null = null;
  #startedAt: number | null = null;
  #hasAudio = false;
  #ended = false;
  /** How often the server cleared the buffer: audio received after the n-th clear is of generation n. */
  generation = 0;
  /** Marks sent back. */
  marksEchoed = 0;

  constructor(options: MediaStreamOptions) {
    this.#options = options;
    this.playOut = new PlayOut({ limitMs: () => options.switches.playOutLimitMs, onMark: (name) => this.#echo(name) });
    this.#open();
  }

  /** Whether `start` was sent and the stream has not ended. */
  get isLive(): boolean {
    return this.#startedAt !== null && !this.#ended;
  }

  /** One frame of the caller, null for silence, in the step that was due at `atMs`. */
  sendFrame(frame: Uint8Array | null, atMs: number): void {
    const socket = this.#socket;
    if (this.#startedAt === null || this.#ended || socket === null) return;
    const timestampMs = atMs - this.#startedAt;
    if (timestampMs < this.#options.switches.firstMediaMs) return;
    if (socket.bufferedAmount > this.#options.switches.upstreamLimitBytes) {
      this.#warnOnce(31930, `${socket.bufferedAmount} bytes unread; caller audio discarded`);
      return;
    }
    socket.send(this.#messages.media(frame, Math.round(timestampMs)));
  }

  /** The frame that sounds in this step, or null for silence; marks that were reached go out. */
  playFrame(): Buffer | null {
    return this.#ended ? null : this.playOut.step();
  }

  sendDigit(digit: string): void {
    if (this.isLive) this.#socket?.send(this.#messages.dtmf(digit));
  }

  /** Twilio ends the stream. Does nothing when it has ended already. */
  stop(): void {
    if (this.#ended) return;
    const { switches, accountSid, callSid, clock } = this.#options;
    const socket = this.#socket;
    if (socket === null || socket.readyState !== WebSocket.OPEN) {
      this.#end({ how: "stopped" });
      socket?.terminate();
      return;
    }
    if (switches.streamEnd === "stop") socket.send(this.#messages.stop({ accountSid, callSid }));
    this.#end({ how: "stopped" });
    if (switches.streamEnd !== "zombie") return this.#close(socket);
    const callOff = clock.arm(clock.now() + switches.zombieMs, () => socket.terminate());
    socket.once("close", callOff);
  }

  /** The socket is cut without a word, as when Twilio's edge dies. */
  cut(): void {
    const socket = this.#socket;
    this.#end({ how: "stopped" });
    socket?.terminate();
  }

  #open(): void {
    const { clock, switches, authToken, url, connectTo } = this.#options;
    const signed = switches.upgradeSignature === "exact" || url.endsWith("/") ? url : `${url}/`;
    let socket: WebSocket;
    try {
      socket = new WebSocket(connectTo, {
        perMessageDeflate: false,
        headers: {
          Host: new URL(url).host,
          "User-Agent": "Twilio.TmeWs/1.0",
          "X-Twilio-Signature": signUpgrade({ authToken, url: signed }),
          "Accept-Encoding": "gzip",
        },
      });
    } catch {
      // Told in the next turn, when the caller of the constructor holds the stream.
      queueMicrotask(() => this.#end({ how: "handshake-failed", code: 31923, detail: url }));
      return;
    }
    this.#socket = socket;
    const callOff = clock.arm(clock.now() + switches.upgradeTimeoutMs, () => {
      this.#end({ how: "handshake-failed", code: 31901, detail: `${url} did not answer within ${switches.upgradeTimeoutMs} ms` });
      socket.terminate();
    });
    socket.once("open", () => {
      callOff();
      if (this.#ended) socket.terminate();
      else this.#start(socket);
    });
    socket.on("unexpected-response", (request, response) => {
      callOff();
      this.#end({ how: "handshake-failed", code: 31920, detail: `${url} answered ${response.statusCode ?? 0} instead of 101` });
      request.destroy();
    });
    socket.on("message", (data, isBinary) => this.#receive(data, isBinary));
    socket.on("error", (error) => this.#fail(error));
    socket.on("close", (code) => {
      callOff();
      this.#end(
        code === 1006
          ? { how: "broken", code: 31903, detail: "the connection ended without a close frame" }
          : { how: "closed", closeCode: code },
      );
    });
  }

  #start(socket: WebSocket): void {
    const { accountSid, callSid, parameters, clock, onStarted } = this.#options;
    socket.send(ClientMessages.connected);
    socket.send(this.#messages.start({ accountSid, callSid, parameters }));
    this.#startedAt = clock.now();
    onStarted(this);
  }

  #receive(data: RawData, isBinary: boolean): void {
    if (this.#ended) return;
    if (isBinary || !Buffer.isBuffer(data)) return this.#warnOnce(31950, "a binary message");
    const message = parseServerMessage(data.toString(), this.sid);
    switch (message.kind) {
      case "media":
        if (!this.#hasAudio) {
          this.#hasAudio = true;
          this.#options.onFirstAudio();
        }
        if (!this.playOut.push(message.audio)) {
          this.#warnOnce(
            31931,
            `${Math.round(this.playOut.bufferedMs)} ms unplayed; the limit is ${this.#options.switches.playOutLimitMs}`,
          );
        }
        return;
      case "mark":
        this.playOut.mark(message.name);
        return;
      case "clear": {
        const droppedMs = this.playOut.bufferedMs;
        this.generation++;
        this.playOut.clear();
        this.#options.onCleared(droppedMs);
        return;
      }
      case "refused":
        this.#warnOnce(message.code, `a message ${message.why}`);
        return;
      default:
        message satisfies never;
    }
  }

  #echo(name: string): void {
    if (!this.isLive) return;
    this.marksEchoed++;
    this.#socket?.send(this.#messages.mark(name));
  }

  #fail(error: Error): void {
    const detail = error.message;
    if (this.#startedAt === null) this.#end({ how: "handshake-failed", code: handshakeAlert(error), detail });
    else if ("code" in error && String(error.code).startsWith("WS_ERR_")) this.#end({ how: "broken", code: 31924, detail });
    else this.#end({ how: "broken", code: 31903, detail });
  }

  #warnOnce(code: AlertCode, detail: string): void {
    if (this.#warned.has(code)) return;
    this.#warned.add(code);
    this.#options.onAlert(code, detail);
  }

  #end(ending: StreamEnding): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#options.onEnded(ending);
  }

  #close(socket: WebSocket): void {
    const { clock } = this.#options;
    const callOff = clock.arm(clock.now() + CLOSE_MS, () => socket.terminate());
    socket.once("close", callOff);
    socket.close(1000);
  }
}
