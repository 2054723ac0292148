import type { NodeId } from "@struere/kernel";
import { describe, expect, test } from "vitest";
import {
  claimCall,
  countLiveCalls,
  checkForms,
  createRefusedCall,
  type Db,
  endCall,
  findCallBySid,
  getCall,
  getThread,
  listAudit,
  listCalls,
  listLiveNodes,
  listThreads,
  newCallIds,
  newId,
  pickNode,
  suspectNode,
  recordCarrierStatus,
  recordHeartbeat,
  registerNode,
  renewLeases,
  stopCall,
  type Scope,
  claimLeg,
  sweepCalls,
} from "../src/index.ts";
import { ACCOUNT, aCall, aScope, aSid, later, NOW, useDatabase } from "./database.ts";

const server = useDatabase();

async function claimed(db: Db, scope: Scope, nodeId: NodeId = newId("node")) {
  const call = await aCall(db, scope);
  const claim = {
    callId: call.id,
    epoch: 1,
    nodeId,
    streamSid: aSid("MZ"),
    callSid: call.twilio_call_sid ?? "",
    accountSid: ACCOUNT,
    now: NOW,
  };
  const answer = await claimCall(db, claim);
  if (!answer.ok) throw new Error(answer.problem);
  return { call: answer.value, claim };
}

describe("a call", () => {
  test("that Twilio announces several times at once is one call with one thread", async () => {
    const scope = await aScope(server.db);
    const callSid = aSid("CA");
    const calls = await Promise.all(Array.from({ length: 5 }, () => aCall(server.db, scope, { callSid })));
    expect(new Set(calls.map((call) => call.id)).size).toBe(1);
    expect((await listThreads(server.db, scope, { limit: 10, cursor: null })).items).toHaveLength(1);
    expect(await getThread(server.db, scope, calls[0]?.thread_id ?? newId("thread"))).toMatchObject({
      channel: "voice",
      channel_status: "pending",
      channel_params: { callerNumber: "+14155550100" },
    });
  });

  test("that nobody could answer is over at once, with the reason", async () => {
    const scope = await aScope(server.db);
    const refused = {
      ...newCallIds(),
      direction: "inbound",
      from: "+14155550100",
      to: "+14155550199",
      accountSid: ACCOUNT,
      callSid: aSid("CA"),
      connectionId: null,
      agent: null,
      router: null,
      nodeId: null,
      now: NOW,
      reason: "agent_not_found",
    } as const;
    expect(await createRefusedCall(server.db, scope, refused)).toMatchObject({
      created: true,
      call: { status: "failed", reason: "agent_not_found" },
    });
    expect(await createRefusedCall(server.db, scope, { ...refused, ...newCallIds() })).toMatchObject({
      created: false,
      call: { id: refused.callId },
    });
    const noted = {
      ...refused,
      ...newCallIds(),
      callSid: aSid("CA"),
      audit: { actor: "twilio", action: "call.refused", detail: { value: "0" } },
    };
    await createRefusedCall(server.db, scope, noted);
    await createRefusedCall(server.db, scope, { ...noted, ...newCallIds() });
    expect(await listAudit(server.db, scope, 10)).toEqual([
      { ...scope, at: NOW, actor: "twilio", action: "call.refused", subject: noted.callId, detail: { value: "0" } },
    ]);
    expect(await checkForms(server.db, { now: later(3_600_000), limit: 10 })).toBe(0);
    expect(await getThread(server.db, scope, refused.threadId)).toMatchObject({ channel_status: "failed" });
  });

  test("is listed newest first, page by page, each one once, also when others come in between", async () => {
    const scope = await aScope(server.db);
    const made = [];
    for (let index = 0; index < 7; index++) made.push((await aCall(server.db, scope, { now: later(Math.floor(index / 2)) })).id);
    const seen = [];
    let cursor: string | null = null;
    do {
      const page: Awaited<ReturnType<typeof listCalls>> = await listCalls(server.db, scope, {}, { limit: 2, cursor });
      expect(page.items.length).toBeLessThanOrEqual(2);
      seen.push(...page.items);
      cursor = page.nextCursor;
      await aCall(server.db, scope, { now: later(100) });
    } while (cursor !== null);
    expect(new Set(seen.map((call) => call.id))).toEqual(new Set(made));
    expect(seen).toHaveLength(7);
    const times = seen.map((call) => call.created_at.getTime());
    expect(times).toEqual([...times].sort((a, b) => b - a));
    await expect(listCalls(server.db, scope, {}, { limit: 2, cursor: "'; drop table calls" })).rejects.toMatchObject({
      code: "invalid_argument",
    });
  });

  test("is not there for anybody else", async () => {
    const [mine, theirs] = [await aScope(server.db), await aScope(server.db)];
    const call = await aCall(server.db, mine);
    for (const scope of [theirs, { ...mine, environment: "eval" } as const]) {
      expect(await getCall(server.db, scope, call.id)).toBeUndefined();
      expect(await getThread(server.db, scope, call.thread_id)).toBeUndefined();
      expect((await listCalls(server.db, scope, {}, { limit: 10, cursor: null })).items).toEqual([]);
      expect(await countLiveCalls(server.db, scope)).toBe(0);
    }
    expect(await countLiveCalls(server.db, mine)).toBe(1);
  });
});

