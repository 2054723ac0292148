/** Starting is where an installation goes wrong: each way ends in one sentence, or heals by itself. */
import { randomBytes } from "node:crypto";
import { memoryBus } from "@struere/bus";
import { createLog, createMetrics, silentLog, systemClock } from "@struere/runtime";
import { newApiKey } from "@struere/store";
import { type TestDatabase, testDatabase } from "@struere/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createApiClient } from "../src/client.ts";
import { type ControlConfig, type ControlOverrides, createControlPlane } from "../src/index.ts";
import { cutProxy } from "@struere/simulators";

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase({ migrated: false });
});
afterAll(() => database[Symbol.asyncDispose]());

const config = (overrides: Partial<ControlConfig> = {}): ControlConfig => ({
  httpPort: 0,
  grpcPort: 0,
  host: "127.0.0.1",
  databaseUrl: database.url,
  natsUrl: null,
  publicUrl: null,
  gatewayUrl: null,
  gatewaySecret: "a secret of the planes",
  encryptionKey: randomBytes(32).toString("base64"),
  twilio: { apiBaseUrl: null, fallbackAuthToken: null },
  bootstrapApiKey: null,
  ...overrides,
});
const start = (overrides: Partial<ControlConfig> = {}, using: ControlOverrides = {}) =>
  createControlPlane(config(overrides), { bus: memoryBus(), log: silentLog, metrics: createMetrics("t_"), ...using });

test("two control planes that start at once on an empty database share one installation", async () => {
  const bootstrapApiKey = newApiKey("development");
  const planes = await Promise.all([start({ bootstrapApiKey }), start({ bootstrapApiKey })]);
  try {
    for (const plane of planes) {
      const api = createApiClient({ url: plane.httpUrl, apiKey: bootstrapApiKey });
      expect(await api.agents.list.query()).toEqual([]);
    }
    expect(await database.db.selectFrom("organizations").select("id").execute()).toHaveLength(1);
  } finally {
    await Promise.all(planes.map((plane) => plane[Symbol.asyncDispose]()));
  }
});

describe("Postgres is away at the start", () => {
  test("it is waited for, and the log says so", async () => {
    await using proxy = await cutProxy(database.url);
    proxy.cut();
    const lines: string[] = [];
    const log = createLog({ name: "test", stream: { write: (line) => void lines.push(line) } });
    const clock = systemClock({ scale: 5 });
    const starting = start({ databaseUrl: proxy.url }, { log, clock });
    clock.arm(clock.now() + 1_500, () => proxy.mend());
    await using plane = await starting;
    expect((await fetch(`${plane.httpUrl}/readyz`)).status).toBe(200);
    expect(lines.join()).toMatch(/the database is not ready; it is tried again/);
  });

  test("for long: one sentence says where it was looked for, without the password", async () => {
    const databaseUrl = "postgres://someone:a-password@127.0.0.1:1/struere";
    const failed = start({ databaseUrl }, { clock: systemClock({ scale: 50 }) });
    await expect(failed).rejects.toMatchObject({
      code: "unavailable",
      sentence: "Postgres can not be reached at 127.0.0.1:1; start it, or correct DATABASE_URL, and start again",
    });
  });

  test.each([
    ["a wrong password", (url: URL) => (url.password = "wrong"), /password authentication failed/],
    ["a database that does not exist", (url: URL) => (url.pathname = "/nowhere"), /database "nowhere" does not exist/],
  ])("%s is no reason to wait: it is said at once", async (_what, change, why) => {
    const url = new URL(database.url);
    change(url);
    await expect(start({ databaseUrl: url.href })).rejects.toMatchObject({
      code: "failed_precondition",
      sentence: expect.stringMatching(why),
    });
  });
});

describe("the bus", () => {
  test("away for as long as a start may take: one sentence", async () => {
    const failed = createControlPlane(config({ natsUrl: "nats://127.0.0.1:1", startWithinMs: 600 }), { log: silentLog });
    await expect(failed).rejects.toMatchObject({
      code: "unavailable",
      sentence: expect.stringMatching(/NATS at .*127\.0\.0\.1:1.* could not be reached within 600 ms/),
    });
  });

  test("that nobody gave is asked for", async () => {
    await expect(createControlPlane(config(), { log: silentLog })).rejects.toMatchObject({
      sentence: expect.stringMatching(/set NATS_URL/),
    });
  });
});

test("a port that is taken stops the start, and nothing is left behind", async () => {
  await using first = await start();
  const httpPort = Number(new URL(first.httpUrl).port);
  const grpcPort = Number(first.grpcAddress.split(":")[1]);
  await expect(start({ httpPort })).rejects.toMatchObject({ code: "unavailable", sentence: expect.stringMatching(/CONTROL_HTTP_PORT/) });
  await expect(start({ grpcPort })).rejects.toMatchObject({
    code: "unavailable",
    sentence: expect.stringMatching(/gRPC.*CONTROL_GRPC_PORT/),
  });
});
