/** A control plane, put together: database migrated, bus connected, HTTP and gRPC listening, recorder and sweeper at work. */
import { ping } from "@struere/store";
import { type ControlConfig, DEFAULT_GATEWAY_URL } from "./config.ts";
import { type ControlContext, type ControlOverrides, openContext } from "./context.ts";
import { conversations } from "./conversations.ts";
import { auditing } from "./auditing/auditing.ts";
import { startForgottenAudits } from "./auditing/forgotten.ts";
import { auditingService } from "./grpc/auditing-service.ts";
import { callControl } from "./grpc/call-control.ts";
import { nodeRegistry } from "./grpc/node-registry.ts";
import { startGrpcServer } from "./grpc/server.ts";
import { addresses } from "./http/addresses.ts";
import { addRoutes } from "./http/routes.ts";
import { startHttpServer } from "./http/server.ts";
import { prepareDatabase } from "./prepare-database.ts";
import { startBiller } from "./billing/biller.ts";
import { startCreditWatch } from "./billing/credit-watch.ts";
import { startRecorder } from "./recorder/recorder.ts";
import { callRouter } from "./routing/route-call.ts";
import { startInjectionSweeper } from "./injections/injector.ts";
import { startFormChecker } from "./stats/form-checker.ts";
import { DEFAULT_RECORDING_DAYS, startRetention } from "./recordings/retention.ts";
import { startSweeper } from "./sweeper.ts";
import { evalFence } from "./telephony/refusals.ts";
import { twilioTelephony } from "./telephony/twilio-telephony.ts";
import { within } from "./within.ts";

export interface ControlPlane extends AsyncDisposable {
  /** Origin on loopback. */
  readonly httpUrl: string;
  /** host:port for media nodes on this machine. */
  readonly grpcAddress: string;
  /** Not ready any more: whoever asks `/readyz` or the health service turns to others. Disposing lets requests in flight end. */
  drain(): Promise<void>;
}

/**
 * @throws Fault unavailable when Postgres or the bus can not be reached within `startWithinMs`, or a port is taken; invalid_argument
 * when a secret has the wrong shape; failed_precondition when Postgres or NATS refuses us.
 */
export async function createControlPlane(config: ControlConfig, overrides: ControlOverrides = {}): Promise<ControlPlane> {
  await using parts = new AsyncDisposableStack();
  const { context } = parts.use(await openContext(config, overrides));
  await prepareDatabase(context, config);

  let draining = false;
  let { httpPort, grpcPort } = config;
  const publicAddresses = addresses({
    publicUrl: () => config.publicUrl ?? `http://127.0.0.1:${httpPort}`,
    gatewayUrl: config.gatewayUrl ?? DEFAULT_GATEWAY_URL,
  });
  const { gatewaySecret } = config;
  const { fallbackAuthToken, apiBaseUrl } = config.twilio;
  const fence = evalFence(apiBaseUrl);
  const telephony = twilioTelephony({
    db: context.viewDb,
    keyRing: context.keyRing,
    addresses: publicAddresses,
    apiBaseUrl,
    fence,
    now: () => new Date(context.clock.wall()),
  });
  const talking = conversations(context, config, { addresses: publicAddresses, ports: () => [httpPort, grpcPort], fence });
  const { text, voice, legs } = talking;
  parts.defer(() => legs.close());
  const plane = { ...context, db: context.planeDb };
  const recorder = startRecorder(plane);
  parts.defer(() => recorder.close());
  const biller = startBiller({ ...context, db: context.billDb });
  parts.defer(() => biller.close());
  const creditWatch = startCreditWatch({ ...context, db: context.billDb, legs });
  parts.defer(() => creditWatch.close());
  const sweeper = startSweeper({ ...plane, legs });
  const retention = startRetention(plane, { days: config.recordingDays ?? DEFAULT_RECORDING_DAYS });
  parts.defer(() => sweeper.close());
  parts.defer(() => retention.close());
  const audits = auditing({ ...context, db: context.viewDb, text });
  parts.defer(() => audits.close());
  const forgotten = startForgottenAudits(plane);
  parts.defer(() => forgotten.close());
  const forms = startFormChecker(plane);
  parts.defer(() => forms.close());
  const injections = startInjectionSweeper(plane);
  parts.defer(() => injections.close());

  const grpc = await startGrpcServer({
    host: config.host,
    port: config.grpcPort,
    secret: gatewaySecret,
    events: context.events,
    callControl: callControl({ ...plane, gatewaySecret, fallbackAuthToken, voice, router: callRouter({ ...plane, text, voice }) }),
    nodeRegistry: nodeRegistry(plane),
    auditing: auditingService(audits),
  });
  parts.defer(() => grpc.close());
  grpcPort = grpc.port;

  const http = await startHttpServer({
    host: config.host,
    port: config.httpPort,
    log: context.log,
    metrics: context.metrics,
    notReady: async () => [...(draining ? ["draining"] : []), ...(await whatIsAway(context))],
    routes: (app) =>
      addRoutes(app, { context, conversations: talking, telephony, fence, gatewaySecret, fallbackAuthToken, addresses: publicAddresses }),
  });
  parts.defer(() => http.close());
  httpPort = http.port;

  const owned = parts.move();
  return {
    httpUrl: `http://127.0.0.1:${http.port}`,
    grpcAddress: `127.0.0.1:${grpc.port}`,
    drain() {
      draining = true;
      grpc.drain();
      return Promise.resolve();
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** A probe waits no longer; kubelet's default is one second. */
const PING_WITHIN_MS = 900;

async function whatIsAway({ db, bus, clock }: ControlContext): Promise<readonly string[]> {
  const problems = bus.connected ? [] : ["the bus can not be reached"];
  try {
    await within(clock, PING_WITHIN_MS, ping(db));
    return problems;
  } catch {
    return [...problems, "the database can not be reached"];
  }
}
