import { expect, test } from "vitest";
import { heardText } from "../src/heard-text.ts";
import { callerSays, greeted, heard, live, play, playAll, says, type Scripted } from "./play.ts";

function transcript(script: readonly Scripted[]): readonly string[] {
  return playAll(script).effects.flatMap((effect) => {
    if (effect.type !== "bus.publish" || effect.kind !== "transcript") return [];
    const { delta, position, speaker, text, transcription, startedMs, endedMs } = effect.body;
    return [`delta ${delta} position ${position} ${speaker}: "${text}" ${transcription ?? "heard"} ${startedMs}–${endedMs}`];
  });
}

test("what the caller said stands before the reply to it, though it was transcribed after it", () => {
  const script: readonly Scripted[] = [
    ...greeted(),
    ...callerSays(4_000, "caller_1"),
    ...says(5_000, { responseId: "resp_2", itemId: "agent_2", text: "Of course.", ms: 700 }),
    heard(5_900, "agent_2", 700),
    { at: 6_000, type: "model.caller_transcribed", itemId: "caller_1", text: "Can I come on Monday?", usage: null },
  ];
  expect(transcript(script)).toEqual([
    'delta 1 position 0 agent: "Hello, this is Ada. How can I help you?" heard 580–2700',
    'delta 2 position 2 agent: "Of course." heard 5080–5900',
    'delta 3 position 1 caller: "Can I come on Monday?" completed 4000–4800',
  ]);
});

test("caller turns that are empty, failed or never transcribed have their number too", () => {
  const script: readonly Scripted[] = [
    ...live(),
    ...callerSays(1_000, "caller_1", 100),
    ...callerSays(1_200, "caller_2", 100),
    ...callerSays(1_400, "caller_3", 100),
    { at: 1_600, type: "model.caller_transcribed", itemId: "caller_1", text: "", usage: null },
    { at: 1_700, type: "model.transcription_failed", itemId: "caller_2", code: "server_error" },
    { at: 11_600, type: "wait" },
    { at: 11_700, type: "model.caller_transcribed", itemId: "caller_3", text: "too late", usage: null },
  ];
  expect(transcript(script).filter((line) => line.includes("caller"))).toEqual([
    'delta 1 position 0 caller: "" completed 1000–1100',
    'delta 2 position 1 caller: "" failed 1200–1300',
    'delta 3 position 2 caller: "" timed_out 1400–1500',
  ]);
});

test("a transcription that comes before its turn is committed has one place and one number", () => {
  const script: readonly Scripted[] = [
    ...greeted(),
    { at: 4_000, type: "model.caller_transcribed", itemId: "caller_1", text: "Hello?", usage: null },
    { at: 4_100, type: "model.turn_committed", itemId: "caller_1" },
    { at: 4_200, type: "model.caller_transcribed", itemId: "caller_1", text: "Hello?", usage: null },
  ];
  expect(transcript(script).slice(1)).toEqual(['delta 2 position 1 caller: "Hello?" completed 4000–4000']);
});

test("an utterance that was heard before its words were complete waits for them", () => {
  expect(
    play(
      [
        ...live(),
        { at: 500, type: "model.response_created", responseId: "resp_1", requestId: "r1.3" },
        { at: 520, type: "model.audio_started", responseId: "resp_1", itemId: "agent_1" },
        { at: 540, type: "model.words_spoken", itemId: "agent_1", text: "Hello, " },
        { at: 560, type: "lane.progressed", itemId: "agent_1", generatedMs: 400, sentMs: 400, finished: true },
      ],
      heard(1_000, "agent_1", 400),
      { at: 1_200, type: "model.words_finished", itemId: "agent_1", text: "Hello, this is Ada." },
    ),
  ).toMatchInlineSnapshot(`
    "  1000 telephony.marked name=g1:400:agent_1
             > bus.publish #5 agent.silent offsetMs=1000
      1200 model.words_finished itemId=agent_1 text="Hello, this is Ada."
             > bus.publish #6 transcript delta=1 position=0 itemId=agent_1 speaker=agent text="Hello, this is Ada." generatedText="Hello, this is Ada." heardMs=400 generatedMs=400 interrupted=false agent=intake startedMs=560 endedMs=1000"
  `);
});

test("everything that is open when the caller hangs up is in the record before it is closed", () => {
  expect(
    play(
      [
        ...greeted(),
        ...callerSays(4_000, "caller_1"),
        ...says(5_000, { responseId: "resp_2", itemId: "agent_2", text: "We are open from nine to five.", ms: 2_000 }),
        heard(5_600, "agent_2", 500),
      ],
      { at: 5_610, type: "telephony.stopped", cause: "stop" },
      { at: 8_000, type: "wait" },
    ),
  ).toMatchInlineSnapshot(`
    "  5610 telephony.stopped cause=stop
             > lane.mute
             > lane.route inbound=drop
             > bus.publish #12 transcript delta=2 position=2 itemId=agent_2 speaker=agent text="We are" generatedText="We are open from nine to five." heardMs=520 generatedMs=2000 interrupted=false agent=intake startedMs=5080 endedMs=5610
             > bus.publish #13 agent.silent offsetMs=5610
      7110 clock.struck
             > bus.publish #14 transcript delta=3 position=1 itemId=caller_1 speaker=caller text="" transcription=timed_out interrupted=false agent=intake startedMs=4000 endedMs=4800
             > bus.publish #15 call.ended offsetMs=7110 outcome=completed reason=caller_hung_up
             > model.close
             > record.close outcome=completed reason=caller_hung_up durationMs=5610 lastSeq=15"
  `);
});

test("the last words of a caller who hangs up are waited for, but not long", () => {
  expect(
    play(
      [...greeted(), ...callerSays(4_000, "caller_1")],
      { at: 4_900, type: "telephony.stopped", cause: "stop" },
      { at: 5_300, type: "model.caller_transcribed", itemId: "caller_1", text: "Thanks, bye!", usage: null },
    ),
  ).toMatchInlineSnapshot(`
    "  4900 telephony.stopped cause=stop
             > lane.mute
             > lane.route inbound=drop
      5300 model.caller_transcribed itemId=caller_1 text="Thanks, bye!" usage=null
             > bus.publish #10 usage usageId=caller_1 source=transcription model=gpt-transcribe estimated=true inputTextTokens=0 inputAudioTokens=8 cachedTextTokens=0 cachedAudioTokens=0 outputTextTokens=0 outputAudioTokens=0
             > bus.publish #11 transcript delta=2 position=1 itemId=caller_1 speaker=caller text="Thanks, bye!" transcription=completed interrupted=false agent=intake startedMs=4000 endedMs=4800
             > bus.publish #12 call.ended offsetMs=5300 outcome=completed reason=caller_hung_up
             > model.close
             > record.close outcome=completed reason=caller_hung_up durationMs=4900 lastSeq=12"
  `);
});

test("heard words are cut in proportion, at the end of a word, and whole when all was heard", () => {
  const text = "We are open from nine to five.";
  const cut = (heardMs: number): string => heardText(text, heardMs, 3_000);
  expect([0, 100, 200, 600, 700, 1_500, 2_999, 3_000, 9_000].map(cut)).toEqual([
    "",
    "",
    "We",
    "We are",
    "We are",
    "We are open",
    "We are open from nine to",
    text,
    text,
  ]);
  expect(heardText("今日は月曜日です", 500, 1_000)).toBe("今日は月");
  expect(heardText("👍👍👍", 500, 1_000)).toBe("👍");
  expect(heardText("", 500, 1_000)).toBe("");
});
