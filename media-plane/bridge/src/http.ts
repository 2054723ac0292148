/** What a media node answers over HTTP: whether it lives, whether it wants calls, and its metrics. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Fault } from "@struere/kernel";

export interface Pages {
  /** Why no calls should come now; empty: they should. */
  notReady(): readonly string[];
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>;
}

/** Twilio's upgrade has about ten headers, a proxy adds a few: what is beyond these bounds is answered with 431 or cut off. */
const MOST_HEADER_BYTES = 16 * 1024;
const HEADERS_WITHIN_MS = 5_000;
const REQUEST_WITHIN_MS = 10_000;

/** A server that listens; its handlers are attached by the caller before anything else is awaited. */
export async function listen({ port, host }: { readonly port: number; readonly host?: string | undefined }): Promise<Server> {
  const server = createServer({
    maxHeaderSize: MOST_HEADER_BYTES,
    headersTimeout: HEADERS_WITHIN_MS,
    requestTimeout: REQUEST_WITHIN_MS,
    connectionsCheckingInterval: 1_000,
    keepAliveTimeout: 5_000,
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", (cause) => {
    reject(new Fault("unavailable", `can not listen on port ${port}: ${cause.message}; is MEDIA_PORT free?`, { cause }));
  });
  server.listen(port, host, resolve);
  await promise;
  return server;
}

/** The port that a server listens on. */
export function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Fault("internal", "the server does not listen on a port");
  return (address satisfies AddressInfo).port;
}

export async function answer(request: IncomingMessage, response: ServerResponse, pages: Pages): Promise<void> {
  if (request.method !== "GET" && request.method !== "HEAD") return send(response, 405, "text/plain", "GET only\n");
  switch (request.url) {
    case "/healthz":
      return send(response, 200, "application/json", '{"status":"ok"}\n');
    case "/readyz": {
      const why = pages.notReady();
      const body = why.length === 0 ? { status: "ready" } : { status: "not_ready", why };
      return send(response, why.length === 0 ? 200 : 503, "application/json", `${JSON.stringify(body)}\n`);
    }
    case "/metrics": {
      const { contentType, text } = await pages.metrics();
      return send(response, 200, contentType, text);
    }
    default:
      return send(response, 404, "text/plain", "not here; /healthz, /readyz and /metrics are, and /media for Twilio's media streams\n");
  }
}

function send(response: ServerResponse, status: number, contentType: string, body: string): void {
  response.writeHead(status, { "content-type": contentType, "content-length": Buffer.byteLength(body) });
  response.end(body);
}
