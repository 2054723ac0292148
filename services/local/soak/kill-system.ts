/**
 * Everything that can be killed, each in a process of its own: a Postgres and a nats-server that keep their data, control planes (the biller
 * is in them) behind one front, media nodes, auditor workers. Who is killed is started again at once on the same port, and with the same data,
 * as whatever looks after processes does it. The simulated Twilio and OpenAI are in this process.
 */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ControlPlane, createControlPlane } from "@struere/api";
import { type ApiClient, createApiClient } from "@struere/api/client";
import { type Clock, Fault } from "@struere/kernel";
import { createMetrics, pause, silentLog, systemClock } from "@struere/runtime";
import { startNatsServer } from "@struere/runtime/nats-server";
import { startPostgres } from "@struere/runtime/postgres";
import { type Mind, type SimulatedOpenAI, type SimulatedTwilio, startSimulatedOpenAI, startSimulatedTwilio } from "@struere/simulators";
import { type Db, openDatabase } from "@struere/store";
import { newSecrets } from "../installation.ts";
import { type ProjectFiles, syncProject } from "../sync-project.ts";
import { freePort } from "./free-port.ts";
import { byTurns } from "./front.ts";
import type { Kill } from "./kill-stories.ts";
import { ScriptProcess } from "./script-process.ts";

/** What is killed. `biller`: a control plane, in a moment in which the books are being written. */
export const KILL_KINDS = ["media node", "control plane", "biller", "NATS", "Postgres", "auditor"] as const;
export type KillKind = (typeof KILL_KINDS)[number];

export interface KillSystem extends AsyncDisposable {
  readonly twilio: SimulatedTwilio;
  readonly openai: SimulatedOpenAI;
  readonly api: ApiClient;
  readonly db: Db;
  readonly natsUrl: string;
  /** SIGKILL for one of these, by turns, and the same again. Resolves when it is at work; waits for one of its kind that is being killed. */
  kill(kind: KillKind): Promise<Kill>;
  /** Messages of calls that media nodes keep because the record does not have them, and ends that nobody has taken. */
  unreported(): Promise<number>;
  /** Another control plane, in this process, for which it is later by so much. */
  later(ms: number): Promise<ControlPlane>;
  /** What each process has written, also those that were killed: the last of it. */
  logs(): readonly { readonly name: string; readonly text: string }[];
}

export interface KillSystemOptions {
  readonly project: ProjectFiles;
  /** Who answers which number: the slug of an agent, or a router's. */
  readonly numbers: { readonly [e164: string]: string | { readonly router: string } };
  readonly mind: Mind;
  readonly controlPlanes: number;
  readonly mediaNodes: number;
  readonly auditors: number;
  /** Calls in all: the simulators forget none of them. */
  readonly calls: number;
}

const OPENAI_KEY = "sk-simulated";
/** What Twilio says for us in the end is not what is looked at. */
const SAY_MS_PER_CHAR = 10;
const READY_WITHIN_MS = 60_000;
const STATEMENT_TIMEOUT_MS = 30_000;

