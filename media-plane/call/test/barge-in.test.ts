import { expect, test } from "vitest";
import { greeted, heard, play, playNotes, says, type Scripted } from "./play.ts";

const ANSWER = { responseId: "resp_2", itemId: "agent_2", text: "We are open from nine to five, Monday to Friday.", ms: 4_000 };

test("barge-in clears what plays and tells the model what was heard, though the response was done long ago", () => {
  expect(
    play([...greeted(), ...says(4_000, ANSWER), heard(5_000, "agent_2", 900)], {
      at: 5_030,
      type: "model.speech_started",
      itemId: "caller_1",
    }),
  ).toMatchInlineSnapshot(`
    "  5030 model.speech_started itemId=caller_1
             > bus.publish #10 caller.speaking offsetMs=5030 itemId=caller_1
             > telephony.clear
             > lane.mute
             > model.truncate requestId=r1.4 itemId=agent_2 audioEndMs=940
             > bus.publish #11 agent.interrupted offsetMs=5030 itemId=agent_2 heardMs=940 generatedMs=4000
             > bus.publish #12 transcript delta=2 position=1 itemId=agent_2 speaker=agent text="We are open" generatedText="We are open from nine to five, Monday to Friday." heardMs=940 generatedMs=4000 interrupted=true agent=intake startedMs=4080 endedMs=5030
             > bus.publish #13 agent.silent offsetMs=5030"
  `);
});

test("barge-in cancels the response that is still being generated, drops what comes late of it, and the next one is heard", () => {
  expect(
    play(
      [
        ...greeted(),
        { at: 4_000, type: "model.response_created", responseId: "resp_2", requestId: null },
        { at: 4_100, type: "model.audio_started", responseId: "resp_2", itemId: "agent_2" },
        { at: 4_200, type: "model.words_spoken", itemId: "agent_2", text: "We are open from " },
        { at: 4_300, type: "lane.progressed", itemId: "agent_2", generatedMs: 1_200, sentMs: 1_000, finished: false },
        heard(4_900, "agent_2", 600),
      ],
      { at: 5_000, type: "model.speech_started", itemId: "caller_1" },
      { at: 5_010, type: "lane.progressed", itemId: "agent_2", generatedMs: 2_000, sentMs: 1_000, finished: false },
      { at: 5_020, type: "model.words_spoken", itemId: "agent_2", text: "nine to five" },
      { at: 5_030, type: "model.audio_started", responseId: "resp_2", itemId: "agent_3" },
      heard(5_040, "agent_2", 1_000),
      {
        at: 5_050,
        type: "model.response_done",
        responseId: "resp_2",
        status: "cancelled",
        reason: "client_cancelled",
        toolCalls: [],
        usage: null,
      },
      { at: 6_000, type: "model.speech_stopped", itemId: "caller_1" },
      { at: 6_010, type: "model.turn_committed", itemId: "caller_1" },
      { at: 6_100, type: "model.response_created", responseId: "resp_3", requestId: null },
    ),
  ).toMatchInlineSnapshot(`
    "  5000 model.speech_started itemId=caller_1
             > bus.publish #9 caller.speaking offsetMs=5000 itemId=caller_1
             > telephony.clear
             > lane.mute
             > model.cancel requestId=r1.4 responseId=resp_2
             > model.truncate requestId=r1.5 itemId=agent_2 audioEndMs=700
             > bus.publish #10 agent.interrupted offsetMs=5000 itemId=agent_2 heardMs=700 generatedMs=1200
             > bus.publish #11 transcript delta=2 position=1 itemId=agent_2 speaker=agent text="We are" generatedText="We are open from " heardMs=700 generatedMs=1200 interrupted=true agent=intake startedMs=4300 endedMs=5000
             > bus.publish #12 agent.silent offsetMs=5000
      5010 lane.progressed itemId=agent_2 generatedMs=2000 sentMs=1000 finished=false
      5020 model.words_spoken itemId=agent_2 text="nine to five"
      5030 model.audio_started responseId=resp_2 itemId=agent_3
             > model.delete requestId=r1.6 itemId=agent_3
      5040 telephony.marked name=g1:1000:agent_2
      5050 model.response_done responseId=resp_2 status=cancelled reason=client_cancelled toolCalls=[] usage=null
             > bus.publish #13 usage usageId=resp_2 source=response model=gpt-realtime-2.1-mini estimated=true inputTextTokens=0 inputAudioTokens=0 cachedTextTokens=0 cachedAudioTokens=0 outputTextTokens=0 outputAudioTokens=24
      6000 model.speech_stopped itemId=caller_1
             > bus.publish #14 caller.silent offsetMs=6000 itemId=caller_1
      6010 model.turn_committed itemId=caller_1
      6100 model.response_created responseId=resp_3 requestId=null
             > lane.play responseId=resp_3 generation=2"
  `);
});

