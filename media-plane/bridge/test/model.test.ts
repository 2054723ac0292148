import { describe, expect, test } from "vitest";
import type { ModelNews } from "../src/model/model-leg.ts";
import { OpenAILeg } from "../src/model/openai-leg.ts";
import type { LaneSocket } from "../src/wire/index.ts";
import { startFakeOpenAI } from "./support/fake-openai.ts";
import { Journal, until } from "./support/journal.ts";
import { aRig } from "./support/rig.ts";
import { variableClock } from "./support/variable-clock.ts";

const isMedia = ({ event }: { readonly event: string }): boolean => event === "media";

describe.concurrent("a leg", () => {
  test("whose peer does not answer pings any more is gone", async () => {
    await using openai = await startFakeOpenAI();
    const news = new Journal<ModelNews>();
    const clock = variableClock();
    const leg = new OpenAILeg({ account: { apiKey: "sk", realtimeUrl: openai.realtimeUrl }, model: "m", clock });
    let socket: LaneSocket | undefined;
    leg.attach({
      news: (next) => news.add(next),
      connected: (connected) => (socket = connected),
      messages: { take: (bytes, start, end) => leg.hear(socket?.decode(bytes, start, end) ?? "") },
    });
    await news.when(({ type }) => type === "model.opened");
    (await openai.sessions.when(() => true)).socket.pause();
    clock.run(50);
    expect(await news.when(({ type }) => type === "model.closed")).toEqual({ type: "model.closed", code: "ping_timeout", fatal: false });
    expect(leg.isAlive).toBe(false);
  });

  test("whose peer answers pings stays", async () => {
    await using openai = await startFakeOpenAI();
    const clock = variableClock();
    const leg = new OpenAILeg({ account: { apiKey: "sk", realtimeUrl: openai.realtimeUrl }, model: "m", clock });
    const session = await openai.sessions.when(() => true);
    clock.run(50);
    let pings = 0;
    session.socket.on("ping", () => (pings += 1));
    await until(() => pings > 3);
    expect(leg.isAlive).toBe(true);
    leg.close();
    await session.closed;
  });
});

