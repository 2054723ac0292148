/** The receipt of an injection: one, whoever gives it, and one also when nobody does. */
import { RECEIPT_GIVEN_UP_MS } from "@struere/domain";
import { describe, expect, test } from "vitest";
import {
  type Call,
  claimCall,
  endCall,
  listInjections,
  listUntakenInjections,
  type MessageToRecord,
  newId,
  openInjection,
  recordMessages,
  type Scope,
  settleForsaken,
} from "../src/index.ts";
import { ACCOUNT, aCall, aScope, aSid, later, NOW, useDatabase } from "./database.ts";

const server = useDatabase();

async function anInjectedCall() {
  const scope = await aScope(server.db);
  const call = await claimed(await aCall(server.db, scope), 1);
  const injectionId = `${call.id}.1`;
  const words = { action: "correction", message: "It is Tuesday.", field: null, value: null } as const;
  const open = { ...words, injectionId, callId: call.id, source: "person", author: "key", auditId: null, basedOn: null } as const;
  const opened = await openInjection(server.db, scope, { ...open, now: NOW });
  expect(opened).toMatchObject({ ok: true, value: { created: true } });
  let seq = 0;
  return {
    scope,
    call,
    injectionId,
    again: () => openInjection(server.db, scope, { ...open, now: later(1_000) }),
    /** The node says so, and all of it is in the record. */
    tells: (name: string, data: object, atMs = 1_000) => record(scope, call, ++seq, name, { injectionId, ...data }, atMs),
    receipt: async () => {
      const [injection] = await listInjections(server.db, scope, call.id);
      return injection && { outcome: injection.outcome, reason: injection.reason };
    },
    ends: (lastSeq: number) =>
      endCall(server.db, {
        callId: call.id,
        epoch: 1,
        outcome: "completed",
        reason: "caller_hung_up",
        durationMs: 1,
        lastSeq,
        now: later(2_000),
      }),
  };
}

async function claimed(call: Call, epoch: number): Promise<Call> {
  const claim = {
    callId: call.id,
    epoch,
    nodeId: newId("node"),
    streamSid: aSid("MZ"),
    callSid: call.twilio_call_sid ?? "",
    accountSid: ACCOUNT,
  };
  const answer = await claimCall(server.db, { ...claim, now: NOW });
  if (!answer.ok) throw new Error(answer.problem);
  return answer.value;
}

async function record(scope: Scope, call: Call, seq: number, name: string, data: object, atMs: number) {
  const at = later(atMs).getTime();
  const message: MessageToRecord = {
    ...scope,
    callId: call.id,
    kind: "event",
    body: { epoch: 1, seq, at, name, offsetMs: atMs, data: { ...data } },
  };
  return await recordMessages(server.db, [message], later(atMs));
}

const SPOKEN = { outcome: "spoken", reason: null, heardMs: 900 };

describe("a receipt", () => {
  test("that comes with the record is announced once, and a second one changes nothing", async () => {
    const given = await anInjectedCall();
    expect((await given.tells("injection.done", SPOKEN)).receipts).toMatchObject([
      { id: given.injectionId, outcome: "spoken", heard_ms: 900 },
    ]);
    expect((await given.tells("injection.done", { outcome: "expired", reason: null, heardMs: null })).receipts).toEqual([]);
    expect(await given.receipt()).toEqual({ outcome: "spoken", reason: null });
  });

  test("of another call's injection is nobody's", async () => {
    const [given, other] = [await anInjectedCall(), await anInjectedCall()];
    await other.tells("injection.done", { ...SPOKEN, injectionId: given.injectionId });
    expect(await given.receipt()).toEqual({ outcome: null, reason: null });
  });

  test("is given here once the call's record is complete and has none, and not before", async () => {
    const given = await anInjectedCall();
    await given.ends(1);
    expect(await settleForsaken(server.db, { now: later(3_000) })).toEqual([]);
    await given.tells("call.ended", {});
    expect(await settleForsaken(server.db, { now: later(3_000) })).toMatchObject([{ id: given.injectionId }]);
    expect(await given.receipt()).toEqual({ outcome: "refused", reason: "call_over" });
    expect((await given.tells("injection.done", SPOKEN)).receipts).toEqual([]);
  });

  test("is given here when the call goes on and never took it, but not when it did: then the node answers for it", async () => {
    const [lost, taken] = [await anInjectedCall(), await anInjectedCall()];
    await taken.tells("injection.taken", {});
    for (const one of [lost, taken]) await one.tells("caller.speaking", {}, 60_000);
    const settled = await settleForsaken(server.db, { now: later(61_000) });
    expect(settled.map(({ id, reason }) => [id, reason])).toEqual([[lost.injectionId, "not_delivered"]]);
    expect(await taken.receipt()).toEqual({ outcome: null, reason: null });
  });

  test("is given here when another node holds the call", async () => {
    const given = await anInjectedCall();
    await claimed(given.call, 2);
    expect(await settleForsaken(server.db, { now: later(10_000) })).toEqual([]);
    await settleForsaken(server.db, { now: later(31_000) });
    expect(await given.receipt()).toEqual({ outcome: "refused", reason: "call_moved" });
  });

  test("is given here in the end whatever happened, by one of all who look at once", async () => {
    const given = await anInjectedCall();
    const long = later(31_000 + RECEIPT_GIVEN_UP_MS);
    const looks = await Promise.all([1, 2, 3, 4].map(() => settleForsaken(server.db, { now: long })));
    expect(looks.flat().filter(({ id }) => id === given.injectionId)).toHaveLength(1);
    expect(await given.receipt()).toEqual({ outcome: "expired", reason: "not_delivered" });
  });
});

test("an injection is sent again until the node has it or its time is over, and is one however often it is asked for", async () => {
  const given = await anInjectedCall();
  const untaken = async (ms: number) =>
    (await listUntakenInjections(server.db, { now: later(ms), limit: 1_000 })).filter(({ id }) => id === given.injectionId).length;
  expect(await given.again()).toMatchObject({ ok: true, value: { created: false } });
  expect([await untaken(1_000), await untaken(31_000)]).toEqual([1, 0]);
  await given.tells("injection.taken", {});
  expect(await untaken(1_000)).toBe(0);
});
