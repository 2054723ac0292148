import { Fault } from "@struere/kernel";
import { isFatalModelError, OPENAI_REALTIME_URL, parseServerEvent, realtimeEndpoint, upgradeErrorCode } from "@struere/protocol/openai";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

const parse = (event: object) => parseServerEvent(JSON.stringify({ event_id: "event_1", ...event }));
const response = { id: "resp_1", object: "realtime.response", conversation_id: "conv_1", metadata: null };
const usage = {
  total_tokens: 253,
  input_tokens: 132,
  output_tokens: 121,
  input_token_details: {
    text_tokens: 119,
    audio_tokens: 13,
    image_tokens: 0,
    cached_tokens: 64,
    cached_tokens_details: { text_tokens: 60, audio_tokens: 4, image_tokens: 0 },
  },
  output_token_details: { text_tokens: 30, audio_tokens: 91 },
};
const ours = {
  inputTextTokens: 119,
  inputAudioTokens: 13,
  cachedTextTokens: 60,
  cachedAudioTokens: 4,
  outputTextTokens: 30,
  outputAudioTokens: 91,
};
const done = { type: "response.done", responseId: "resp_1", clientEventId: null, outOfBand: false, message: null, functionCalls: [] };

describe("an event is understood", () => {
  test.each([
    [
      { type: "session.created", session: { id: "sess_1", expires_at: 1_763_800_000, voice: "alloy" } },
      {
        type: "session.created",
        sessionId: "sess_1",
        expiresAtMs: 1_763_800_000_000,
        session: { id: "sess_1", expires_at: 1_763_800_000, voice: "alloy" },
      },
    ],
    [
      { type: "session.updated", session: { id: "sess_1" } },
      { type: "session.updated", sessionId: "sess_1", expiresAtMs: null, session: { id: "sess_1", expires_at: null } },
    ],
    [
      {
        type: "error",
        error: { type: "invalid_request_error", code: "response_cancel_not_active", message: "No.", param: null, event_id: "e4" },
      },
      { type: "error", code: "response_cancel_not_active", message: "No.", param: null, clientEventId: "e4" },
    ],
    [
      { type: "error", error: { type: "server_error", message: "The server had an error" } },
      { type: "error", code: "server_error", message: "The server had an error", param: null, clientEventId: null },
    ],
    [
      {
        type: "response.created",
        response: { ...response, status: "in_progress", metadata: { client_event_id: "e2", purpose: "greeting" } },
      },
      { type: "response.created", responseId: "resp_1", clientEventId: "e2", outOfBand: false },
    ],
    [
      { type: "response.created", response: { ...response, conversation_id: null } },
      { type: "response.created", responseId: "resp_1", clientEventId: null, outOfBand: true },
    ],
    [
      { type: "response.done", response: { ...response, status: "completed", status_details: null, output: [], usage } },
      { ...done, status: "completed", reason: null, usage: ours },
    ],
    [
      {
        type: "response.done",
        response: {
          ...response,
          status: "cancelled",
          status_details: { type: "cancelled", reason: "turn_detected" },
          output: [],
          usage: null,
        },
      },
      { ...done, status: "cancelled", reason: "turn_detected", usage: null },
    ],
    [
      {
        type: "response.done",
        response: {
          ...response,
          status: "failed",
          status_details: { type: "failed", error: { type: "invalid_request_error", code: "rate_limit_exceeded", message: "Slow down." } },
        },
      },
      { ...done, status: "failed", reason: "rate_limit_exceeded", message: "Slow down.", usage: null },
    ],
    [
      { type: "response.done", response: { ...response, status: "exploded" } },
      { ...done, status: "failed", reason: "unspecified", usage: null },
    ],
    [
      {
        type: "response.done",
        response: {
          ...response,
          status: "completed",
          output: [
            { type: "message", id: "item_1", role: "assistant", content: [] },
            { type: "function_call", id: "item_2", call_id: "call_1", name: "entity__query", arguments: '{"q":1}' },
            { type: "function_call", id: "item_3", name: "nobody can answer this one" },
          ],
        },
      },
      {
        ...done,
        status: "completed",
        reason: null,
        usage: null,
        functionCalls: [{ itemId: "item_2", callId: "call_1", name: "entity__query", argumentsJson: '{"q":1}' }],
      },
    ],
    [
      {
        type: "response.output_item.added",
        response_id: "resp_1",
        output_index: 0,
        item: { id: "item_1", type: "message", role: "assistant" },
      },
      { type: "response.output_item.added", responseId: "resp_1", itemId: "item_1", kind: "message" },
    ],
    [
      { type: "response.output_item.done", response_id: "resp_1", item: { id: "item_2", type: "function_call" } },
      { type: "response.output_item.done", responseId: "resp_1", itemId: "item_2", kind: "function_call" },
    ],
    [
      { type: "response.output_audio.delta", response_id: "resp_1", item_id: "item_1", content_index: 0, delta: "////" },
      { type: "response.output_audio.delta", responseId: "resp_1", itemId: "item_1", audio: "////" },
    ],
    [
      { type: "response.output_audio.done", response_id: "resp_1", item_id: "item_1" },
      { type: "response.output_audio.done", responseId: "resp_1", itemId: "item_1" },
    ],
    [
      { type: "response.output_audio_transcript.delta", response_id: "resp_1", item_id: "item_1", delta: "Hel" },
      { type: "response.output_audio_transcript.delta", responseId: "resp_1", itemId: "item_1", delta: "Hel" },
    ],
    [
      { type: "response.output_audio_transcript.done", response_id: "resp_1", item_id: "item_1", transcript: "Hello." },
      { type: "response.output_audio_transcript.done", responseId: "resp_1", itemId: "item_1", transcript: "Hello." },
    ],
    [
      { type: "input_audio_buffer.speech_started", item_id: "item_3", audio_start_ms: 1_000 },
      { type: "input_audio_buffer.speech_started", itemId: "item_3", audioStartMs: 1_000 },
    ],
    [
      { type: "input_audio_buffer.speech_stopped", item_id: "item_3" },
      { type: "input_audio_buffer.speech_stopped", itemId: "item_3", audioEndMs: null },
    ],
    [
      { type: "input_audio_buffer.committed", item_id: "item_3", previous_item_id: null },
      { type: "input_audio_buffer.committed", itemId: "item_3", previousItemId: null },
    ],
    [
      { type: "input_audio_buffer.timeout_triggered", item_id: "item_4", audio_start_ms: 0, audio_end_ms: 5_000 },
      { type: "input_audio_buffer.timeout_triggered", itemId: "item_4" },
    ],
    [
      { type: "conversation.item.added", previous_item_id: "item_2", item: { id: "item_3", type: "message", role: "user", content: [] } },
      { type: "conversation.item.added", itemId: "item_3", previousItemId: "item_2", kind: "message", role: "user" },
    ],
    [
      { type: "conversation.item.added", item: { id: "item_5", type: "function_call_output", role: null } },
      { type: "conversation.item.added", itemId: "item_5", previousItemId: null, kind: "function_call_output", role: null },
    ],
    [
      {
        type: "conversation.item.input_audio_transcription.failed",
        item_id: "item_3",
        error: { type: "transcription_error", code: "audio_unintelligible", message: "What?" },
      },
      {
        type: "conversation.item.input_audio_transcription.failed",
        itemId: "item_3",
        code: "audio_unintelligible",
        message: "What?",
      },
    ],
    [
      {
        type: "rate_limits.updated",
        rate_limits: [{ name: "tokens", limit: 50_000, remaining: 49_950, reset_seconds: 0.06 }, { name: "moods" }],
      },
      { type: "rate_limits.updated", limits: [{ name: "tokens", limit: 50_000, remaining: 49_950, resetMs: 60 }] },
    ],
    [{ type: "conversation.item.done" }, { type: "unknown", name: "conversation.item.done", reason: null }],
    [{ type: "constructor" }, { type: "unknown", name: "constructor", reason: null }],
    [{}, { type: "unknown", name: "", reason: "no type" }],
  ])("%j", (event, understood) => {
    expect(parse(event)).toEqual(understood);
  });
});

