/**
 * Reads RFC 6455 frames out of whatever pieces the socket delivers. No socket, no clock: bytes in, calls to a sink out.
 *
 * Whole frames are unmasked in place and handed on where they lie; only a frame that a read has cut in two, and a message that its
 * sender has cut into fragments, are copied. What may be kept is bounded by `maxMessageBytes` and `maxFragments`. Text is not
 * checked for being UTF-8 here: audio never needs it, and whoever decodes the rest checks it there (`LaneSocket.decode`).
 */
import { isUtf8 } from "node:buffer";
import { CLOSE, isSendableCloseCode } from "./close-code.ts";
import { applyMask, wordsOf } from "./mask.ts";

/** Takes whole text messages. */
export interface TextTaker {
  /** One message in `bytes[start, end)`, valid until the call returns. */
  take(bytes: Buffer, start: number, end: number): void;
}

/** Forgets them. */
export const NOBODY: TextTaker = { take: () => undefined };

export interface FrameSink {
  /** One whole text message in `bytes[start, end)`, valid until the call returns. */
  text(bytes: Buffer, start: number, end: number): void;
  ping(bytes: Buffer, start: number, end: number): void;
  pong(): void;
  /** The peer's close frame; `CLOSE.noCode` when it has no code. Nothing follows. */
  closed(code: number, reason: string): void;
  /** The peer broke the protocol or a limit: close with this code. Nothing follows. */
  failed(code: number, reason: string): void;
}

export interface FrameReaderOptions {
  /** The role that *we* play: a server takes only masked frames, a client only unmasked ones. */
  readonly role: "server" | "client";
  readonly maxMessageBytes: number;
  readonly maxFragments: number;
  readonly sink: FrameSink;
}

const CONTINUATION = 0;
const TEXT = 1;
const BINARY = 2;
const CLOSE_FRAME = 8;
const PING = 9;
const PONG = 10;

const INCOMPLETE = 0;
const BROKEN = -1;
const SMALLEST_HOLD = 1024;
const NOTHING: Buffer = Buffer.alloc(0);

export class FrameReader {
  readonly #masked: boolean;
  readonly #maxMessageBytes: number;
  readonly #maxFragments: number;
  readonly #sink: FrameSink;
  #texts: TextTaker;
  #stopped = false;

  // The header that `#frameSize` saw last.
  #opcode = 0;
  #final = false;
  #headerBytes = 0;
  #payloadBytes = 0;

  /** A frame of which the rest is still to come. */
  #held = NOTHING;
  #heldBytes = 0;

  /** A message of which the rest is still to come. */
  #message = NOTHING;
  #messageBytes = 0;
  #fragments = 0;

  constructor(options: FrameReaderOptions) {
    this.#masked = options.role === "server";
    this.#maxMessageBytes = options.maxMessageBytes;
    this.#maxFragments = options.maxFragments;
    const { sink } = options;
    this.#sink = sink;
    this.#texts = { take: (bytes, start, end) => sink.text(bytes, start, end) };
  }

  /** From now on text messages go to `texts` and not to the sink. */
  redirect(texts: TextTaker): void {
    this.#texts = texts;
  }

  /** Reads no further: what comes now is forgotten. */
  stop(): void {
    this.#stopped = true;
    this.#held = NOTHING;
    this.#heldBytes = 0;
    this.#message = NOTHING;
  }

