/** What a worker answers over HTTP: whether it lives, whether it works, and its metrics. */
import { createServer, type Server, type ServerResponse } from "node:http";
import { Fault } from "@struere/kernel";

export interface Pages {
  /** Why it does no work now; empty: it does. */
  notReady(): readonly string[];
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>;
}

export interface Http {
  readonly port: number;
  close(): Promise<void>;
}

const REQUEST_WITHIN_MS = 10_000;

/** @throws Fault unavailable when the port is taken. */
export async function serveHttp(
  { port, host }: { readonly port: number; readonly host?: string | undefined },
  pages: Pages,
): Promise<Http> {
  const server = createServer(
    { requestTimeout: REQUEST_WITHIN_MS, headersTimeout: REQUEST_WITHIN_MS, keepAliveTimeout: 5_000 },
    (request, response) => {
      answer(request.url ?? "", response, pages).catch(() => response.destroy());
    },
  );
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", (cause) =>
    reject(new Fault("unavailable", `can not listen on port ${port}: ${cause.message}; set AUDITOR_PORT to a free one`, { cause })),
  );
  server.listen(port, host, resolve);
  await promise;
  return {
    port: portOf(server),
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

async function answer(url: string, response: ServerResponse, pages: Pages): Promise<void> {
  switch (url) {
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
      return send(response, 404, "text/plain", "not here; /healthz, /readyz and /metrics are\n");
  }
}

function send(response: ServerResponse, status: number, contentType: string, body: string): void {
  response.writeHead(status, { "content-type": contentType, "content-length": Buffer.byteLength(body) });
  response.end(body);
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Fault("internal", "the server does not listen on a port");
  return address.port;
}
