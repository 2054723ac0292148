import { callSubject, nodeSubject, parseCallSubject } from "@struere/protocol/bus";
import { describe, expect, test } from "vitest";
import { fakeBus } from "./support/fake-bus.ts";
import { anId, aProtoConfig } from "./support/fake-control.ts";
import type { FakeSession } from "./support/fake-openai.ts";
import { until } from "./support/journal.ts";
import { aRig, type Rig } from "./support/rig.ts";

const voiced = Buffer.alloc(160, 0x20).toString("base64");
const types = (session: FakeSession): string[] => session.received.entries.map(({ type }) => type);
const isMedia = ({ event }: { readonly event: string }): boolean => event === "media";

async function theSession(rig: Rig): Promise<FakeSession> {
  return rig.openai.sessions.when(() => true);
}

/** A call whose agent has greeted, and was heard to its end. */
async function aGreetedCall(rig: Rig) {
  const stream = await rig.call();
  const session = await theSession(rig);
  await rig.bus.published.when(({ kind, body }) => kind === "transcript" && body["speaker"] === "agent");
  return { stream, session };
}

describe.concurrent("a call", () => {
  test("is claimed, configured before audio flows, greeted, heard, answered, and recorded to the end", async () => {
    await using rig = await aRig();
    const { stream, session } = await aGreetedCall(rig);
    expect(session.headers.authorization).toBe("Bearer sk-test");
    expect(new URL(session.url, "ws://x").searchParams.get("model")).toBe("gpt-realtime-2.1-mini");
    expect(types(session)[0]).toBe("session.update");

    stream.media({ payload: voiced });
    await session.received.when(({ type, ...event }) => type === "input_audio_buffer.append" && event["audio"] === voiced);
    expect(types(session).indexOf("session.update")).toBeLessThan(types(session).indexOf("input_audio_buffer.append"));
    expect(stream.received.entries.filter(isMedia).length).toBeGreaterThan(0);

    session.hearCaller("I would like a table.");
    await rig.bus.published.when(({ kind, body }) => kind === "transcript" && body["text"] === "I would like a table.");
    session.speak({ text: "For how many?" });
    await rig.bus.published.when(({ kind, body }) => kind === "transcript" && body["text"] === "For how many?");

    stream.stop();
    const ending = await rig.control.endings.when(() => true);
    expect(ending).toMatchObject({ outcome: "CALL_OUTCOME_COMPLETED", reason: "caller_hung_up", epoch: 1, nodeId: rig.media.nodeId });
    await until(() => rig.media.callCount === 0);
    expect((await stream.closed).code).not.toBe(1011);
    await session.closed;

    const { published } = rig.bus;
    expect(ending.lastSeq).toBe(published.entries.length);
    expect(published.entries.map(({ body }) => body.seq)).toEqual(published.entries.map((_, index) => index + 1));
    expect(published.entries.filter(({ kind }) => kind === "usage").length).toBeGreaterThanOrEqual(2);
    expect(published.entries.at(-1)?.body).toMatchObject({ name: "call.ended" });
    expect(await rig.metric("media_calls_total", 'outcome="completed"')).toBe(1);
    expect(await rig.metric("media_frames_total", 'kind="in"')).toBeGreaterThan(0);
    expect(await rig.metric("media_frames_total", 'kind="out"')).toBeGreaterThan(0);
    expect(await rig.metric("media_calls_active")).toBe(0);
  });

  test("tells that the agent speaks with its first audio, before any mark of it and whatever the model says next", async () => {
    await using rig = await aRig();
    const { stream, session } = await aGreetedCall(rig);
    const before = { sent: stream.received.entries.length, published: rig.bus.published.entries.length };
    // Nearly still: no watchdog comes to help.
    rig.clock.run(0.01);
    session.send({ type: "response.created", response: { id: "resp_now", metadata: null } });
    const place = { response_id: "resp_now", item_id: "item_now", output_index: 0, content_index: 0 };
    session.send({ type: "response.output_audio.delta", ...place, delta: voiced });
    const told = await rig.bus.published.when(({ body }) => body["name"] === "agent.speaking", before.published);
    expect(told.body).toMatchObject({ data: { itemId: "item_now" } });
    await stream.received.when(isMedia, before.sent);
    expect(stream.received.entries.slice(before.sent).map(({ event }) => event)).toEqual(["media"]);
    rig.clock.run(1);
  });

  test("that is advised to end says goodbye to the model and the caller, and its record has the reason", async () => {
    await using rig = await aRig();
    const { session } = await aGreetedCall(rig);
    rig.control.behaviour.advice = ({ leases }) => leases.map(({ callId }) => ({ callId, action: "end_call", reason: "credit_exhausted" }));
    await session.received.when((event) => event.type === "conversation.item.create" && JSON.stringify(event).includes("can not go on"));
    const ending = await rig.control.endings.when(() => true);
    expect(ending).toMatchObject({ outcome: "CALL_OUTCOME_STOPPED", reason: "credit_exhausted" });
    expect(types(session).filter((type) => type === "response.create")).toHaveLength(2);
  });

  test("in which the caller cuts in: what waits is cleared, the model learns what was heard, late audio is dropped", async () => {
    await using rig = await aRig();
    const { stream, session } = await aGreetedCall(rig);
    const before = stream.received.entries.length;
    // 4 s of audio that nobody has played yet: marks of it do not come back until the clear.
    const { itemId, responseId } = session.speak({ text: "A long story that goes on and on.", ms: 4_000, finish: false });
    await stream.received.when(isMedia, before);
    session.send({ type: "input_audio_buffer.speech_started", audio_start_ms: 0, item_id: "item_cut" });
    await stream.received.when(({ event }) => event === "clear", before);
    await session.received.when(({ type, ...event }) => type === "response.cancel" && event["response_id"] === responseId);
    await session.received.when(
      ({ type, ...event }) => (type === "conversation.item.truncate" || type === "conversation.item.delete") && event["item_id"] === itemId,
    );
    const cut = stream.received.entries.length;
    const late = { response_id: responseId, item_id: itemId, output_index: 0, content_index: 0, delta: voiced };
    session.send({ type: "response.output_audio.delta", ...late });
    session.send({
      type: "response.done",
      response: {
        id: responseId,
        status: "cancelled",
        status_details: { type: "cancelled", reason: "client_cancelled" },
        output: [],
        conversation_id: "conv_1",
      },
    });
    await rig.event("agent.interrupted");
    await until(() => rig.bus.published.entries.some(({ kind, body }) => kind === "transcript" && body["interrupted"] === true));
    expect(stream.received.entries.slice(cut).filter(isMedia)).toEqual([]);
    stream.stop();
    await rig.control.endings.when(() => true);
    expect(await rig.metric("media_interruptions_total")).toBe(1);
  });

  test("in which the caller speaks after a long time of listening is given no silence of ours in the middle of the words", async () => {
    // Frames come every 20 ms, which is 400 ms of the machine's time: less than the gap that would be filled.
    await using rig = await aRig();
    const stream = await rig.call();
    const frames = setInterval(() => stream.media(), 20);
    const session = await theSession(rig);
    await rig.bus.published.when(({ kind, body }) => kind === "transcript" && body["speaker"] === "agent");
    rig.clock.run(20);
    const from = session.received.entries.length;
    await session.received.until((all) => all.length > from + 6);
    session.send({ type: "input_audio_buffer.speech_started", audio_start_ms: 0, item_id: "item_late" });
    await rig.event("caller.speaking");
    clearInterval(frames);
    stream.media({ payload: voiced });
    await session.received.when((event) => event["audio"] === voiced);
    const pieces = session.received.entries.filter(({ type }) => type === "input_audio_buffer.append");
    expect(pieces.filter((piece) => String(piece["audio"]).length > 300)).toEqual([]);
    stream.stop();
    await rig.control.endings.when(() => true);
  });

  test("runs a tool at the control plane under the owner's name for it, and gives the model its output", async () => {
    await using rig = await aRig();
    const { stream, session } = await aGreetedCall(rig);
    const response = { id: "resp_tool", conversation_id: "conv_1", metadata: null };
    session.send({ type: "response.created", response: { ...response, status: "in_progress" } });
    const call = { type: "function_call", id: "item_tool", call_id: "call_tool", name: "entity__query", arguments: '{"type":"table"}' };
    session.send({ type: "response.done", response: { ...response, status: "completed", output: [call] } });
    const asked = await rig.control.tools.when(() => true);
    expect(asked).toMatchObject({ toolCallId: "call_tool", name: "entity.query", argumentsJson: '{"type":"table"}', epoch: 1 });
    const output = await session.received.when(
      ({ type, ...event }) => type === "conversation.item.create" && JSON.stringify(event).includes("function_call_output"),
    );
    expect(output["item"]).toMatchObject({ call_id: "call_tool", output: expect.stringContaining("ok") });
    stream.stop();
    await rig.control.endings.when(() => true);
  });

  test("speaks an injection and says once what became of it; nonsense on its subject is ignored", async () => {
    await using rig = await aRig();
    const { stream } = await aGreetedCall(rig);
    const [first] = rig.bus.published.entries;
    const address = parseCallSubject(first?.subject ?? "");
    if (address === undefined) throw new Error("the subject of a published message is a call's");
    rig.bus.broadcast(callSubject(address, "inject"), "nonsense");
    const inject = { injectionId: "inj_1", action: "correction", message: "It is Tuesday.", expiresAt: Date.now() + 60_000 };
    rig.bus.broadcast(callSubject(address, "inject"), JSON.stringify(inject));
    rig.bus.broadcast(callSubject(address, "inject"), JSON.stringify(inject));
    const late = { ...inject, injectionId: "inj_2", expiresAt: Date.now() - 1 };
    rig.bus.broadcast(callSubject(address, "inject"), JSON.stringify(late));
    rig.bus.broadcast(callSubject(address, "inject"), JSON.stringify({ ...inject, injectionId: "inj_3", epoch: 2 }));
    const outcomes = () => {
      const done = rig.bus.published.entries.filter(({ body }) => body["name"] === "injection.done");
      return done.map(({ body }) => body["data"]);
    };
    await rig.bus.published.until(() => outcomes().length >= 2);
    const nothingElse = { reason: null };
    expect(outcomes()).toMatchObject([
      { injectionId: "inj_2", outcome: "expired", ...nothingElse },
      { injectionId: "inj_1", outcome: "spoken", heardMs: expect.any(Number), ...nothingElse },
    ]);
    stream.stop();
    await rig.control.endings.when(() => true);
  });

  test("whose lease is lost falls silent and leaves the record alone", async () => {
    await using rig = await aRig();
    const { stream, session } = await aGreetedCall(rig);
    const callId = rig.bus.published.entries[0]?.callId ?? "";
    rig.control.behaviour.lost = () => [callId];
    await stream.closed;
    await session.closed;
    await until(() => rig.media.callCount === 0);
    expect(rig.control.endings.entries).toEqual([]);
  });

  test("that is claimed again on the same node under a newer epoch leaves the older session silent", async () => {
    await using rig = await aRig();
    const config = aProtoConfig();
    rig.control.behaviour.claim = () => config;
    const older = await rig.call();
    await older.received.when(isMedia);
    // The fake's epochs do not grow; the same epoch twice is one node's own mistake and changes nothing.
    const newer = await rig.call();
    await newer.received.when(isMedia);
    expect(older.socket.readyState).toBe(older.socket.OPEN);
    rig.control.behaviour.epoch = 2;
    const newest = await rig.call();
    await newest.received.when(isMedia);
    expect((await newer.closed).code).toBe(1008);
    expect(newest.socket.readyState).toBe(newest.socket.OPEN);
    newest.stop();
    older.stop();
  });

  test("in which the caller hangs up before anything else has happened is over everywhere", async () => {
    await using rig = await aRig();
    const gate = Promise.withResolvers<void>();
    rig.control.behaviour.claim = async () => {
      await gate.promise;
      return aProtoConfig();
    };
    const stream = await rig.call();
    await rig.control.claims.when(() => true);
    stream.socket.terminate();
    await until(() => rig.media.callCount === 1);
    gate.resolve();
    const ending = await rig.control.endings.when(() => true);
    expect(ending.reason).toBe("caller_hung_up");
    await until(() => rig.media.callCount === 0);
    expect(rig.openai.sessions.entries.filter(({ socket }) => socket.readyState === socket.OPEN)).toEqual([]);
  });

  test.each(["before the model is configured", "while the agent speaks", "while the caller speaks", "while a tool runs"])(
    "in which the caller hangs up %s ends in order",
    async (phase) => {
      await using rig = await aRig(phase === "before the model is configured" ? { openai: { greets: false } } : {});
      const gate = Promise.withResolvers<void>();
      const stream = await rig.call({ echoMarks: phase !== "while the agent speaks" });
      const session = await theSession(rig);
      if (phase === "while the agent speaks") await stream.received.when(isMedia);
      if (phase === "while the caller speaks") {
        await stream.received.when(isMedia);
        session.send({ type: "input_audio_buffer.speech_started", audio_start_ms: 0, item_id: "item_speaks" });
      }
      if (phase === "while a tool runs") {
        await stream.received.when(isMedia);
        rig.control.behaviour.tool = async () => {
          await gate.promise;
          return { outputJson: "{}", isError: false };
        };
        const call = { type: "function_call", id: "item_tool", call_id: "call_tool", name: "entity__query", arguments: "{}" };
        const response = { id: "resp_tool", conversation_id: "conv_1", metadata: null };
        session.send({ type: "response.created", response });
        session.send({ type: "response.done", response: { ...response, status: "completed", output: [call] } });
        await rig.control.tools.when(() => true);
      }
      stream.socket.terminate();
      const ending = await rig.control.endings.when(() => true);
      expect(ending).toMatchObject({ outcome: "CALL_OUTCOME_COMPLETED", reason: "caller_hung_up" });
      await until(() => rig.media.callCount === 0);
      await session.closed;
      gate.resolve();
      expect(rig.control.endings.entries).toHaveLength(1);
    },
  );
});

