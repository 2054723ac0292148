import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Bus, memoryBus, STREAMS } from "@struere/bus";
import { callSubject, WatermarkMessage } from "@struere/protocol/bus";
import { createLog, createMetrics, silentLog, systemClock } from "@struere/runtime";
import { startPostgres } from "@struere/runtime/postgres";
import { type Call, type Db, listUtterances, listWatermarks, migrate, newId, openDatabase, type Scope } from "@struere/store";
import { ownNats, type TestDatabase, testDatabase, until } from "@struere/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Recorder, startRecorder } from "../../src/recorder/recorder.ts";
import { aClaimedCall, aScope, aTranscript, publish, upTo } from "../fixture.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database[Symbol.asyncDispose]());

function record(db: Db, bus: Bus): Recorder {
  return startRecorder({ db, bus, clock: systemClock(), log: silentLog, metrics: createMetrics() });
}

async function reached(db: Db, scope: Scope, call: Call, seq: number): Promise<void> {
  await until(async () => (await listWatermarks(db, scope, call.id)).get(1) === seq, { what: `watermark ${seq}` });
}

const texts = async (db: Db, scope: Scope, call: Call) => (await listUtterances(db, scope, call.id)).map((row) => row.text);

const kinds = { memory: overMemory, nats: overNats };
async function overMemory() {
  return await Promise.resolve({ bus: memoryBus(), dispose: async () => await Promise.resolve() });
}
async function overNats() {
  const nats = await ownNats();
  return { bus: await nats.open(), dispose: async () => await nats[Symbol.asyncDispose]() };
}

/** A log whose warnings can be waited for. */
function warnings() {
  const lines: string[] = [];
  return { lines, log: createLog({ name: "test", level: "warn", stream: { write: (line) => lines.push(line) } }) };
}

describe.each(["memory", "nats"] as const)("over the %s bus the recorder", (kind) => {
  let bus: Bus;
  let dispose: () => Promise<void>;
  beforeAll(async () => {
    ({ bus, dispose } = await kinds[kind]());
  });
  afterAll(async () => {
    await bus.close();
    await dispose();
  });

  test("writes each message once, whatever comes three times and in disorder, and waits at gaps", async () => {
    const { db } = database;
    const scope = await aScope(db);
    const call = await aClaimedCall(db, scope);
    const heard: number[] = [];
    const subscription = bus.subscribe(callSubject({ ...scope, callId: call.id }, "watermark"), (data) =>
      heard.push(WatermarkMessage.parse(JSON.parse(data)).seq),
    );
    await subscription.ready;
    const recorder = record(db, bus);
    try {
      const late = 7;
      for (const repetition of ["", "-a", "-b"]) {
        for (const seq of upTo(20).reverse()) if (seq !== late) await publish(bus, scope, call.id, aTranscript(seq), repetition);
      }
      await reached(db, scope, call, late - 1);
      await publish(bus, scope, call.id, aTranscript(late));
      await reached(db, scope, call, 20);
      expect(await texts(db, scope, call)).toEqual(upTo(20).map((seq) => `line ${seq}`));
      await until(() => heard.at(-1) === 20, { what: "the watermark's announcement" });
      expect(heard).toEqual([...heard].sort((a, b) => a - b));
    } finally {
      subscription.unsubscribe();
      await recorder.close();
    }
  });

  test("shares the work with others like it", async () => {
    const { db } = database;
    const scope = await aScope(db);
    const recorders = [record(db, bus), record(db, bus), record(db, bus)];
    try {
      const calls = await Promise.all(upTo(5).map(() => aClaimedCall(db, scope)));
      await Promise.all(calls.flatMap((call) => upTo(30).map((seq) => publish(bus, scope, call.id, aTranscript(seq)))));
      for (const call of calls) await reached(db, scope, call, 30);
    } finally {
      await Promise.all(recorders.map((recorder) => recorder.close()));
    }
  });

  test("sets aside what can never be recorded, and goes on with the rest", async () => {
    const { db } = database;
    const scope = await aScope(db);
    const call = await aClaimedCall(db, scope);
    const subject = callSubject({ ...scope, callId: call.id }, "transcript");
    const poison = [
      { subject, data: "not JSON" },
      { subject, data: JSON.stringify({ ...aTranscript(9), extra: 1 }) },
      { subject, data: JSON.stringify(aTranscript(9, { epoch: 2 })) },
      { subject: callSubject({ ...scope, callId: newId("call") }, "transcript"), data: JSON.stringify(aTranscript(1)) },
      { subject: callSubject({ ...(await aScope(db)), callId: call.id }, "transcript"), data: JSON.stringify(aTranscript(1)) },
      // Fits the schema of the bus, but no column.
      { subject, data: JSON.stringify(aTranscript(10, { position: 2 ** 40 })) },
    ];
    const recorder = record(db, bus);
    try {
      await publish(bus, scope, call.id, aTranscript(1));
      for (const [index, letter] of poison.entries()) await bus.publish({ ...letter, id: `${call.id}-poison-${index}` });
      await publish(bus, scope, call.id, aTranscript(2));
      await reached(db, scope, call, 2);
      const letters = () =>
        db
          .selectFrom("dead_letters")
          .select("reason")
          .where(
            "subject",
            "in",
            poison.map((one) => one.subject),
          )
          .execute();
      await until(async () => (await letters()).length === poison.length, { what: "the dead letters" });
      const reasons = (await letters()).map((letter) => letter.reason.split(":")[0]);
      expect(reasons.sort()).toEqual([
        "call_of_another_scope",
        "call_unknown",
        "epoch_never_granted",
        "invalid_message",
        "not_json",
        "not_writable",
      ]);
      expect(await texts(db, scope, call)).toEqual(["line 1", "line 2"]);
    } finally {
      await recorder.close();
    }
  });

  test("that stops leaves what it has not written to the next one", async () => {
    const { db } = database;
    const scope = await aScope(db);
    const call = await aClaimedCall(db, scope);
    await record(db, bus).close();
    for (const seq of upTo(10)) await publish(bus, scope, call.id, aTranscript(seq));
    const next = record(db, bus);
    try {
      await reached(db, scope, call, 10);
    } finally {
      await next.close();
    }
  });
});

