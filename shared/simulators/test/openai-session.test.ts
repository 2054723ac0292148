import { echoMismatch, parseServerEvent, responseCreate, sessionUpdate } from "@struere/protocol/openai";
import { describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { listen, textSpokenBy } from "../src/speech.ts";
import { at, Client, PHONE_SESSION, startVendor } from "./openai-client.ts";

/** What the vendor answers when it refuses the upgrade. */
function refusal(url: string, headers: { readonly [name: string]: string } = {}): Promise<{ status: number; body: unknown }> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { headers });
    socket.on("open", () => reject(new Error("was let in")));
    socket.on("unexpected-response", (_request, response) => {
      let body = "";
      response.on("data", (chunk: Buffer) => {
        body += chunk.toString();
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(body) }));
    });
  });
}

describe("opening a session", () => {
  test("a missing or wrong key is refused at the upgrade with the vendor's error", async () => {
    await using vendor = await startVendor({ apiKey: "sk-right" });
    const url = `${vendor.realtimeUrl}?model=gpt-realtime-2.1`;
    const error = { type: "invalid_request_error", code: "invalid_api_key" };
    expect(await refusal(url)).toMatchObject({ status: 401, body: { error } });
    expect(await refusal(url, { authorization: "Bearer sk-wrong" })).toMatchObject({ status: 401, body: { error } });
    using client = new Client(vendor, { headers: { authorization: "Bearer sk-right", "openai-safety-identifier": "caller-7" } });
    await client.next("session.created");
    expect(vendor.sessions.map((session) => session.safetyIdentifier)).toEqual(["caller-7"]);
  });

  test("the beta header gets an error and close 4000", async () => {
    await using vendor = await startVendor();
    using client = new Client(vendor, { headers: { authorization: "Bearer k", "openai-beta": "realtime=v1" } });
    expect(at(await client.next("error"), "error.code")).toBe("beta_api_shape_disabled");
    expect(await client.ended()).toMatchObject({ code: 4000 });
  });

  test("unknown paths and models are answered in the vendor's error shape", async () => {
    await using vendor = await startVendor();
    const response = await fetch(`${vendor.baseUrl}/embeddings`, { method: "POST" });
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ error: { type: "invalid_request_error", code: "unknown_url", param: null } });
    const headers = { authorization: "Bearer k" };
    expect(await refusal(`${vendor.realtimeUrl}/other?model=gpt-realtime`, headers)).toMatchObject({ status: 404 });
    expect(await refusal(vendor.realtimeUrl, headers)).toMatchObject({ status: 400 });
    using client = new Client(vendor, { query: "?model=gpt-5-mini" });
    expect(at(await client.next("error"), "error.code")).toBe("model_not_found");
  });

  test("a fresh session has the vendor's defaults: 24 kHz PCM, server VAD, no transcription, an hour to live", async () => {
    await using vendor = await startVendor();
    using client = new Client(vendor);
    const session = at(await client.next("session.created"), "session");
    expect(session).toMatchObject({
      type: "realtime",
      model: "gpt-realtime-2.1-mini",
      audio: {
        input: { format: { type: "audio/pcm", rate: 24_000 }, transcription: null, turn_detection: { type: "server_vad" } },
        output: { format: { type: "audio/pcm", rate: 24_000 } },
      },
    });
    const expiresAt = at(client.events[0], "session.expires_at");
    expect(Number(expiresAt) - Date.now() / 1000).toBeGreaterThan(3_500);
  });
});

