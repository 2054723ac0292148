import { expect, test } from "vitest";
import { A_USAGE, callerSays, greeted, live, playAll, says, type Scripted } from "./play.ts";

/** `usageId source model input+output audio tokens`, with `~` when estimated. */
function usage(script: readonly Scripted[]): readonly string[] {
  return playAll(script).effects.flatMap((effect) => {
    if (effect.type !== "bus.publish" || effect.kind !== "usage") return [];
    const { usageId, source, model, estimated, inputAudioTokens, outputAudioTokens, seconds } = effect.body;
    return [
      `${usageId} ${source} ${model} ${estimated ? "~" : ""}${inputAudioTokens}+${outputAudioTokens}${seconds === undefined ? "" : ` ${seconds} s`}`,
    ];
  });
}

const DONE = { type: "model.response_done", responseId: "resp_1", status: "completed", reason: null, toolCalls: [] } as const;
const SAYS = says(500, { responseId: "resp_1", itemId: "agent_1", requestId: "r1.3", text: "Hello.", ms: 2_010 }).slice(0, 4);

test("each response is metered once, however often it is done", () => {
  expect(usage([...live(), ...SAYS, { at: 600, ...DONE, usage: A_USAGE }, { at: 700, ...DONE, usage: A_USAGE }])).toEqual([
    "resp_1 response gpt-realtime-2.1-mini 20+40",
  ]);
});

test("each transcription is metered once, in tokens or in seconds", () => {
  const transcribed = { type: "model.caller_transcribed", itemId: "caller_1", text: "Yes.", usage: { ...A_USAGE, seconds: 0.8 } } as const;
  expect(
    usage([...greeted(), ...callerSays(4_000, "caller_1"), { at: 5_000, ...transcribed }, { at: 5_100, ...transcribed }]).slice(1),
  ).toEqual(["caller_1 transcription gpt-transcribe 20+40 0.8 s"]);
});

test("a response of which the vendor says nothing, or nonsense, is estimated by its audio and what the caller said before it", () => {
  const heardFirst = callerSays(400, "caller_1", 850);
  for (const nonsense of [
    null,
    { ...A_USAGE, inputTextTokens: -1 },
    { ...A_USAGE, outputAudioTokens: 1e12 },
    { ...A_USAGE, cachedTextTokens: 0.5 },
  ]) {
    expect(
      usage([
        ...live(),
        ...heardFirst,
        ...says(1_500, { responseId: "resp_1", itemId: "agent_1", requestId: "r1.3", text: "Hello.", ms: 2_010 }).slice(0, 4),
        { at: 1_600, ...DONE, usage: nonsense },
      ]),
    ).toEqual(["resp_1 response gpt-realtime-2.1-mini ~9+41"]);
  }
});

test("a response without audio of which the vendor says nothing costs nothing", () => {
  expect(usage([...live(), ...SAYS.slice(0, 1), { at: 600, ...DONE, usage: null }])).toEqual([]);
});

test("a cancelled response is metered: the vendor bills what it generated", () => {
  const cancelled = { ...DONE, status: "cancelled" } as const;
  expect(usage([...live(), ...SAYS, { at: 600, ...cancelled, usage: A_USAGE }])).toEqual(["resp_1 response gpt-realtime-2.1-mini 20+40"]);
});

test("a response that was in flight when the caller hung up is metered when it reports, and estimated when it does not", () => {
  const stopped = [...live(), ...SAYS, { at: 700, type: "telephony.stopped", cause: "stop" } as const];
  expect(usage([...stopped, { at: 800, ...DONE, status: "cancelled", usage: A_USAGE }])).toEqual([
    "resp_1 response gpt-realtime-2.1-mini 20+40",
  ]);
  expect(usage([...stopped, { at: 5_000, type: "wait" }])).toEqual(["resp_1 response gpt-realtime-2.1-mini ~0+41"]);
});
