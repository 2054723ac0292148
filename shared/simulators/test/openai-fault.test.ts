import { describe, expect, test } from "vitest";
import type { SimulatedFault } from "../src/openai/index.ts";
import { listen } from "../src/speech.ts";
import { at, Client, startVendor } from "./openai-client.ts";

const withFault = (...faults: SimulatedFault[]) => startVendor({ faults });

describe("a fault", () => {
  test("refuses the key of one session and not of the next", async () => {
    await using vendor = await withFault({ kind: "refuse_key", times: 1 });
    using refused = new Client(vendor);
    await refused.ended();
    using client = new Client(vendor);
    await client.next("session.created");
  });

  test.each([1006, 1011])("closes with %d at the named event, ours or theirs", async (code) => {
    await using vendor = await withFault(
      { kind: "close", at: "response.created", code, session: 1 },
      { kind: "close", at: "response.create", code, session: 2 },
    );
    for (const session of [1, 2]) {
      using client = await Client.onThePhone(vendor);
      client.send({ type: "response.create" });
      expect(await client.ended()).toMatchObject({ code });
      expect(vendor.sessions[session - 1]?.wire.closed).toMatchObject({ by: "server", code });
    }
  });

  test("fails a response with a code, before its first word or in the middle", async () => {
    await using vendor = await withFault(
      { kind: "fail_response", code: "rate_limit_exceeded", times: 1 },
      { kind: "fail_response", code: "server_error", afterDeltas: 2, times: 1 },
    );
    using client = await Client.onThePhone(vendor);
    client.send({ type: "response.create" });
    const first = await client.next("response.done");
    expect(first).toMatchObject({
      response: { status: "failed", usage: null, output: [], status_details: { error: { code: "rate_limit_exceeded" } } },
    });
    client.send({ type: "response.create" });
    const second = await client.next("response.done", 2);
    expect(second).toMatchObject({ response: { status: "failed", status_details: { error: { code: "server_error" } } } });
    expect(client.of("response.output_audio.delta")).toHaveLength(2);
    client.send({ type: "response.create" });
    expect(at(await client.next("response.done", 3), "response.status")).toBe("completed");
  });

  test("rejects or swallows a create", async () => {
    await using vendor = await withFault({ kind: "reject_create", times: 1 }, { kind: "ignore_create", skip: 1, times: 1 });
    using client = await Client.onThePhone(vendor);
    client.send({ type: "response.create" });
    expect(at(await client.next("error"), "error.code")).toBe("conversation_already_has_active_response");
    client.send({ type: "response.create" });
    client.send({ type: "response.create" });
    await client.next("response.done");
    expect(client.of("response.created")).toHaveLength(1);
  });

  test("by probability strikes the same occasions for the same seed", async () => {
    const outcomes = async (seed: number): Promise<string> => {
      await using vendor = await startVendor({ seed, faults: [{ kind: "reject_create", probability: 0.5 }], mind: () => ({}) });
      using client = await Client.onThePhone(vendor);
      for (let turn = 0; turn < 12; turn++) {
        client.send({ type: "response.create" });
        await expect.poll(() => client.of("response.done").length + client.of("error").length, { interval: 1 }).toBe(turn + 1);
      }
      return client.types.filter((type) => type === "response.done" || type === "error").join();
    };
    const first = await outcomes(7);
    expect(await outcomes(7)).toBe(first);
    expect(first).toContain("error");
    expect(first).toContain("response.done");
  });

  test("stalls deltas for a while, or until the response is cancelled", async () => {
    await using vendor = await withFault(
      { kind: "stall_deltas", afterDeltas: 1, forMs: 2_000, times: 1 },
      { kind: "stall_deltas", afterDeltas: 1, forMs: null },
    );
    using client = await Client.onThePhone(vendor);
    client.send({ type: "response.create" });
    await client.next("response.done");
    const times =
      vendor.sessions[0]?.emitted.filter(({ event }) => event.type === "response.output_audio.delta").map(({ atMs }) => atMs) ?? [];
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(2_000);
    client.send({ type: "response.create" });
    await client.next("response.output_audio.delta", times.length + 1);
    client.send({ type: "response.cancel" });
    expect(at(await client.next("response.done", 2), "response.status")).toBe("cancelled");
  });

  test("leaves a response undone for ever, which a cancel ends", async () => {
    await using vendor = await withFault({ kind: "never_done", times: 1 });
    using client = await Client.onThePhone(vendor);
    client.send({ type: "response.create" });
    await client.next("response.output_item.done");
    const eventId = client.send({ type: "response.create" });
    expect(at(await client.next("error"), "error.event_id")).toBe(eventId);
    client.send({ type: "response.cancel" });
    await client.next("response.done");
  });

  test("mixes in unknown events and broken JSON", async () => {
    await using vendor = await withFault(
      { kind: "unknown_event", at: "response.created" },
      { kind: "malformed_json", at: "response.output_item.added" },
    );
    using client = await Client.onThePhone(vendor);
    client.send({ type: "response.create" });
    await client.next("response.done");
    expect(client.types).toContain("future.thing.happened");
    expect(client.garbage).toHaveLength(1);
  });

  test("keeps session.created back, or answers an update without taking it", async () => {
    await using vendor = await withFault({ kind: "no_session_created", session: 1 }, { kind: "ignore_update", session: 2 });
    using mute = new Client(vendor);
    await mute.opened();
    mute.send({ type: "input_audio_buffer.clear" });
    await mute.next("input_audio_buffer.cleared");
    expect(mute.types).toEqual(["input_audio_buffer.cleared"]);
    using deaf = await Client.onThePhone(vendor);
    expect(at(deaf.of("session.updated")[0], "session.audio.input.format.type")).toBe("audio/pcm");
  });

  test("makes transcriptions fail, stay empty, or never come", async () => {
    await using vendor = await withFault(
      { kind: "transcription", outcome: "failed", times: 1 },
      { kind: "transcription", outcome: "empty", times: 1 },
      { kind: "transcription", outcome: "never", times: 1 },
    );
    using client = await Client.onThePhone(vendor);
    const prefix = "conversation.item.input_audio_transcription";
    client.say("One.");
    expect(at(await client.next(`${prefix}.failed`), "error.code")).toBe("audio_unintelligible");
    await client.next("response.done", 1);
    client.say("Two.");
    expect(await client.next(`${prefix}.completed`)).toMatchObject({ transcript: "" });
    await client.next("response.done", 2);
    client.say("Three.");
    await client.next("response.done", 3);
    client.say("Four.");
    expect(await client.next(`${prefix}.completed`, 2)).toMatchObject({ transcript: "Four." });
  });

  test("answers in text, or with all audio at once", async () => {
    await using vendor = await withFault({ kind: "text_reply", times: 1 }, { kind: "burst_audio" });
    using client = await Client.onThePhone(vendor);
    client.send({ type: "response.create", response: { instructions: "Say exactly: Only text." } });
    await client.next("response.done");
    expect(client.of("response.output_text.done")[0]?.["text"]).toBe("Only text.");
    expect(client.of("response.output_audio.delta")).toEqual([]);
    client.send({ type: "response.create", response: { instructions: "Say exactly: And now all of this in one single burst." } });
    await client.next("response.done", 2);
    expect(listen(client.audio())[0]?.complete).toBe(true);
  });

  test("expires the session with an error and close 1001", async () => {
    await using vendor = await withFault({ kind: "session_expired", afterMs: 500 });
    using client = new Client(vendor);
    expect(at(await client.next("error"), "error.code")).toBe("session_expired");
    expect(await client.ended()).toMatchObject({ code: 1001, reason: expect.stringContaining("maximum duration") });
  });

  test("can be added while a session lives", async () => {
    await using vendor = await startVendor();
    using client = await Client.onThePhone(vendor);
    vendor.faults.add({ kind: "close", at: "response.created", code: 1011, reason: "keepalive ping timeout" });
    client.send({ type: "response.create" });
    expect(await client.ended()).toEqual({ code: 1011, reason: "keepalive ping timeout" });
  });
});

test("stopping the simulator closes every socket, even while a mind is thinking", async () => {
  const vendor = await startVendor({ mind: () => new Promise(() => {}) });
  using client = await Client.onThePhone(vendor);
  client.send({ type: "response.create" });
  await client.next("response.created");
  await vendor.close();
  await client.ended();
});
