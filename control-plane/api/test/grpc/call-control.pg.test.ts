import { createControlClient } from "@struere/protocol/grpc";
import { mintSid, signUpgrade } from "@struere/simulators";
import { type Call, newId } from "@struere/store";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeStreamToken } from "../../src/grants.ts";
import { type ClaimFields, type Edge, GATEWAY_SECRET, startEdge, UPGRADE_URL } from "../edge.ts";

let edge: Edge;
let call: Call;
let claim: ClaimFields;
beforeAll(async () => {
  edge = await startEdge();
  await edge.ready();
  call = await edge.ring();
  claim = edge.claimOf(call, await edge.aNode());
});
afterAll(() => edge[Symbol.asyncDispose]());

async function aClaimedCall() {
  const ringing = await edge.ring();
  const fields = edge.claimOf(ringing, await edge.aNode());
  await edge.client.claimCall(fields);
  return { call: ringing, claim: fields };
}

const rowOf = async (of: Call) => await edge.callOf(of.twilio_call_sid ?? "");

describe("ClaimCall", () => {
  const inSeconds = (seconds: number) => Math.floor(Date.now() / 1_000) + seconds;
  const grant = () => ({ callId: call.id, epoch: 1, expiresAtSeconds: inSeconds(60) });

  const refusals: readonly (readonly [what: string, change: () => Partial<ClaimFields>, code: string])[] = [
    ["no token", () => ({ streamToken: "" }), "unauthenticated"],
    ["a token of another secret", () => ({ streamToken: makeStreamToken("another secret", grant()) }), "unauthenticated"],
    ["a token with a changed epoch", () => ({ streamToken: claim.streamToken.replace(".1.", ".2.") }), "unauthenticated"],
    ["a token with one character more", () => ({ streamToken: `${claim.streamToken}A` }), "unauthenticated"],
    [
      "a token that is too old",
      () => ({ streamToken: makeStreamToken(GATEWAY_SECRET, { ...grant(), expiresAtSeconds: inSeconds(-61) }) }),
      "unauthenticated",
    ],
    [
      "a token of a call that does not exist",
      () => ({ streamToken: makeStreamToken(GATEWAY_SECRET, { ...grant(), callId: newId("call") }) }),
      "unauthenticated",
    ],
    [
      "a token for a later epoch",
      () => ({ streamToken: makeStreamToken(GATEWAY_SECRET, { ...grant(), epoch: 2 }) }),
      "failed_precondition",
    ],
    ["another CallSid", () => ({ callSid: mintSid("CA") }), "permission_denied"],
    ["another AccountSid", () => ({ accountSid: mintSid("AC") }), "permission_denied"],
    ["no signature of the upgrade", () => ({ upgradeSignature: "" }), "permission_denied"],
    [
      "a signature of another account",
      () => ({ upgradeSignature: signUpgrade({ authToken: "f".repeat(32), url: UPGRADE_URL }) }),
      "permission_denied",
    ],
    ["a signature for another URL", () => ({ upgradeUrl: "wss://elsewhere.example/media" }), "permission_denied"],
    ["no stream", () => ({ streamSid: "" }), "invalid_argument"],
    ["no node", () => ({ nodeId: newId("call") as never }), "invalid_argument"],
  ];
  test.each(refusals)("is refused for %s, and the call stays free", async (_what, change, code) => {
    await expect(edge.client.claimCall({ ...claim, ...change() })).rejects.toMatchObject({ code });
    expect(await rowOf(call)).toMatchObject({ status: "pending", epoch: 0 });
  });

  test("is refused with the token of another call", async () => {
    const other = edge.claimOf(await edge.ring(), claim.nodeId);
    await expect(edge.client.claimCall({ ...claim, streamToken: other.streamToken })).rejects.toMatchObject({ code: "permission_denied" });
  });

  test("takes the call for the node, and says how it is to be held", async () => {
    const { config, epoch, leaseRenewMs, leaseExpiresMs } = await edge.client.claimCall(claim);
    expect(config).toMatchObject({
      callId: call.id,
      agent: { slug: "cafe", tools: [{ name: "call.end" }] },
      direction: "CALL_DIRECTION_INBOUND",
    });
    expect(epoch).toBe(1);
    expect(leaseRenewMs).toBeLessThan(leaseExpiresMs);
    expect(await rowOf(call)).toMatchObject({ status: "active", epoch: 1, node_id: claim.nodeId, stream_sid: claim.streamSid });
  });

  test("sent again by the same node for the same stream is answered as before; a replay by anybody else is refused", async () => {
    expect((await edge.client.claimCall(claim)).config?.callId).toBe(call.id);
    for (const change of [{ nodeId: newId("node") }, { streamSid: mintSid("MZ") }]) {
      await expect(edge.client.claimCall({ ...claim, ...change })).rejects.toMatchObject({ code: "failed_precondition" });
    }
    expect(await rowOf(call)).toMatchObject({ epoch: 1, node_id: claim.nodeId, stream_sid: claim.streamSid });
  });

  test("by twenty nodes at once succeeds for exactly one", async () => {
    const ringing = await edge.ring();
    const claims = Array.from({ length: 20 }, () => edge.claimOf(ringing, newId("node")));
    const outcomes = await Promise.allSettled(claims.map((one) => edge.client.claimCall(one)));
    const won = outcomes.flatMap((outcome, index) => (outcome.status === "fulfilled" ? [claims[index]] : []));
    expect(won).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.status === "rejected") expect(outcome.reason).toMatchObject({ code: "failed_precondition" });
    }
    expect(await rowOf(ringing)).toMatchObject({ node_id: won[0]?.nodeId, epoch: 1 });
  });

  test("accepts the upgrade's signature with and without a slash at the end of the URL", async () => {
    const ringing = await edge.ring();
    const upgradeSignature = signUpgrade({ authToken: edge.twilio.authToken, url: `${UPGRADE_URL}/` });
    expect((await edge.client.claimCall({ ...edge.claimOf(ringing, newId("node")), upgradeSignature })).epoch).toBe(1);
  });

  test("needs the secret of the planes", async () => {
    for (const secret of ["", "wrong", `${GATEWAY_SECRET} `]) {
      const stranger = createControlClient({ address: edge.control.grpcAddress, secret });
      await expect(stranger.claimCall(claim)).rejects.toMatchObject({ code: "unauthenticated" });
      stranger.close();
    }
  });
});

