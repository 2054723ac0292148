import { describe, expect, test } from "vitest";
import { scriptedMind } from "../src/openai/index.ts";
import { listen, speak } from "../src/speech.ts";
import { at, Client, PHONE_SESSION, startVendor } from "./openai-client.ts";

const BOOK = { type: "function", name: "calendar_book", description: "Books a table.", parameters: { type: "object", properties: {} } };
const LONG = "This is a long answer that takes quite some time to say aloud, because it has a great many words in it.";

describe("a response", () => {
  test("is alone in its conversation: a second create is refused, with neither created nor done", async () => {
    await using vendor = await startVendor();
    using client = await Client.onThePhone(vendor);
    client.send({ type: "response.create", response: { metadata: { client_event_id: "a" } } });
    const second = client.send({ type: "response.create", response: { metadata: { client_event_id: "b" } } });
    expect(at(await client.next("error"), "error")).toMatchObject({ code: "conversation_already_has_active_response", event_id: second });
    const created = await client.next("response.created");
    const third = client.send({ type: "response.create" });
    const error = at(await client.next("error", 2), "error");
    expect(error).toMatchObject({ event_id: third, message: expect.stringContaining(String(at(created, "response.id"))) });
    await client.next("response.done");
    client.send({ type: "response.create", response: { metadata: { client_event_id: "c" } } });
    await client.next("response.done", 2);
    expect(client.of("response.created").map((event) => at(event, "response.metadata.client_event_id"))).toEqual(["a", "c"]);
    expect(client.of("response.done").map((event) => at(event, "response.metadata.client_event_id"))).toEqual(["a", "c"]);
  });

  test("out of band runs beside it, is marked, leaves no item, and can read a text of its own", async () => {
    await using vendor = await startVendor({ mind: (turn) => ({ say: turn.outOfBand ? `topic of ${turn.lastUser}` : LONG }) });
    using client = await Client.onThePhone(vendor);
    client.send({ type: "response.create" });
    await client.next("response.output_audio.delta");
    const input = [{ type: "message", role: "user", content: [{ type: "input_text", text: "my invoice" }] }];
    client.send({
      type: "response.create",
      response: { conversation: "none", output_modalities: ["text"], input, metadata: { topic: "classify" } },
    });
    const done = await client.next("response.done");
    expect(done).toMatchObject({
      response: {
        conversation_id: null,
        metadata: { topic: "classify" },
        output: [{ content: [{ type: "output_text", text: "topic of my invoice" }] }],
      },
    });
    expect(at(await client.next("response.done", 2), "response.conversation_id")).toBe(vendor.sessions[0]?.conversationId);
    expect(client.of("conversation.item.added")).toHaveLength(1);
    expect(vendor.sessions[0]?.conversation.items).toHaveLength(1);
  });

  test("can be cancelled once it was announced; before and after there is nothing to cancel", async () => {
    await using vendor = await startVendor({ mind: () => ({ say: LONG }) });
    using client = await Client.onThePhone(vendor);
    client.send({ type: "response.create" });
    client.send({ type: "response.cancel" });
    expect(at(await client.next("error"), "error.code")).toBe("response_cancel_not_active");
    const created = await client.next("response.created");
    await client.next("response.output_audio.delta", 2);
    client.send({ type: "response.cancel", response_id: at(created, "response.id") });
    const done = await client.next("response.done");
    expect(at(done, "response.status")).toBe("cancelled");
    expect(at(done, "response.status_details")).toEqual({ type: "cancelled", reason: "client_cancelled" });
    const heard = listen(client.audio())[0];
    expect(heard?.complete).toBe(false);
    expect(client.of("response.output_audio_transcript.done")[0]?.["transcript"]).toBe(heard?.text);
    expect(client.of("response.output_item.done")[0]).toMatchObject({ item: { status: "incomplete" } });
    client.send({ type: "response.cancel" });
    await client.next("error", 2);
    expect(client.types).not.toContain("response.cancelled");
  });

  test("is cut off by the caller's voice when interrupt_response is on", async () => {
    await using vendor = await startVendor({ mind: () => ({ say: LONG }) });
    using client = await Client.onThePhone(vendor);
    client.send({ type: "response.create" });
    await client.next("response.output_audio.delta", 2);
    client.append(speak("Stop"));
    const done = await client.next("response.done");
    expect(at(done, "response.status_details")).toEqual({ type: "cancelled", reason: "turn_detected" });
    expect(client.types.indexOf("input_audio_buffer.speech_started")).toBeLessThan(client.types.indexOf("response.done"));
    const tokens = Math.ceil(client.audio().length / 8 / 50);
    expect(at(done, "response.usage.output_token_details.audio_tokens")).toBe(tokens);
  });

  test("goes on through the caller's voice when interrupt_response is off, and the automatic answer is refused meanwhile", async () => {
    await using vendor = await startVendor({ mind: () => ({ say: LONG }), latency: { speed: 1 } });
    const turn_detection = { ...PHONE_SESSION.audio.input.turn_detection, interrupt_response: false };
    using client = await Client.onThePhone(vendor, {
      audio: { ...PHONE_SESSION.audio, input: { ...PHONE_SESSION.audio.input, turn_detection } },
    });
    client.send({ type: "response.create" });
    await client.next("response.output_audio.delta");
    client.say("Yes yes");
    expect(at(await client.next("error"), "error")).toMatchObject({ code: "conversation_already_has_active_response", event_id: null });
    expect(at(await client.next("response.done"), "response.status")).toBe("completed");
    expect(listen(client.audio())[0]).toMatchObject({ text: LONG, complete: true });
  });

  test("may hold several spoken items and tool calls, and goes on when the tool has answered", async () => {
    const mind = scriptedMind([
      {
        when: /book (?<who>\w+)/i,
        say: ["One moment.", "I book for $<who>."],
        call: { name: "calendar.book", arguments: { seats: 2 } },
        thenSay: "Done: {{output}}.",
      },
    ]);
    await using vendor = await startVendor({ mind });
    using client = await Client.onThePhone(vendor, { tools: [BOOK] });
    client.say("Please book Ada");
    const done = await client.next("response.done");
    expect(at(done, "response.output")).toMatchObject([
      { type: "message", content: [{ type: "output_audio", transcript: "One moment." }] },
      { type: "message", content: [{ type: "output_audio", transcript: "I book for Ada." }] },
      { type: "function_call", name: "calendar_book", arguments: '{"seats":2}', status: "completed" },
    ]);
    expect(client.of("response.output_audio.done").map((event) => event["output_index"])).toEqual([0, 1]);
    const args = client.of("response.function_call_arguments.done")[0];
    expect(args).toMatchObject({ name: "calendar_book", arguments: '{"seats":2}', output_index: 2 });
    client.send({
      type: "conversation.item.create",
      item: { type: "function_call_output", call_id: args?.["call_id"], output: "table 4" },
    });
    client.send({ type: "response.create" });
    await client.next("response.done", 2);
    expect(listen(client.audio()).map((utterance) => utterance.text)).toEqual(["One moment.", "I book for Ada.", "Done: table 4."]);
  });

  test("fails loudly when the mind calls a tool that the session does not offer, or throws", async () => {
    const replies = [
      () => ({ toolCalls: [{ name: "nope" }] }),
      () => {
        throw new Error("bad script");
      },
    ];
    await using vendor = await startVendor({ mind: () => (replies.shift() ?? (() => ({})))() });
    using client = await Client.onThePhone(vendor, { tools: [BOOK] });
    client.send({ type: "response.create" });
    expect(at(await client.next("response.done"), "response.status_details.error.message")).toMatch(/'nope'.*calendar_book/);
    client.send({ type: "response.create" });
    expect(at(await client.next("response.done", 2), "response.status_details.error.message")).toMatch(/bad script/);
  });

  test("ends incomplete when max_output_tokens is spent", async () => {
    await using vendor = await startVendor({ mind: () => ({ say: LONG }) });
    using client = await Client.onThePhone(vendor, { max_output_tokens: 60 });
    client.send({ type: "response.create" });
    const done = await client.next("response.done");
    expect(at(done, "response.status_details")).toEqual({ type: "incomplete", reason: "max_output_tokens" });
    expect(Number(at(done, "response.usage.output_tokens"))).toBeLessThanOrEqual(60);
    expect(listen(client.audio())[0]?.complete).toBe(false);
  });

  test("comes in deltas of the profile's size, faster than real time by the profile's speed", async () => {
    await using vendor = await startVendor({ mind: () => ({ say: LONG }), latency: { deltaMs: 200, speed: 4 } });
    using client = await Client.onThePhone(vendor);
    client.send({ type: "response.create" });
    await client.next("response.done");
    const deltas = client.of("response.output_audio.delta").map((event) => Buffer.byteLength(String(event["delta"]), "base64") / 8);
    expect(new Set(deltas.slice(0, -1))).toEqual(new Set([200]));
    const times =
      vendor.sessions[0]?.emitted.filter(({ event }) => event.type === "response.output_audio.delta").map(({ atMs }) => atMs) ?? [];
    expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual((deltas.length - 1) * 50);
  });
});

