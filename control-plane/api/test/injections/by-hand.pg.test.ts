/** People and services inject with a key: over tRPC, and over REST in the same words. */
import type { Bus } from "@struere/bus";
import type { CallId } from "@struere/kernel";
import { callSubject, InjectMessage } from "@struere/protocol/bus";
import { systemClock } from "@struere/runtime";
import { endCall, listAudit, listInjections, recordMessages, type Scope } from "@struere/store";
import { type TestDatabase, testDatabase } from "@struere/testkit";
import { StruereClient } from "struere/client";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { InjectionShape, InjectionsShape } from "../../src/chat/call-shapes.ts";
import { handInjector } from "../../src/injections/hand-injector.ts";
import { announceReceipt } from "../../src/injections/messages.ts";
import { aClaimedCall, aKey, aScope, NOW } from "../fixture.ts";
import { aTextWorld, type TextWorld } from "../text/world.ts";
import { callerWith, services } from "../trpc/server.ts";

let database: TestDatabase;
let bus: Bus;
let scope: Scope;
let key: string;
let caller: Awaited<ReturnType<typeof callerWith>>;
let using: ReturnType<typeof services>;
let at: TextWorld;

beforeAll(async () => {
  database = await testDatabase();
  at = await aTextWorld({ db: database.db });
  bus = at.bus;
  using = services(database.db, bus);
});
beforeEach(async () => {
  scope = await aScope(database.db);
  key = await aKey(database.db, scope, ["calls"]);
  caller = await callerWith(using, key);
});
afterAll(async () => {
  await at[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const WORDS = "The shop closes at six today.";

function overheard(callId: CallId): InjectMessage[] {
  const sent: InjectMessage[] = [];
  bus.subscribe(callSubject({ ...scope, callId }, "inject"), (data) => sent.push(InjectMessage.parse(JSON.parse(data))));
  return sent;
}

/** A node that says at once that it was heard: by the record and the announcement, or only by the record. */
function aNodeThatSpeaks(callId: CallId, options: { readonly announced: boolean }): void {
  let seq = 0;
  const speak = async (injectionId: string): Promise<void> => {
    const done = { injectionId, outcome: "spoken", reason: null, heardMs: 1_840 };
    const { receipts } = await recordMessages(
      database.db,
      [
        {
          ...scope,
          callId,
          kind: "event",
          body: { epoch: 1, seq: ++seq, at: NOW.getTime(), name: "injection.done", offsetMs: 9_000, data: done },
        },
      ],
      NOW,
    );
    if (options.announced) for (const receipt of receipts) announceReceipt(bus, receipt);
  };
  bus.subscribe(callSubject({ ...scope, callId }, "inject"), (data) => void speak(InjectMessage.parse(JSON.parse(data)).injectionId));
}

describe("an injection by hand", () => {
  test("is sent, is in the record with whose it is, and in the audit log without its words", async () => {
    const { id } = await aClaimedCall(database.db, scope);
    const sent = overheard(id);
    const asked = { id, message: ` ${WORDS}\n`, action: "correction", field: "hours", source: "person" } as const;
    const injected = await caller.calls.inject(asked);
    expect(injected).toMatchObject({
      action: "correction",
      message: WORDS,
      field: "hours",
      source: "person",
      outcome: null,
      auditId: null,
    });
    expect(sent).toMatchObject([{ injectionId: injected.id, message: WORDS, action: "correction", epoch: 1 }]);
    expect(await caller.calls.injections({ id })).toEqual([injected]);
    expect((await caller.calls.get({ id })).injections).toEqual([injected]);
    const [line] = await listAudit(database.db, scope, 1);
    expect(line).toMatchObject({ actor: injected.author, action: "calls.inject", subject: id });
    expect(line?.detail).toEqual({ injectionId: injected.id, action: "correction", source: "person" });
  });

  test.each([true, false])("waits for its receipt, also when nobody announces it (announced: %s)", async (announced) => {
    const { id } = await aClaimedCall(database.db, scope);
    aNodeThatSpeaks(id, { announced });
    const injected = await caller.calls.inject({ id, message: WORDS, waitMs: 10_000 });
    expect(injected).toMatchObject({ outcome: "spoken", heardMs: 1_840, offsetMs: 9_000, receiptAt: NOW });
  });

  test("without a receipt in time is answered as it stands", async () => {
    const { id } = await aClaimedCall(database.db, scope);
    expect(await caller.calls.inject({ id, message: WORDS, waitMs: 30 })).toMatchObject({ outcome: null });
  });

  test("with an idempotency key is injected once, and asking again waits for the same receipt", async () => {
    const { id } = await aClaimedCall(database.db, scope);
    const asked = { id, message: WORDS, idempotencyKey: "order 7" };
    const first = await caller.calls.inject(asked);
    aNodeThatSpeaks(id, { announced: true });
    expect(await caller.calls.inject({ ...asked, waitMs: 10_000 })).toMatchObject({ id: first.id, outcome: "spoken" });
    expect(await listInjections(database.db, scope, id)).toHaveLength(1);
    expect((await listAudit(database.db, scope, 10)).filter(({ action }) => action === "calls.inject")).toHaveLength(1);
    await expect(caller.calls.inject({ ...asked, message: "Something else." })).rejects.toMatchObject({
      code: "CONFLICT",
      message: "the idempotency key was used for other words in this call (correction); use a new key for new words",
    });
    const colleague = await callerWith(using, await aKey(database.db, scope, ["calls"]));
    expect((await colleague.calls.inject(asked)).id).not.toBe(first.id);
  });

  test("into a call that is over or unknown is refused; one that was made before still answers", async () => {
    const { id } = await aClaimedCall(database.db, scope);
    const asked = { id, message: WORDS, idempotencyKey: "1" };
    const before = await caller.calls.inject(asked);
    await endCall(database.db, {
      callId: id,
      epoch: 1,
      outcome: "completed",
      reason: "caller_hung_up",
      durationMs: 1,
      lastSeq: 0,
      now: NOW,
    });
    await expect(caller.calls.inject({ id, message: WORDS })).rejects.toMatchObject({
      code: "PRECONDITION_FAILED",
      message: `the call ${id} does not run: nobody would hear it, and nothing was said`,
    });
    expect((await caller.calls.inject(asked)).id).toBe(before.id);
    const nobody = `call_${"0".repeat(24)}`;
    await expect(caller.calls.inject({ id: nobody, message: WORDS })).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(caller.calls.injections({ id: nobody })).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  test("is bounded in words, in number for a call, and in requests for a key", async () => {
    const { id } = await aClaimedCall(database.db, scope);
    const refused = async (message: string, code: string, sentence: RegExp | string) =>
      await expect(caller.calls.inject({ id, message })).rejects.toMatchObject({ code, message: expect.stringMatching(sentence) });
    await refused("a".repeat(601), "BAD_REQUEST", /^message has 601 characters; at most 600/);
    await refused("See https://example.com.", "BAD_REQUEST", /link/);
    await refused("\u200b", "BAD_REQUEST", /empty/);
    for (let count = 0; count < 6; count++) await caller.calls.inject({ id, message: WORDS });
    await refused(WORDS, "TOO_MANY_REQUESTS", /at most 6 injections in a minute/);
    const limits = { key: { perMinute: 60, burst: 2 }, organization: { perMinute: 60, burst: 9 } };
    const limited = { ...using, injections: handInjector({ db: database.db, bus, clock: systemClock(), limits }) };
    const hasty = await callerWith(limited, key);
    const other = await aClaimedCall(database.db, scope);
    for (let count = 0; count < 2; count++) await hasty.calls.inject({ id: other.id, message: WORDS });
    await expect(hasty.calls.inject({ id: other.id, message: WORDS })).rejects.toMatchObject({
      code: "TOO_MANY_REQUESTS",
      message: "Rate limit exceeded: come again in 1 s",
    });
  });
});

test("over REST and with the client it is the same", async () => {
  const { db } = database;
  const { id } = await aClaimedCall(db, scope);
  aNodeThatSpeaks(id, { announced: true });
  const client = new StruereClient({ apiKey: key, baseUrl: at.url });
  const spoken = await client.calls.inject(id, { message: WORDS, idempotencyKey: "1", waitMs: 10_000 });
  expect(InjectionShape.parse(spoken)).toMatchObject({ outcome: "spoken", heardMs: 1_840, source: "service" });
  expect(InjectionsShape.parse({ items: await client.calls.injections(id) }).items).toEqual([spoken]);
  expect(await client.calls.inject(id, { message: WORDS, idempotencyKey: "1" })).toEqual(spoken);
  await expect(client.calls.inject(id, { message: "" })).rejects.toMatchObject({ status: 400 });
  await expect(client.calls.inject(id, { message: "Something else.", idempotencyKey: "1" })).rejects.toMatchObject({ status: 409 });
});
