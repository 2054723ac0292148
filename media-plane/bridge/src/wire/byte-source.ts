/**
 * Where the bytes of an upgraded socket come from. Two ways:
 *
 * - `borrowed`: a plain TCP socket is put on its handle anew with Node's `onread` option, so that every socket of the process reads
 *   into one and the same buffer and no memory is allocated per read. It needs the socket's handle, which Node has but does not
 *   document; where there is none that we know, we do the other.
 * - `streamed`: the ordinary `data` event. TLS, and everything that is not a plain TCP socket.
 *
 * Sharing one read buffer is sound because libuv on POSIX systems calls back after each read before it reads anything else; on
 * Windows reads are posted ahead, so there the second way is taken.
 */
import { writeSync } from "node:fs";
import { Socket, type SocketConstructorOpts } from "node:net";
import type { Duplex } from "node:stream";
import { TLSSocket } from "node:tls";
import { wordsOf } from "./mask.ts";

const READ_BUFFER_BYTES = 64 * 1024;

/** May change `bytes[0, length)`, and must be done with it when it returns. */
export type Deliver = (length: number, bytes: Buffer) => void;

export type ByteSourceKind = "borrowed" | "streamed";

interface TcpHandle {
  useUserBuffer(buffer: Uint8Array): void;
  readStop(): number;
  reading: boolean;
  readonly fd: number;
}

let readBuffer: Buffer | undefined;
let readWords: Int32Array | undefined;

/** `wordsOf` the bytes that a `Deliver` was given. */
export function readWordsOf(bytes: Buffer): Int32Array {
  return bytes === readBuffer && readWords !== undefined ? readWords : wordsOf(bytes);
}

/**
 * A socket on a borrowed handle. It writes to the kernel without the way through a stream, which costs as much as a third of the system
 * call itself: a write request, a callback, and the state of two streams for each frame.
 */
export class DirectSocket extends Socket {
  /** Known to the kernel by this number; -1 once it may be somebody else's. */
  #fd: number;

  constructor(options: SocketConstructorOpts, fd: number) {
    super(options);
    this.#fd = fd;
  }

  /**
   * Writes as much of `bytes[0, length)` as the kernel takes at once. Only while nothing waits in the stream, and not after `end`.
   * @returns how many bytes it took; what is left, and whatever is wrong with the socket, is for `write` to deal with.
   */
  writeNow(bytes: Buffer, length: number): number {
    if (this.#fd < 0) return 0;
    try {
      return writeSync(this.#fd, bytes, 0, length);
    } catch {
      return 0;
    }
  }

  /** Before the handle is closed, and its number free. */
  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#fd = -1;
    super._destroy(error, callback);
  }
}

/** Begins to read. Answers with the socket to write to, which is another one than `socket` when its handle was borrowed. */
export function startReading(socket: Duplex, deliver: Deliver, kind: ByteSourceKind): Duplex {
  const handle = kind === "borrowed" ? tcpHandleOf(socket) : undefined;
  if (handle === undefined) {
    socket.on("data", (chunk: Buffer) => deliver(chunk.length, chunk));
    return socket;
  }
  readBuffer ??= Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
  readWords ??= wordsOf(readBuffer);
  handle.readStop();
  handle.reading = false;
  Reflect.set(socket, "_handle", null);
  // `handle` is what net.Server itself passes for an accepted connection. What `callback` answers does not matter unless it is `false`.
  const options: unknown = { handle, onread: { buffer: readBuffer, callback: deliver }, readable: true, writable: true };
  const reader = new DirectSocket(options as SocketConstructorOpts, handle.fd);
  reader.setNoDelay(true);
  // The former socket still counts as one of its server's connections, and its server may destroy it: each ends the other.
  reader.on("close", () => socket.destroy());
  socket.on("close", () => reader.destroy());
  return reader;
}

function tcpHandleOf(socket: Duplex): TcpHandle | undefined {
  if (!(socket instanceof Socket) || socket instanceof TLSSocket || socket.destroyed || process.platform === "win32") return undefined;
  const handle: unknown = Reflect.get(socket, "_handle");
  if (typeof handle !== "object" || handle === null || handle.constructor.name !== "TCP") return undefined;
  if (!("useUserBuffer" in handle) || !("readStop" in handle) || !("reading" in handle)) return undefined;
  if (!("fd" in handle) || typeof handle.fd !== "number" || handle.fd < 0) return undefined;
  return handle as TcpHandle;
}