describe("a claim", () => {
  test("of ten nodes at once is granted to one", async () => {
    const scope = await aScope(server.db);
    const call = await aCall(server.db, scope);
    const claims = Array.from({ length: 10 }, () => ({
      callId: call.id,
      epoch: 1,
      nodeId: newId("node"),
      streamSid: aSid("MZ"),
      callSid: call.twilio_call_sid ?? "",
      accountSid: ACCOUNT,
      now: NOW,
    }));
    const answers = await Promise.all(claims.map((claim) => claimCall(server.db, claim)));
    expect(answers.filter((answer) => answer.ok)).toHaveLength(1);
    expect(new Set(answers.flatMap((answer) => (answer.ok ? [] : [answer.problem])))).toEqual(new Set(["token_used"]));
    expect(await getThread(server.db, scope, call.thread_id)).toMatchObject({ channel_status: "active" });
  });

  test("whose answer got lost is answered again alike", async () => {
    const { call, claim } = await claimed(server.db, await aScope(server.db));
    expect(await claimCall(server.db, { ...claim, now: later(500) })).toEqual({ ok: true, value: call });
  });

  test("that does not fit the call is refused by what does not fit", async () => {
    const call = await aCall(server.db, await aScope(server.db));
    const claim = {
      callId: call.id,
      epoch: 1,
      nodeId: newId("node"),
      streamSid: "MZ1",
      callSid: call.twilio_call_sid ?? "",
      accountSid: ACCOUNT,
      now: NOW,
    };
    expect(await claimCall(server.db, { ...claim, callId: newId("call") })).toMatchObject({ problem: "call_not_found" });
    expect(await claimCall(server.db, { ...claim, callSid: aSid("CA") })).toMatchObject({ problem: "call_sid_differs" });
    expect(await claimCall(server.db, { ...claim, accountSid: aSid("AC") })).toMatchObject({ problem: "account_sid_differs" });
    expect(await claimCall(server.db, { ...claim, epoch: 2 })).toMatchObject({ problem: "epoch_skipped" });
  });
});

