/** What an owner writes in `voiceConfig` is what the vendor's session is, setting by setting. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { RouterDefinition, VoiceConfig, type VoiceConfigInput } from "struere";
import { type World, WORLD_NUMBER } from "../world.ts";
import { aWorld, CALLER, GREETING } from "./a-world.ts";

let world: World;
beforeAll(async () => {
  world = await aWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const server = { type: "server_vad", threshold: 0.7, silenceDurationMs: 600, prefixPaddingMs: 250 } as const;

/** Every voice, model, turn detection and noise reduction of the seed at least once. */
const settings: readonly VoiceConfigInput[] = [
  { voice: "alloy", model: "gpt-realtime-2.1-mini" },
  { voice: "ash", model: "gpt-realtime-2.1", turnDetection: { type: "semantic_vad", eagerness: "low" } },
  {
    voice: "ballad",
    model: "gpt-realtime-1.5",
    turnDetection: { type: "semantic_vad", eagerness: "medium" },
    noiseReduction: "near_field",
  },
  { voice: "coral", model: "gpt-realtime-mini", turnDetection: { type: "semantic_vad", eagerness: "high" }, noiseReduction: "far_field" },
  { voice: "echo", turnDetection: { type: "semantic_vad", eagerness: "auto" } },
  { voice: "sage", turnDetection: server, noiseReduction: "near_field" },
  { voice: "shimmer", turnDetection: { type: "server_vad" }, noiseReduction: "far_field" },
  { voice: "verse", turnDetection: { ...server, threshold: 0 } },
  { voice: "marin", turnDetection: { ...server, threshold: 1 } },
  { voice: "cedar" },
];

test.each(settings.map((given) => [given.voice ?? "", given] as const))("the voice %s with its settings", async (_voice, given) => {
  const definition = RouterDefinition.parse({
    name: "Café phones",
    slug: "cafe-phones",
    mode: "rules",
    rules: [{ conditions: [{ field: "channel", operator: "eq", value: "voice" }], route: "cafe" }],
    agents: [{ slug: "cafe" }],
    fallback: "cafe",
    voiceConfig: given,
  });
  await world.api.routers.set.mutate({ definition });
  await world.api.connections.connect.mutate({ phoneNumber: WORLD_NUMBER, router: "cafe-phones" });
  const call = await world.twilio.phone(CALLER).dial(WORLD_NUMBER);
  await call.hears(GREETING);
  await call.hangUp();
  const record = await world.recordOf(call.sid);

  const asked = VoiceConfig.parse(given);
  const session = world.openai.sessions.at(-1);
  const { turnDetection: turns } = asked;
  expect(session?.model).toBe(record.setup?.voice.model);
  // A model that the vendor has shut down is answered by its successor, and the record says so.
  if (record.setup?.warnings.length === 0) expect(session?.model).toBe(asked.model);
  const updates = session?.received.flatMap(({ event }) => (event["type"] === "session.update" ? [event["session"]] : [])) ?? [];
  expect(updates).toHaveLength(1);
  expect(updates[0]).toMatchObject({
    audio: {
      output: { voice: asked.voice, format: { type: "audio/pcmu" } },
      input: {
        format: { type: "audio/pcmu" },
        noise_reduction: asked.noiseReduction === undefined ? null : { type: asked.noiseReduction },
        transcription: { model: asked.transcriptionModel },
        turn_detection:
          turns.type === "semantic_vad"
            ? { type: "semantic_vad", eagerness: turns.eagerness, create_response: true, interrupt_response: false }
            : {
                type: "server_vad",
                threshold: turns.threshold,
                silence_duration_ms: turns.silenceDurationMs,
                prefix_padding_ms: turns.prefixPaddingMs,
                create_response: true,
                interrupt_response: false,
              },
      },
    },
  });
});
