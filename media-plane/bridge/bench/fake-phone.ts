/**
 * The caller's side of one call, as Twilio's media stream: a frame each 20 ms with counters as strings, some seconds of speech, some of
 * silence, and so on; marks echoed at once (the
 * agent's audio comes in real time, so that hardly anything waits to be played).
 * https://www.twilio.com/docs/voice/media-streams/websocket-messages
 */
import { connectLaneSocket, type LaneSocket } from "../src/wire/index.ts";
import { type Direction, findStamp } from "./direction.ts";
import { monotonicClock, monotonicMs } from "./monotonic.ts";
import { SILENCE_BASE64, SPEECH_BASE64, writeStamp } from "./stamp.ts";

/** Counters start so high that they keep their width: a frame is patched, not built. */
const FIRST_COUNT = 1_000_000;
const COUNT_DIGITS = 7;
/** How long it takes to speak and to listen once: 8 s. */
const FRAMES_PER_TURN = 400;
/** Callers do not all speak at once. */
const SPREAD = 37;
const PAYLOAD_KEY = Buffer.from('"payload":"');

export class FakePhone {
  readonly #frame: Buffer;
  readonly #stampAt: number;
  readonly #countAt: readonly number[];
  readonly #down: Direction;
  readonly #guess: number;
  readonly #speechFrames: number;
  /** Where in its turn the call began. */
  readonly #offset: number;
  #speaks = false;
  #socket: LaneSocket | undefined;
  #sequence = 0;
  #expected = 0;
  #hungUp = false;
  marksEchoed = 0;
  lost = false;
  readonly streamSid: string;
  readonly #start: string;

  /** @param options.speechPercent of its frames, those in which the caller speaks. */
  constructor(options: { readonly number: number; readonly speechPercent: number; readonly down: Direction }) {
    const id = options.number.toString(16).padStart(32, "0");
    this.#down = options.down;
    this.#speechFrames = (FRAMES_PER_TURN * options.speechPercent) / 100;
    this.#offset = options.number * SPREAD;
    this.streamSid = `MZ${id}`;
    const head = `{"event":"media","sequenceNumber":"${FIRST_COUNT}","media":{"track":"inbound","chunk":"${FIRST_COUNT}","timestamp":"${FIRST_COUNT}","payload":"`;
    this.#frame = Buffer.from(`${head}${SILENCE_BASE64}"},"streamSid":"${this.streamSid}"}`);
    this.#stampAt = head.length;
    this.#countAt = ["sequenceNumber", "chunk", "timestamp"].map((key) => head.indexOf(`"${key}":"`) + key.length + 4);
    this.#guess = `{"event":"media","streamSid":"${this.streamSid}","media":{"payload":"`.length;
    this.#start = JSON.stringify({
      event: "start",
      sequenceNumber: "1",
      start: {
        accountSid: `AC${id}`,
        streamSid: this.streamSid,
        callSid: `CA${id}`,
        tracks: ["inbound"],
        mediaFormat: { encoding: "audio/x-mulaw", sampleRate: 8000, channels: 1 },
        customParameters: { token: `token-${options.number}` },
      },
      streamSid: this.streamSid,
    });
  }

  /** Whether audio has come. */
  get hears(): boolean {
    return this.#expected > 0;
  }

  async dial(mediaUrl: string): Promise<void> {
    const socket = await connectLaneSocket({
      url: mediaUrl,
      headers: { "User-Agent": "Twilio.TmeWs/1.0", "X-Twilio-Signature": `${"A".repeat(27)}=` },
      handshakeTimeoutMs: 10_000,
      maxMessageBytes: 1024 * 1024,
      clock: monotonicClock,
    });
    this.#socket = socket;
    socket.start({
      onText: (bytes, start, end) => this.#take(socket, bytes, start, end),
      onClose: () => {
        this.lost = !this.#hungUp;
        this.#socket = undefined;
      },
    });
    socket.sendText('{"event":"connected","protocol":"Call","version":"1.0.0"}');
    socket.sendText(this.#start);
  }

  /** Sends the next 20 ms. */
  speak(): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    const at = socket.beginText(this.#frame.length);
    if (at < 0) return;
    const speaks = (this.#offset + this.#sequence) % FRAMES_PER_TURN < this.#speechFrames;
    if (speaks !== this.#speaks) {
      this.#speaks = speaks;
      (speaks ? SPEECH_BASE64 : SILENCE_BASE64).copy(this.#frame, this.#stampAt);
    }
    const count = FIRST_COUNT + this.#sequence;
    for (const place of this.#countAt) {
      let rest = count;
      for (let digit = place + COUNT_DIGITS - 1; digit >= place; digit--) {
        this.#frame[digit] = 0x30 + (rest % 10);
        rest = Math.floor(rest / 10);
      }
    }
    writeStamp(this.#frame, this.#stampAt, monotonicMs(), this.#sequence++);
    this.#frame.copy(socket.outgoing, at);
    socket.commitText();
  }

  hangUp(): void {
    this.#hungUp = true;
    this.#socket?.sendText(JSON.stringify({ event: "stop", sequenceNumber: "9", streamSid: this.streamSid, stop: {} }));
    this.#socket?.close(1000);
  }

  #take(socket: LaneSocket, bytes: Buffer, start: number, end: number): void {
    const at = findStamp(bytes, start, end, this.#guess, PAYLOAD_KEY);
    if (at >= 0) {
      this.#expected = this.#down.take(bytes, at, this.#expected);
      return;
    }
    const message: { readonly event: string; readonly mark?: { readonly name: string } } = JSON.parse(bytes.toString("utf8", start, end));
    if (message.event !== "mark") return;
    this.marksEchoed++;
    socket.sendText(JSON.stringify({ event: "mark", sequenceNumber: "2", streamSid: this.streamSid, mark: message.mark }));
  }
}
