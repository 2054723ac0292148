/**
 * The system under load: Postgres, nats-server, the control plane and one media node each in a process of their own, started as
 * `npm run control` and `npm run media` start them. The simulated Twilio and OpenAI are in this process, and so is the clock of all figures.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ApiClient, createApiClient } from "@struere/api/client";
import { Fault } from "@struere/kernel";
import { pause, systemClock } from "@struere/runtime";
import { startNatsServer } from "@struere/runtime/nats-server";
import { startPostgres } from "@struere/runtime/postgres";
import {
  type CutProxy,
  cutProxy,
  type LatencyProfile,
  type Mind,
  type SimulatedFault,
  type SimulatedOpenAI,
  type SimulatedTwilio,
  startSimulatedOpenAI,
  startSimulatedTwilio,
} from "@struere/simulators";
import { type Db, openDatabase } from "@struere/store";
import { newSecrets } from "../installation.ts";
import { type ProjectFiles, syncProject } from "../sync-project.ts";
import { clerk, clerkMind } from "./clerk.ts";
import { freePort } from "./free-port.ts";
import { ScriptProcess } from "./script-process.ts";

export interface SoakSystem extends AsyncDisposable {
  readonly twilio: SimulatedTwilio;
  readonly openai: SimulatedOpenAI;
  readonly api: ApiClient;
  readonly db: Db;
  readonly control: ScriptProcess;
  readonly media: ScriptProcess;
  /** Between media plane and control plane, when the system is breakable. */
  readonly grpc: CutProxy;
  /** SIGKILL, and the same again; resolves when the new one is ready. */
  killControl(): Promise<void>;
  /** SIGKILL for one of the auditor workers, and another in its place. */
  killAuditor(index: number): Promise<void>;
  /** The media node's Prometheus page. */
  mediaMetrics(): Promise<string>;
}

/** Of the simulated number. */
export const SOAK_NUMBER = "+15550100200";
const OPENAI_KEY = "sk-simulated";
const READY_WITHIN_MS = 20_000;
const STATEMENT_TIMEOUT_MS = 10_000;
const CAPACITY = 1_000;

/** No jitter and no time to connect, so that the vendor's part is one number that can be taken off. */
const LATENCY: Partial<LatencyProfile> = { jitter: 0, connectMs: 0, sessionMs: 0 };

export interface SystemOptions {
  readonly project: ProjectFiles;
  /** Slug of the agent, or of the router, that the number is connected with. */
  readonly answeredBy: string | { readonly router: string };
  readonly mind: Mind;
  /** What the simulated model does wrong. */
  readonly faults?: readonly SimulatedFault[];
  readonly latency?: Partial<LatencyProfile>;
  /** Auditor workers, each a process; default none. */
  readonly auditors?: number;
  readonly auditorEnv?: { readonly [name: string]: string };
  /** The connections between media plane and control plane can be cut. What is measured for speed does without. */
  readonly breakable?: boolean;
}

const CLERK: SystemOptions = { project: { agents: [clerk] }, answeredBy: clerk.slug, mind: clerkMind };

