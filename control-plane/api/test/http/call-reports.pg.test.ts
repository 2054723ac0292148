/** What Twilio says about a call after it was announced: in any order, twice, and when the record knows better. */
import { endCall, getNode, isAdmitting } from "@struere/store";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Edge, spoken, startEdge, tokenIn } from "../edge.ts";

let edge: Edge;
beforeAll(async () => {
  edge = await startEdge();
  await edge.ready();
});
afterAll(() => edge[Symbol.asyncDispose]());

const HANG_UP = '<?xml version="1.0" encoding="UTF-8"?><Response><Hangup/></Response>';

function* permutations<Item>(items: readonly Item[]): Generator<Item[]> {
  if (items.length === 0) return yield [];
  for (const [index, item] of items.entries()) {
    for (const rest of permutations(items.toSpliced(index, 1))) yield [item, ...rest];
  }
}

const about = (callSid: string | null, overrides = {}) => edge.form({ CallSid: callSid ?? "", CallStatus: "in-progress", ...overrides });

async function active() {
  const call = await edge.ring();
  const nodeId = await edge.aNode();
  const claim = edge.claimOf(call, nodeId);
  await edge.client.claimCall(claim);
  return { call, nodeId, claim };
}

describe("a status callback", () => {
  test("leads to the same end in every order, also when each comes twice", async () => {
    const reports = [
      { CallStatus: "ringing", SequenceNumber: "0" },
      { CallStatus: "in-progress", SequenceNumber: "1" },
      { CallStatus: "completed", SequenceNumber: "2", CallDuration: "7" },
    ];
    const ends = [];
    for (const order of permutations(reports)) {
      for (const sent of [order, order.flatMap((report) => [report, report])]) {
        const { call } = await active();
        for (const report of sent) expect((await edge.post("/twilio/status", about(call.twilio_call_sid, report))).status).toBe(204);
        ends.push(await edge.callOf(call.twilio_call_sid ?? ""));
      }
    }
    expect(ends).toHaveLength(12);
    for (const end of ends) {
      expect(end).toMatchObject({ status: "active", carrier_status: "completed", carrier_sequence: 2 });
      expect(end?.carrier_ended_at).not.toBeNull();
    }
  });

  test("ends a call that no node has, once, however often it comes at a time", async () => {
    const call = await edge.ring();
    const params = about(call.twilio_call_sid, { CallStatus: "no-answer" });
    await Promise.all(Array.from({ length: 10 }, () => edge.post("/twilio/status", params)));
    expect(await edge.callOf(call.twilio_call_sid ?? "")).toMatchObject({
      status: "stopped",
      reason: "caller_hung_up_before_answer",
      epoch: 0,
    });
    const metrics = await (await fetch(`${edge.control.httpUrl}/metrics`)).text();
    expect(metrics).toMatch(/test_calls_ended_total\{outcome="stopped"\} 1\n/);
  });

  test("finds a call that is announced only a moment later", async () => {
    const params = edge.form();
    const [status, voice] = await Promise.all([
      edge.post("/twilio/status", { ...params, CallStatus: "completed" }),
      edge.post("/twilio/voice", params),
    ]);
    expect([status.status, voice.status]).toEqual([204, 200]);
    expect(await edge.callOf(params.CallSid)).toMatchObject({ status: "stopped", carrier_status: "completed" });
  });

  test("in words that we do not know changes nothing", async () => {
    const call = await edge.ring();
    expect((await edge.post("/twilio/status", about(call.twilio_call_sid, { CallStatus: "levitating" }))).status).toBe(204);
    expect(await edge.callOf(call.twilio_call_sid ?? "")).toEqual(call);
  });
});

test("a stream's own status is counted, and changes nothing", async () => {
  const call = await edge.ring();
  for (const StreamEvent of ["stream-started", "stream-stopped", "stream-error", "stream-sings"]) {
    const params = about(call.twilio_call_sid, {
      StreamSid: `MZ${"1".repeat(32)}`,
      StreamEvent,
      StreamError: StreamEvent === "stream-error" ? "31921" : "",
    });
    expect((await edge.post("/twilio/stream-status", params)).status).toBe(204);
  }
  expect(await edge.callOf(call.twilio_call_sid ?? "")).toEqual(call);
});