describe("the bill", () => {
  test("counts audio, text and the cached part of each response, and each transcription once", async () => {
    await using vendor = await startVendor({ mind: () => ({ say: "Of course I can." }) });
    using client = await Client.onThePhone(vendor);
    client.say("Can you help me?");
    await client.next("response.done");
    await client.next("conversation.item.input_audio_transcription.completed");
    client.say("Thank you.");
    await client.next("response.done", 2);
    await client.next("conversation.item.input_audio_transcription.completed", 2);

    const usages = client.of("response.done").map((event) => at(event, "response.usage"));
    const invoice = vendor.invoice();
    expect(invoice.filter((line) => line.kind === "response").map((line) => line.usage)).toEqual(usages);
    expect(invoice.filter((line) => line.kind === "transcription").map((line) => line.usage)).toEqual(
      client.of("conversation.item.input_audio_transcription.completed").map((event) => event["usage"]),
    );
    // 300 ms of prefix, 16 characters of 70 ms, 200 ms of silence: 1620 ms, 17 tokens. The reply: 16 characters, 1120 ms, 23 tokens.
    expect(usages[0]).toEqual({
      total_tokens: 6 + 17 + 4 + 23,
      input_tokens: 6 + 17,
      output_tokens: 4 + 23,
      input_token_details: {
        text_tokens: 6,
        audio_tokens: 17,
        image_tokens: 0,
        cached_tokens: 0,
        cached_tokens_details: { text_tokens: 0, audio_tokens: 0, image_tokens: 0 },
      },
      output_token_details: { text_tokens: 4, audio_tokens: 23 },
    });
    expect(usages[1]).toMatchObject({
      input_token_details: { cached_tokens: 23, cached_tokens_details: { text_tokens: 6, audio_tokens: 17 } },
    });
    expect(invoice.every((line) => line.sessionId === vendor.sessions[0]?.id)).toBe(true);
  });

  test("is forgotten with the sessions that are over, and only with them", async () => {
    await using vendor = await startVendor();
    using stays = await Client.onThePhone(vendor);
    const goes = await Client.onThePhone(vendor);
    for (const client of [stays, goes]) {
      client.send({ type: "response.create" });
      await client.next("response.done");
    }
    goes[Symbol.dispose]();
    await expect.poll(() => vendor.sessions[1]?.wire.closed).not.toBeNull();
    vendor.forget();
    expect(vendor.sessions.map((session) => session.number)).toEqual([1]);
    expect(vendor.invoice().map((line) => line.sessionId)).toEqual(["sess_1"]);
  });
});
