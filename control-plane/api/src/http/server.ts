/** The control plane's HTTP server: webhooks, tRPC, health, metrics. */
import { Fault } from "@struere/kernel";
import type { Log, Metrics } from "@struere/runtime";
import fastify, { type FastifyError, type FastifyInstance } from "fastify";

export interface HttpServerOptions {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Sentences about what is not ready; none: ready. */
  notReady(): Promise<readonly string[]>;
  /** Adds routes before the server listens. */
  readonly routes: (app: FastifyInstance) => void | Promise<void>;
  /** From the connection to the last byte of the request; slower ones are cut. Default 15 s. */
  readonly requestTimeoutMs?: number;
}

export interface HttpServer {
  readonly port: number;
  /** Takes nothing new, lets requests in flight end for two seconds, then cuts what is left; event streams are cut at once. */
  close(): Promise<void>;
}

const BODY_MAX_BYTES = 1024 * 1024;
const REQUEST_TIMEOUT_MS = 15_000;
const CLOSE_WITHIN_MS = 2_000;

/** @throws Fault unavailable when the port can not be had. */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const requestTimeout = options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS;
  const app = fastify({
    bodyLimit: BODY_MAX_BYTES,
    requestTimeout,
    forceCloseConnections: true,
    // tRPC puts several procedure names into one path.
    routerOptions: { maxParamLength: 5_000 },
    // Node looks for slow requests every 30 s unless it is told otherwise.
    http: { headersTimeout: requestTimeout, connectionsCheckingInterval: Math.min(1_000, requestTimeout) },
  });
  answerErrors(app, options.log);
  letRequestsEnd(app);
  addHealth(app, options);
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

function addHealth(app: FastifyInstance, { metrics, notReady }: HttpServerOptions): void {
  app.get("/healthz", () => ({ status: "ok" }));
  app.get("/readyz", async (_request, reply) => {
    const problems = await notReady();
    return await reply.code(problems.length === 0 ? 200 : 503).send({ status: problems.length === 0 ? "ready" : "not ready", problems });
  });
  app.get("/metrics", async (_request, reply) => await reply.type(metrics.contentType).send(await metrics.text()));
}

/** Errors in one shape, `{ error: { code, message } }`; what nobody foresaw goes to the log and tells the client nothing. */
function answerErrors(app: FastifyInstance, log: Log): void {
  app.setNotFoundHandler(async (request, reply) => {
    const message = `there is no ${request.method} ${request.url.split("?")[0]?.slice(0, 200)} here`;
    return await reply.code(404).send({ error: { code: "not_found", message } });
  });
  app.setErrorHandler(async (error: FastifyError, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 400 && status < 500)
      return await reply.code(status).send({ error: { code: "invalid_argument", message: error.message } });
    log.error({ err: error, method: request.method, path: request.routeOptions.url ?? null }, "an HTTP request failed that should not");
    return await reply.code(500).send({ error: { code: "internal", message: Fault.from(undefined).sentence } });
  });
}

/** Closing cuts connections. A webhook that is being answered is a ringing phone: it is waited for. */
function letRequestsEnd(app: FastifyInstance): void {
  const inFlight = new Set<unknown>();
  let allEnded = (): void => undefined;
  app.addHook("onRequest", async (request) => {
    if (!request.headers.accept?.includes("text/event-stream")) inFlight.add(request.id);
  });
  app.addHook("onResponse", async (request) => {
    inFlight.delete(request.id);
    if (inFlight.size === 0) allEnded();
  });
  app.addHook("preClose", async () => {
    if (inFlight.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    allEnded = resolve;
    const bound = setTimeout(resolve, CLOSE_WITHIN_MS);
    await promise;
    clearTimeout(bound);
  });
}

async function listen(app: FastifyInstance, { host, port }: HttpServerOptions): Promise<string> {
  try {
    return await app.listen({ host, port });
  } catch (error) {
    await app.close();
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    throw new Fault("unavailable", `the HTTP server can not listen on ${host}:${port} (${code}); set CONTROL_HTTP_PORT to a free port`, {
      cause: error,
    });
  }
}
