/** Calls that are placed, at the control plane's edge: idempotency, legs, reports in any order, deadlines, environments. Media nodes are played by the test. */
import { createKey, findCall, findPlacement, listAudit, newId, type Scope, sweepCalls, sweepNodes, sweepThreads } from "@struere/store";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createApiClient } from "../../src/client.ts";
import { type Edge, NUMBER, rejection, startEdge, tokenIn } from "../edge.ts";

let edge: Edge;
let people = 0;
const aPerson = (): string => `+1212555${String(2_000 + people++)}`;

beforeAll(async () => {
  edge = await startEdge();
  await edge.ready();
  await edge.api.calls.policy.set.mutate({ callsPerSecond: 1_000 });
});
afterAll(() => edge[Symbol.asyncDispose]());

const place = (phoneNumber: string, more: object = {}) => edge.api.calls.place.mutate({ phoneNumber, agentSlug: "cafe", ...more });
const creates = () => edge.twilio.requests.filter(({ method, path }) => method === "POST" && path.endsWith("/Calls.json")).length;
const never = (number: string) => edge.twilio.phone(number).whenCalled("no-answer");

describe("asking twice under one key", () => {
  test("is one call, also at the same time, and another request under it is refused", async () => {
    const to = aPerson();
    never(to);
    const before = creates();
    const answers = await Promise.all(Array.from({ length: 10 }, () => place(to, { idempotencyKey: "one" })));
    expect(new Set(answers.map(({ callId }) => callId)).size).toBe(1);
    expect(creates()).toBe(before + 1);
    expect((await rejection(place(aPerson(), { idempotencyKey: "one" }))).message).toMatch(/used for a call with other values/);
  });

  test("after a refusal of Twilio's is the same refusal, and Twilio is not asked again", async () => {
    const before = creates();
    const first = await rejection(place("+15005550004", { idempotencyKey: "blocked" }).catch((error: unknown) => Promise.reject(error)));
    expect(first.message).toMatch(/premium/);
    edge.twilio.failRest({ mode: "not-found", method: "POST", path: "/Calls.json" });
    const to = aPerson();
    expect((await rejection(place(to, { idempotencyKey: "gone" }))).message).toMatch(/The call was not placed/);
    expect((await rejection(place(to, { idempotencyKey: "gone" }))).message).toMatch(/was not placed/);
    expect(creates()).toBe(before + 1);
  });
});

describe("a leg", () => {
  const report = async (callId: string, callSid: string, path: string, more: object = {}) =>
    await edge.post(
      `${path}?call=${callId}`,
      edge.form({ CallSid: callSid, Direction: "outbound-api", From: NUMBER, CallStatus: "in-progress", ...more }),
    );

  test("that is the second of its call is hung up when it answers; the first one gets the agent, twice the same", async () => {
    const to = aPerson();
    never(to);
    const { callId, callSid } = await place(to);
    const stray = `CA${"f".repeat(31)}1`;
    expect((await report(callId, stray, "/twilio/voice/outbound")).text).toContain("<Hangup/>");
    const first = await report(callId, callSid, "/twilio/voice/outbound");
    expect(tokenIn(first.text)).not.toBe("");
    expect((await report(callId, callSid, "/twilio/voice/outbound")).text).toBe(first.text);
    expect((await report(callId, stray, "/twilio/voice/outbound")).text).toContain("<Hangup/>");
  });

  test("that is reported before Twilio has answered us is the call's, and reports lead to one end in any order", async () => {
    edge.twilio.failRest({ mode: "server-error-after-processing", method: "POST", path: "/Calls.json" });
    const to = aPerson();
    edge.twilio.phone(to).whenCalled("busy");
    edge.twilio.switches.statusCallbacks = "disordered";
    const before = creates();
    const { callId } = await place(to);
    edge.twilio.switches.statusCallbacks = "in-order";
    expect(creates()).toBe(before + 1);
    await expect.poll(async () => (await edge.api.calls.get.query({ id: callId })).reason).toBe("busy");
  });

  test("of a call that was stopped meanwhile hears nothing", async () => {
    const to = aPerson();
    never(to);
    const { callId, callSid } = await place(to);
    await edge.api.calls.hangup.mutate({ id: callId });
    expect((await report(callId, callSid, "/twilio/voice/outbound")).text).toContain("<Hangup/>");
  });

  test("is nobody's when another account signs for it", async () => {
    const to = aPerson();
    never(to);
    const { callId } = await place(to);
    const other = edge.twilio.addAccount();
    const params = edge.form({ AccountSid: other.accountSid, CallSid: `CA${"e".repeat(32)}` });
    expect((await edge.post(`/twilio/voice/outbound?call=${callId}`, params, { authToken: other.authToken })).status).toBe(403);
  });
});