describe("usage", () => {
  const transcribed = (spent: unknown) =>
    parse({
      type: "conversation.item.input_audio_transcription.completed",
      item_id: "item_3",
      content_index: 0,
      transcript: "Hi.",
      usage: spent,
    });
  const nothing = {
    inputTextTokens: 0,
    inputAudioTokens: 0,
    cachedTextTokens: 0,
    cachedAudioTokens: 0,
    outputTextTokens: 0,
    outputAudioTokens: 0,
  };
  const responded = (spent: object) => parse({ type: "response.done", response: { ...response, status: "completed", usage: spent } });

  test("of a transcription comes in tokens or in seconds", () => {
    const tokens = {
      type: "tokens",
      total_tokens: 26,
      input_tokens: 17,
      output_tokens: 9,
      input_token_details: { text_tokens: 3, audio_tokens: 14 },
    };
    expect(transcribed(tokens)).toMatchObject({ usage: { ...nothing, inputTextTokens: 3, inputAudioTokens: 14, outputTextTokens: 9 } });
    const { input_token_details, ...bare } = tokens;
    expect(input_token_details.audio_tokens).toBe(14);
    expect(transcribed(bare)).toMatchObject({ usage: { ...nothing, inputAudioTokens: 17, outputTextTokens: 9 } });
    expect(transcribed({ type: "duration", seconds: 2.4 })).toMatchObject({ usage: { ...nothing, seconds: 2.4 } });
  });

  test("that says nothing, or nonsense, is null and does not cost the transcript", () => {
    for (const odd of [null, undefined, {}, { type: "duration", seconds: -1 }, { type: "tokens", input_tokens: 1.5, output_tokens: 0 }]) {
      expect(transcribed(odd)).toMatchObject({ transcript: "Hi.", usage: null });
    }
    expect(responded({ total_tokens: 5, input_tokens: 3, output_tokens: 2 })).toMatchObject({ usage: null });
  });

  test("never has more cached than there was, however the vendor splits it", () => {
    const { cached_tokens_details, ...whole } = usage.input_token_details;
    expect(cached_tokens_details.text_tokens).toBe(60);
    expect(responded({ ...usage, input_token_details: { ...whole, cached_tokens: 125 } })).toMatchObject({
      usage: { ...ours, cachedTextTokens: 119, cachedAudioTokens: 6 },
    });
  });
});