describe("session.update", () => {
  test.each([
    { type: "semantic_vad", eagerness: "medium" },
    { type: "server_vad", threshold: 0.5, silenceDurationMs: 500, prefixPaddingMs: 300 },
  ] as const)("as our media plane sends it ($type) is taken and echoed to the letter", async (turnDetection) => {
    const asked = sessionUpdate({
      eventId: "cfg_1",
      agent: { instructions: "Be kind.", tools: [{ name: "entity.query", description: "Looks things up.", parametersJson: "" }] },
      voice: { voice: "coral", turnDetection, noiseReduction: "near_field", transcriptionModel: "gpt-transcribe" },
      autoRespond: true,
    });
    await using vendor = await startVendor({ mind: () => ({ toolCalls: [{ name: "entity.query" }] }) });
    using client = new Client(vendor);
    await client.next("session.created");
    client.send({ ...asked });
    const updated = parseServerEvent(JSON.stringify(await client.next("session.updated")));
    expect(updated.type === "session.updated" && echoMismatch(asked, updated.session)).toEqual([]);
    client.send({ ...responseCreate({ eventId: "r1", purpose: "greeting" }) });
    const done = parseServerEvent(JSON.stringify(await client.next("response.done")));
    expect(done).toMatchObject({
      type: "response.done",
      status: "completed",
      clientEventId: "r1",
      functionCalls: [{ argumentsJson: "{}" }],
    });
    expect(vendor.sessions[0]?.config().audio.input.turn_detection).toMatchObject({ interrupt_response: false, create_response: true });
  });

  test("changes what it names, keeps the rest, and echoes the whole session", async () => {
    await using vendor = await startVendor();
    using client = await Client.onThePhone(vendor);
    client.send({
      type: "session.update",
      session: { type: "realtime", instructions: "", audio: { input: { noise_reduction: { type: "near_field" } } } },
    });
    const session = at(await client.next("session.updated", 2), "session");
    expect(session).toMatchObject({
      instructions: "",
      audio: {
        input: {
          format: { type: "audio/pcmu" },
          noise_reduction: { type: "near_field" },
          transcription: { model: "gpt-4o-mini-transcribe" },
          turn_detection: { ...PHONE_SESSION.audio.input.turn_detection, threshold: 0.5, prefix_padding_ms: 300, idle_timeout_ms: null },
        },
        output: { format: { type: "audio/pcmu" }, voice: "marin", speed: 1 },
      },
    });
  });

  test.each([
    ["a beta key", { type: "realtime", modalities: ["audio"] }, "unknown_parameter"],
    ["a beta format", { type: "realtime", input_audio_format: "g711_ulaw" }, "unknown_parameter"],
    ["a rate on mu-law", { type: "realtime", audio: { input: { format: { type: "audio/pcmu", rate: 8_000 } } } }, "unknown_parameter"],
    ["no type", { instructions: "x" }, "missing_required_parameter"],
    ["an unknown voice", { type: "realtime", audio: { output: { voice: "onyx" } } }, "invalid_value"],
    ["another model", { type: "realtime", model: "gpt-realtime-2" }, "invalid_value"],
  ])("with %s is refused as a whole", async (_name, session, code) => {
    await using vendor = await startVendor();
    using client = await Client.onThePhone(vendor);
    const eventId = client.send({ type: "session.update", session: { instructions: "never", ...session } });
    expect(at(await client.next("error"), "error")).toMatchObject({ type: "invalid_request_error", code, event_id: eventId });
    expect(vendor.sessions[0]?.config().instructions).toBe("You answer the phone.");
    expect(client.of("session.updated")).toHaveLength(1);
  });

  test("cannot change the voice once the model has spoken", async () => {
    await using vendor = await startVendor();
    using client = await Client.onThePhone(vendor);
    client.send({ type: "response.create" });
    await client.next("response.done");
    client.send({ type: "session.update", session: { type: "realtime", audio: { output: { voice: "cedar" } } } });
    expect(at(await client.next("error"), "error.code")).toBe("cannot_update_voice");
  });

  test("of anything that is no event is answered by an error, and the session lives on", async () => {
    await using vendor = await startVendor();
    using client = await Client.onThePhone(vendor);
    client.sendText("{not json");
    client.sendText("null");
    client.sendText('{"type":"session.destroy"}');
    client.sendText('{"type":"input_audio_buffer.append","audio":"###"}');
    await client.next("error", 4);
    client.send({ type: "response.create" });
    await client.next("response.done");
  });
});

