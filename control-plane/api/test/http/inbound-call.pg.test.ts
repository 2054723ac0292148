import { createRefusedCall, newCallIds, removeConnection, setRouter } from "@struere/store";
import { nodeSubject } from "@struere/protocol/bus";
import { systemClock } from "@struere/runtime";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CALLER, type Edge, NUMBER, spoken, startEdge, tokenIn } from "../edge.ts";

let edge: Edge;
beforeAll(async () => {
  edge = await startEdge();
  await edge.ready();
});
afterAll(() => edge[Symbol.asyncDispose]());

const ring = async (overrides = {}) => {
  const params = edge.form(overrides);
  const { status, type, text } = await edge.post("/twilio/voice", params);
  expect(status).toBe(200);
  expect(type).toMatch(/^text\/xml/);
  return { text, call: await edge.callOf(params.CallSid) };
};

describe("an inbound call", () => {
  test("is offered to a node, and its record is pending", async () => {
    const { text, call } = await ring();
    expect(text).toContain(`<Stream url="ws://127.0.0.1:4100/media"`);
    expect(text).toContain(`<Connect action="${edge.control.httpUrl}/twilio/connect-action"`);
    expect(text).toMatch(/<\/Connect><Redirect method="POST">.*\/twilio\/fallback<\/Redirect><\/Response>$/);
    expect(call).toMatchObject({ status: "pending", epoch: 0, from_number: CALLER, to_number: NUMBER, direction: "inbound" });
    expect(tokenIn(text)).toMatch(new RegExp(`^${call?.id}\\.1\\.`));
    const shown = await edge.api.calls.get.query({ id: call?.id ?? "" });
    expect(shown.setup).toMatchObject({ agent: { slug: "cafe" }, warnings: [] });
  });

  test("announced fifty times at once is one call, one thread, and fifty times the same answer", async () => {
    const params = edge.form();
    const answers = await Promise.all(Array.from({ length: 50 }, () => edge.post("/twilio/voice", params)));
    expect(new Set(answers.map((answer) => answer.text)).size).toBe(1);
    expect(tokenIn(answers[0]?.text ?? "")).not.toBe("");
    const calls = await edge.db.selectFrom("calls").selectAll().where("twilio_call_sid", "=", params.CallSid).execute();
    expect(calls).toHaveLength(1);
    const { count } = await edge.db
      .selectFrom("threads")
      .select((of) => of.fn.countAll<number>().as("count"))
      .executeTakeFirstOrThrow();
    const all = await edge.db.selectFrom("calls").select("id").execute();
    expect(count).toBe(all.length);
  });

  test("announced again gets the same answer while it lives, whatever the number is bound to by then, and is hung up once it is over", async () => {
    const params = edge.form();
    const first = await edge.post("/twilio/voice", params);
    await edge.db.updateTable("voice_connections").set({ status: "disconnected" }).execute();
    expect(await edge.post("/twilio/voice", params)).toEqual(first);
    await edge.db.updateTable("voice_connections").set({ status: "connected" }).execute();
    const call = await edge.callOf(params.CallSid);
    if (!call) throw new Error("the call has no record");
    await edge.client.claimCall(edge.claimOf(call, await edge.aNode(), first.text));
    expect((await edge.post("/twilio/voice", params)).text).toBe(first.text);
    await edge.client.endCall({
      callId: call.id,
      epoch: 1,
      outcome: "CALL_OUTCOME_COMPLETED",
      reason: "caller_hung_up",
      durationMs: 1,
      lastSeq: 1,
    });
    expect((await edge.post("/twilio/voice", params)).text).toBe('<?xml version="1.0" encoding="UTF-8"?><Response><Hangup/></Response>');
  });

  test("comes from any text that the network gives: it is recorded as it came, within bounds, and never breaks the answer", async () => {
    const odd = [
      "<Say>\"&'</Say>",
      "👩🏽‍💻☎️".repeat(20),
      "x".repeat(300),
      "sip:ann@example.com",
      "anonymous",
      "",
      "nul\0l",
      "😀".repeat(400),
    ];
    for (const From of odd) {
      const { text, call } = await ring({ From, CallerName: From, FromCity: From });
      expect(text.match(/<Say>/g)).toBeNull();
      expect(tokenIn(text)).not.toBe("");
      expect(call?.from_number).toBe(From === "" ? "anonymous" : From.replace("\0", "").slice(0, 320));
      expect(call?.config?.from).toBe(call?.from_number);
    }
  });

  test("is prepared on the node that was picked, before the media stream comes", async () => {
    const heard = Promise.withResolvers<string>();
    const nodes = await edge.db.selectFrom("nodes").select("id").execute();
    const subscriptions = nodes.map(({ id }) => edge.bus.subscribe(nodeSubject(id, "prepare"), (data) => heard.resolve(data)));
    await Promise.all(subscriptions.map((subscription) => subscription.ready));
    const { call } = await ring();
    for (const subscription of subscriptions) subscription.unsubscribe();
    expect(JSON.parse(await heard.promise)).toMatchObject({ callId: call?.id, config: { agent: { slug: "cafe" } } });
  });
});

