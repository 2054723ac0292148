import { describe, expect, test } from "vitest";
import { until } from "./support/journal.ts";
import { aRig } from "./support/rig.ts";

const isMedia = ({ event }: { readonly event: string }): boolean => event === "media";

/** As many as the answers that a call may begin within 15 s (response_runaway), less those before. */
const TURNS = 12;

describe.concurrent("while the bus is away", () => {
  test("a call goes on; once it is back all of it is there, in order, and nothing is left in the outbox", async () => {
    await using rig = await aRig();
    const stream = await rig.call();
    const session = await rig.openai.sessions.when(() => true);
    await rig.bus.published.when(({ kind }) => kind === "transcript");
    rig.bus.away = true;
    for (let turn = 0; turn < TURNS; turn++) {
      session.hearCaller(`caller ${turn}`, `item_caller_${turn}`);
      const heard = stream.received.entries.length;
      session.speak({ text: `agent ${turn}`, ms: 100 });
      await stream.received.when(isMedia, heard);
    }
    const before = rig.bus.published.entries.length;
    stream.stop();
    const ending = await rig.control.endings.when(() => true);
    await until(() => rig.media.callCount === 0);
    expect(rig.bus.published.entries).toHaveLength(before);
    expect(await rig.metric("media_outbox_depth")).toBeGreaterThan(0);
    rig.bus.away = false;
    await rig.bus.published.until((all) => all.length === ending.lastSeq);
    expect(rig.bus.published.entries.map(({ body }) => body.seq)).toEqual(Array.from({ length: ending.lastSeq }, (_, index) => index + 1));
    const texts = rig.bus.published.entries.filter(({ kind }) => kind === "transcript").map(({ body }) => body["text"]);
    for (let turn = 0; turn < TURNS; turn++) expect(texts).toEqual(expect.arrayContaining([`caller ${turn}`, `agent ${turn}`]));
    while ((await rig.metric("media_outbox_depth")) > 0);
  });

  test("a new call is answered", async () => {
    await using rig = await aRig();
    rig.bus.away = true;
    const stream = await rig.call();
    await stream.received.when(isMedia);
    rig.bus.away = false;
    stream.stop();
    await rig.control.endings.when(() => true);
  });
});

describe.concurrent("while the control plane is away", () => {
  test("a running call goes on, and its end is told once the control plane is back", async () => {
    await using rig = await aRig();
    const stream = await rig.call();
    const session = await rig.openai.sessions.when(() => true);
    await rig.bus.published.when(({ kind }) => kind === "transcript");
    rig.control.stop();
    const heard = stream.received.entries.length;
    session.hearCaller("Are you there?");
    session.speak({ text: "I am." });
    await stream.received.when(isMedia, heard);
    await rig.bus.published.when(({ body }) => body["text"] === "I am.");
    stream.stop();
    await until(() => rig.media.callCount === 0);
    expect(rig.control.endings.entries).toEqual([]);
    expect(await rig.metric("media_endings_depth")).toBe(1);
    await rig.control.start();
    expect(await rig.control.endings.when(() => true)).toMatchObject({ outcome: "CALL_OUTCOME_COMPLETED", reason: "caller_hung_up" });
  });

  test("the node lives, is not ready before it was ever reached, and registers when it can", async () => {
    await using rig = await aRig({ config: { controlAddress: "127.0.0.1:1" } });
    expect((await fetch(`${rig.media.httpUrl}/healthz`)).status).toBe(200);
    const readiness = await fetch(`${rig.media.httpUrl}/readyz`);
    expect(readiness.status).toBe(503);
    expect(await readiness.json()).toMatchObject({ why: ["the control plane was never reached"] });
  });

  test("a tool is run when the control plane comes back within the tool's time, by the same id", async () => {
    await using rig = await aRig();
    const stream = await rig.call();
    const session = await rig.openai.sessions.when(() => true);
    await rig.bus.published.when(({ kind }) => kind === "transcript");
    rig.control.stop();
    const call = { type: "function_call", id: "item_tool", call_id: "call_tool", name: "entity__query", arguments: "{}" };
    const response = { id: "resp_tool", conversation_id: "conv_1", metadata: null };
    session.send({ type: "response.created", response });
    session.send({ type: "response.done", response: { ...response, status: "completed", output: [call] } });
    await rig.event("tool.called");
    await rig.control.start();
    expect(await rig.control.tools.when(() => true)).toMatchObject({ toolCallId: "call_tool", agent: "front-desk" });
    await rig.event("tool.finished");
    expect(rig.control.tools.entries).toHaveLength(1);
    stream.socket.terminate();
    await until(() => rig.media.callCount === 0);
  });

  test("a tool that can not be run is answered with an error, not with silence", async () => {
    await using rig = await aRig();
    const stream = await rig.call();
    // At the speed of this test a frame each 20 ms keeps the line alive.
    const frames = setInterval(() => stream.media(), 20);
    const session = await rig.openai.sessions.when(() => true);
    await rig.bus.published.when(({ kind }) => kind === "transcript");
    rig.control.stop();
    const call = { type: "function_call", id: "item_tool", call_id: "call_tool", name: "entity__query", arguments: "{}" };
    const response = { id: "resp_tool", conversation_id: "conv_1", metadata: null };
    session.send({ type: "response.created", response });
    session.send({ type: "response.done", response: { ...response, status: "completed", output: [call] } });
    rig.clock.run(20);
    await session.received.when(
      (event) => JSON.stringify(event).includes("function_call_output") && JSON.stringify(event).includes("error"),
    );
    clearInterval(frames);
    stream.socket.terminate();
    await until(() => rig.media.callCount === 0);
  });
});

test("a node that nobody keeps from it is ready, and answers what it does not have with 404", async () => {
  await using rig = await aRig();
  await rig.control.registrations.when(() => true);
  await rig.control.heartbeats.when(() => true);
  expect((await fetch(`${rig.media.httpUrl}/readyz`)).status).toBe(200);
  expect((await fetch(`${rig.media.httpUrl}/media`)).status).toBe(404);
  expect((await fetch(`${rig.media.httpUrl}/healthz`, { method: "POST" })).status).toBe(405);
});