test("of two items the audible one is truncated and the one behind it, never heard, is deleted", () => {
  expect(
    play(
      [
        ...greeted(),
        { at: 4_000, type: "model.response_created", responseId: "resp_2", requestId: null },
        { at: 4_020, type: "model.audio_started", responseId: "resp_2", itemId: "agent_2" },
        { at: 4_040, type: "lane.progressed", itemId: "agent_2", generatedMs: 2_000, sentMs: 2_000, finished: true },
        { at: 4_060, type: "model.audio_started", responseId: "resp_2", itemId: "agent_3" },
        { at: 4_080, type: "lane.progressed", itemId: "agent_3", generatedMs: 3_000, sentMs: 500, finished: false },
        heard(5_500, "agent_2", 1_400),
      ],
      { at: 5_510, type: "model.speech_started", itemId: "caller_1" },
    ),
  ).toMatchInlineSnapshot(`
    "  5510 model.speech_started itemId=caller_1
             > bus.publish #9 caller.speaking offsetMs=5510 itemId=caller_1
             > telephony.clear
             > lane.mute
             > model.cancel requestId=r1.4 responseId=resp_2
             > model.truncate requestId=r1.5 itemId=agent_2 audioEndMs=1420
             > model.delete requestId=r1.6 itemId=agent_3
             > bus.publish #10 agent.interrupted offsetMs=5510 itemId=agent_2 heardMs=1420 generatedMs=2000
             > bus.publish #11 transcript delta=2 position=1 itemId=agent_2 speaker=agent text="" generatedText="" heardMs=1420 generatedMs=2000 interrupted=true agent=intake startedMs=4040 endedMs=5510
             > bus.publish #12 transcript delta=3 position=2 itemId=agent_3 speaker=agent text="" generatedText="" heardMs=0 generatedMs=3000 interrupted=true agent=intake startedMs=5510 endedMs=5510
             > bus.publish #13 agent.silent offsetMs=5510"
  `);
});

test("a request that is not created yet can not be taken back: it is cancelled when it appears", () => {
  expect(
    play(
      [...greeted(), { at: 4_000, type: "telephony.keyed", digit: "1" }, { at: 5_600, type: "wait" }],
      { at: 5_700, type: "model.speech_started", itemId: "caller_1" },
      { at: 5_800, type: "model.response_created", responseId: "resp_2", requestId: "r1.5" },
      {
        at: 5_900,
        type: "model.response_done",
        responseId: "resp_2",
        status: "cancelled",
        reason: "client_cancelled",
        toolCalls: [],
        usage: null,
      },
    ),
  ).toMatchInlineSnapshot(`
    "  5700 model.speech_started itemId=caller_1
             > bus.publish #10 caller.speaking offsetMs=5700 itemId=caller_1
             > lane.mute
      5800 model.response_created responseId=resp_2 requestId=r1.5
             > model.cancel requestId=r1.6 responseId=resp_2
      5900 model.response_done responseId=resp_2 status=cancelled reason=client_cancelled toolCalls=[] usage=null"
  `);
});

test("what a cancelled response still left in the conversation, and nobody heard, is taken back", () => {
  expect(
    play(
      [
        ...greeted(),
        { at: 4_000, type: "model.response_created", responseId: "resp_2", requestId: null },
        { at: 4_100, type: "model.speech_started", itemId: "caller_1" },
      ],
      {
        at: 4_200,
        type: "model.response_done",
        responseId: "resp_2",
        status: "cancelled",
        reason: "client_cancelled",
        toolCalls: [],
        usage: null,
        itemIds: ["agent_2"],
      },
    ),
  ).toMatchInlineSnapshot(`
    "  4200 model.response_done responseId=resp_2 status=cancelled reason=client_cancelled toolCalls=[] usage=null itemIds=[agent_2]
             > model.delete requestId=r1.5 itemId=agent_2"
  `);
});

test("marks that Twilio sends back because of the clear are not playback", () => {
  expect(
    playNotes(
      [...greeted(), ...says(4_000, ANSWER), heard(5_000, "agent_2", 900), { at: 5_030, type: "model.speech_started", itemId: "caller_1" }],
      heard(5_050, "agent_2", 2_000),
      heard(5_051, "agent_2", 4_000),
    ),
  ).toMatchInlineSnapshot(`
    "  5050 telephony.marked name=g1:2000:agent_2
             > note name=stale_mark value=1
      5051 telephony.marked name=g1:4000:agent_2
             > note name=stale_mark value=1"
  `);
});

test("between two marks playback is assumed to go on for a moment, never beyond what was sent", () => {
  const cutAfter = (ms: number): string | undefined =>
    play([...greeted(), ...says(4_000, { ...ANSWER, ms: 1_000 }), heard(5_100, "agent_2", 980)], {
      at: 5_100 + ms,
      type: "model.speech_started",
      itemId: "caller_1",
    }).match(/heardMs=\d+/)?.[0];
  expect([cutAfter(0), cutAfter(10), cutAfter(40)]).toEqual(["heardMs=980", "heardMs=1000", "heardMs=1000"]);
});

test("what comes after a pause of the model is heard from then on, whatever marks have come back", () => {
  const [created, started] = says(4_000, ANSWER);
  const sent = (at: number, sentMs: number): Scripted => ({
    at,
    type: "lane.progressed",
    itemId: "agent_2",
    generatedMs: sentMs,
    sentMs,
    finished: false,
  });
  const cutAfter = (ms: number, ...marks: readonly Scripted[]): string | undefined =>
    play([...greeted(), ...[created, started].flatMap((event) => event ?? []), sent(4_080, 1_000), ...marks, sent(7_000, 3_000)], {
      at: 7_000 + ms,
      type: "model.speech_started",
      itemId: "caller_1",
    }).match(/heardMs=\d+/)?.[0];
  const early = heard(4_500, "agent_2", 360);
  const late = heard(5_120, "agent_2", 1_000);
  expect([cutAfter(300), cutAfter(100, early), cutAfter(300, early, late), cutAfter(1_500, early, late)]).toEqual([
    // Without a mark no more than 900 ms are assumed.
    "heardMs=900",
    "heardMs=1100",
    "heardMs=1300",
    "heardMs=1900",
  ]);
});

test("a caller who speaks while the agent is silent interrupts nothing", () => {
  expect(play(greeted(), { at: 4_000, type: "model.speech_started", itemId: "caller_1" })).toMatchInlineSnapshot(`
    "  4000 model.speech_started itemId=caller_1
             > bus.publish #8 caller.speaking offsetMs=4000 itemId=caller_1"
  `);
});
