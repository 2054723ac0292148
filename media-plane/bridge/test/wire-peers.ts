/** Two ends for the tests of the wire: a LaneSocket of ours and a `ws` peer, over loopback. */
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import type { Clock } from "@struere/kernel";
import WebSocket, { WebSocketServer } from "ws";
import { type AcceptOptions, type Closing, connectLaneSocket, laneAcceptor, type LaneSocket } from "../src/wire/index.ts";

/** Real time: sockets keep no other. */
export const realClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  arm(at, wake) {
    const timer = setTimeout(wake, Math.max(0, at - performance.now()));
    return () => clearTimeout(timer);
  },
};

/** What a socket has delivered, and a way to wait for it. */
export class Inbox {
  readonly texts: string[] = [];
  closing: Closing | undefined;
  overflows = 0;
  pongs = 0;
  #waiting: { readonly isThere: () => boolean; readonly wake: () => void }[] = [];

  listen(lane: LaneSocket): this {
    lane.start({
      onText: (bytes, start, end) => {
        const text = lane.decode(bytes, start, end);
        if (text !== undefined) this.texts.push(text);
        this.changed();
      },
      onClose: (closing) => {
        this.closing = closing;
        this.changed();
      },
      onOverflow: () => {
        this.overflows++;
        this.changed();
      },
      onPong: () => {
        this.pongs++;
        this.changed();
      },
    });
    return this;
  }

  changed(): void {
    this.#waiting = this.#waiting.filter((waiter) => {
      if (!waiter.isThere()) return true;
      waiter.wake();
      return false;
    });
  }

  async until(isThere: () => boolean): Promise<void> {
    if (isThere()) return;
    await new Promise<void>((wake) => this.#waiting.push({ isThere, wake }));
  }

  async closed(): Promise<Closing> {
    await this.until(() => this.closing !== undefined);
    if (this.closing === undefined) throw new Error("not closed");
    return this.closing;
  }
}

export interface LaneServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** The next socket that is accepted. */
  next(): Promise<LaneSocket>;
}

/** A server whose accepted sockets are ours. */
export async function laneServer(options: Partial<AcceptOptions> = {}): Promise<LaneServer> {
  const acceptor = laneAcceptor({ clock: realClock, maxMessageBytes: 64 * 1024, ...options });
  const waiting: ((lane: LaneSocket) => void)[] = [];
  const there: LaneSocket[] = [];
  const http = createServer();
  http.on("upgrade", (request, socket, head) => {
    acceptor.accept(request, socket, head, (lane) => {
      const waiter = waiting.shift();
      if (waiter === undefined) there.push(lane);
      else waiter(lane);
    });
  });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  const { port } = http.address() as AddressInfo;
  return {
    url: `ws://127.0.0.1:${port}/media`,
    port,
    next: () => {
      const lane = there.shift();
      return lane === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(lane);
    },
    async [Symbol.asyncDispose]() {
      http.close();
      http.closeAllConnections();
      if (http.listening) await once(http, "close");
    },
  };
}

/** Our socket as the server, `ws` as its client. */
export async function laneAndClient(
  server: LaneServer,
  clientOptions: WebSocket.ClientOptions = {},
): Promise<{ lane: LaneSocket; client: WebSocket }> {
  const client = new WebSocket(server.url, { perMessageDeflate: false, ...clientOptions });
  const [lane] = await Promise.all([server.next(), once(client, "open")]);
  return { lane, client };
}

export interface WsServer extends AsyncDisposable {
  readonly url: string;
  next(): Promise<WebSocket>;
}

/** A server of the `ws` package. */
export async function wsServer(): Promise<WsServer> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false });
  await once(server, "listening");
  const there: WebSocket[] = [];
  const waiting: ((socket: WebSocket) => void)[] = [];
  server.on("connection", (socket) => {
    const waiter = waiting.shift();
    if (waiter === undefined) there.push(socket);
    else waiter(socket);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `ws://127.0.0.1:${port}/v1/realtime`,
    next: () => {
      const socket = there.shift();
      return socket === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(socket);
    },
    async [Symbol.asyncDispose]() {
      for (const socket of server.clients) socket.terminate();
      server.close();
      await once(server, "close");
    },
  };
}

/** Our socket as the client, `ws` as its server. */
export async function clientAndWs(
  server: WsServer,
  options: { readonly maxMessageBytes?: number } = {},
): Promise<{ lane: LaneSocket; peer: WebSocket }> {
  const [lane, peer] = await Promise.all([
    connectLaneSocket({
      url: server.url,
      headers: {},
      handshakeTimeoutMs: 5_000,
      clock: realClock,
      maxMessageBytes: options.maxMessageBytes ?? 16 * 1024 * 1024,
    }),
    server.next(),
  ]);
  return { lane, peer };
}

/** A raw client socket after a handshake, for bytes that no library would send. */
export async function rawClient(server: LaneServer): Promise<Socket> {
  const socket = connect(server.port, "127.0.0.1");
  await once(socket, "connect");
  const headers = "Host: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13";
  socket.write(`GET /media HTTP/1.1\r\n${headers}\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`);
  await once(socket, "data");
  return socket;
}

export interface FrameParts {
  readonly opcode?: number;
  readonly final?: boolean;
  readonly rsv?: number;
  readonly mask?: readonly [number, number, number, number];
  readonly payload?: Buffer | string;
  /** Says another length than the payload has. */
  readonly claim?: number;
}

/** One frame, right or wrong. */
export function frame(parts: FrameParts): Buffer {
  const payload = Buffer.from(parts.payload ?? "");
  const length = parts.claim ?? payload.length;
  const first = (parts.final === false ? 0 : 0x80) | ((parts.rsv ?? 0) << 4) | (parts.opcode ?? 1);
  const masked = parts.mask === undefined ? 0 : 0x80;
  const header =
    length < 126
      ? Buffer.from([first, masked | length])
      : length < 65_536
        ? Buffer.from([first, masked | 126, length >> 8, length & 0xff])
        : Buffer.from([
            first,
            masked | 127,
            0,
            0,
            0,
            0,
            (length >>> 24) & 0xff,
            (length >>> 16) & 0xff,
            (length >>> 8) & 0xff,
            length & 0xff,
          ]);
  const { mask } = parts;
  if (mask === undefined) return Buffer.concat([header, payload]);
  return Buffer.concat([header, Buffer.from(mask), payload.map((byte, index) => byte ^ (mask[index & 3] ?? 0))]);
}
