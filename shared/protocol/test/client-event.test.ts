import {
  functionCallOutput,
  inputAudioAppend,
  itemDelete,
  itemTruncate,
  messageCreate,
  responseCancel,
  responseCreate,
  type SessionUpdate,
  sessionUpdate,
  type SessionVoice,
} from "@struere/protocol/openai";
import { clientEventProblems, validateClientEvent } from "@struere/protocol/openai-validate";
import type { RealtimeClientEvent, RealtimeAudioConfigInput } from "openai/resources/realtime/realtime";
import { describe, expect, test } from "vitest";

const agent = {
  instructions: "You take down who calls.",
  tools: [
    { name: "entity.query", description: "Finds entities.", parametersJson: '{"type":"object","properties":{"q":{"type":"string"}}}' },
    { name: "call.end", description: "Ends the call.", parametersJson: "" },
  ],
};
const semantic: SessionVoice = {
  voice: "alloy",
  turnDetection: { type: "semantic_vad", eagerness: "medium" },
  noiseReduction: null,
  transcriptionModel: "gpt-transcribe",
};
const server: SessionVoice = {
  ...semantic,
  turnDetection: { type: "server_vad", threshold: 0.5, silenceDurationMs: 500, prefixPaddingMs: 300 },
  noiseReduction: "near_field",
};
const update = (voice: SessionVoice): SessionUpdate => sessionUpdate({ eventId: "e1", agent, voice, autoRespond: true });

/** The package's type of noise_reduction has no null, which its own documentation asks for; see openai/session.ts. */
type AsThePackageTypesIt<Update extends SessionUpdate> = Update & {
  session: { audio: { input: { noise_reduction: RealtimeAudioConfigInput.NoiseReduction } } };
};
const typed = (event: SessionUpdate): AsThePackageTypesIt<SessionUpdate> => {
  const { noise_reduction } = event.session.audio.input;
  if (noise_reduction === null) throw new Error("this proof is for noise reduction that is on");
  const { session } = event;
  return { ...event, session: { ...session, audio: { ...session.audio, input: { ...session.audio.input, noise_reduction } } } };
};

// The compiler proves it: every event that we send is one of the package's client events.
const EVENTS: readonly RealtimeClientEvent[] = [
  typed(update(server)),
  responseCreate({ eventId: "e2", purpose: "greeting" }),
  responseCreate({ eventId: "e3", purpose: "injection", instructions: "Say: hello", toolChoice: "none" }),
  responseCancel({ eventId: "e4", responseId: "resp_1" }),
  itemTruncate({ eventId: "e5", itemId: "item_1", audioEndMs: 1234.9 }),
  itemDelete({ eventId: "e6", itemId: "item_1" }),
  messageCreate({ eventId: "e7", role: "system", text: "The caller is a customer." }),
  messageCreate({ eventId: "e8", role: "user", text: "Hello?", itemId: "item_2", previousItemId: "root" }),
  messageCreate({ eventId: "e9", role: "assistant", text: "Hello." }),
  functionCallOutput({ eventId: "e10", callId: "call_1", output: '{"ok":true}' }),
  inputAudioAppend("////"),
];

describe("every event that we send", () => {
  test.each(EVENTS.map((event) => [event.type, event] as const))("%s is taken by the vendor", (_type, event) => {
    expect(validateClientEvent(event)).toEqual([]);
    expect(validateClientEvent(JSON.parse(JSON.stringify(event)))).toEqual([]);
  });

  test("carries an id that an error would echo, except audio", () => {
    expect(EVENTS.filter((event) => event.event_id === undefined).map((event) => event.type)).toEqual(["input_audio_buffer.append"]);
  });
});

