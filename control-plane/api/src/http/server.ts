/** The control plane's HTTP server: webhooks, tRPC, health, metrics. */
import { Fault } from "@struere/kernel";
import type { Metrics } from "@struere/runtime";
import fastify, { type FastifyInstance } from "fastify";

export interface HttpServerOptions {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly metrics: Metrics;
  /** Sentences about what is not ready; none: ready. */
  notReady(): Promise<readonly string[]>;
  /** Adds routes before the server listens. */
  readonly routes: (app: FastifyInstance) => void | Promise<void>;
}

export interface HttpServer {
  readonly port: number;
  close(): Promise<void>;
}

const BODY_MAX_BYTES = 1024 * 1024;
const REQUEST_TIMEOUT_MS = 30_000;
const HEADERS_TIMEOUT_MS = 10_000;

export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const app = fastify({
    bodyLimit: BODY_MAX_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: true,
    // tRPC puts several procedure names into one path.
    routerOptions: { maxParamLength: 5_000 },
    http: { headersTimeout: HEADERS_TIMEOUT_MS },
  });
  app.get("/healthz", () => ({ status: "ok" }));
  app.get("/readyz", async (_request, reply) => {
    const problems = await options.notReady();
    return await reply.code(problems.length === 0 ? 200 : 503).send({ status: problems.length === 0 ? "ready" : "not ready", problems });
  });
  app.get("/metrics", async (_request, reply) => await reply.type(options.metrics.contentType).send(await options.metrics.text()));
  app.get("/", async (_request, reply) => await reply.type("text/plain; charset=utf-8").send(WELCOME));
  await options.routes(app);
  const address = await listen(app, options);
  return { port: Number(new URL(address).port), close: () => app.close() };
}

const WELCOME = `Struere Voice: the control plane.

/trpc      typed API; use the struere command or a tRPC client, with an API key
/twilio/*  Twilio's webhooks
/healthz /readyz /metrics
`;

async function listen(app: FastifyInstance, { host, port }: HttpServerOptions): Promise<string> {
  try {
    return await app.listen({ host, port });
  } catch (error) {
    await app.close();
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    throw new Fault("unavailable", `the HTTP server can not listen on ${host}:${port} (${code}); set CONTROL_HTTP_PORT to a free port`, { cause: error });
  }
}