describe("when the stream is over", () => {
  const ask = async (callSid: string | null, path = "/twilio/connect-action", overrides = {}) =>
    (await edge.post(path, about(callSid, overrides))).text;
  const end = async (call: { readonly id: string }, outcome: "COMPLETED" | "STOPPED" | "FAILED") =>
    await edge.client.endCall({
      callId: call.id,
      epoch: 1,
      outcome: `CALL_OUTCOME_${outcome}`,
      reason: "agent_hung_up",
      durationMs: 5_000,
      lastSeq: 9,
    });

  test.each(["/twilio/connect-action", "/twilio/fallback"])("a call that has ended in order is hung up (%s)", async (path) => {
    for (const outcome of ["COMPLETED", "STOPPED"] as const) {
      const { call } = await active();
      await end(call, outcome);
      expect(await ask(call.twilio_call_sid, path)).toBe(HANG_UP);
    }
  });

  test("a call that failed ends with an apology, as often as it is asked", async () => {
    const { call } = await active();
    await end(call, "FAILED");
    const first = await ask(call.twilio_call_sid);
    expect(spoken(first)).toMatch(/went wrong on our side/);
    expect(await ask(call.twilio_call_sid)).toBe(first);
  });

  test("the node's word is waited for: an end that arrives a moment later counts", async () => {
    const { call } = await active();
    const asking = ask(call.twilio_call_sid);
    await end(call, "COMPLETED");
    expect(await asking).toBe(HANG_UP);
    expect(await edge.callOf(call.twilio_call_sid ?? "")).toMatchObject({ status: "completed", reason: "agent_hung_up", last_seq: 9 });
  });

  test("a call whose node says nothing has lost it; what the node says later completes the record and changes no outcome", async () => {
    const { call } = await active();
    const answers = await Promise.all([ask(call.twilio_call_sid), ask(call.twilio_call_sid)]);
    for (const answer of answers) expect(spoken(answer)).toMatch(/went wrong on our side/);
    expect(await edge.callOf(call.twilio_call_sid ?? "")).toMatchObject({ status: "failed", reason: "node_lost", last_seq: null });
    expect(await end(call, "COMPLETED")).toEqual({ endedNow: false });
    expect(await edge.callOf(call.twilio_call_sid ?? "")).toMatchObject({
      status: "failed",
      reason: "node_lost",
      last_seq: 9,
      duration_ms: 5_000,
    });
  });

  test("a call that no node ever claimed failed for its stream", async () => {
    const call = await edge.ring();
    expect(spoken(await ask(call.twilio_call_sid))).toMatch(/went wrong on our side/);
    expect(await edge.callOf(call.twilio_call_sid ?? "")).toMatchObject({ status: "failed", reason: "stream_failed" });
    // Whoever calls next is spared that, if there is another node.
    const node = call.node_id === null ? undefined : await getNode(edge.db, call.node_id);
    expect(node && isAdmitting(node, new Date())).toBe(false);
    const late = edge.client.claimCall(edge.claimOf(call, await edge.aNode()));
    await expect(late).rejects.toMatchObject({ code: "failed_precondition", sentence: expect.stringContaining("call_over") });
  });

  test("because the caller hung up, the record is left to those who know how it ended", async () => {
    const { call } = await active();
    expect(await ask(call.twilio_call_sid, "/twilio/connect-action", { CallStatus: "completed" })).toBe(HANG_UP);
    expect(await edge.callOf(call.twilio_call_sid ?? "")).toMatchObject({ status: "active" });
  });

  test("a call whose end and loss cross is what came first, and its caller hears just that", async () => {
    const { call } = await active();
    const asked = ask(call.twilio_call_sid);
    await endCall(edge.db, {
      callId: call.id,
      epoch: 1,
      outcome: "stopped",
      reason: "max_duration",
      durationMs: 1,
      lastSeq: 1,
      now: new Date(),
    });
    expect(await asked).toBe(HANG_UP);
  });

  test("an unknown call gets an apology and no record", async () => {
    const params = edge.form();
    expect(spoken((await edge.post("/twilio/connect-action", params)).text)).toMatch(/went wrong on our side/);
    expect(await edge.callOf(params.CallSid)).toBeUndefined();
  });
});

describe("the fallback URL", () => {
  test("takes a call that never reached us", async () => {
    const params = edge.form({ ErrorCode: "11200", ErrorUrl: `${edge.control.httpUrl}/twilio/voice` });
    expect(tokenIn((await edge.post("/twilio/fallback", params)).text)).not.toBe("");
    expect(await edge.callOf(params.CallSid)).toMatchObject({ status: "pending" });
  });

  test("gives a call whose first answer came too late that same answer again", async () => {
    const params = edge.form();
    const { text } = await edge.post("/twilio/voice", params);
    expect((await edge.post("/twilio/fallback", { ...params, ErrorCode: "11205" })).text).toBe(text);
  });

  test("as the verb after the stream ends a call that nobody claimed", async () => {
    const call = await edge.ring();
    const { text } = await edge.post("/twilio/fallback", about(call.twilio_call_sid));
    expect(spoken(text)).toMatch(/went wrong on our side/);
  });
});