describe("the session", () => {
  test("is mu-law both ways, never cut off by the vendor, and says what is off", () => {
    expect(validateClientEvent(update(semantic))).toEqual([]);
    expect(update(semantic).session).toEqual({
      type: "realtime",
      output_modalities: ["audio"],
      instructions: "You take down who calls.",
      max_output_tokens: 2_048,
      tool_choice: "auto",
      tools: [
        {
          type: "function",
          name: "entity__query",
          description: "Finds entities.",
          parameters: { type: "object", properties: { q: { type: "string" } } },
        },
        { type: "function", name: "call__end", description: "Ends the call.", parameters: { type: "object", properties: {} } },
      ],
      audio: {
        input: {
          format: { type: "audio/pcmu" },
          noise_reduction: null,
          transcription: { model: "gpt-transcribe" },
          turn_detection: { type: "semantic_vad", eagerness: "medium", create_response: true, interrupt_response: false },
        },
        output: { format: { type: "audio/pcmu" }, voice: "alloy" },
      },
    });
  });

  test("has its numbers with server_vad, and answers by itself only when told to", () => {
    const { input } = sessionUpdate({ eventId: "e", agent, voice: server, autoRespond: false }).session.audio;
    expect(input.turn_detection).toEqual({
      type: "server_vad",
      threshold: 0.5,
      prefix_padding_ms: 300,
      silence_duration_ms: 500,
      create_response: false,
      interrupt_response: false,
    });
    expect(input.noise_reduction).toEqual({ type: "near_field" });
  });

  test.each(["[]", "null", "{", '"x"'])("is not made with tool parameters that are no schema: %s", (parametersJson) => {
    const broken = { ...agent, tools: [{ name: "entity.query", description: "", parametersJson }] };
    expect(() => sessionUpdate({ eventId: "e", agent: broken, voice: semantic, autoRespond: true })).toThrow(
      'the parameters of the tool "entity.query" are not a JSON schema',
    );
  });
});

test("what was heard is whole milliseconds from zero", () => {
  expect(itemTruncate({ eventId: "e", itemId: "i", audioEndMs: 1234.9 }).audio_end_ms).toBe(1234);
  expect(itemTruncate({ eventId: "e", itemId: "i", audioEndMs: -3 }).audio_end_ms).toBe(0);
});

test("a response knows what it was asked for", () => {
  expect(responseCreate({ eventId: "e2", purpose: "greeting", instructions: null }).response).toEqual({
    metadata: { client_event_id: "e2", purpose: "greeting" },
  });
});

