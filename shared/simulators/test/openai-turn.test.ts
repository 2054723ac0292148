import { parseServerEvent } from "@struere/protocol/openai";
import { describe, expect, test } from "vitest";
import { listen, silence, speak } from "../src/speech.ts";
import { at, Client, PHONE_SESSION, startVendor } from "./openai-client.ts";

/** Consecutive repetitions shown once, and transcription, which comes whenever it comes, left out. */
function order(types: readonly string[]): readonly string[] {
  return types
    .filter((type) => !type.includes("input_audio_transcription"))
    .filter((type, index, all) => type !== all[index - 1] && !(type.endsWith("audio.delta") && all[index - 2] === type))
    .filter((type, index, all) => !(type.endsWith("audio_transcript.delta") && all.slice(0, index).includes(type)));
}

describe("a turn", () => {
  test("has the vendor's order of events from speech_started to rate_limits.updated", async () => {
    await using vendor = await startVendor();
    using client = await Client.onThePhone(vendor);
    const before = client.events.length;
    client.say("Do you have a table for two?");
    await client.next("rate_limits.updated");
    expect(order(client.types.slice(before))).toEqual([
      "input_audio_buffer.speech_started",
      "input_audio_buffer.speech_stopped",
      "input_audio_buffer.committed",
      "conversation.item.added",
      "conversation.item.done",
      "response.created",
      "response.output_item.added",
      "conversation.item.added",
      "response.content_part.added",
      "response.output_audio_transcript.delta",
      "response.output_audio.delta",
      "response.output_audio.done",
      "response.output_audio_transcript.done",
      "response.content_part.done",
      "response.output_item.done",
      "conversation.item.done",
      "response.done",
      "rate_limits.updated",
    ]);
  });

  test("carries the caller's words to the model and the model's words to the caller, in the audio itself", async () => {
    await using vendor = await startVendor();
    using client = await Client.onThePhone(vendor);
    client.say("Do you have a table for two?");
    const done = await client.next("response.done");
    const reply = "You said: Do you have a table for two? What else can I do for you?";
    expect(listen(client.audio())).toMatchObject([{ text: reply, complete: true, gaps: [] }]);
    expect(client.of("response.output_audio_transcript.done")[0]?.["transcript"]).toBe(reply);
    expect(
      client
        .of("response.output_audio_transcript.delta")
        .map((event) => event["delta"])
        .join(""),
    ).toBe(reply);
    expect(at(done, "response.status")).toBe("completed");
    const transcribed = await client.next("conversation.item.input_audio_transcription.completed");
    expect(transcribed).toMatchObject({
      transcript: "Do you have a table for two?",
      item_id: client.of("input_audio_buffer.committed")[0]?.["item_id"],
    });
    expect(vendor.transcript(vendor.sessions[0] ?? "")).toMatchObject([
      { by: "caller", text: "Do you have a table for two?" },
      { by: "agent", text: reply, kept: reply },
    ]);
  });

  test("is timed in appended audio, prefix and silence included", async () => {
    await using vendor = await startVendor();
    using client = await Client.onThePhone(vendor);
    const speech = speak("Good morning.");
    client.append(Buffer.concat([silence(1_000), speech, silence(500)]));
    const stopped = await client.next("input_audio_buffer.speech_stopped");
    expect(client.of("input_audio_buffer.speech_started")[0]?.["audio_start_ms"]).toBe(700);
    expect(stopped["audio_end_ms"]).toBe(1_000 + speech.length / 8 + 200);
  });

  test("waits with semantic VAD as long as the thought is unfinished", async () => {
    await using vendor = await startVendor();
    const input = { ...PHONE_SESSION.audio.input, turn_detection: { type: "semantic_vad", eagerness: "high" } };
    using client = await Client.onThePhone(vendor, { audio: { ...PHONE_SESSION.audio, input } });
    client.append(Buffer.concat([speak("My number is"), silence(300), speak("and,"), silence(1_900), speak("seven."), silence(300)]));
    await client.next("input_audio_buffer.speech_stopped");
    await client.next("response.done");
    expect(client.of("input_audio_buffer.speech_started")).toHaveLength(2);
    expect(vendor.sessions[0]?.transcript.filter((line) => line.by === "caller")[0]?.text).toBe("My number is");
    expect(vendor.sessions[0]?.transcript.filter((line) => line.by === "caller")[1]?.text).toBe("and, seven.");
  });

  test("of noise without words is understood as nothing, and the reply says so", async () => {
    await using vendor = await startVendor();
    using client = await Client.onThePhone(vendor);
    const noise = speak("x".repeat(20)).map((byte) => byte ^ 1);
    client.append(Buffer.concat([noise, silence(300)]));
    await client.next("response.done");
    expect(listen(client.audio())[0]?.text).toMatch(/could not understand/);
    expect(await client.next("conversation.item.input_audio_transcription.completed")).toMatchObject({ transcript: "" });
  });

  test("sent as mu-law while the session expects PCM is garbage in both directions", async () => {
    await using vendor = await startVendor();
    using client = new Client(vendor);
    await client.next("session.created");
    client.append(Buffer.concat([speak("Is anybody there?"), speak("Hello? Hello?")]));
    await client.next("input_audio_buffer.speech_started");
    client.send({ type: "response.create", response: { instructions: "Say exactly: One moment." } });
    await client.next("response.done");
    expect(client.of("input_audio_buffer.speech_stopped")).toEqual([]);
    expect(listen(client.audio())).toEqual([]);
  });

  test("ends only by commit when turn detection is off, and an empty buffer cannot be committed", async () => {
    await using vendor = await startVendor();
    const input = { ...PHONE_SESSION.audio.input, turn_detection: null };
    using client = await Client.onThePhone(vendor, { audio: { ...PHONE_SESSION.audio, input } });
    const early = client.send({ type: "input_audio_buffer.commit" });
    expect(at(await client.next("error"), "error")).toMatchObject({ code: "input_audio_buffer_commit_empty", event_id: early });
    client.say("Hello there.", 2_000);
    client.send({ type: "input_audio_buffer.commit" });
    await client.next("conversation.item.done");
    expect(client.types).not.toContain("input_audio_buffer.speech_started");
    expect(client.types).not.toContain("response.created");
    expect(vendor.sessions[0]?.transcript[0]?.text).toBe("Hello there.");
  });

  test("follows when the caller stays silent longer than the idle timeout", async () => {
    await using vendor = await startVendor();
    const turn_detection = { type: "server_vad", idle_timeout_ms: 5_000 };
    using client = await Client.onThePhone(vendor, {
      audio: { ...PHONE_SESSION.audio, input: { ...PHONE_SESSION.audio.input, turn_detection } },
    });
    client.send({ type: "response.create" });
    await client.next("input_audio_buffer.timeout_triggered");
    await client.next("response.done", 2);
    expect(client.of("input_audio_buffer.committed")).toHaveLength(1);
  });

  test("every event of a call with speech, tools, cuts and errors is one that our own parser acts on or passes over knowingly", async () => {
    await using vendor = await startVendor({ mind: () => ({ say: ["One moment.", "Done."], toolCalls: [{ name: "look.up" }] }) });
    using client = await Client.onThePhone(vendor, { tools: [{ type: "function", name: "look_up", description: "", parameters: {} }] });
    client.say("Hello.");
    await client.next("response.done");
    const itemId = String(client.of("response.output_audio.done")[0]?.["item_id"]);
    client.send({ type: "conversation.item.truncate", item_id: itemId, content_index: 0, audio_end_ms: 100 });
    client.send({ type: "conversation.item.retrieve", item_id: itemId });
    client.send({ type: "conversation.item.delete", item_id: itemId });
    client.send({ type: "response.cancel" });
    await client.next("error");
    await client.next("conversation.item.input_audio_transcription.completed");
    for (const event of client.events) {
      const parsed = parseServerEvent(JSON.stringify(event));
      if (parsed.type === "unknown") expect(parsed).toMatchObject({ name: event.type, reason: null });
    }
  });
});