test.concurrent("Postgres that goes away and comes back costs no message", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "struere-recorder-"));
  let postgres = await startPostgres({ dataDir });
  const db = openDatabase({ url: postgres.url, poolMax: 4, statementTimeoutMs: 5_000, connectTimeoutMs: 1_000 });
  const bus = memoryBus();
  await migrate(db);
  const scope = await aScope(db);
  const call = await aClaimedCall(db, scope);
  const { lines: warned, log } = warnings();
  const recorder = startRecorder({ db, bus, clock: systemClock(), log, metrics: createMetrics() });
  try {
    for (const seq of upTo(5)) await publish(bus, scope, call.id, aTranscript(seq));
    await reached(db, scope, call, 5);
    await postgres.stop();
    for (const seq of upTo(400, 6)) await publish(bus, scope, call.id, aTranscript(seq));
    await until(() => warned.length > 0, { what: "a failed write" });
    postgres = await startPostgres({ dataDir, port: postgres.port });
    await reached(db, scope, call, 400);
    expect(await texts(db, scope, call)).toEqual(upTo(400).map((seq) => `line ${seq}`));
    expect(await db.selectFrom("dead_letters").selectAll().execute()).toEqual([]);
  } finally {
    await recorder.close();
    await bus.close();
    await db.destroy();
    await postgres.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}, 60_000);

test.concurrent("a recorder that is told to stop while Postgres is away stops at once and acknowledges nothing", async () => {
  const postgres = await startPostgres({ dataDir: null });
  const db = openDatabase({ url: postgres.url, poolMax: 2, statementTimeoutMs: 5_000, connectTimeoutMs: 500 });
  const bus = memoryBus();
  await migrate(db);
  const scope = await aScope(db);
  const call = await aClaimedCall(db, scope);
  await postgres.stop();
  const { lines: warned, log } = warnings();
  const recorder = startRecorder({ db, bus, clock: systemClock(), log, metrics: createMetrics() });
  for (const seq of upTo(3)) await publish(bus, scope, call.id, aTranscript(seq));
  await until(() => warned.length > 0, { what: "a failed write" });
  await recorder.close();
  await db.destroy();

  const left = bus.consume({
    stream: STREAMS.calls.name,
    durable: "recorder",
    subject: callSubject({ ...scope, callId: call.id }, "transcript"),
    batch: 10,
    ackWaitMs: 30_000,
    maxDeliver: 10,
  });
  const again = new Set<string>();
  for await (const batch of left) {
    for (const delivery of batch) {
      again.add(delivery.data);
      delivery.ack();
    }
    if (again.size === 3) break;
  }
  expect(again.size).toBe(3);
  await bus.close();
}, 60_000);
