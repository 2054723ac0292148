/**
 * How fast a ringing phone is answered: signed voice webhooks, evenly over one second, against a control plane on an embedded Postgres.
 * `npx node control-plane/api/bench/webhook-burst.ts [webhooks, default 200] [--limited]` prints a table and one line of JSON. With `--limited`
 * the environment is prepaid, capped and limited at a time, with room for all: each call reserves its credit before it is answered.
 */
import { randomBytes } from "node:crypto";
import { Agent, request } from "node:http";
import { memoryBus } from "@struere/bus";
import { Fault, formatMicros, micros } from "@struere/kernel";
import { createMetrics, silentLog } from "@struere/runtime";
import { startPostgres } from "@struere/runtime/postgres";
import { signWebhook } from "@struere/simulators";
import {
  bindConnection,
  createKeyRing,
  createOrganization,
  type Db,
  getLedger,
  migrate,
  newId,
  openDatabase,
  postEntry,
  recordHeartbeat,
  registerNode,
  type Scope,
  setAgent,
  setAllowance,
  setCredentials,
  setCreditLimit,
} from "@struere/store";
import { createControlPlane } from "../src/index.ts";

const LIMITED = process.argv.includes("--limited");
const WEBHOOKS = Number(process.argv.slice(2).find((argument) => argument !== "--limited") ?? 200);
const WARM_UP = 40;
const ACCOUNT = `AC${"a".repeat(32)}`;
const AUTH_TOKEN = randomBytes(16).toString("hex");
const NUMBER = "+15550100200";

await using parts = new AsyncDisposableStack();
const postgres = parts.use(await startPostgres({ dataDir: null }));
const encryptionKey = randomBytes(32).toString("base64");
const db = openDatabase({ url: postgres.url, poolMax: 2, statementTimeoutMs: 10_000 });
parts.defer(() => db.destroy());
await migrate(db);
const scope = await prepare(db);
const control = parts.use(
  await createControlPlane(
    {
      httpPort: 0,
      grpcPort: 0,
      host: "127.0.0.1",
      databaseUrl: postgres.url,
      natsUrl: null,
      publicUrl: null,
      gatewayUrl: null,
      gatewaySecret: "a secret for the bench",
      encryptionKey,
      twilio: { apiBaseUrl: null, fallbackAuthToken: null },
      bootstrapApiKey: null,
    },
    { bus: memoryBus(), log: silentLog, metrics: createMetrics("bench_") },
  ),
);
const agent = new Agent({ keepAlive: true, maxSockets: 64 });
parts.defer(async () => agent.destroy());

for (let index = 0; index < WARM_UP; index++) await webhook();
const startedAt = performance.now();
const took = await Promise.all(
  Array.from({ length: WEBHOOKS }, async (_, index) => {
    await new Promise((resolve) => setTimeout(resolve, (index * 1_000) / WEBHOOKS));
    return await webhook();
  }),
);
const overMs = performance.now() - startedAt;
const { held } = (await getLedger(db, scope)).balances;
if (LIMITED !== held > 0n) throw new Fault("internal", `limited: ${LIMITED}, and ${formatMicros(held)} is reserved for calls`);
took.sort((a, b) => a - b);
const at = (share: number): number => Math.round((took[Math.min(took.length - 1, Math.floor(took.length * share))] ?? 0) * 10) / 10;
const figures = {
  webhooks: WEBHOOKS,
  limited: LIMITED,
  overMs: Math.round(overMs),
  p50Ms: at(0.5),
  p90Ms: at(0.9),
  p99Ms: at(0.99),
  maxMs: at(1),
};
console.table([figures]);
console.log(JSON.stringify(figures));

async function prepare(into: Db): Promise<Scope> {
  const now = new Date();
  const scope = { organizationId: await createOrganization(into, { name: "bench", now }), environment: "development" } as const;
  const definition = { name: "Bench", slug: "bench", systemPrompt: "You answer.", tools: ["call.end"] };
  const { agent: answering } = await setAgent(into, scope, { slug: "bench", name: "Bench", description: null, definition, now });
  const ring = createKeyRing(encryptionKey);
  await setCredentials(into, ring, scope, { accountSid: ACCOUNT, authToken: AUTH_TOKEN, verified: true, now });
  await bindConnection(into, scope, {
    phoneNumber: NUMBER,
    phoneNumberSid: "PN1",
    accountSid: ACCOUNT,
    label: null,
    target: { kind: "agent", agentId: answering.id },
    formerSettings: null,
    now,
  });
  const node = { nodeId: newId("node"), capacity: 100_000 };
  await registerNode(into, { ...node, publicUrl: "", version: "bench", now });
  // Alive for longer than any run: nobody sends heartbeats here.
  const later = new Date(now.getTime() + 3_600_000);
  await recordHeartbeat(into, { ...node, calls: 0, draining: false, loopDelayP99Ms: 0, now: later });
  if (!LIMITED) return scope;
  const plenty = micros(10n ** 15n);
  await setCreditLimit(into, scope, { creditLimit: micros(0n), currency: "USD", now });
  await postEntry(into, scope, { actor: "bench", entry: { kind: "credit", key: "credit", amount: plenty } }, now);
  const change = { hour: plenty, day: plenty, month: plenty, maxConcurrent: 100_000 };
  await setAllowance(into, scope, { keyId: null, change, now });
  return scope;
}

/** @returns milliseconds from sending to the last byte of the TwiML. */
function webhook(): Promise<number> {
  const url = `${control.httpUrl}/twilio/voice`;
  const params = {
    AccountSid: ACCOUNT,
    CallSid: `CA${randomBytes(16).toString("hex")}`,
    From: "+14155550111",
    To: NUMBER,
    CallStatus: "ringing",
    Direction: "inbound",
    ApiVersion: "2010-04-01",
  };
  const body = new URLSearchParams(params).toString();
  const signature = signWebhook({ authToken: AUTH_TOKEN, url, params });
  const sentAt = performance.now();
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/x-www-form-urlencoded", "x-twilio-signature": signature, "content-length": body.length };
    const outgoing = request(url, { method: "POST", agent, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (text += chunk));
      response.on("error", reject);
      response.on("end", () => {
        if (text.includes("<Stream ")) resolve(performance.now() - sentAt);
        else reject(new Error(`HTTP ${response.statusCode}: ${text}`));
      });
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}