export async function startKillSystem(options: KillSystemOptions): Promise<KillSystem> {
  await using parts = new AsyncDisposableStack();
  const cwd = await mkdtemp(join(tmpdir(), "struere-kills-"));
  parts.defer(() => rm(cwd, { recursive: true, force: true }));
  const twilio = parts.use(
    await startSimulatedTwilio({
      numbers: Object.keys(options.numbers),
      keepCalls: options.calls * 4,
      switches: { sayMsPerChar: SAY_MS_PER_CHAR },
    }),
  );
  const latency = { jitter: 0, connectMs: 0, sessionMs: 0 };
  const openai = parts.use(await startSimulatedOpenAI({ apiKey: OPENAI_KEY, mind: options.mind, latency }));
  const [postgres, nats] = await Promise.all([keptPostgres(join(cwd, "postgres")), keptNats(join(cwd, "nats"))]);
  parts.use(postgres);
  parts.use(nats);

  const { gatewaySecret, encryptionKey, apiKey } = newSecrets();
  const shared = { NATS_URL: nats.url, VOICE_GATEWAY_SECRET: gatewaySecret, LOG_LEVEL: "warn" };
  const planes = await Promise.all(
    Array.from({ length: options.controlPlanes }, async () => ({ http: await freePort(), grpc: await freePort() })),
  );
  const front = await byTurns(planes.map(({ http }) => http));
  parts.defer(() => front.close());
  const grpc = `ipv4:///${planes.map((plane) => `127.0.0.1:${plane.grpc}`).join(",")}`;
  const started: ScriptProcess[] = [];
  const running: Killable[] = [];
  parts.defer(async () => void (await Promise.all(running.map((one) => one[Symbol.asyncDispose]()))));
  const kept = async (script: string, port: number, env: { readonly [name: string]: string }): Promise<Killable> => {
    const own = join(cwd, `${script}-${port}`);
    await mkdir(own);
    const one = await keptScript({ script, cwd: own, env: { ...shared, ...env }, url: `http://127.0.0.1:${port}`, started });
    running.push(one);
    return one;
  };
  const controlEnv = {
    DATABASE_URL: postgres.url,
    ENCRYPTION_KEY: encryptionKey,
    BOOTSTRAP_API_KEY: apiKey,
    PUBLIC_URL: front.url,
    TWILIO_API_BASE_URL: twilio.apiBaseUrl,
    OPENAI_API_KEY: OPENAI_KEY,
    OPENAI_BASE_URL: openai.baseUrl,
  };
  const mediaEnv = {
    CONTROL_GRPC_URL: grpc,
    MEDIA_CAPACITY: "1000",
    MEDIA_DRAIN_SECONDS: "5",
    OPENAI_API_KEY: OPENAI_KEY,
    OPENAI_REALTIME_URL: openai.realtimeUrl,
  };
  const mediaPorts = await Promise.all(Array.from({ length: options.mediaNodes }, freePort));
  const auditorPorts = await Promise.all(Array.from({ length: options.auditors }, freePort));
  // All at once: nobody needs another one to be there first.
  const [controls, nodes, auditors] = await Promise.all([
    Promise.all(
      planes.map(({ http, grpc: port }) =>
        kept("control", http, { ...controlEnv, CONTROL_HTTP_PORT: String(http), CONTROL_GRPC_PORT: String(port) }),
      ),
    ),
    Promise.all(
      mediaPorts.map((port) => kept("media", port, { ...mediaEnv, MEDIA_PORT: String(port), VOICE_GATEWAY_URL: `ws://127.0.0.1:${port}` })),
    ),
    Promise.all(auditorPorts.map((port) => kept("auditor", port, { CONTROL_GRPC_URL: grpc, AUDITOR_PORT: String(port) }))),
  ]);

  const db = openDatabase({ url: postgres.url, poolMax: 2, statementTimeoutMs: STATEMENT_TIMEOUT_MS });
  parts.defer(() => db.destroy());
  const api = createApiClient({ url: front.url, apiKey });
  await syncProject(api, options.project);
  await api.connections.credentials.set.mutate({ accountSid: twilio.accountSid, authToken: twilio.authToken });
  for (const [phoneNumber, answeredBy] of Object.entries(options.numbers))
    await api.connections.connect.mutate({ phoneNumber, ...(typeof answeredBy === "string" ? { agent: answeredBy } : answeredBy) });

  const controlPlane = oneAtATime(controls);
  const killers: { readonly [Kind in KillKind]: () => Promise<Kill> } = {
    "media node": oneAtATime(nodes),
    "control plane": controlPlane,
    // Whatever moment it is, one of them stays: an installation with as many as it needs to answer the phone.
    biller: controlPlane,
    NATS: oneAtATime([nats]),
    Postgres: oneAtATime([postgres]),
    auditor: oneAtATime(auditors),
  };
  const owned = parts.move();
  return {
    twilio,
    openai,
    api,
    db,
    natsUrl: nats.url,
    logs: () => started.map(({ name, pid, output, errors }) => ({ name: `${name}-${pid}`, text: output + errors })),
    kill: (kind) => killers[kind](),
    unreported: async () => (await Promise.all(mediaPorts.map(waitingAt))).reduce((sum, count) => sum + count, 0),
    later: async (ms) =>
      await createControlPlane(
        {
          httpPort: 0,
          grpcPort: 0,
          host: "127.0.0.1",
          databaseUrl: postgres.url,
          natsUrl: nats.url,
          publicUrl: front.url,
          gatewayUrl: null,
          gatewaySecret,
          encryptionKey,
          twilio: { apiBaseUrl: twilio.apiBaseUrl, fallbackAuthToken: null },
          openai: { apiKey: OPENAI_KEY, baseUrl: openai.baseUrl },
          bootstrapApiKey: null,
        },
        { clock: aheadBy(ms), log: silentLog, metrics: createMetrics("struere_control_") },
      ),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

interface Killable extends AsyncDisposable {
  readonly name: string;
  /** Dies, and is at work again. */
  kill(): Promise<void>;
}

/** By turns, and the next only when the one before is back. */
function oneAtATime(victims: readonly Killable[]): () => Promise<Kill> {
  const clock = systemClock();
  let next = 0;
  let before: Promise<unknown> = Promise.resolve();
  return () => {
    const victim = victims[next++ % victims.length];
    const killed = before.then(async () => {
      if (!victim) throw new Fault("failed_precondition", "there is nobody of this kind to be killed");
      const at = clock.wall();
      await victim.kill();
      return { name: victim.name, at, backAt: clock.wall() };
    });
    before = killed.catch(() => undefined);
    return killed;
  };
}

const keptPostgres = (dataDir: string): Promise<KeptServer> => kept("Postgres", (port) => startPostgres({ dataDir, ...port }));
const keptNats = (storeDir: string): Promise<KeptServer> => kept("NATS", (port) => startNatsServer({ storeDir, ...port }));

type KeptServer = Killable & { readonly url: string };

interface Server {
  readonly url: string;
  readonly port: number;
  kill(signal: "SIGKILL"): Promise<void>;
  stop(): Promise<void>;
}

/** A server that comes back where it was, with what it had stored. */
async function kept(name: string, start: (where: { readonly port?: number }) => Promise<Server>): Promise<KeptServer> {
  let server = await start({});
  const { url, port } = server;
  return {
    name,
    url,
    async kill() {
      await server.kill("SIGKILL");
      await server.stop();
      server = await start({ port });
    },
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

/** A process of ours that is started again whenever it ends, as it may when what it needs was away for too long when it started. */
async function keptScript(options: {
  readonly script: string;
  readonly cwd: string;
  readonly env: { readonly [name: string]: string };
  readonly url: string;
  readonly started: ScriptProcess[];
}): Promise<Killable> {
  const { script, cwd, env, url, started } = options;
  const clock = systemClock();
  const start = async (): Promise<ScriptProcess> => {
    const until = clock.now() + READY_WITHIN_MS;
    for (;;) {
      const fresh = await ScriptProcess.start({ script, cwd, env });
      started.push(fresh);
      let gone = false;
      void fresh.exited.then(() => (gone = true));
      while (!gone && clock.now() < until) {
        const answer = await fetch(`${url}/readyz`).catch(() => undefined);
        if (answer?.ok) return fresh;
        await pause(clock, 50);
      }
      await fresh.stop(0);
      if (clock.now() >= until)
        throw new Fault("deadline_exceeded", `${script} is not ready after ${READY_WITHIN_MS} ms:\n${fresh.errors}`);
    }
  };
  let current = await start();
  return {
    name: `${script} at ${new URL(url).port}`,
    async kill() {
      current.signal("SIGKILL");
      await current.exited;
      current = await start();
    },
    async [Symbol.asyncDispose]() {
      await current.stop();
    },
  };
}

async function waitingAt(port: number): Promise<number> {
  const page = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const of = (name: string): number => {
    const [, value] = new RegExp(`^${name} (\\d+)`, "m").exec(page) ?? [];
    if (value === undefined) throw new Fault("internal", `a media node does not say ${name}`);
    return Number(value);
  };
  return of("struere_media_outbox_depth") + of("struere_media_endings_depth");
}

function aheadBy(ms: number): Clock {
  const clock = systemClock();
  return { ...clock, wall: () => clock.wall() + ms };
}