describe("a lease", () => {
  test("is renewed by the node that holds the call, and lost for everybody else", async () => {
    const scope = await aScope(server.db);
    const nodeId = newId("node");
    const [held, over] = [await claimed(server.db, scope, nodeId), await claimed(server.db, scope, nodeId)];
    await endCall(server.db, {
      callId: over.call.id,
      epoch: 1,
      outcome: "completed",
      reason: "caller_hung_up",
      durationMs: 1,
      lastSeq: 0,
      now: NOW,
    });
    const lease = (callId: typeof held.call.id, epoch = 1) => ({ callId, epoch, framesIn: 50 });
    const renew = (node: NodeId, leases: ReturnType<typeof lease>[]) =>
      renewLeases(server.db, { nodeId: node, leases, now: later(2_000) }).then(({ lost }) => lost);
    expect(await renew(nodeId, [lease(held.call.id), lease(over.call.id)])).toEqual([over.call.id]);
    expect(await renew(newId("node"), [lease(held.call.id)])).toEqual([held.call.id]);
    expect(await renew(nodeId, [lease(held.call.id, 2)])).toEqual([held.call.id]);
    expect(await renew(nodeId, [])).toEqual([]);
    expect(await getCall(server.db, scope, held.call.id)).toMatchObject({
      frames_in: 50,
      lease_expires_at: later(10_000),
      audio_moved_at: later(2_000),
    });
  });

  test("of a call that somebody stopped lasts until its node has closed the record, and no longer than a moment", async () => {
    const scope = await aScope(server.db);
    const { call, claim } = await claimed(server.db, scope);
    const beat = (at: Date) =>
      renewLeases(server.db, { nodeId: claim.nodeId, leases: [{ callId: call.id, epoch: 1, framesIn: 1 }], now: at });
    await stopCall(server.db, scope, { callId: call.id, outcome: "stopped", reason: "operator", now: NOW });
    expect(await beat(later(2_000))).toMatchObject({ lost: [] });
    expect(await getCall(server.db, scope, call.id)).toMatchObject({ status: "stopped", lease_expires_at: null });
    expect(await beat(later(6_000))).toMatchObject({ lost: [call.id] });
    await endCall(server.db, {
      callId: call.id,
      epoch: 1,
      outcome: "completed",
      reason: "caller_hung_up",
      durationMs: 1,
      lastSeq: 3,
      now: later(2_000),
    });
    expect(await beat(later(2_000))).toMatchObject({ lost: [call.id] });
  });

  test("tells a call whose audio stands still from one that moves", async () => {
    const scope = await aScope(server.db);
    const { call, claim } = await claimed(server.db, scope);
    const beat = (framesIn: number, at: Date) =>
      renewLeases(server.db, { nodeId: claim.nodeId, leases: [{ callId: call.id, epoch: 1, framesIn }], now: at });
    await beat(100, later(2_000));
    await beat(100, later(4_000));
    expect(await getCall(server.db, scope, call.id)).toMatchObject({ audio_moved_at: later(2_000), lease_expires_at: later(12_000) });
  });
});

describe("the end of a call", () => {
  const end = { epoch: 1, outcome: "completed", reason: "caller_hung_up", durationMs: 61_000, lastSeq: 42, now: later(61_000) } as const;

  test("is recorded once; the first reason stays", async () => {
    const scope = await aScope(server.db);
    const { call } = await claimed(server.db, scope);
    const answers = await Promise.all([1, 2, 3].map(() => endCall(server.db, { ...end, callId: call.id })));
    expect(answers.filter((answer) => answer.ok && answer.value.endedNow)).toHaveLength(1);
    expect(await endCall(server.db, { ...end, callId: call.id, outcome: "failed", reason: "model_lost" })).toMatchObject({
      value: { endedNow: false },
    });
    expect(await getCall(server.db, scope, call.id)).toMatchObject({
      status: "completed",
      reason: "caller_hung_up",
      duration_ms: 61_000,
      last_seq: 42,
    });
    expect(await getThread(server.db, scope, call.thread_id)).toMatchObject({ channel_status: "completed" });
  });

  test("of an older epoch changes nothing", async () => {
    const scope = await aScope(server.db);
    const { call, claim } = await claimed(server.db, scope);
    expect((await claimCall(server.db, { ...claim, epoch: 2, nodeId: newId("node") })).ok).toBe(true);
    expect(await endCall(server.db, { ...end, callId: call.id })).toMatchObject({ problem: "stale_epoch" });
    expect(await getCall(server.db, scope, call.id)).toMatchObject({ status: "active", epoch: 2 });
  });

  test("that the sweep came before still brings the length and the number of messages", async () => {
    const scope = await aScope(server.db);
    const { call } = await claimed(server.db, scope);
    await recordCarrierStatus(server.db, {
      callSid: call.twilio_call_sid ?? "",
      accountSid: call.twilio_account_sid,
      status: "completed",
      sequence: 3,
      now: later(60_000),
    });
    const swept = await sweepCalls(server.db, { now: later(120_000) });
    expect(swept.filter((one) => one.id === call.id)).toMatchObject([
      { status: "completed", reason: "carrier_ended", duration_ms: 60_000 },
    ]);
    expect(await endCall(server.db, { ...end, callId: call.id })).toMatchObject({
      value: { endedNow: false, call: { last_seq: 42, duration_ms: 61_000 } },
    });
    expect(await getCall(server.db, scope, call.id)).toMatchObject({ status: "completed", reason: "carrier_ended" });
  });
});