describe("the vendor refuses", () => {
  const session = { type: "realtime" };
  const update = (more: object) => ({ type: "session.update", session: { ...session, ...more } });
  const input = (more: object) => update({ audio: { input: more } });
  const truncate = { type: "conversation.item.truncate", item_id: "i", content_index: 0 };
  const item = (more: object) => ({ type: "conversation.item.create", item: more });

  test.each([
    [{ type: "session.update", session: {} }, "missing_required_parameter", "session.type"],
    [{ type: "session.update" }, "missing_required_parameter", "session"],
    [update({ modalities: ["audio"] }), "unknown_parameter", "session.modalities"],
    [update({ input_audio_format: "g711_ulaw" }), "unknown_parameter", "session.input_audio_format"],
    [update({ voice: "alloy" }), "unknown_parameter", "session.voice"],
    [update({ temperature: 0.8 }), "unknown_parameter", "session.temperature"],
    [update({ turn_detection: null }), "unknown_parameter", "session.turn_detection"],
    [update({ output_modalities: ["audio", "text"] }), "invalid_value", "session.output_modalities"],
    [update({ max_output_tokens: 4_097 }), "invalid_value", "session.max_output_tokens"],
    [update({ tools: [{ type: "function", name: "entity.query" }] }), "invalid_value", "session.tools[0].name"],
    [update({ audio: { output: { voice: "nova" } } }), "invalid_value", "session.audio.output.voice"],
    [input({ format: { type: "audio/pcmu", rate: 8_000 } }), "unknown_parameter", "session.audio.input.format.rate"],
    [input({ format: "g711_ulaw" }), "invalid_type", "session.audio.input.format"],
    [
      input({ turn_detection: { type: "semantic_vad", threshold: 0.5 } }),
      "unknown_parameter",
      "session.audio.input.turn_detection.threshold",
    ],
    [input({ turn_detection: { type: "server_vad", threshold: 2 } }), "invalid_value", "session.audio.input.turn_detection.threshold"],
    [
      input({ turn_detection: { type: "server_vad", idle_timeout_ms: 1_000 } }),
      "invalid_value",
      "session.audio.input.turn_detection.idle_timeout_ms",
    ],
    [input({ noise_reduction: { type: "middle_field" } }), "invalid_value", "session.audio.input.noise_reduction.type"],
    [{ ...truncate, audio_end_ms: 1.5 }, "invalid_type", "audio_end_ms"],
    [{ ...truncate, audio_end_ms: -1 }, "invalid_value", "audio_end_ms"],
    [truncate, "missing_required_parameter", "audio_end_ms"],
    [item({ type: "message", role: "assistant", content: [{ type: "text", text: "x" }] }), "invalid_value", "item.content[0].type"],
    [
      item({ type: "message", role: "assistant", content: [{ type: "output_audio", audio: "////" }] }),
      "invalid_value",
      "item.content[0].type",
    ],
    [item({ type: "message", role: "system", content: [{ type: "output_text", text: "x" }] }), "invalid_value", "item.content[0].type"],
    [item({ type: "message", role: "user", content: [] }), "invalid_value", "item.content"],
    [item({ type: "function_call_output", call_id: "c".repeat(33), output: "" }), "invalid_value", "item.call_id"],
    [item({ type: "function_call_output", call_id: "c", output: {} }), "invalid_type", "item.output"],
    [{ type: "response.create", response: { modalities: ["audio"] } }, "unknown_parameter", "response.modalities"],
    [{ type: "response.create", response: { metadata: { a: "x".repeat(513) } } }, "invalid_value", "response.metadata.a"],
    [{ type: "response.cancel", event_id: "e".repeat(513) }, "invalid_value", "event_id"],
    [{ type: "input_audio_buffer.append", audio: "" }, "invalid_value", "audio"],
    [{ type: "input_audio_buffer.append", audio: "abc" }, "invalid_value", "audio"],
    [{ type: "input_audio_buffer.append", audio: "abcde" }, "invalid_value", "audio"],
    [{ type: "output_audio_buffer.clear" }, "invalid_event", ""],
    [{ type: "response.speak" }, "invalid_value", "type"],
    [{}, "missing_required_parameter", "type"],
    ["hello", "invalid_type", ""],
  ])("%j: %s at %s", (event, code, param) => {
    const problems = clientEventProblems(event);
    expect(problems.map((problem) => [problem.code, problem.param])).toContainEqual([code, param]);
    expect(validateClientEvent(event)).toHaveLength(problems.length);
  });

  test("in its own words", () => {
    expect(validateClientEvent({ type: "session.update", session: { modalities: [] } })).toEqual([
      "missing_required_parameter: Missing required parameter: 'session.type'.",
      "unknown_parameter: Unknown parameter: 'session.modalities'.",
    ]);
  });
});

test("the vendor takes what its documentation shows but we do not send", () => {
  const full = {
    type: "session.update",
    session: {
      type: "realtime",
      model: "gpt-realtime-2.1",
      reasoning: { effort: "low" },
      parallel_tool_calls: false,
      max_output_tokens: "inf",
      tool_choice: { type: "function", name: "entity__query" },
      truncation: { type: "retention_ratio", retention_ratio: 0.8, token_limits: { post_instructions: 12_000 } },
      tracing: null,
      audio: {
        input: {
          format: { type: "audio/pcm", rate: 24_000 },
          noise_reduction: { type: "far_field" },
          transcription: { model: "gpt-transcribe", language: "en" },
          turn_detection: { type: "server_vad", idle_timeout_ms: null },
        },
        output: { format: { type: "audio/pcma" }, voice: { id: "voice_1" }, speed: 1 },
      },
    },
  };
  const outOfBand = {
    type: "response.create",
    response: {
      conversation: "none",
      output_modalities: ["text"],
      tool_choice: "none",
      input: [{ type: "item_reference", id: "item_1" }],
      instructions: "Classify.",
    },
  };
  expect([full, outOfBand].flatMap(validateClientEvent)).toEqual([]);
});