describe("a mistake of ours", () => {
  test("ends the one call in which it happens, as failed, and says so; other calls go on", async () => {
    const bus = fakeBus();
    await using rig = await aRig({ bus });
    const other = await aGreetedCall(rig);
    const from = rig.bus.published.entries.length;
    const broken = await rig.call();
    const { subject, callId } = await rig.bus.published.when(({ body }) => body["name"] === "agent.speaking", from);
    const address = parseCallSubject(subject);
    if (address === undefined) throw new Error("the subject of a published message is a call's");
    const inject = { injectionId: "inj_1", action: "correction", message: "It is Tuesday.", expiresAt: Date.now() - 1 };
    // The time of day is asked for twice: when the injection comes in, and when what became of it is written down.
    const wall = rig.clock.wall.bind(rig.clock);
    let asked = 0;
    Object.assign(rig.clock, {
      wall: () => {
        asked += 1;
        if (asked === 2) throw new TypeError("as if by mistake");
        return wall();
      },
    });
    bus.broadcast(callSubject(address, "inject"), JSON.stringify(inject));
    expect((await broken.closed).code).toBe(1011);
    expect(await rig.control.endings.when(() => true)).toMatchObject({ callId, outcome: "CALL_OUTCOME_FAILED", reason: "internal_error" });
    expect(rig.media.callCount).toBe(1);
    expect(await rig.metric("media_internal_errors_total")).toBe(1);
    const heard = other.stream.received.entries.length;
    other.session.speak({ text: "Still here." });
    await other.stream.received.when(isMedia, heard);
    other.stream.stop();
    await rig.control.endings.until((all) => all.length === 2);
  });

  test("while a call is taken up ends it before it has a model", async () => {
    const bus = fakeBus();
    await using rig = await aRig({ bus });
    const subscribe = bus.subscribe.bind(bus);
    bus.subscribe = (subject, deliver) => {
      if (subject.endsWith(".inject")) throw new TypeError("as if by mistake");
      return subscribe(subject, deliver);
    };
    const stream = await rig.call();
    expect((await stream.closed).code).toBe(1011);
    expect(await rig.control.endings.when(() => true)).toMatchObject({ reason: "internal_error" });
    expect(rig.media.callCount).toBe(0);
    expect(rig.openai.sessions.entries).toEqual([]);
  });
});