describe("the carrier's word", () => {
  const report = async (callSid: string | null, status: string, accountSid = ACCOUNT) =>
    (await recordCarrierStatus(server.db, { callSid: callSid ?? "", accountSid, status, sequence: null, now: later(1_000) }))?.call;

  test("only leads further, whatever the order in which it comes", async () => {
    const call = await aCall(server.db, await aScope(server.db));
    await report(call.twilio_call_sid, "in-progress");
    expect(await report(call.twilio_call_sid, "ringing")).toMatchObject({ carrier_status: "in-progress" });
    expect(await report(call.twilio_call_sid, "completed")).toMatchObject({ carrier_status: "completed" });
    expect(await report(call.twilio_call_sid, "in-progress")).toMatchObject({ carrier_status: "completed" });
    expect(await report(aSid("CA"), "completed")).toBeUndefined();
    const another = await aCall(server.db, await aScope(server.db));
    expect(await report(another.twilio_call_sid, "completed", aSid("AC"))).toBeUndefined();
  });

  test("ends a call that no node has, and leaves one that a node holds to the node", async () => {
    const scope = await aScope(server.db);
    const pending = await aCall(server.db, scope);
    expect(await report(pending.twilio_call_sid, "completed")).toMatchObject({ status: "stopped", reason: "caller_hung_up_before_answer" });
    expect(await getThread(server.db, scope, pending.thread_id)).toMatchObject({ channel_status: "stopped" });
    const { call } = await claimed(server.db, scope);
    expect(await report(call.twilio_call_sid, "completed")).toMatchObject({ status: "active", carrier_ended_at: later(1_000) });
  });
});

describe("the sweep", () => {
  test("fails a call that nobody answered in time, and never touches one that is alive", async () => {
    const scope = await aScope(server.db);
    const pending = await aCall(server.db, scope);
    const { call: alive, claim } = await claimed(server.db, scope);
    await sweepCalls(server.db, { now: later(29_000) });
    expect(await getCall(server.db, scope, pending.id)).toMatchObject({ status: "pending" });
    await sweepCalls(server.db, { now: later(31_000) });
    expect(await getCall(server.db, scope, pending.id)).toMatchObject({ status: "failed", reason: "never_answered", duration_ms: 0 });

    const threeHours = 3 * 60 * 60 * 1_000;
    await renewLeases(server.db, { nodeId: claim.nodeId, leases: [{ callId: alive.id, epoch: 1, framesIn: 1 }], now: later(threeHours) });
    await sweepCalls(server.db, { now: later(threeHours + 60_000) });
    expect(await getCall(server.db, scope, alive.id)).toMatchObject({ status: "active" });
    await sweepCalls(server.db, { now: later(2 * threeHours) });
    expect(await getCall(server.db, scope, alive.id)).toMatchObject({ status: "failed", reason: "node_lost" });
  });

  test("fails a call that its node does not know, when the node is heard of; a node that is silent keeps its calls", async () => {
    const scope = await aScope(server.db);
    const registered = { publicUrl: "", capacity: 10, version: "1", now: NOW };
    const [forgetful, silent] = [newId("node"), newId("node")];
    for (const nodeId of [forgetful, silent]) await registerNode(server.db, { ...registered, nodeId });
    const { call: forgotten } = await claimed(server.db, scope, forgetful);
    const { call: kept } = await claimed(server.db, scope, silent);
    const beat = { calls: 0, capacity: 10, draining: false, loopDelayP99Ms: 1 };
    await recordHeartbeat(server.db, { ...beat, nodeId: forgetful, now: later(90_000) });
    await sweepCalls(server.db, { now: later(91_000) });
    expect(await getCall(server.db, scope, forgotten.id)).toMatchObject({ status: "failed", reason: "node_lost" });
    expect(await getCall(server.db, scope, kept.id)).toMatchObject({ status: "active" });
  });
});

test("an outbound call learns its CallSid once", async () => {
  const scope = await aScope(server.db);
  const call = await aCall(server.db, scope, { callSid: null, direction: "outbound" });
  const callSid = aSid("CA");
  expect(await claimLeg(server.db, { callId: call.id, callSid, now: NOW })).toMatchObject({
    claimed: true,
    call: { twilio_call_sid: callSid },
  });
  expect(await claimLeg(server.db, { callId: call.id, callSid, now: NOW })).toMatchObject({
    claimed: true,
    call: { twilio_call_sid: callSid },
  });
  expect(await claimLeg(server.db, { callId: call.id, callSid: aSid("CA"), now: NOW })).toMatchObject({ claimed: false });
  expect(await findCallBySid(server.db, callSid)).toMatchObject({ id: call.id });
});