describe("EndCall", () => {
  const ending = (of: Call, overrides = {}) => ({
    callId: of.id,
    epoch: 1,
    outcome: "CALL_OUTCOME_COMPLETED" as const,
    reason: "caller_hung_up",
    durationMs: 4_200,
    lastSeq: 7,
    ...overrides,
  });

  test("closes the record once; whoever comes later changes nothing", async () => {
    const { call: held } = await aClaimedCall();
    expect(await edge.client.endCall(ending(held))).toEqual({ endedNow: true });
    expect(await edge.client.endCall(ending(held, { outcome: "CALL_OUTCOME_FAILED", reason: "model_lost" }))).toEqual({ endedNow: false });
    expect(await rowOf(held)).toMatchObject({ status: "completed", reason: "caller_hung_up", duration_ms: 4_200, last_seq: 7 });
  });

  test("of an epoch that does not hold the call is refused: too late, too early, or never claimed", async () => {
    const { call: held } = await aClaimedCall();
    await edge.db.updateTable("calls").set({ epoch: 2 }).where("id", "=", held.id).execute();
    await expect(edge.client.endCall(ending(held, { epoch: 1 }))).rejects.toMatchObject({
      code: "failed_precondition",
      sentence: expect.stringContaining("stale_epoch"),
    });
    await expect(edge.client.endCall(ending(held, { epoch: 3 }))).rejects.toMatchObject({
      code: "failed_precondition",
      sentence: expect.stringContaining("never_claimed"),
    });
    expect(await rowOf(held)).toMatchObject({ status: "active" });
    const ringing = await edge.ring();
    await expect(edge.client.endCall(ending(ringing, { epoch: 0 }))).rejects.toMatchObject({ code: "invalid_argument" });
    await expect(edge.client.endCall(ending(ringing))).rejects.toMatchObject({ code: "failed_precondition" });
    expect(await rowOf(ringing)).toMatchObject({ status: "pending" });
  });

  test.each([
    ["no outcome", { outcome: "CALL_OUTCOME_UNSPECIFIED" }, /outcome is CALL_OUTCOME_UNSPECIFIED; use one of CALL_OUTCOME_COMPLETED/],
    ["a reason that is a sentence", { reason: "The caller left." }, /snake_case/],
    ["no reason", { reason: "" }, /snake_case/],
    ["a duration that no clock shows", { durationMs: 2 ** 60 }, /duration_ms/],
    ["an epoch that no call reaches", { epoch: 4_000_000_000 }, /epoch is 4000000000/],
    ["an id of something else", { callId: newId("agent") }, /call_id/],
  ])("with %s is refused", async (_what, change, sentence) => {
    await expect(edge.client.endCall({ ...ending(call), ...change } as never)).rejects.toMatchObject({
      code: "invalid_argument",
      sentence: expect.stringMatching(sentence),
    });
  });

  test("of a call that does not exist says so", async () => {
    await expect(edge.client.endCall(ending(call, { callId: newId("call") }))).rejects.toMatchObject({ code: "not_found" });
  });
});

