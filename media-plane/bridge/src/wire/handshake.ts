/**
 * The `ws` package does both handshakes; what comes after them is ours. A subclass takes the raw socket in `setSocket`, which is where
 * `ws` would attach its receiver and sender, and makes a `LaneSocket` of it.
 */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { Fault, type FaultCode } from "@struere/kernel";
import { type ClientOptions, WebSocket, WebSocketServer } from "ws";
import { LaneSocket, type LaneSocketOptions } from "./lane-socket.ts";

/** One socket of ours when it is there; a server's and a client's handshake both end in `setSocket`. */
class HandshakeSocket extends WebSocket {
  taken: { readonly socket: Duplex; readonly head: Buffer } | undefined;

  setSocket(socket: Duplex, head: Buffer): void {
    if ("setTimeout" in socket && typeof socket.setTimeout === "function") socket.setTimeout(0);
    if ("setNoDelay" in socket && typeof socket.setNoDelay === "function") socket.setNoDelay(true);
    this.taken = { socket, head };
    this.emit("open");
  }
}

export type AcceptOptions = Omit<LaneSocketOptions, "role">;

export interface LaneAcceptor {
  /**
   * Completes the handshake of an HTTP `upgrade` and hands over the socket, within the call; read from it with `start`. A request that
   * is not a WebSocket handshake is answered with its 4xx by `ws`, and `accepted` is not called.
   */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer, accepted: (lane: LaneSocket, request: IncomingMessage) => void): void;
}

/** For the `upgrade` event of an HTTP server. Path, signature and admission are the caller's, before `accept`. */
export function laneAcceptor(options: AcceptOptions): LaneAcceptor {
  const server = new WebSocketServer({ noServer: true, clientTracking: false, perMessageDeflate: false, WebSocket: HandshakeSocket });
  return {
    accept(request, socket, head, accepted) {
      server.handleUpgrade(request, socket, head, (handshake) => {
        if (handshake.taken === undefined) return;
        accepted(new LaneSocket(handshake.taken.socket, handshake.taken.head, { ...options, role: "server" }), request);
      });
    },
  };
}

export interface ConnectOptions extends Omit<LaneSocketOptions, "role"> {
  /** `ws:` or `wss:`. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly handshakeTimeoutMs: number;
  readonly signal?: AbortSignal;
}

/**
 * Opens a WebSocket. Nothing is read before `start`.
 * @throws Fault by the HTTP status of a refusal: 401 unauthenticated, 403 permission_denied, 404 not_found, 429 resource_exhausted,
 * other 4xx failed_precondition; unavailable for everything else that keeps it from opening; aborted by `signal`.
 */
export function connectLaneSocket(options: ConnectOptions): Promise<LaneSocket> {
  const { url, headers, handshakeTimeoutMs, signal } = options;
  return new Promise((resolve, reject) => {
    const clientOptions: ClientOptions = { headers: { ...headers }, handshakeTimeout: handshakeTimeoutMs, perMessageDeflate: false };
    const handshake = new HandshakeSocket(url, clientOptions);
    const abort = (): void => {
      reject(new Fault("aborted", `opening a WebSocket to ${placeOf(url)} was given up`));
      handshake.terminate();
    };
    handshake.once("open", () => {
      signal?.removeEventListener("abort", abort);
      if (handshake.taken === undefined) return;
      const { socket, head } = handshake.taken;
      resolve(new LaneSocket(socket, head, { ...options, role: "client" }));
    });
    handshake.once("unexpected-response", (request, response) => {
      const status = response.statusCode ?? 0;
      reject(new Fault(faultCodeOf(status), `${placeOf(url)} refused the WebSocket with HTTP ${status}`));
      response.resume();
      request.destroy();
    });
    // Also after an abort or a refusal, when nobody waits any more.
    handshake.on("error", (cause) => {
      signal?.removeEventListener("abort", abort);
      reject(new Fault("unavailable", `no WebSocket to ${placeOf(url)}: ${cause.message}`, { cause }));
    });
    if (signal?.aborted) abort();
    else signal?.addEventListener("abort", abort, { once: true });
  });
}

function faultCodeOf(status: number): FaultCode {
  if (status === 401) return "unauthenticated";
  if (status === 403) return "permission_denied";
  if (status === 404) return "not_found";
  if (status === 429) return "resource_exhausted";
  return status >= 400 && status < 500 ? "failed_precondition" : "unavailable";
}

/** Where to, without query: it may hold a secret. */
function placeOf(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}
