import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Bus, memoryBus } from "@struere/bus";
import { startPostgres } from "@struere/runtime/postgres";
import { callSubject } from "@struere/protocol/bus";
import { createMetrics, silentLog, systemClock } from "@struere/runtime";
import { type Call, endCall, type MessageToRecord, migrate, openDatabase, recordMessages, type Scope } from "@struere/store";
import { type TestDatabase, testDatabase, until } from "@struere/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startRecorder } from "../../src/recorder/recorder.ts";
import type { TrpcServices } from "../../src/trpc/init.ts";
import { watchCall } from "../../src/trpc/watch-call.ts";
import { readPositions, writePositions } from "../../src/trpc/watch-position.ts";
import { aCall, aClaimedCall, aKey, aScope, aTranscript, claim, NOW, publish, upTo } from "../fixture.ts";
import { serve, services } from "./server.ts";

let database: TestDatabase;
let using: TrpcServices;
let scope: Scope;
let key: string;

beforeAll(async () => {
  database = await testDatabase();
  using = services(database.db, memoryBus());
  scope = await aScope(database.db);
  key = await aKey(database.db, scope, ["calls"]);
});
afterAll(async () => {
  await using.bus.close();
  await database[Symbol.asyncDispose]();
});

/** Written as the recorder writes it, announced as the recorder announces it. */
async function say(call: Call, seqs: readonly number[], epoch = 1): Promise<void> {
  const messages = seqs.map(
    (seq): MessageToRecord => ({ ...scope, callId: call.id, kind: "transcript", body: aTranscript(seq, { epoch }) }),
  );
  const { watermarks } = await recordMessages(database.db, messages, NOW);
  for (const mark of watermarks)
    using.bus.broadcast(callSubject({ ...scope, callId: call.id }, "watermark"), JSON.stringify({ epoch, seq: mark.seq }));
}

const end = (call: Call, lastSeq: number, epoch = 1) =>
  endCall(database.db, { callId: call.id, epoch, outcome: "completed", reason: "caller_hung_up", durationMs: 1, lastSeq, now: NOW });

type Seen = { readonly eventId: string; readonly at: string };

/** Everything that the subscription gives until it ends by itself, or until `stopAfter` events. */
async function watch(
  call: Call,
  options: {
    readonly lastEventId?: string;
    readonly stopAfter?: number;
    readonly each?: (seen: Seen) => void;
    readonly over?: TrpcServices;
  } = {},
) {
  const { db, bus, clock } = options.over ?? using;
  const events: Seen[] = [];
  for await (const { eventId, message } of watchCall({
    db,
    bus,
    clock,
    scope,
    callId: call.id,
    lastEventId: options.lastEventId ?? null,
    signal: undefined,
  })) {
    const seen = { eventId, at: `${message.epoch}-${message.seq}` };
    events.push(seen);
    options.each?.(seen);
    if (events.length === options.stopAfter) break;
  }
  return events;
}

const places = (events: readonly Seen[]): readonly string[] => events.map((event) => event.at);
const epoch1 = (count: number, from = 1): readonly string[] => upTo(count, from).map((seq) => `1-${seq}`);