test("an event without what we need of it is unknown, with the reason", () => {
  expect(parse({ type: "response.created", response: {} })).toEqual({
    type: "unknown",
    name: "response.created",
    reason: expect.stringContaining("response.id: "),
  });
});

test("no JSON is a fault, any JSON is an event", () => {
  expect(() => parseServerEvent("{")).toThrow(Fault);
  const known = fc.constantFrom("session.created", "error", "response.done", "rate_limits.updated", "conversation.item.added");
  fc.assert(
    fc.property(known, fc.jsonValue(), fc.jsonValue(), (type, one, other) => {
      const event = parse({ type, session: one, error: one, response: other, rate_limits: one, item: other });
      expect(typeof event.type).toBe("string");
    }),
    { numRuns: 500 },
  );
});

test("a session is asked for at the vendor's address or at one that stands in for it", () => {
  expect(realtimeEndpoint(OPENAI_REALTIME_URL, "gpt-realtime-2.1")).toBe("wss://api.openai.com/v1/realtime?model=gpt-realtime-2.1");
  expect(realtimeEndpoint("ws://127.0.0.1:9/v1/realtime?a=b", "m/1")).toBe("ws://127.0.0.1:9/v1/realtime?a=b&model=m%2F1");
});

test("a refused upgrade has the vendor's code, or its status", () => {
  expect(upgradeErrorCode(401, '{"error":{"code":"invalid_api_key","message":"…"}}')).toBe("invalid_api_key");
  expect(upgradeErrorCode(401, "<html>")).toBe("http_401");
  expect(upgradeErrorCode(503, '{"error":null}')).toBe("http_503");
});

test("what will not get better by itself is fatal, the rest is not", () => {
  expect(["insufficient_quota", "invalid_api_key", "model_not_found", "http_401"].every(isFatalModelError)).toBe(true);
  expect(["rate_limit_exceeded", "server_error", "session_expired", "http_503"].some(isFatalModelError)).toBe(false);
});