describe.concurrent("a warm model leg", () => {
  test("is opened when the call is announced and taken when it comes", async () => {
    await using rig = await aRig();
    const config = aProtoConfig();
    rig.control.behaviour.claim = () => config;
    rig.bus.broadcast(nodeSubject(rig.media.nodeId, "prepare"), JSON.stringify({ callId: config.callId, config }));
    const session = await theSession(rig);
    await session.received.when(({ type }) => type === "session.update");
    const stream = await rig.call();
    await stream.received.when(isMedia);
    expect(rig.openai.sessions.entries).toHaveLength(1);
    expect(types(session).filter((type) => type === "session.update")).toHaveLength(1);
    expect(await rig.metric("media_warm_legs_total", 'fate="taken"')).toBe(1);
    stream.stop();
    await session.closed;
  });

  test("for another agent is not taken; nonsense opens none", async () => {
    await using rig = await aRig();
    const config = aProtoConfig();
    rig.control.behaviour.claim = () => config;
    const { agent } = config;
    rig.bus.broadcast(nodeSubject(rig.media.nodeId, "prepare"), "nonsense");
    rig.bus.broadcast(
      nodeSubject(rig.media.nodeId, "prepare"),
      JSON.stringify({ callId: config.callId, config: { callId: config.callId } }),
    );
    const other = { ...config, agent: { ...agent, instructions: "Somebody else." } };
    rig.bus.broadcast(nodeSubject(rig.media.nodeId, "prepare"), JSON.stringify({ callId: config.callId, config: other }));
    const warm = await theSession(rig);
    const stream = await rig.call();
    await stream.received.when(isMedia);
    expect(rig.openai.sessions.entries).toHaveLength(2);
    await warm.closed;
    stream.stop();
    await rig.control.endings.when(() => true);
  });

  test("that nobody takes is closed", async () => {
    await using rig = await aRig();
    const config = aProtoConfig();
    rig.bus.broadcast(nodeSubject(rig.media.nodeId, "prepare"), JSON.stringify({ callId: config.callId, config }));
    const session = await theSession(rig);
    await session.received.when(({ type }) => type === "session.update");
    rig.clock.run(50);
    await session.closed;
    expect(await rig.metric("media_warm_legs_total", 'fate="unclaimed"')).toBe(1);
  });

  test("that broke meanwhile is replaced by a new one", async () => {
    await using rig = await aRig();
    const config = aProtoConfig();
    rig.control.behaviour.claim = () => config;
    rig.bus.broadcast(nodeSubject(rig.media.nodeId, "prepare"), JSON.stringify({ callId: config.callId, config }));
    const session = await theSession(rig);
    session.socket.terminate();
    await session.closed;
    const stream = await rig.call();
    await stream.received.when(isMedia);
    expect(rig.openai.sessions.entries).toHaveLength(2);
    stream.stop();
    await rig.control.endings.when(() => true);
  });
});

test("ids of calls that are made in a test differ", () => {
  expect(new Set(Array.from({ length: 1_000 }, () => anId("call"))).size).toBe(1_000);
});