describe("watching a call", () => {
  test("gives the whole record of a call that is over, and ends", async () => {
    const call = await aClaimedCall(database.db, scope);
    await say(call, upTo(450));
    await end(call, 450);
    expect(places(await watch(call))).toEqual(epoch1(450));
  });

  test("gives what comes as it comes, each message once, and ends with the call", async () => {
    const call = await aClaimedCall(database.db, scope);
    await say(call, [1, 2]);
    const watching = watch(call, {
      each: ({ at }) => {
        if (at === "1-2") void say(call, [3, 5]).then(() => say(call, [4]));
        if (at === "1-5")
          void say(call, [6])
            .then(() => end(call, 6))
            .then(() => say(call, []));
      },
    });
    expect(places(await watching)).toEqual(epoch1(6));
  });

  test("finds what no broadcast announced", async () => {
    const call = await aClaimedCall(database.db, scope);
    await say(call, [1]);
    const over = { ...using, bus: memoryBus(), clock: systemClock({ scale: 20 }) };
    const each = ({ at }: Seen) => {
      if (at === "1-1") void say(call, [2]);
      if (at === "1-2") void say(call, [3]).then(() => end(call, 3));
    };
    expect(places(await watch(call, { over, each }))).toEqual(epoch1(3));
  });

  test("goes on after the last event that was seen, whichever it was", async () => {
    const call = await aClaimedCall(database.db, scope);
    await say(call, upTo(7));
    await end(call, 7);
    for (const stopAfter of upTo(7)) {
      const before = await watch(call, { stopAfter });
      const after = await watch(call, { lastEventId: before.at(-1)?.eventId ?? "" });
      expect(places([...before, ...after])).toEqual(epoch1(7));
    }
  });

  test("loses nothing of an older epoch that is recorded only after the next one speaks", async () => {
    const call = await aClaimedCall(database.db, scope);
    await say(call, [1, 2]);
    await claim(database.db, call, 2);
    await say(call, [1], 2);
    const before = await watch(call, { stopAfter: 3 });
    expect(before.map((event) => event.eventId)).toEqual(["1-1", "1-2", "1-2.2-1"]);
    await say(call, [3]);
    await say(call, [2], 2);
    await end(call, 2, 2);
    const after = await watch(call, { lastEventId: "1-2.2-1" });
    expect(after.map((event) => event.eventId)).toEqual(["1-3.2-1", "1-3.2-2"]);
  });

  test("of a call that nobody answered ends at once", async () => {
    const call = await aCall(database.db, scope);
    await database.db
      .updateTable("calls")
      .set({ status: "failed", ended_at: NOW, reason: "never_answered" })
      .where("id", "=", call.id)
      .execute();
    expect(await watch(call)).toEqual([]);
  });

  test("with an id that is none of its own is refused", async () => {
    const call = await aClaimedCall(database.db, scope);
    for (const lastEventId of ["x", "1", "1-2-3", "0-1", "1-1.", "1-99999999999999999999"]) {
      await expect(watch(call, { lastEventId })).rejects.toMatchObject({ code: "invalid_argument" });
    }
  });

  test("leaves nothing behind when the watcher goes", async () => {
    const call = await aClaimedCall(database.db, scope);
    await say(call, [1]);
    const open = new Set<string>();
    const bus = memoryBus();
    const counted: Bus = {
      ...bus,
      subscribe(subject, deliver) {
        open.add(subject);
        const subscription = bus.subscribe(subject, deliver);
        return { ready: subscription.ready, unsubscribe: () => (open.delete(subject), subscription.unsubscribe()) };
      },
    };
    const gone = new AbortController();
    const watching = watchCall({ ...using, bus: counted, scope, callId: call.id, lastEventId: null, signal: gone.signal });
    expect((await watching.next()).value).toMatchObject({ eventId: "1-1" });
    expect(open.size).toBe(1);
    const next = watching.next();
    gone.abort();
    expect(await next).toEqual({ done: true, value: undefined });
    expect(open.size).toBe(0);
  });
});

test.concurrent("over SSE, with connections that break again and again, a watcher gets the record line by line", async () => {
  const server = await serve(using);
  const recorder = startRecorder({ db: database.db, bus: using.bus, clock: systemClock(), log: silentLog, metrics: createMetrics() });
  const call = await aClaimedCall(database.db, scope);
  const seen: string[] = [];
  let over = false;
  const subscription = server.client(key).calls.watch.subscribe(
    { id: call.id },
    {
      onData: ({ data }) => seen.push(`${data.epoch}-${data.seq}`),
      onComplete: () => {
        over = true;
      },
    },
  );
  try {
    for (const seq of upTo(40)) {
      await publish(using.bus, scope, call.id, aTranscript(seq));
      if (seq % 15 === 0) {
        await until(() => seen.length >= seq - 3, { what: `the first ${seq - 3} messages` });
        server.dropConnections();
      }
    }
    await until(() => seen.length >= 40, { what: "all messages", withinMs: 14_000 });
    await end(call, 40);
    await until(() => over, { what: "the end of the subscription" });
    expect(seen).toEqual(epoch1(40));
  } finally {
    subscription.unsubscribe();
    await recorder.close();
    await server.close();
  }
}, 40_000);

test.concurrent("a watcher rides out a Postgres that goes away and comes back", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "struere-watch-"));
  let postgres = await startPostgres({ dataDir });
  const db = openDatabase({ url: postgres.url, poolMax: 3, statementTimeoutMs: 5_000, connectTimeoutMs: 1_000 });
  try {
    await migrate(db);
    const mine = await aScope(db);
    const call = await aClaimedCall(db, mine);
    const write = async (seq: number) =>
      await recordMessages(db, [{ ...mine, callId: call.id, kind: "transcript", body: aTranscript(seq) }], NOW);
    await write(1);
    const watching = watchCall({ ...using, db, scope: mine, callId: call.id, lastEventId: null, signal: undefined });
    expect((await watching.next()).value).toMatchObject({ eventId: "1-1" });
    const next = watching.next();
    await postgres.stop();
    using.bus.broadcast(callSubject({ ...mine, callId: call.id }, "watermark"), "{}");
    postgres = await startPostgres({ dataDir, port: postgres.port });
    await until(async () => (await write(2)).watermarks.length > 0, { what: "Postgres" });
    expect((await next).value).toMatchObject({ eventId: "1-2" });
    await watching.return();
  } finally {
    await db.destroy();
    await postgres.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}, 60_000);

test("a position comes back from its text", () => {
  const positions = new Map([
    [2, 5],
    [1, 17],
  ]);
  expect(writePositions(positions)).toBe("1-17.2-5");
  expect(readPositions("1-17.2-5")).toEqual(positions);
});