describe("the conversation", () => {
  test("shows the mind what was heard: truncated speech is cut, deleted items are gone, notes and tool outputs are there", async () => {
    const seen: string[][] = [];
    await using vendor = await startVendor({
      mind: (turn) => {
        seen.push(turn.history.map((memory) => `${memory.role}: ${memory.role === "tool_call" ? memory.name : memory.text}`));
        return { say: "We open at nine and close at six." };
      },
    });
    using client = await Client.onThePhone(vendor);
    client.send({ type: "response.create" });
    const first = await client.next("response.output_audio.done");
    await client.next("response.done");
    client.send({ type: "conversation.item.truncate", item_id: String(first["item_id"]), content_index: 0, audio_end_ms: 900 });
    client.send({
      type: "conversation.item.create",
      item: { id: "note_1", type: "message", role: "system", content: [{ type: "input_text", text: "Be brief." }] },
    });
    client.send({
      type: "conversation.item.create",
      previous_item_id: "root",
      item: { type: "message", role: "user", content: [{ type: "input_text", text: "Earlier words" }] },
    });
    client.send({ type: "conversation.item.create", item: { type: "function_call", call_id: "c1", name: "hours", arguments: "{}" } });
    client.send({ type: "conversation.item.create", item: { type: "function_call_output", call_id: "c1", output: "9-18" } });
    client.send({ type: "response.create" });
    const second = await client.next("response.output_audio.done", 2);
    await client.next("response.done", 2);
    client.send({ type: "conversation.item.delete", item_id: String(second["item_id"]) });
    client.send({ type: "response.create" });
    await client.next("response.done", 3);

    const heard = textSpokenBy("We open at nine and close at six.", 900);
    expect(heard).toBe("We open at ni");
    const remembered = ["user: Earlier words", `assistant: ${heard}`, "system: Be brief.", "tool_call: hours", "tool_output: 9-18"];
    expect(seen).toEqual([[], remembered, remembered]);
    expect(vendor.sessions[0]?.transcript.map((line) => line.kept)).toEqual([heard, null, "We open at nine and close at six."]);
    expect(listen(client.audio(String(first["item_id"])))[0]?.complete).toBe(true);
  });

  test("refuses what the vendor refuses, with its codes and sentences", async () => {
    await using vendor = await startVendor();
    using client = await Client.onThePhone(vendor);
    client.send({ type: "response.create", response: { instructions: "Say exactly: Hi there" } });
    const { item_id } = await client.next("response.output_audio.done");
    const audioMs = client.audio().length / 8;
    const errors: string[] = [];
    let count = 0;
    const refused = async (event: { type: string; [field: string]: unknown }): Promise<void> => {
      const eventId = client.send(event);
      const error = at(await client.next("error", ++count), "error");
      expect(error).toMatchObject({ event_id: eventId });
      errors.push(`${Reflect.get(error ?? {}, "code")}: ${Reflect.get(error ?? {}, "message")}`);
    };
    await refused({ type: "conversation.item.truncate", item_id, content_index: 0, audio_end_ms: audioMs + 1 });
    await refused({ type: "conversation.item.truncate", item_id, content_index: 0, audio_end_ms: 10.5 });
    await refused({ type: "conversation.item.truncate", item_id: "item_x", content_index: 0, audio_end_ms: 0 });
    await refused({ type: "conversation.item.delete", item_id: "item_x" });
    await refused({ type: "conversation.item.retrieve", item_id: "item_x" });
    await refused({
      type: "conversation.item.create",
      item: { type: "message", role: "assistant", content: [{ type: "text", text: "beta" }] },
    });
    await refused({ type: "conversation.item.create", item: { type: "function_call_output", call_id: "none", output: "" } });
    await refused({
      type: "conversation.item.create",
      previous_item_id: "item_x",
      item: { type: "message", role: "user", content: [{ type: "input_text", text: "x" }] },
    });
    expect(errors.map((error) => error.split(":")[0])).toEqual([
      "invalid_value",
      "invalid_type",
      "item_truncate_invalid_item_id",
      "item_delete_invalid_item_id",
      "item_retrieve_invalid_item_id",
      "invalid_value",
      "invalid_value",
      "invalid_value",
    ]);
    expect(errors[0]).toContain(`Audio content of ${audioMs}ms is already shorter than ${audioMs + 1}ms`);
    client.send({ type: "conversation.item.truncate", item_id, content_index: 0, audio_end_ms: audioMs });
    await client.next("conversation.item.truncated");
  });
});
