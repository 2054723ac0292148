/** A control plane, put together: database migrated, bus connected, HTTP and gRPC listening, recorder and sweeper at work. */
import { Fault } from "@struere/kernel";
import { retrying } from "@struere/runtime";
import { bootstrap, faultOfDatabase, migrate, ping } from "@struere/store";
import { type ControlConfig, DEFAULT_GATEWAY_URL } from "./config.ts";
import { type ControlContext, type ControlOverrides, openContext } from "./context.ts";
import { callControl } from "./grpc/call-control.ts";
import { nodeRegistry } from "./grpc/node-registry.ts";
import { startGrpcServer } from "./grpc/server.ts";
import { addresses } from "./http/addresses.ts";
import { startHttpServer } from "./http/server.ts";
import { addTrpc } from "./http/trpc.ts";
import { addWebhooks } from "./http/webhooks.ts";
import { startRecorder } from "./recorder/recorder.ts";
import { numberSetup } from "./telephony/number-setup.ts";
import { startSweeper } from "./sweeper.ts";

export interface ControlPlane extends AsyncDisposable {
  /** Origin on loopback. */
  readonly httpUrl: string;
  /** host:port for media nodes on this machine. */
  readonly grpcAddress: string;
  /** Not ready any more; requests in flight may end. */
  drain(): Promise<void>;
}

const DATABASE_ATTEMPTS = 8;
const FIRST_WAIT_MS = 250;
const MAX_WAIT_MS = 4_000;

/**
 * @throws Fault unavailable when Postgres or the bus can not be reached within some 20 s, or a port is taken; invalid_argument when a
 * secret has the wrong shape.
 */
export async function createControlPlane(config: ControlConfig, overrides: ControlOverrides = {}): Promise<ControlPlane> {
  await using parts = new AsyncDisposableStack();
  const { context, close } = await openContext(config, overrides);
  parts.defer(close);
  await prepareDatabase(context, config);

  let draining = false;
  let { httpPort } = config;
  const publicAddresses = addresses({
    publicUrl: () => config.publicUrl ?? `http://127.0.0.1:${httpPort}`,
    gatewayUrl: config.gatewayUrl ?? DEFAULT_GATEWAY_URL,
  });
  const { gatewaySecret } = config;
  const { fallbackAuthToken, apiBaseUrl } = config.twilio;
  const { events } = context;
  const telephony = numberSetup({ ...context, db: context.viewDb, addresses: publicAddresses, apiBaseUrl, now: () => new Date(context.clock.wall()) });
  const recorder = startRecorder(context);
  parts.defer(() => recorder.close());
  const sweeper = startSweeper(context);
  parts.defer(() => sweeper.close());

  const grpc = await startGrpcServer({
    host: config.host,
    port: config.grpcPort,
    secret: gatewaySecret,
    events,
    callControl: callControl({ ...context, gatewaySecret, fallbackAuthToken }),
    nodeRegistry: nodeRegistry(context),
  });
  parts.defer(() => grpc.close());

  const http = await startHttpServer({
    host: config.host,
    port: config.httpPort,
    metrics: context.metrics,
    notReady: async () => [...(draining ? ["draining"] : []), ...(await notReady(context))],
    routes: async (app) => {
      addWebhooks(app, { ...context, gatewaySecret, fallbackAuthToken, addresses: publicAddresses });
      await addTrpc(app, { ...context, db: context.viewDb, telephony });
    },
  });
  parts.defer(() => http.close());
  httpPort = http.port;

  const owned = parts.move();
  return {
    httpUrl: `http://127.0.0.1:${http.port}`,
    grpcAddress: `127.0.0.1:${grpc.port}`,
    async drain() {
      draining = true;
      grpc.drain();
      return await Promise.resolve();
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** A control plane may start before its database does. */
async function prepareDatabase({ db, clock, log }: ControlContext, config: ControlConfig): Promise<void> {
  const prepare = async (): Promise<void> => {
    await migrate(db);
    if (config.bootstrapApiKey !== null) {
      await bootstrap(db, { apiKey: config.bootstrapApiKey, organizationName: "default", now: new Date(clock.wall()) });
    }
  };
  const fault = (thrown: unknown) => faultOfDatabase(thrown) ?? thrown;
  try {
    await retrying(
      {
        clock,
        attempts: DATABASE_ATTEMPTS,
        firstDelayMs: FIRST_WAIT_MS,
        maxDelayMs: MAX_WAIT_MS,
        onRetry: (error, attempt) => log.warn({ attempt, reason: Fault.from(error).sentence }, "the database is not ready; it is tried again"),
      },
      () => prepare().catch((thrown: unknown) => Promise.reject(fault(thrown))),
    );
  } catch (thrown) {
    const cause = fault(thrown);
    if (!(cause instanceof Fault) || cause.code !== "unavailable") throw cause;
    throw new Fault("unavailable", "Postgres can not be reached at DATABASE_URL; start it, or correct the address, and start again", { cause });
  }
}

async function notReady({ db, bus }: ControlContext): Promise<readonly string[]> {
  const problems = bus.connected ? [] : ["the bus can not be reached"];
  try {
    await ping(db);
    return problems;
  } catch {
    return [...problems, "the database can not be reached"];
  }
}
