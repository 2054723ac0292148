/**
 * Three control planes and two media nodes on one Postgres and one nats-server, each in a process of its own. Twilio's webhooks go to the
 * control planes by turns; the nodes are with different ones. Of the world outside only Twilio is in this process: an event loop accepts one
 * connection in each round, and as soon as its rounds are long, whoever connects waits for longer than any of ours.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type ApiClient, createApiClient } from "@struere/api/client";
import { pause, systemClock } from "@struere/runtime";
import { startNatsServer } from "@struere/runtime/nats-server";
import { startPostgres } from "@struere/runtime/postgres";
import { type InvoiceLine, type SimulatedTwilio, startSimulatedTwilio } from "@struere/simulators";
import { type Db, openDatabase } from "@struere/store";
import { AgentDefinition } from "struere";
import { newSecrets } from "../installation.ts";
import { clerk } from "./clerk.ts";
import { freePort } from "./free-port.ts";
import { frontAside } from "./front-aside.ts";
import { ScriptProcess } from "./script-process.ts";
import { SOAK_NUMBER } from "./system.ts";

export interface CreditSystem extends AsyncDisposable {
  readonly twilio: SimulatedTwilio;
  /** Of the model's vendor. */
  invoice(): Promise<readonly InvoiceLine[]>;
  readonly api: ApiClient;
  readonly db: Db;
}

const CONTROL_PLANES = 3;
const MEDIA_NODES = 2;
const OPENAI_KEY = "sk-simulated";
/** The vendor of the model, alone in its process. */
const MODEL = { SIM_TWILIO_PORT: "0", SIM_OPENAI_PORT: "0", SIM_MIND: fileURLToPath(import.meta.resolve("./clerk-mind.ts")) };
const READY_WITHIN_MS = 60_000;

/** @param rateCard as in RATE_CARD_FILE */
export async function startCreditSystem(rateCard: unknown): Promise<CreditSystem> {
  await using parts = new AsyncDisposableStack();
  const cwd = await mkdtemp(join(tmpdir(), "struere-credit-"));
  parts.defer(() => rm(cwd, { recursive: true, force: true }));
  const rateCardFile = join(cwd, "rate-card.json");
  await writeFile(rateCardFile, JSON.stringify(rateCard));
  const postgres = parts.use(await startPostgres({ dataDir: null }));

  const nats = parts.use(await startNatsServer({ storeDir: join(cwd, "nats") }));
  const twilio = parts.use(await startSimulatedTwilio({ numbers: [SOAK_NUMBER] }));
  const openai = parts.use(await ScriptProcess.start({ script: "simulators", cwd, env: MODEL }));
  const [, realtimeUrl = ""] = await openai.writes(/OPENAI_REALTIME_URL=(\S+)/);
  const [, modelUrl = ""] = await openai.writes(/OPENAI_BASE_URL=(\S+)/);

  const { gatewaySecret, encryptionKey, apiKey } = newSecrets();
  const shared = { NATS_URL: nats.url, VOICE_GATEWAY_SECRET: gatewaySecret, LOG_LEVEL: "warn" };
  const planes: { readonly http: number; readonly grpc: number }[] = [];
  for (let count = 0; count < CONTROL_PLANES; count++) planes.push({ http: await freePort(), grpc: await freePort() });
  const front = parts.use(await frontAside(planes.map(({ http }) => http)));
  for (const { http, grpc } of planes) {
    const env = {
      ...shared,
      DATABASE_URL: postgres.url,
      ENCRYPTION_KEY: encryptionKey,
      BOOTSTRAP_API_KEY: apiKey,
      CONTROL_HTTP_PORT: String(http),
      CONTROL_GRPC_PORT: String(grpc),
      PUBLIC_URL: front.url,
      TWILIO_API_BASE_URL: twilio.apiBaseUrl,
      RATE_CARD_FILE: rateCardFile,
    };
    parts.use(await ScriptProcess.start({ script: "control", cwd, env }));
    await ready(`http://127.0.0.1:${http}`);
  }
  for (let count = 0; count < MEDIA_NODES; count++) {
    const port = await freePort();
    const env = {
      ...shared,
      CONTROL_GRPC_URL: `127.0.0.1:${planes[count % CONTROL_PLANES]?.grpc ?? 0}`,
      MEDIA_PORT: String(port),
      VOICE_GATEWAY_URL: `ws://127.0.0.1:${port}`,
      MEDIA_CAPACITY: "1000",
      MEDIA_DRAIN_SECONDS: "5",
      OPENAI_API_KEY: OPENAI_KEY,
      OPENAI_REALTIME_URL: realtimeUrl,
    };
    parts.use(await ScriptProcess.start({ script: "media", cwd, env }));
    await ready(`http://127.0.0.1:${port}`);
  }
  const db = openDatabase({ url: postgres.url, poolMax: 2, statementTimeoutMs: 30_000 });
  parts.defer(() => db.destroy());
  const api = createApiClient({ url: front.url, apiKey });
  await api.agents.set.mutate({ definition: AgentDefinition.parse(clerk) });
  await api.connections.credentials.set.mutate({ accountSid: twilio.accountSid, authToken: twilio.authToken });
  await api.connections.connect.mutate({ phoneNumber: SOAK_NUMBER, agent: clerk.slug });
  const owned = parts.move();
  return { twilio, invoice: () => invoiceOf(modelUrl), api, db, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function invoiceOf(modelUrl: string): Promise<readonly InvoiceLine[]> {
  const answer = await fetch(new URL("/simulator/sessions", modelUrl));
  const { sessions } = (await answer.json()) as { readonly sessions: readonly { readonly invoice: readonly InvoiceLine[] }[] };
  return sessions.flatMap(({ invoice }) => invoice);
}

async function ready(url: string): Promise<void> {
  const clock = systemClock();
  const until = clock.now() + READY_WITHIN_MS;
  for (;;) {
    const answer = await fetch(`${url}/readyz`).catch(() => undefined);
    if (answer?.ok) return;
    if (clock.now() > until) throw new Error(`${url} is not ready after ${READY_WITHIN_MS} ms`);
    await pause(clock, 100);
  }
}