describe("what is stuck", () => {
  const callRow = async (callId: string) => await findCall(edge.db, callId as Parameters<typeof findCall>[1]);
  const inAnHour = () => new Date(Date.now() + 3_600_000);

  test("pending ends within its deadline, in thread and call, and the phone stops ringing", async () => {
    const to = aPerson();
    never(to);
    const { callId, threadId } = await place(to, { ringSeconds: 120 });
    // A row that a report of Twilio's has just now is left for the next sweep.
    await expect.poll(async () => (await sweepCalls(edge.db, { now: inAnHour() }), (await callRow(callId))?.status)).toBe("failed");
    expect(await callRow(callId)).toMatchObject({ status: "failed", reason: "never_answered" });
    expect(await edge.api.threads.get.query({ id: threadId })).toMatchObject({ channelStatus: "failed" });
  });

  test("in a thread that says something else than its call is put right, once, by whoever comes first", async () => {
    const to = aPerson();
    edge.twilio.phone(to).whenCalled("busy");
    const { callId, threadId } = await place(to);
    await expect.poll(async () => (await callRow(callId))?.status).toBe("failed");
    await edge.db.updateTable("threads").set({ channel_status: "pending" }).where("id", "=", threadId).execute();
    const runs = await Promise.all([1, 2, 3].map(() => sweepThreads(edge.db, { now: new Date() })));
    expect(runs.flat().filter(({ id }) => id === threadId)).toEqual([{ ...edge.scope, id: threadId, status: "failed" }]);
  });

  test("a media node that nobody has heard of for an hour is forgotten, one with a call is not", async () => {
    const [idle, busy] = [await edge.aNode(), await edge.aNode()];
    const call = await edge.ring();
    await edge.db.updateTable("calls").set({ node_id: busy }).where("id", "=", call.id).execute();
    const longAgo = new Date(Date.now() - 2 * 3_600_000);
    await edge.db.updateTable("nodes").set({ heartbeat_at: longAgo }).where("id", "in", [idle, busy]).execute();
    const gone = await sweepNodes(edge.db, new Date());
    expect(gone).toContain(idle);
    expect(gone).not.toContain(busy);
  });
});

test("calls at a time and calls per second are bounded, whatever comes at once", async () => {
  const others = await edge.db.selectFrom("calls").select("id").where("status", "in", ["pending", "active"]).execute();
  await edge.api.calls.policy.set.mutate({ maxConcurrent: others.length + 5 });
  const numbers = Array.from({ length: 30 }, aPerson);
  for (const number of numbers) never(number);
  const outcomes = await Promise.allSettled(numbers.map((number) => place(number)));
  expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(5);
  const [refused] = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [String(outcome.reason)] : []));
  expect(refused).toMatch(/calls of development are going on, and at most \d+ may/);
  await edge.api.calls.policy.set.mutate({ maxConcurrent: null, callsPerSecond: 0.05 });
  const fast = await Promise.allSettled([aPerson(), aPerson()].map((number) => (never(number), place(number))));
  expect(fast.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
  await edge.api.calls.policy.set.mutate({ callsPerSecond: 1_000 });
});

test("a number that may not be called leaves a line in the audit log, without the number", async () => {
  await rejection(place("+19005550100"));
  const [line] = await listAudit(edge.db, edge.scope, 1);
  expect(line).toMatchObject({ action: "call.not_placed", detail: { reason: "premium_number" } });
  expect(JSON.stringify(line)).not.toContain("9005550100");
});

test("an eval never dials and is never rung but on a simulator, whatever is bound to it", async () => {
  await using real = await startEdge({ config: { twilio: { apiBaseUrl: "http://127.0.0.1:1", fallbackAuthToken: null } } });
  const scope: Scope = { ...real.scope, environment: "eval" };
  const { plaintext } = await createKey(real.db, scope, { name: "eval", permissions: ["*"], expiresAt: null, now: new Date() });
  const api = createApiClient({ url: real.control.httpUrl, apiKey: plaintext });
  await api.agents.set.mutate({ definition: { name: "Café", slug: "cafe", systemPrompt: "You answer.", tools: [] } });
  const [agent] = await real.db.selectFrom("agents").select("id").execute();
  // As if it had been bound on a simulator once, and the installation was pointed elsewhere since.
  await real.db
    .insertInto("voice_connections")
    .values({
      id: newId("conn"),
      organization_id: scope.organizationId,
      environment: "eval",
      status: "connected",
      label: null,
      twilio_account_sid: real.twilio.accountSid,
      twilio_phone_number: NUMBER,
      phone_number_sid: null,
      agent_id: agent?.id ?? null,
      router_id: null,
      former_settings: null,
      created_at: new Date(),
      updated_at: new Date(),
      connected_at: new Date(),
      removed_at: null,
    })
    .execute();
  const message = (await rejection(api.calls.place.mutate({ phoneNumber: aPerson() }))).message;
  expect(message).toMatch(/eval runs on the simulators only/);
  expect(await real.db.selectFrom("calls").select("id").execute()).toEqual([]);
});

test("what was asked for is kept with the call: key, policy, attempts", async () => {
  const to = aPerson();
  never(to);
  const { callId } = await place(to, { voicemail: { policy: "hang_up" }, ringSeconds: 20 });
  expect((await findPlacement(edge.db, callId))?.placement).toMatchObject({
    ring_seconds: 20,
    voicemail: { policy: "hang_up" },
    attempts: 1,
    idempotency_key: null,
  });
});
