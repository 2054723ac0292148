/** The HTTP server of a process that has no API: whether it lives, whether it wants work, and its metrics. Bounded like the public door that it may be. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { Fault } from "@struere/kernel";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";

export interface HealthPages {
  /** Why no work should come now; empty: it should. */
  notReady(): readonly string[];
  readonly metrics: Pick<Metrics, "contentType" | "text">;
  readonly log: Log;
  /** What is here besides, for whoever asks for something else. */
  readonly besides?: string;
}

export interface ListenOptions {
  readonly port: number;
  readonly host?: string | undefined;
  /** What sets the port, for the error. */
  readonly portVariable: string;
}

/** Twilio's upgrade has about ten headers, a proxy adds a few: what is beyond these bounds is answered with 431 or cut off. */
const MOST_HEADER_BYTES = 16 * 1024;
const HEADERS_WITHIN_MS = 5_000;
const REQUEST_WITHIN_MS = 10_000;

/**
 * A server that listens; its handlers are attached by the caller before anything else is awaited.
 * @throws Fault unavailable when the port can not be had.
 */
export async function listenHttp({ port, host, portVariable }: ListenOptions): Promise<Server> {
  const server = createServer({
    maxHeaderSize: MOST_HEADER_BYTES,
    headersTimeout: HEADERS_WITHIN_MS,
    requestTimeout: REQUEST_WITHIN_MS,
    connectionsCheckingInterval: 1_000,
    keepAliveTimeout: 5_000,
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", (cause) =>
    reject(new Fault("unavailable", `can not listen on port ${port}: ${cause.message}; set ${portVariable} to a free one`, { cause })),
  );
  server.listen(port, host, resolve);
  await promise;
  return server;
}

/** The port that a server listens on. */
export function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Fault("internal", "the server does not listen on a port");
  return address.port;
}

/** Cuts what is open, and resolves when the port is free. */
export async function closeHttp(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
}

/** Answers a request for one of the pages. */
export function answerHealth(request: IncomingMessage, response: ServerResponse, pages: HealthPages): void {
  answer(request, response, pages).catch((thrown: unknown) => {
    pages.log.error({ err: thrown }, "a request was not answered");
    response.destroy();
  });
}

async function answer({ method, url }: IncomingMessage, response: ServerResponse, pages: HealthPages): Promise<void> {
  if (method !== "GET" && method !== "HEAD") return send(response, 405, "text/plain", "GET only\n");
  switch (url) {
    case "/healthz":
      return send(response, 200, "application/json", '{"status":"ok"}\n');
    case "/readyz": {
      const why = pages.notReady();
      const body = why.length === 0 ? { status: "ready" } : { status: "not_ready", why };
      return send(response, why.length === 0 ? 200 : 503, "application/json", `${JSON.stringify(body)}\n`);
    }
    case "/metrics":
      return send(response, 200, pages.metrics.contentType, await pages.metrics.text());
    default:
      return send(response, 404, "text/plain", `not here; /healthz, /readyz and /metrics are${pages.besides ?? ""}\n`);
  }
}

function send(response: ServerResponse, status: number, contentType: string, body: string): void {
  response.writeHead(status, { "content-type": contentType, "content-length": Buffer.byteLength(body) });
  response.end(body);
}
