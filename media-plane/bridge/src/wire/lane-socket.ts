/**
 * A WebSocket peer (RFC 6455) on a socket whose handshake is done: text messages only, no extensions. It does what the `ws` package's
 * WebSocket does, for less: no event, closure, promise or copy per frame on the way in, one copy and one write per turn on the way out.
 *
 * Messages are written where they will be sent from: `beginText` reserves room in `outgoing`, the caller fills it, `commitText` masks
 * and queues it. Nothing else may be sent in between. What is queued in one turn of the event loop goes out in one write.
 *
 * It ends in one of two ways, and says so once through `onClose`: with a close frame from the peer (`clean`), or without. After that
 * nothing is delivered and nothing can be sent. Closing waits `closeTimeoutMs` for the peer and then destroys the socket.
 */
import { isUtf8 } from "node:buffer";
import type { Duplex } from "node:stream";
import type { Clock } from "@struere/kernel";
import { type ByteSourceKind, DirectSocket, readWordsOf, startReading } from "./byte-source.ts";
import { CLOSE, isSendableCloseCode } from "./close-code.ts";
import { maskFrame } from "./frame-mask.ts";
import { FrameReader, type TextTaker } from "./frame-reader.ts";
import { borrowBuffer, type OutBuffer, returnBuffer } from "./out-buffer.ts";
import { beginRead, endRead, flushLater } from "./turn.ts";

export interface LaneHandlers {
  /** One whole text message, in `bytes[start, end)`: valid until the call returns, not yet known to be UTF-8 (see `decode`). */
  onText(bytes: Buffer, start: number, end: number): void;
  /** Exactly once, never from within a call of ours to the socket's methods. */
  onClose(closing: Closing): void;
  /**
   * A message was refused because `maxBufferedBytes` wait already: the peer reads too slowly. Called at the first refusal, and again
   * only after the buffer has been empty in between. Frames of audio may be lost without harm; without `onOverflow` the socket is
   * closed with 1008, because a lost message of any other kind leaves the two sides with different ideas.
   */
  onOverflow?(): void;
  onPong?(): void;
}

export interface Closing {
  /** The peer's code; ours when we failed the connection (1002, 1003, 1007, 1008, 1009, 1011); 1006 when there was none. */
  readonly code: number;
  readonly reason: string;
  /** The peer sent a close frame. */
  readonly clean: boolean;
  /** What the socket or a handler threw, if that was the end of it. */
  readonly cause: unknown;
}

export interface LaneSocketOptions {
  readonly role: "server" | "client";
  readonly clock: Clock;
  /** Longest message taken, in bytes; longer ones close with 1009. */
  readonly maxMessageBytes: number;
  /** Most bytes waiting for the peer to read. Default 1 MiB. */
  readonly maxBufferedBytes?: number;
  /** Most fragments of one message; more close with 1008. Default 1,024. */
  readonly maxFragments?: number;
  /** How long a close frame may stay unanswered. Default 2,000 ms. */
  readonly closeTimeoutMs?: number;
  /** See byte-source.ts. Default `borrowed`. */
  readonly byteSource?: ByteSourceKind;
}

const DEFAULT_MAX_BUFFERED_BYTES = 1024 * 1024;
const DEFAULT_MAX_FRAGMENTS = 1024;
const DEFAULT_CLOSE_TIMEOUT_MS = 2_000;
const LONGEST_REASON_BYTES = 123;
const FINAL_TEXT = 0x81;
const FINAL_CLOSE = 0x88;
const FINAL_PING = 0x89;
const FINAL_PONG = 0x8a;

export class LaneSocket {
  readonly #client: boolean;
  readonly #clock: Clock;
  readonly #maxBufferedBytes: number;
  readonly #closeTimeoutMs: number;
  readonly #byteSource: ByteSourceKind;
  readonly #reader: FrameReader;
  #socket: Duplex;
  #handlers: LaneHandlers | undefined;
  #head: Buffer;
  #state: "open" | "closing" | "closed" = "open";
  #closing: Closing | undefined;
  #reported = false;
  #sentClose = false;
  #gotClose = false;
  #cause: unknown = null;
  #disarm: (() => void) | undefined;

