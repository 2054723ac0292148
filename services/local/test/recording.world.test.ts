/** A call as sound: what its WAV holds is compared with what the phone said and heard, word for word and frame for frame. */
import type { Clock } from "@struere/kernel";
import { elasticClock } from "@struere/runtime";
import { FRAME_MS, listen, type Utterance } from "@struere/simulators";
import { testDatabase } from "@struere/testkit";
import { AgentDefinition, RouterDefinition } from "struere";
import { expect, test } from "vitest";
import { createWorld, WORLD_NUMBER } from "../world.ts";
import { cafe, cafeMind, CALLER, GREETING, LONG } from "./a-world.ts";

const CONSENT = "This call is recorded. Hang up if you do not want that.";
/**
 * The recorder knows when something was heard from the mark that comes back, or from its own `clear`. Up to three frames lie between: the
 * phone acts on its 20 ms tick, and the message has its way, as the caller's first word has, by which both clocks are set. Each is a turn of
 * a busy event loop at most, which this world's clock counts as one frame. What was heard to its end is the same to the frame.
 */
const TOLERANCE_MS = 3 * FRAME_MS;

test("a call is recorded in stereo after the caller was told: the caller as it spoke, the agent as it was heard, cut where it was cut", async () => {
  await using database = await testDatabase();
  using clock = elasticClock({ scale: 4 });
  await using world = await createWorld({ databaseUrl: database.url, clock, mind: cafeMind });
  const router = RouterDefinition.parse({
    name: "Phone",
    slug: "phone",
    mode: "classify",
    classifyModel: { model: "gpt-6-luna" },
    agents: [{ slug: "cafe" }],
    fallback: "cafe",
    voiceConfig: { recording: { enabled: true, consentText: CONSENT } },
  });
  await world.answeredBy(cafe);
  await world.api.routers.set.mutate({ definition: router });
  await world.api.connections.connect.mutate({ phoneNumber: WORLD_NUMBER, router: "phone" });

  const call = await world.twilio.phone(CALLER).dial(WORLD_NUMBER);
  const tape = call.records();
  await call.hears(CONSENT);
  expect(call.timeline.some(({ kind }) => kind === "stream-started")).toBe(false);
  await call.hears(GREETING);
  await call.says("Which drinks do you have?");
  await call.interrupts("Tea, please.", { after: "chocolate" });
  await call.hears("Anything else?");
  await call.says("No, bye.");
  await call.ended;

  const record = await world.recordOf(call.sid);
  const { left, right, response } = await fetchWav(world, record.id);
  expect(response.headers.get("struere-missing-parts")).toBe("0");
  expect(record.utterances.find((line) => line.interrupted)?.generatedText).toBe(LONG);

  const spoken = listen(left);
  expect(spoken.map(({ text, complete }) => [text, complete])).toEqual([
    ["Which drinks do you have?", true],
    ["Tea, please.", true],
    ["No, bye.", true],
  ]);
  const [heard, phone] = [listen(right), listen(rightOf(tape.wav()))];
  expect(heard).toHaveLength(phone.length);
  const phoneCaller = listen(leftOf(tape.wav()));
  // Both clocks are set by the same word of the caller.
  const shiftMs = (phoneCaller[0]?.firstAtMs ?? 0) - (spoken[0]?.firstAtMs ?? 0);
  heard.forEach((utterance, index) => {
    const there = phone[index] as Utterance;
    expect(utterance.gaps, utterance.text).toEqual([]);
    const cutMs = (there.framesHeard - utterance.framesHeard) * FRAME_MS;
    expect(Math.abs(cutMs), `${utterance.text}: heard`).toBeLessThanOrEqual(there.complete ? 0 : TOLERANCE_MS);
    expect(Math.abs(utterance.firstAtMs + shiftMs - there.firstAtMs), `${utterance.text}: begins`).toBeLessThanOrEqual(TOLERANCE_MS);
    if (there.complete) expect(utterance.text).toBe(there.text);
  });
  const cut = heard.find(({ complete }) => !complete);
  expect(LONG.startsWith(cut?.text ?? "-")).toBe(true);
  expect(cut?.text).not.toContain("breakfast");

  const full = await world.api.calls.get.query({ id: record.id });
  expect(full.recording?.durationMs).toBeGreaterThan(10_000);
});

test("a call that nobody wants recorded has no recording, and says so", async () => {
  await using database = await testDatabase();
  using clock = elasticClock({ scale: 4 });
  await using world = await createWorld({ databaseUrl: database.url, clock, mind: cafeMind });
  await world.answeredBy(AgentDefinition.parse(cafe));
  const call = await world.twilio.phone(CALLER).dial(WORLD_NUMBER);
  await call.hears(GREETING);
  await call.hangUp();
  const record = await world.recordOf(call.sid);
  const answer = await fetch(`${world.control.httpUrl}/v1/calls/${record.id}/recording`, {
    headers: { authorization: `Bearer ${world.apiKey}` },
  });
  expect(answer.status).toBe(404);
  expect(await answer.json()).toEqual({ error: expect.stringContaining("it was not recorded") });
  expect((await world.api.calls.get.query({ id: record.id })).recording).toBeNull();
});

async function fetchWav(
  world: { readonly control: { readonly httpUrl: string }; readonly apiKey: string; readonly clock: Clock },
  id: string,
) {
  // The last part is on its way while the record is complete already.
  for (const until = world.clock.now() + 5_000; ; ) {
    const response = await fetch(`${world.control.httpUrl}/v1/calls/${id}/recording`, {
      headers: { authorization: `Bearer ${world.apiKey}` },
    });
    if (response.ok) {
      const wav = new Uint8Array(await response.arrayBuffer());
      expect(response.headers.get("content-length")).toBe(String(wav.length));
      if (listen(leftOf(wav)).some(({ text }) => text.includes("bye"))) return { left: leftOf(wav), right: rightOf(wav), response };
    }
    if (world.clock.now() > until) throw new Error(`there is no whole recording after 5 s: ${response.status}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const HEADER_BYTES = 58;
const sideOf = (wav: Uint8Array, side: 0 | 1): Uint8Array => wav.subarray(HEADER_BYTES).filter((_, index) => index % 2 === side);
const leftOf = (wav: Uint8Array): Uint8Array => sideOf(wav, 0);
const rightOf = (wav: Uint8Array): Uint8Array => sideOf(wav, 1);
