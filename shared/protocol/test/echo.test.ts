import { echoMismatch, sessionUpdate, type SessionVoice } from "@struere/protocol/openai";
import { expect, test } from "vitest";

const voice: SessionVoice = {
  voice: "coral",
  turnDetection: { type: "server_vad", threshold: 0.6, silenceDurationMs: 400, prefixPaddingMs: 200 },
  noiseReduction: null,
  transcriptionModel: "gpt-transcribe",
};
const agent = { instructions: "…", tools: [{ name: "call.end", description: "", parametersJson: "" }] };
const asked = sessionUpdate({ eventId: "e1", agent, voice, autoRespond: true });

/** The session as the vendor echoes it, more keys and all. */
const echoed = () => {
  const session = structuredClone(asked.session);
  return {
    ...session,
    id: "sess_1",
    object: "realtime.session",
    include: null,
    audio: {
      ...session.audio,
      input: { ...session.audio.input, turn_detection: { ...session.audio.input.turn_detection, idle_timeout_ms: null } },
    },
  };
};

test("an echo that says what was asked has no mismatch, whatever else it says", () => {
  expect(echoMismatch(asked, echoed())).toEqual([]);
  const { noise_reduction, ...input } = echoed().audio.input;
  expect(noise_reduction).toBeNull();
  expect(echoMismatch(asked, { ...echoed(), audio: { ...echoed().audio, input } })).toEqual([]);
});

test("the numbers may carry the noise of a 32-bit float", () => {
  const session = echoed();
  const turn_detection = { ...session.audio.input.turn_detection, threshold: Math.fround(0.6) };
  expect(echoMismatch(asked, { ...session, audio: { ...session.audio, input: { ...session.audio.input, turn_detection } } })).toEqual([]);
});

test("a session that stayed on its defaults is named field by field", () => {
  const defaults = {
    tools: [],
    audio: {
      input: {
        format: { type: "audio/pcm", rate: 24_000 },
        noise_reduction: { type: "near_field" },
        turn_detection: {
          type: "server_vad",
          threshold: 0.5,
          prefix_padding_ms: 300,
          silence_duration_ms: 200,
          create_response: true,
          interrupt_response: true,
        },
      },
      output: { format: { type: "audio/pcm" }, voice: "marin" },
    },
  };
  expect(echoMismatch(asked, defaults)).toEqual([
    'audio.input.format.type: asked for "audio/pcmu", the session says "audio/pcm"',
    'audio.output.format.type: asked for "audio/pcmu", the session says "audio/pcm"',
    'audio.output.voice: asked for "coral", the session says "marin"',
    "audio.input.turn_detection.threshold: asked for 0.6, the session says 0.5",
    "audio.input.turn_detection.prefix_padding_ms: asked for 200, the session says 300",
    "audio.input.turn_detection.silence_duration_ms: asked for 400, the session says 200",
    "audio.input.turn_detection.interrupt_response: asked for false, the session says true",
    'audio.input.noise_reduction.type: asked for null, the session says "near_field"',
    'tools: asked for "call__end", the session says ""',
  ]);
});

test("an echo of nothing mismatches in everything, without a throw", () => {
  for (const nothing of [undefined, null, "", [], { audio: 7 }]) expect(echoMismatch(asked, nothing).length).toBeGreaterThan(5);
});