describe.concurrent("when the model vendor", () => {
  test.each([
    [401, "model_refused"],
    [403, "model_refused"],
    [404, "model_refused"],
    [429, "model_unavailable"],
    [500, "model_unavailable"],
  ])("refuses the upgrade with %i, the call ends as failed (%s) and its socket is given back to Twilio", async (status, reason) => {
    await using rig = await aRig({ openai: { refuseWith: () => status } });
    const stream = await rig.call();
    const ending = await rig.control.endings.when(() => true);
    expect(ending).toMatchObject({ outcome: "CALL_OUTCOME_FAILED", reason });
    await stream.closed;
    await until(() => rig.media.callCount === 0);
    expect(rig.openai.attempts.entries.length).toBe(reason === "model_refused" ? 1 : 2);
    expect(await rig.metric("media_calls_total", 'outcome="failed"')).toBe(1);
  });

  test("refuses once for a passing reason, the call is answered all the same", async () => {
    let refusals = 0;
    await using rig = await aRig({ openai: { refuseWith: () => (refusals++ === 0 ? 503 : undefined) } });
    const stream = await rig.call();
    await stream.received.when(isMedia);
    stream.stop();
    expect((await rig.control.endings.when(() => true)).outcome).toBe("CALL_OUTCOME_COMPLETED");
  });

  test("refuses the key inside the session, the call fails at once", async () => {
    await using rig = await aRig({ openai: { answers: false } });
    const stream = await rig.call();
    const session = await rig.openai.sessions.when(() => true);
    await session.received.when(({ type }) => type === "session.update");
    session.send({
      type: "error",
      error: { type: "invalid_request_error", code: "invalid_api_key", message: "no", param: null, event_id: null },
    });
    expect(await rig.control.endings.when(() => true)).toMatchObject({ outcome: "CALL_OUTCOME_FAILED", reason: "model_refused" });
    await stream.closed;
    expect(await rig.metric("media_model_errors_total", 'code="invalid_api_key"')).toBeGreaterThan(0);
  });

  test("refuses the configuration, the call fails and is not tried again", async () => {
    await using rig = await aRig({ openai: { answers: false } });
    const stream = await rig.call();
    const session = await rig.openai.sessions.when(() => true);
    const update = await session.received.when(({ type }) => type === "session.update");
    session.send({
      type: "error",
      error: { type: "invalid_request_error", code: "unknown_parameter", message: "no", param: "x", event_id: update["event_id"] },
    });
    expect(await rig.control.endings.when(() => true)).toMatchObject({ reason: "model_refused" });
    await stream.closed;
    expect(rig.openai.sessions.entries).toHaveLength(1);
  });

  test("answers another configuration than it was asked for, no audio reaches it", async () => {
    const pcm = { type: "audio/pcm", rate: 24_000 };
    await using rig = await aRig({
      openai: { echo: (session) => ({ ...session, audio: { input: { format: pcm }, output: { format: pcm, voice: "alloy" } } }) },
    });
    const stream = await rig.call();
    expect(await rig.control.endings.when(() => true)).toMatchObject({ outcome: "CALL_OUTCOME_FAILED" });
    await stream.closed;
    for (const session of rig.openai.sessions.entries) {
      expect(session.received.entries.map(({ type }) => type)).not.toContain("input_audio_buffer.append");
    }
    expect(await rig.metric("media_model_errors_total", 'code="session_echo"')).toBeGreaterThan(0);
  });

  test("accepts and says nothing, the attempt is given up and the call ends in seconds", async () => {
    await using rig = await aRig({ openai: { greets: false } });
    const stream = await rig.call();
    await rig.openai.sessions.when(() => true);
    rig.clock.run(20);
    expect(await rig.control.endings.when(() => true)).toMatchObject({ outcome: "CALL_OUTCOME_FAILED", reason: "model_unavailable" });
    await stream.closed;
  });

  test.each([1006, 1011, 1001])(
    "closes with %i in the middle of a response, the call ends in order and the record says so",
    async (code) => {
      await using rig = await aRig();
      const stream = await rig.call();
      const session = await rig.openai.sessions.when(() => true);
      await stream.received.when(isMedia);
      session.speak({ text: "I was about to say", ms: 800, finish: false });
      await until(() => stream.received.entries.filter(isMedia).length > 5);
      if (code === 1006) session.socket.terminate();
      else session.socket.close(code);
      expect(await rig.control.endings.when(() => true)).toMatchObject({ outcome: "CALL_OUTCOME_FAILED", reason: "model_lost" });
      await stream.closed;
      await until(() => rig.media.callCount === 0);
      const said = rig.bus.published.entries.filter(({ kind, body }) => kind === "transcript" && body["speaker"] === "agent");
      expect(said.map(({ body }) => body["generatedText"])).toContain("I was about to say");
    },
  );

  test("sends what nobody knows, not JSON, or audio of nothing, the call goes on", async () => {
    await using rig = await aRig();
    const stream = await rig.call();
    const session = await rig.openai.sessions.when(() => true);
    await stream.received.when(isMedia);
    session.socket.send("nonsense");
    session.socket.send("{}");
    session.send({ type: "response.telepathy.delta", delta: "…" });
    session.send({ type: "response.output_audio.delta" });
    session.send({
      type: "response.output_audio.delta",
      response_id: "resp_x",
      item_id: "item_x",
      output_index: 0,
      content_index: 0,
      delta: "%%%",
    });
    session.send({ type: "conversation.item.added", item: null });
    session.send({ type: "error", error: { type: "server_error", code: "server_error", message: "sorry", param: null, event_id: null } });
    session.send({ type: "rate_limits.updated", rate_limits: [] });
    const heard = stream.received.entries.length;
    session.speak({ text: "Still here." });
    await stream.received.when(isMedia, heard);
    await rig.bus.published.when(({ kind, body }) => kind === "transcript" && body["text"] === "Still here.");
    stream.stop();
    expect((await rig.control.endings.when(() => true)).outcome).toBe("CALL_OUTCOME_COMPLETED");
  });

  test("answers out of band, the caller hears nothing of it and the record has no word of it", async () => {
    await using rig = await aRig();
    const stream = await rig.call();
    const session = await rig.openai.sessions.when(() => true);
    await rig.bus.published.when(({ kind, body }) => kind === "transcript" && body["speaker"] === "agent");
    const heard = stream.received.entries.filter(isMedia).length;
    const response = { id: "resp_aside", conversation_id: null, metadata: { topic: "summary" } };
    const place = { response_id: "resp_aside", item_id: "item_aside", output_index: 0, content_index: 0 };
    session.send({ type: "response.created", response });
    session.send({ type: "response.output_audio.delta", ...place, delta: Buffer.alloc(800).toString("base64") });
    session.send({ type: "response.output_audio_transcript.done", ...place, transcript: "aside" });
    session.send({ type: "response.done", response: { ...response, status: "completed", output: [] } });
    const later = stream.received.entries.length;
    session.speak({ text: "To you." });
    await stream.received.when(isMedia, later);
    await rig.bus.published.when(({ kind, body }) => kind === "transcript" && body["text"] === "To you.");
    stream.stop();
    await rig.control.endings.when(() => true);
    expect(heard).toBeGreaterThan(0);
    expect(JSON.stringify(rig.bus.published.entries)).not.toContain("aside");
  });
});