export async function startSystem(options: SystemOptions = CLERK): Promise<SoakSystem> {
  const { project, answeredBy, mind, faults = [], latency, auditors: workers = 0, auditorEnv = {}, breakable = false } = options;
  await using parts = new AsyncDisposableStack();
  const cwd = await mkdtemp(join(tmpdir(), "struere-soak-"));
  parts.defer(() => rm(cwd, { recursive: true, force: true }));
  const postgres = parts.use(await startPostgres({ dataDir: null }));
  const nats = parts.use(await startNatsServer({ storeDir: join(cwd, "nats") }));
  const twilio = parts.use(await startSimulatedTwilio({ numbers: [SOAK_NUMBER] }));
  const openai = parts.use(await startSimulatedOpenAI({ apiKey: OPENAI_KEY, mind, faults, latency: { ...LATENCY, ...latency } }));

  const { gatewaySecret, encryptionKey, apiKey } = newSecrets();
  const [httpPort, grpcPort, mediaPort] = [await freePort(), await freePort(), await freePort()];
  const shared = { NATS_URL: nats.url, VOICE_GATEWAY_SECRET: gatewaySecret, LOG_LEVEL: "warn" };
  const nodeArgs = ["--expose-gc", "--import", import.meta.resolve("./inspect-hook.ts")];
  const startControl = async () =>
    await ScriptProcess.start({
      script: "control",
      nodeArgs,
      cwd,
      env: {
        ...shared,
        DATABASE_URL: postgres.url,
        ENCRYPTION_KEY: encryptionKey,
        BOOTSTRAP_API_KEY: apiKey,
        CONTROL_HTTP_PORT: String(httpPort),
        CONTROL_GRPC_PORT: String(grpcPort),
        TWILIO_API_BASE_URL: twilio.apiBaseUrl,
        OPENAI_API_KEY: OPENAI_KEY,
        OPENAI_BASE_URL: openai.baseUrl,
        // The owner's server is in this process.
        ALLOW_LOOPBACK_TOOLS: "true",
      },
    });
  let control = await startControl();
  parts.defer(async () => void (await control.stop()));
  const grpc = parts.use(await cutProxy(`tcp://127.0.0.1:${grpcPort}`));
  const media = parts.use(
    await ScriptProcess.start({
      script: "media",
      nodeArgs,
      cwd,
      env: {
        ...shared,
        CONTROL_GRPC_URL: breakable ? new URL(grpc.url).host : `127.0.0.1:${grpcPort}`,
        MEDIA_PORT: String(mediaPort),
        MEDIA_CAPACITY: String(CAPACITY),
        MEDIA_DRAIN_SECONDS: "5",
        OPENAI_API_KEY: OPENAI_KEY,
        OPENAI_REALTIME_URL: openai.realtimeUrl,
      },
    }),
  );
  const startAuditor = async (): Promise<ScriptProcess> =>
    await ScriptProcess.start({
      script: "auditor",
      cwd,
      env: { ...shared, CONTROL_GRPC_URL: `127.0.0.1:${grpcPort}`, AUDITOR_PORT: "0", ...auditorEnv },
    });
  const auditors: ScriptProcess[] = [];
  for (let count = 0; count < workers; count++) auditors.push(await startAuditor());
  parts.defer(async () => void (await Promise.all(auditors.map((one) => one.stop()))));
  const controlUrl = `http://127.0.0.1:${httpPort}`;
  const mediaUrl = `http://127.0.0.1:${mediaPort}`;
  await ready(controlUrl, control);
  await ready(mediaUrl, media);
  const db = openDatabase({ url: postgres.url, poolMax: 1, statementTimeoutMs: STATEMENT_TIMEOUT_MS });
  parts.defer(() => db.destroy());

  const api = createApiClient({ url: controlUrl, apiKey });
  await syncProject(api, project);
  await api.connections.credentials.set.mutate({ accountSid: twilio.accountSid, authToken: twilio.authToken });
  await api.connections.connect.mutate({
    phoneNumber: SOAK_NUMBER,
    ...(typeof answeredBy === "string" ? { agent: answeredBy } : answeredBy),
  });

  const owned = parts.move();
  return {
    twilio,
    openai,
    api,
    db,
    get control() {
      return control;
    },
    media,
    grpc,
    async killControl() {
      control.signal("SIGKILL");
      await control.exited;
      control = await startControl();
      await ready(controlUrl, control);
    },
    async killAuditor(index) {
      const auditor = auditors[index];
      auditor?.signal("SIGKILL");
      await auditor?.exited;
      auditors[index] = await startAuditor();
    },
    mediaMetrics: async () => await (await fetch(`${mediaUrl}/metrics`)).text(),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function ready(url: string, process: ScriptProcess): Promise<void> {
  const clock = systemClock();
  const until = clock.now() + READY_WITHIN_MS;
  for (;;) {
    const answer = await fetch(`${url}/readyz`).catch(() => undefined);
    if (answer?.ok) return;
    if (clock.now() > until) {
      const why = answer ? await answer.text() : "no answer";
      throw new Fault(
        "deadline_exceeded",
        `the ${process.name} process is not ready after ${READY_WITHIN_MS} ms: ${why}\n${process.errors}`,
      );
    }
    await pause(clock, 50);
  }
}