  /** Where frames can be written past the stream: while the socket is not ended, and only when nothing waits in it. */
  #direct: DirectSocket | undefined;
  /** Something may wait in the stream. */
  #behind = false;
  #out: OutBuffer | undefined;
  /** Full buffers before `#out` in the same turn. */
  #outBefore: OutBuffer[] = [];
  #queuedBytes = 0;
  #frameStart = 0;
  #frameEnd = 0;
  #dirty = false;
  #overflowing = false;

  /** @param head bytes that came with the handshake and belong to the first frames. */
  constructor(socket: Duplex, head: Buffer, options: LaneSocketOptions) {
    this.#socket = socket;
    this.#head = head;
    this.#client = options.role === "client";
    this.#clock = options.clock;
    this.#maxBufferedBytes = options.maxBufferedBytes ?? DEFAULT_MAX_BUFFERED_BYTES;
    this.#closeTimeoutMs = options.closeTimeoutMs ?? DEFAULT_CLOSE_TIMEOUT_MS;
    this.#byteSource = options.byteSource ?? "borrowed";
    this.#reader = new FrameReader({
      role: options.role,
      maxMessageBytes: options.maxMessageBytes,
      maxFragments: options.maxFragments ?? DEFAULT_MAX_FRAGMENTS,
      sink: {
        text: (bytes, start, end) => this.#handlers?.onText(bytes, start, end),
        ping: (bytes, start, end) => this.#sendControl(FINAL_PONG, bytes.subarray(start, end)),
        pong: () => this.#handlers?.onPong?.(),
        closed: (code, reason) => this.#peerClosed(code, reason),
        failed: (code, reason) => this.#fail(code, reason),
      },
    });
    socket.on("error", (error) => this.#broke(error));
    socket.on("close", () => this.#gone());
  }

  /**
   * Begins to deliver; nothing is read before. Called again, it replaces the handlers, for a connection whose life has stages.
   */
  start(handlers: LaneHandlers): void {
    const first = this.#handlers === undefined;
    this.#handlers = handlers;
    if (!first) return;
    if (this.#state === "closed") {
      setImmediate(() => this.#report());
      return;
    }
    this.#readAhead();
    const former = this.#socket;
    this.#socket = startReading(former, (length, bytes) => this.#deliver(bytes, length), this.#byteSource);
    if (this.#socket !== former) {
      if (this.#socket instanceof DirectSocket) this.#direct = this.#socket;
      this.#socket.on("error", (error) => this.#broke(error));
      this.#socket.on("close", () => this.#gone());
    }
    this.#socket.on("drain", () => {
      this.#overflowing = false;
    });
    this.#socket.on("end", () => {
      this.#endSocket();
      this.#armCloseTimeout();
    });
    const head = this.#head;
    this.#head = Buffer.alloc(0);
    if (head.length > 0) setImmediate(() => this.#deliver(head, head.length));
  }

  /** From now on text messages go to `texts` and not to `onText`: one call less for each frame, and less memory that it touches. */
  deliverTo(texts: TextTaker): void {
    this.#reader.redirect(texts);
  }

  /** Whether messages can be sent. */
  get isOpen(): boolean {
    return this.#state === "open";
  }

  /** Bytes that the kernel has not taken yet. */
  get bufferedBytes(): number {
    return this.#behind ? this.#queuedBytes + this.#socket.writableLength : this.#queuedBytes;
  }

  /** Where the message begun with `beginText` is written. A new one may be in use after each `beginText`. */
  get outgoing(): Buffer {
    return (this.#out ?? this.#borrow(0)).bytes;
  }

  /**
   * Reserves room for a text message of exactly `byteLength` bytes of UTF-8. Answers where in `outgoing` it begins, or -1 when the
   * socket is not open or too much is waiting already; then there is nothing to commit.
   */
  beginText(byteLength: number): number {
    if (this.#state !== "open") return -1;
    if (this.bufferedBytes + byteLength > this.#maxBufferedBytes) {
      this.#overflow();
      return -1;
    }
    return this.#beginFrame(FINAL_TEXT, byteLength);
  }

  /** Sends what was written since `beginText`. */
  commitText(): void {
    this.#commitFrame();
  }

  /** Sends one text message; a `Buffer` must hold UTF-8. False when it was refused (see `beginText`). */
  sendText(text: string | Buffer): boolean {
    const length = typeof text === "string" ? Buffer.byteLength(text, "utf8") : text.length;
    const at = this.beginText(length);
    if (at < 0) return false;
    if (typeof text === "string") this.outgoing.write(text, at, length, "utf8");
    else text.copy(this.outgoing, at);
    this.#commitFrame();
    return true;
  }

  ping(): void {
    this.#sendControl(FINAL_PING, Buffer.alloc(0));
  }

  /** The text of a delivered message. When it is not UTF-8: closes with 1007 and answers `undefined`. */
  decode(bytes: Buffer, start: number, end: number): string | undefined {
    if (isUtf8(bytes.subarray(start, end))) return bytes.toString("utf8", start, end);
    this.#reader.stop();
    this.#fail(CLOSE.invalidData, "a text message is not UTF-8");
    return undefined;
  }

  /** Starts the closing handshake; what was queued is sent first. Does nothing on a socket that is closing already. */
  close(code: number = CLOSE.normal, reason = ""): void {
    if (this.#state !== "open") return;
    if (!isSendableCloseCode(code)) throw new RangeError(`close code ${code} is not one of 1000-1003, 1007-1014, 3000-4999`);
    this.#sendClose(code, reason);
    this.#state = "closing";
    this.#armCloseTimeout();
  }

  /** Ends the connection at once, without a close frame. */
  terminate(): void {
    this.#reader.stop();
    this.#socket.destroy();
  }

  /** Writes what is queued. Called once per turn; there is no need to call it elsewhere. */
  flush(): void {
    this.#dirty = false;
    const out = this.#out;
    if (out === undefined) return;
    this.#out = undefined;
    this.#queuedBytes = 0;
    if (this.#behind) this.#behind = this.#socket.writableLength > 0;
    const before = this.#outBefore;
    if (before.length > 0) this.#outBefore = [];
    else if (!this.#behind && this.#writeNow(out)) return;
    this.#writeLater(before, out);
  }

  /** Past the stream. False when not all of it was taken; `out` holds the rest then. */
  #writeNow(out: OutBuffer): boolean {
    const { bytes, used } = out;
    const written = this.#direct?.writeNow(bytes, used) ?? 0;
    if (written === used) {
      this.#overflowing = false;
      returnBuffer(out);
      return true;
    }
    bytes.copyWithin(0, written, used);
    out.used = used - written;
    return false;
  }

  #writeLater(before: readonly OutBuffer[], out: OutBuffer): void {
    const socket = this.#socket;
    if (!socket.writable) {
      returnBuffer(out);
      return;
    }
    socket.cork();
    for (const buffer of before) socket.write(buffer.bytes.subarray(0, buffer.used));
    socket.write(out.bytes.subarray(0, out.used));
    socket.uncork();
    this.#behind = socket.writableLength > 0;
    if (this.#behind) return;
    this.#overflowing = false;
    for (const buffer of before) returnBuffer(buffer);
    returnBuffer(out);
  }

  /** What arrived between the handshake and `start`. */
  #readAhead(): void {
    for (let chunk: unknown = this.#socket.read(); chunk instanceof Buffer; chunk = this.#socket.read()) {
      this.#head = this.#head.length === 0 ? chunk : Buffer.concat([this.#head, chunk]);
    }
  }

  #deliver(bytes: Buffer, length: number): void {
    beginRead();
    try {
      this.#reader.read(bytes, readWordsOf(bytes), 0, length);
    } catch (error) {
      // A handler failed: that ends this connection, never the process.
      this.#cause = error;
      this.#reader.stop();
      this.#fail(CLOSE.internalError, "");
    } finally {
      endRead();
    }
  }

  #borrow(byteLength: number): OutBuffer {
    this.#out = borrowBuffer(byteLength);
    return this.#out;
  }

  #beginFrame(firstByte: number, byteLength: number): number {
    const header = (byteLength < 126 ? 2 : byteLength < 65_536 ? 4 : 10) + (this.#client ? 4 : 0);
    let out = this.#out ?? this.#borrow(header + byteLength);
    if (out.used + header + byteLength > out.bytes.length) {
      if (out.used > 0) this.#outBefore.push(out);
      else returnBuffer(out);
      out = this.#borrow(header + byteLength);
    }
    const { bytes, used: at } = out;
    bytes[at] = firstByte;
    const masked = this.#client ? 0x80 : 0;
    if (byteLength < 126) {
      bytes[at + 1] = masked | byteLength;
    } else if (byteLength < 65_536) {
      bytes[at + 1] = masked | 126;
      bytes[at + 2] = byteLength >> 8;
      bytes[at + 3] = byteLength & 0xff;
    } else {
      bytes[at + 1] = masked | 127;
      bytes.writeUIntBE(0, at + 2, 4);
      bytes.writeUInt32BE(byteLength, at + 6);
    }
    this.#frameStart = at + header;
    this.#frameEnd = this.#frameStart + byteLength;
    return this.#frameStart;
  }

  #commitFrame(): void {
    const out = this.#out;
    if (out === undefined) return;
    if (this.#client) maskFrame(out, this.#frameStart, this.#frameEnd);
    this.#queuedBytes += this.#frameEnd - out.used;
    out.used = this.#frameEnd;
    if (this.#dirty) return;
    this.#dirty = true;
    flushLater(this);
  }

  #sendControl(firstByte: number, payload: Buffer): void {
    if (this.#state !== "open") return;
    if (this.bufferedBytes + payload.length > this.#maxBufferedBytes) {
      this.#overflow();
      return;
    }
    const at = this.#beginFrame(firstByte, payload.length);
    payload.copy(this.outgoing, at);
    this.#commitFrame();
  }

  #sendClose(code: number, reason: string): void {
    if (this.#sentClose) return;
    this.#sentClose = true;
    let text = Buffer.from(reason, "utf8");
    if (text.length > LONGEST_REASON_BYTES) text = Buffer.from(reason.replaceAll(/[^ -~]/g, "?").slice(0, LONGEST_REASON_BYTES));
    const at = this.#beginFrame(FINAL_CLOSE, code === CLOSE.noCode ? 0 : 2 + text.length);
    if (code !== CLOSE.noCode) {
      this.outgoing.writeUInt16BE(code, at);
      text.copy(this.outgoing, at + 2);
    }
    this.#commitFrame();
  }

  #overflow(): void {
    if (this.#overflowing) return;
    // A message that is too large for an empty buffer is its sender's mistake, each time.
    this.#overflowing = this.bufferedBytes > 0;
    const onOverflow = this.#handlers?.onOverflow;
    if (onOverflow !== undefined) onOverflow.call(this.#handlers);
    else this.close(CLOSE.policyViolation, "messages are read too slowly");
  }

  #peerClosed(code: number, reason: string): void {
    this.#gotClose = true;
    this.#closing ??= { code, reason, clean: true, cause: null };
    this.#sendClose(code, "");
    this.#finish();
  }

  /** The peer is in the wrong, or we are: say so with a close frame and hear nothing more from it. */
  #fail(code: number, reason: string): void {
    this.#closing ??= { code, reason, clean: false, cause: this.#cause };
    this.#sendClose(code, reason);
    this.#finish();
  }

  #broke(error: unknown): void {
    this.#cause ??= error;
    this.#socket.destroy();
  }

  /** Both sides have said all they will say: send the rest, end, and do not wait long for the peer to do the same. */
  #finish(): void {
    this.#state = "closed";
    this.flush();
    this.#endSocket();
    this.#armCloseTimeout();
    setImmediate(() => this.#report());
  }

  #endSocket(): void {
    this.#direct = undefined;
    this.#socket.end();
  }

  #gone(): void {
    this.#disarm?.();
    this.#disarm = undefined;
    this.#reader.stop();
    this.#state = "closed";
    this.#closing ??= { code: CLOSE.abnormal, reason: "", clean: this.#gotClose, cause: this.#cause };
    this.#report();
  }

  #report(): void {
    if (this.#reported || this.#handlers === undefined || this.#closing === undefined) return;
    this.#reported = true;
    this.#handlers.onClose(this.#closing);
  }

  #armCloseTimeout(): void {
    this.#disarm ??= this.#clock.arm(this.#clock.now() + this.#closeTimeoutMs, () => this.#socket.destroy());
  }
}
