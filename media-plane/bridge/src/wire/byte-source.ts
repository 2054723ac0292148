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
import { Socket, type SocketConstructorOpts } from "node:net";
import type { Duplex } from "node:stream";
import { TLSSocket } from "node:tls";
import { wordsOf } from "./mask.ts";

const READ_BUFFER_BYTES = 64 * 1024;

/** May change `bytes[0, length)`, and must be done with it when it returns. */
export type Deliver = (bytes: Buffer, words: Int32Array, length: number) => void;

export type ByteSourceKind = "borrowed" | "streamed";

interface TcpHandle {
  useUserBuffer(buffer: Uint8Array): void;
  readStop(): number;
  reading: boolean;
}

let readBuffer: { readonly bytes: Buffer; readonly words: Int32Array } | undefined;

/** Begins to read. Answers with the socket to write to, which is another one than `socket` when its handle was borrowed. */
export function startReading(socket: Duplex, deliver: Deliver, kind: ByteSourceKind): Duplex {
  const handle = kind === "borrowed" ? tcpHandleOf(socket) : undefined;
  if (handle === undefined) {
    socket.on("data", (chunk: Buffer) => deliver(chunk, wordsOf(chunk), chunk.length));
    return socket;
  }
  readBuffer ??= shareBuffer();
  const { bytes, words } = readBuffer;
  handle.readStop();
  handle.reading = false;
  Reflect.set(socket, "_handle", null);
  const callback = (length: number): boolean => {
    deliver(bytes, words, length);
    return true;
  };
  // `handle` is what net.Server itself passes for an accepted connection.
  const options: unknown = { handle, onread: { buffer: bytes, callback }, readable: true, writable: true };
  const reader = new Socket(options as SocketConstructorOpts);
  reader.setNoDelay(true);
  // The former socket still counts as one of its server's connections, and its server may destroy it: each ends the other.
  reader.on("close", () => socket.destroy());
  socket.on("close", () => reader.destroy());
  return reader;
}

function shareBuffer(): { readonly bytes: Buffer; readonly words: Int32Array } {
  const bytes = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
  return { bytes, words: wordsOf(bytes) };
}

function tcpHandleOf(socket: Duplex): TcpHandle | undefined {
  if (!(socket instanceof Socket) || socket instanceof TLSSocket || socket.destroyed || process.platform === "win32") return undefined;
  const handle: unknown = Reflect.get(socket, "_handle");
  if (typeof handle !== "object" || handle === null || handle.constructor.name !== "TCP") return undefined;
  if (!("useUserBuffer" in handle) || !("readStop" in handle) || !("reading" in handle)) return undefined;
  return handle as TcpHandle;
}
