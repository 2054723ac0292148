/** An auditor worker, put together. */
import { randomBytes } from "node:crypto";
import { createControlClient } from "@struere/protocol/grpc";
import { answerHealth, closeHttp, listenHttp, portOf } from "@struere/runtime";
import { AUDITOR_LIMITS, type AuditorConfig } from "./config.ts";
import { type AuditorContext, fromConfig } from "./context.ts";
import { auditorEvents } from "./events.ts";
import { startWorker } from "./worker.ts";

export interface Auditor extends AsyncDisposable {
  readonly workerId: string;
  /** http origin of /healthz, /readyz and /metrics. */
  readonly httpUrl: string;
  /** Audits that it waits for. */
  readonly running: number;
  /** Takes nothing new; resolves when what runs has ended, or its bound is reached. */
  drain(): Promise<void>;
}

/** A rolling update waits no longer: an audit goes on without its worker. */
const DRAIN_MS = 20_000;

/** @throws Fault unavailable when the bus or the port can not be had. */
export async function createAuditor(config: AuditorConfig, overrides: Partial<AuditorContext> = {}): Promise<Auditor> {
  const { clock, bus, log, metrics, ownsBus } = await fromConfig(config, overrides);
  await using parts = new AsyncDisposableStack();
  if (ownsBus) parts.defer(() => bus.close());
  const workerId = config.workerId ?? `auditor-${randomBytes(6).toString("hex")}`;
  const control = createControlClient({ address: config.controlAddress, secret: config.gatewaySecret, log });
  parts.defer(() => control.close());
  let draining = false;
  const http = await listenHttp({ port: config.port, host: config.host, portVariable: "AUDITOR_PORT" });
  parts.defer(() => closeHttp(http));
  const notReady = () => [...(draining ? ["draining"] : []), ...(bus.connected ? [] : ["the bus can not be reached"])];
  http.on("request", (request, response) => answerHealth(request, response, { notReady, metrics, log }));
  const worker = startWorker({
    bus,
    clock,
    log,
    control,
    workerId,
    events: auditorEvents({ log, metrics }),
    concurrency: config.concurrency,
    limits: { ...AUDITOR_LIMITS, ...config.limits },
  });
  parts.defer(() => worker.close());
  const owned = parts.move();
  return {
    workerId,
    httpUrl: `http://${config.host ?? "127.0.0.1"}:${portOf(http)}`,
    get running() {
      return worker.running;
    },
    drain() {
      draining = true;
      return worker.drain(DRAIN_MS);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