  /** Takes what the socket read: `bytes[start, end)`, which it may change; `words` is `wordsOf(bytes)`. */
  read(bytes: Buffer, words: Int32Array, start: number, end: number): void {
    if (this.#stopped) return;
    let at = this.#heldBytes > 0 ? this.#complete(bytes, start, end) : start;
    while (!this.#stopped && at < end) {
      const size = this.#frameSize(bytes, at, end);
      if (size === BROKEN) return;
      if (size === INCOMPLETE || at + size > end) {
        this.#hold(bytes, at, end);
        return;
      }
      this.#take(bytes, words, at);
      at += size;
    }
  }

  /** Fills up the held frame, hands it on when it is whole, and says where the next one begins. */
  #complete(bytes: Buffer, start: number, end: number): number {
    let at = start;
    let size = this.#frameSize(this.#held, 0, this.#heldBytes);
    while (size === INCOMPLETE && at < end) {
      this.#hold(bytes, at, at + 1);
      at++;
      size = this.#frameSize(this.#held, 0, this.#heldBytes);
    }
    if (size <= 0) return end;
    const part = Math.min(size - this.#heldBytes, end - at);
    this.#hold(bytes, at, at + part, size);
    if (this.#heldBytes < size) return end;
    const frame = this.#held;
    this.#held = NOTHING;
    this.#heldBytes = 0;
    this.#take(frame, wordsOf(frame), 0);
    return at + part;
  }

  /** Grows by doubling and not to the announced size at once: an announcement costs nothing. */
  #hold(bytes: Buffer, start: number, end: number, most = Number.POSITIVE_INFINITY): void {
    const needed = this.#heldBytes + end - start;
    if (needed > this.#held.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(needed, Math.min(most, Math.max(SMALLEST_HOLD, this.#held.length * 2))));
      this.#held.copy(grown, 0, 0, this.#heldBytes);
      this.#held = grown;
    }
    bytes.copy(this.#held, this.#heldBytes, start, end);
    this.#heldBytes = needed;
  }

  /** Bytes of the frame that begins at `at`, header included; `INCOMPLETE` while its header is, `BROKEN` after a failure. */
  #frameSize(bytes: Buffer, at: number, end: number): number {
    if (end - at < 2) return INCOMPLETE;
    const first = bytes[at] ?? 0;
    const second = bytes[at + 1] ?? 0;
    const opcode = first & 0x0f;
    const final = (first & 0x80) !== 0;
    let payload = second & 0x7f;
    if ((first & 0x70) !== 0) return this.#fail(CLOSE.protocolError, "reserved bits must be clear");
    if (opcode === CONTINUATION) {
      if (this.#fragments === 0) return this.#fail(CLOSE.protocolError, "continuation of nothing");
    } else if (opcode === TEXT || opcode === BINARY) {
      if (this.#fragments > 0) return this.#fail(CLOSE.protocolError, "a new message inside a fragmented one");
      if (opcode === BINARY) return this.#fail(CLOSE.unsupportedData, "only text messages are understood");
    } else if (opcode === CLOSE_FRAME || opcode === PING || opcode === PONG) {
      if (!final) return this.#fail(CLOSE.protocolError, "a control frame must not be fragmented");
      if (payload > 125 || (opcode === CLOSE_FRAME && payload === 1))
        return this.#fail(CLOSE.protocolError, "control frame of a wrong size");
    } else {
      return this.#fail(CLOSE.protocolError, `opcode ${opcode} is unknown`);
    }
    if (((second & 0x80) !== 0) !== this.#masked) {
      return this.#fail(CLOSE.protocolError, this.#masked ? "a client must mask" : "a server must not mask");
    }
    let header = 2;
    if (payload === 126) {
      header = 4;
      if (end - at < header) return INCOMPLETE;
      payload = bytes.readUInt16BE(at + 2);
    } else if (payload === 127) {
      header = 10;
      if (end - at < header) return INCOMPLETE;
      payload = bytes.readUInt32BE(at + 2) * 0x1_0000_0000 + bytes.readUInt32BE(at + 6);
    }
    if (opcode < CLOSE_FRAME && this.#messageBytes + payload > this.#maxMessageBytes && payload > 0) {
      return this.#fail(CLOSE.messageTooBig, `a message may have ${this.#maxMessageBytes} bytes`);
    }
    if (this.#masked) header += 4;
    if (end - at < header) return INCOMPLETE;
    this.#opcode = opcode;
    this.#final = final;
    this.#headerBytes = header;
    this.#payloadBytes = payload;
    return header + payload;
  }

  /** Takes the whole frame at `at`, whose header `#frameSize` has just seen. */
  #take(bytes: Buffer, words: Int32Array, at: number): void {
    const start = at + this.#headerBytes;
    const end = start + this.#payloadBytes;
    if (this.#masked) {
      applyMask(bytes, words, start, end, bytes[start - 4] ?? 0, bytes[start - 3] ?? 0, bytes[start - 2] ?? 0, bytes[start - 1] ?? 0);
    }
    if (this.#opcode === TEXT && this.#final) this.#texts.take(bytes, start, end);
    else if (this.#opcode <= TEXT) this.#takeFragment(bytes, start, end);
    else if (this.#opcode === PING) this.#sink.ping(bytes, start, end);
    else if (this.#opcode === PONG) this.#sink.pong();
    else this.#takeClose(bytes, start, end);
  }

  #takeFragment(bytes: Buffer, start: number, end: number): void {
    this.#fragments++;
    if (this.#fragments > this.#maxFragments) {
      this.#fail(CLOSE.policyViolation, `a message may have ${this.#maxFragments} fragments`);
      return;
    }
    const needed = this.#messageBytes + end - start;
    if (needed > this.#message.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(needed, Math.min(this.#maxMessageBytes, this.#message.length * 2)));
      this.#message.copy(grown, 0, 0, this.#messageBytes);
      this.#message = grown;
    }
    bytes.copy(this.#message, this.#messageBytes, start, end);
    this.#messageBytes = needed;
    if (!this.#final) return;
    const message = this.#message;
    this.#message = NOTHING;
    this.#messageBytes = 0;
    this.#fragments = 0;
    this.#texts.take(message, 0, needed);
  }

  #takeClose(bytes: Buffer, start: number, end: number): void {
    if (start === end) {
      this.stop();
      this.#sink.closed(CLOSE.noCode, "");
      return;
    }
    const code = bytes.readUInt16BE(start);
    const reason = bytes.subarray(start + 2, end);
    if (!isSendableCloseCode(code)) {
      this.#fail(CLOSE.protocolError, `close code ${code} is not allowed`);
    } else if (!isUtf8(reason)) {
      this.#fail(CLOSE.invalidData, "the close reason is not UTF-8");
    } else {
      this.stop();
      this.#sink.closed(code, reason.toString("utf8"));
    }
  }

  #fail(code: number, reason: string): typeof BROKEN {
    this.stop();
    this.#sink.failed(code, reason);
    return BROKEN;
  }
}