describe("RenewLease", () => {
  test("holds what the node holds, and names what it does not hold (any more)", async () => {
    const { call: held, claim: holding } = await aClaimedCall();
    const { call: ended } = await aClaimedCall();
    const { call: taken } = await aClaimedCall();
    await edge.client.endCall({
      callId: ended.id,
      epoch: 1,
      outcome: "CALL_OUTCOME_STOPPED",
      reason: "max_duration",
      durationMs: 1,
      lastSeq: 1,
    });
    const before = await rowOf(held);
    const never = newId("call");
    const lease = (callId: string, epoch = 1) => ({ callId, epoch, framesIn: 50 });
    const leases = [lease(held.id), lease(ended.id), lease(taken.id), lease(never), lease(held.id, 2)];
    const { lostCallIds } = await edge.client.renewLease({ nodeId: holding.nodeId, leases: leases.slice(0, 4) });
    expect(lostCallIds.toSorted()).toEqual([ended.id, taken.id, never].toSorted());
    const after = await rowOf(held);
    expect(after?.lease_expires_at?.getTime()).toBeGreaterThan(before?.lease_expires_at?.getTime() ?? Number.POSITIVE_INFINITY);
    expect(after?.frames_in).toBe(50);
    expect(await edge.client.renewLease({ nodeId: holding.nodeId, leases: [] })).toEqual({ lostCallIds: [], advice: [] });
  });

  test("of what can be no lease is refused", async () => {
    const nodeId = newId("node");
    for (const lease of [
      { callId: "x", epoch: 1 },
      { callId: call.id, epoch: 0 },
      { callId: call.id, epoch: 4_294_967_295 },
    ]) {
      await expect(edge.client.renewLease({ nodeId, leases: [lease] })).rejects.toMatchObject({ code: "invalid_argument" });
    }
  });
});

describe("RunTool", () => {
  test("names the tools that the agent has", async () => {
    const { call: held } = await aClaimedCall();
    const asked = edge.client.runTool({ callId: held.id, epoch: 1, toolCallId: "t1", name: "moon.land", argumentsJson: "{}" });
    await expect(asked).rejects.toMatchObject({
      code: "unimplemented",
      sentence: expect.stringMatching(/"moon\.land".*its tools: call\.end/),
    });
  });

  test("is for whoever holds the call", async () => {
    const { call: held } = await aClaimedCall();
    const ask = (callId: string, epoch: number) =>
      edge.client.runTool({ callId, epoch, toolCallId: "t", name: "call.end", argumentsJson: "{}" });
    await expect(ask(held.id, 2)).rejects.toMatchObject({ code: "failed_precondition" });
    await expect(ask((await edge.ring()).id, 1)).rejects.toMatchObject({ code: "failed_precondition" });
    await expect(ask(newId("call"), 1)).rejects.toMatchObject({ code: "not_found" });
  });
});