describe("media nodes", () => {
  const at = (ms: number): Date => later(1_000_000_000 + ms);
  const beat = (nodeId: NodeId, calls: number, now: Date, draining = false) =>
    recordHeartbeat(server.db, { nodeId, calls, capacity: 10, draining, loopDelayP99Ms: 1, now });

  test("are picked by free room, and only while they are heard of and take calls", async () => {
    const scope = await aScope(server.db);
    const [a, b] = [newId("node"), newId("node")];
    expect(await pickNode(server.db, at(0))).toBeUndefined();
    expect(await beat(a, 0, at(0))).toBe(false);
    for (const nodeId of [a, b]) await registerNode(server.db, { nodeId, publicUrl: "", capacity: 10, version: "1", now: at(0) });
    await beat(a, 10, at(0));
    await beat(b, 4, at(0));
    expect(await pickNode(server.db, at(100))).toMatchObject({ id: b });
    await beat(a, 5, at(0));
    await beat(b, 0, at(0), true);
    expect(await pickNode(server.db, at(100))).toMatchObject({ id: a });
    expect(await listLiveNodes(server.db, at(100))).toHaveLength(2);
    await beat(a, 10, at(0));
    expect(await pickNode(server.db, at(100))).toBeUndefined();
    await beat(a, 0, at(0));
    expect(await pickNode(server.db, at(6_001))).toBeUndefined();

    // A burst between two heartbeats: the record knows more than the last heartbeat.
    await beat(b, 0, at(7_000));
    await beat(a, 0, at(7_000));
    for (let index = 0; index < 10; index++) await aCall(server.db, scope, { nodeId: a });
    for (const draw of [0, 0.5, 0.99]) expect(await pickNode(server.db, at(7_000), draw)).toMatchObject({ id: b });
  });

  test("of which a hundred ask in one moment are picked as often as they have free places", async () => {
    const at = (ms: number): Date => later(1_500_000_000 + ms);
    const [large, small] = [newId("node"), newId("node")];
    await registerNode(server.db, { nodeId: large, publicUrl: "", capacity: 120, version: "1", now: at(0) });
    await registerNode(server.db, { nodeId: small, publicUrl: "", capacity: 90, version: "1", now: at(0) });
    await recordHeartbeat(server.db, { nodeId: small, calls: 30, capacity: 90, draining: false, loopDelayP99Ms: 1, now: at(0) });
    const draws = Array.from({ length: 100 }, (_, index) => (index + 0.5) / 100);
    const picked = await Promise.all(draws.map((draw) => pickNode(server.db, at(100), draw)));
    const times = (id: NodeId): number => picked.filter((node) => node?.id === id).length;
    expect([66, 67]).toContain(times(large));
    expect(times(large) + times(small)).toBe(100);
  });

  test("that may be dead are picked last: one that missed a heartbeat, and one that let a call down, until it is heard of again", async () => {
    const at = (ms: number): Date => later(2_000_000_000 + ms);
    const [a, b] = [newId("node"), newId("node")];
    for (const nodeId of [a, b]) await registerNode(server.db, { nodeId, publicUrl: "", capacity: 10, version: "1", now: at(0) });
    /** Whoever it may be. */
    const picked = async (ms: number) =>
      new Set(await Promise.all([0, 0.5, 0.99].map(async (draw) => (await pickNode(server.db, at(ms), draw))?.id)));
    await beat(a, 1, at(0));
    await beat(b, 5, at(2_000));
    expect(await picked(2_900)).toEqual(new Set([a, b]));
    expect(await picked(3_100)).toEqual(new Set([b]));
    await beat(a, 1, at(4_000));
    await beat(b, 5, at(4_000));
    await suspectNode(server.db, a, at(4_100));
    expect(await picked(4_100)).toEqual(new Set([b]));
    await suspectNode(server.db, b, at(4_100));
    expect(await picked(4_100)).toEqual(new Set([a, b]));
    await beat(b, 5, at(4_200));
    expect(await picked(4_300)).toEqual(new Set([b]));
  });
});