describe("nobody can answer", () => {
  const refused = async (reason: string, overrides = {}) => {
    const { text, call } = await ring(overrides);
    expect(spoken(text)).toMatch(/not available/);
    expect(text).toContain("<Hangup/>");
    expect(call).toMatchObject({ status: "failed", reason, config: null, duration_ms: 0 });
    return call;
  };

  test("at a number that was never connected, or is no number", async () => {
    await refused("number_not_connected", { To: "+15550199999" });
    await refused("number_not_connected", { To: "" });
    await refused("number_not_connected", { To: "<&>".repeat(100) });
  });

  test("said again for the same call, without a second record", async () => {
    const params = edge.form({ To: "+15550199999" });
    const answers = await Promise.all([1, 2, 3].map(() => edge.post("/twilio/voice", params)));
    expect(new Set(answers.map((answer) => answer.text)).size).toBe(1);
    expect(await edge.db.selectFrom("calls").select("id").where("twilio_call_sid", "=", params.CallSid).execute()).toHaveLength(1);
  });

  test("because no media node has room", async () => {
    await edge.db.updateTable("nodes").set({ draining: true }).execute();
    await refused("no_media_node");
    await edge.db.updateTable("nodes").set({ draining: false, capacity: 0 }).execute();
    await refused("no_media_node");
    await edge.db.updateTable("nodes").set({ capacity: 100 }).execute();
  });

  test("because the agent is gone, or what is stored of it is no agent any more", async () => {
    await edge.db.updateTable("agent_versions").set({ definition: "{}" }).execute();
    await refused("definition_unreadable");
    const heads = await edge.db.selectFrom("agent_heads").selectAll().execute();
    await edge.db.deleteFrom("agent_heads").execute();
    await refused("agent_not_found");
    await edge.db.insertInto("agent_heads").values(heads).execute();
    const definition = JSON.stringify({ name: "Café", slug: "cafe", systemPrompt: "You answer.", tools: ["call.end"] });
    await edge.db.updateTable("agent_versions").set({ definition }).execute();
    expect(tokenIn((await ring()).text)).not.toBe("");
  });

  test("because the router is gone, can not be read, or falls back to an agent that is gone", async () => {
    const now = new Date();
    const definition = {
      name: "R",
      slug: "front",
      mode: "classify",
      agents: [{ slug: "cafe" }],
      fallback: "cafe",
      classifyModel: { model: "gpt-6.1-terra" },
    };
    await edge.api.routers.set.mutate({ definition: { ...definition, mode: "classify" } });
    await edge.api.connections.connect.mutate({ phoneNumber: NUMBER, router: "front" });
    expect(tokenIn((await ring()).text)).not.toBe("");
    await setRouter(edge.db, edge.scope, {
      slug: "front",
      name: "R",
      definition: { ...definition, agents: [{ slug: "gone" }], fallback: "gone" },
      now,
    });
    await refused("router_agent_not_found");
    await setRouter(edge.db, edge.scope, { slug: "front", name: "R", definition: {}, now });
    await refused("definition_unreadable");
    await edge.db.updateTable("routers").set({ deleted_at: now }).execute();
    await refused("router_not_found");
    await edge.api.connections.connect.mutate({ phoneNumber: NUMBER, agent: "cafe" });
  });

  test("while the number is disconnected, and after it was removed", async () => {
    await edge.db.updateTable("voice_connections").set({ status: "disconnected" }).execute();
    await refused("connection_not_connected");
    await removeConnection(edge.db, edge.scope, NUMBER, new Date());
    await refused("number_not_connected");
    await edge.api.connections.connect.mutate({ phoneNumber: NUMBER, agent: "cafe" });
  });

  test("in time while the database is busy: a statement that would take too long is cut off", async () => {
    const params = edge.form();
    const { CallSid: callSid, AccountSid: accountSid = "", From: from = "", To: to = "" } = params;
    const blocked = Promise.withResolvers<void>();
    const release = Promise.withResolvers<void>();
    // Somebody else is about to record this very call, and does not come to an end.
    const blocking = edge.db.transaction().execute(async (tx) => {
      const others = { connectionId: null, agent: null, router: null, nodeId: null, direction: "inbound", now: new Date() } as const;
      await createRefusedCall(tx, edge.scope, { ...newCallIds(), ...others, callSid, accountSid, from, to, reason: "no_media_node" });
      blocked.resolve();
      await release.promise;
    });
    await blocked.promise;
    const { status, text } = await edge.post("/twilio/voice", params);
    release.resolve();
    await blocking;
    expect(status).toBe(200);
    expect(spoken(text)).toMatch(/not available/);
  });
});

test("a model after its shutdown is replaced by its successor, and the record says so", async () => {
  const real = systemClock();
  let today = Date.UTC(2026, 10, 22);
  const clock = { now: () => real.now(), arm: real.arm.bind(real), wall: () => today };
  await using later = await startEdge({ clock });
  await later.ready();
  await later.api.routers.set.mutate({
    definition: {
      name: "R",
      slug: "old",
      mode: "classify",
      agents: [{ slug: "cafe" }],
      fallback: "cafe",
      classifyModel: { model: "gpt-6.1-terra" },
      voiceConfig: { model: "gpt-realtime-mini" },
    },
  });
  today = Date.UTC(2027, 5, 1);
  await later.ready();
  await later.api.connections.connect.mutate({ phoneNumber: NUMBER, router: "old" });
  const call = await later.ring();
  const { setup } = await later.api.calls.get.query({ id: call.id });
  expect(setup?.voice.model).toBe("gpt-realtime-2.1-mini");
  expect(setup?.warnings).toEqual([expect.stringMatching(/gpt-realtime-mini/)]);
});
