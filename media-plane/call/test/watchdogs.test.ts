import { expect, test } from "vitest";
import { A_USAGE, callerSays, greeted, heard, live, play, says, type Scripted } from "./play.ts";

test("a request that is not answered is made three times more; then the model is given up", () => {
  expect(play(live(), { at: 15_000, type: "wait" })).toMatchInlineSnapshot(`
    "  1800 clock.struck
             > bus.publish #4 response.asked offsetMs=1800 purpose=retry
             > model.request requestId=r1.4 purpose=retry instructions=null
      3300 clock.struck
             > bus.publish #5 response.asked offsetMs=3300 purpose=retry
             > model.request requestId=r1.5 purpose=retry instructions=null
      4800 clock.struck
             > bus.publish #6 response.asked offsetMs=4800 purpose=retry
             > model.request requestId=r1.6 purpose=retry instructions=null
      6300 clock.struck
             > model.close
             > bus.publish #7 model.lost offsetMs=6300 leg=1 code=unanswered fatal=false
             > lane.mute
             > lane.route inbound=drop
             > bus.publish #8 call.ended offsetMs=6300 outcome=failed reason=model_lost
             > record.close outcome=failed reason=model_lost durationMs=6300 lastSeq=8
      9300 clock.struck
             > telephony.close code=1011"
  `);
});

test("a response without audio is cancelled and asked for once more; then the model is given up", () => {
  expect(
    play(
      live(),
      { at: 500, type: "model.response_created", responseId: "resp_1", requestId: "r1.3" },
      {
        at: 4_100,
        type: "model.response_done",
        responseId: "resp_1",
        status: "cancelled",
        reason: "client_cancelled",
        toolCalls: [],
        usage: null,
      },
      { at: 4_300, type: "model.response_created", responseId: "resp_2", requestId: "r1.5" },
      { at: 13_000, type: "wait" },
    ),
  ).toMatchInlineSnapshot(`
    "   500 model.response_created responseId=resp_1 requestId=r1.3
             > lane.play responseId=resp_1 generation=1
      4000 clock.struck
             > model.cancel requestId=r1.4 responseId=resp_1
      4100 model.response_done responseId=resp_1 status=cancelled reason=client_cancelled toolCalls=[] usage=null
             > bus.publish #4 response.asked offsetMs=4100 purpose=retry
             > model.request requestId=r1.5 purpose=retry instructions=null
      4300 model.response_created responseId=resp_2 requestId=r1.5
             > lane.play responseId=resp_2 generation=1
      7800 clock.struck
             > model.cancel requestId=r1.6 responseId=resp_2
             > model.close
             > bus.publish #5 model.lost offsetMs=7800 leg=1 code=silent fatal=false
             > lane.mute
             > lane.route inbound=drop
             > bus.publish #6 call.ended offsetMs=7800 outcome=failed reason=model_lost
             > record.close outcome=failed reason=model_lost durationMs=7800 lastSeq=6
     10800 clock.struck
             > telephony.close code=1011"
  `);
});

test("audio that stands still is cut at what was heard, and asked for again", () => {
  expect(
    play(
      [
        ...greeted(),
        ...callerSays(4_000, "caller_1"),
        { at: 5_000, type: "model.response_created", responseId: "resp_2", requestId: null },
        { at: 5_100, type: "model.audio_started", responseId: "resp_2", itemId: "agent_2" },
        { at: 5_150, type: "model.words_spoken", itemId: "agent_2", text: "Let me see " },
        { at: 5_200, type: "lane.progressed", itemId: "agent_2", generatedMs: 800, sentMs: 800, finished: false },
        heard(6_100, "agent_2", 800),
      ],
      {
        at: 9_300,
        type: "model.response_done",
        responseId: "resp_2",
        status: "cancelled",
        reason: "client_cancelled",
        toolCalls: [],
        usage: A_USAGE,
      },
    ),
  ).toMatchInlineSnapshot(`
    "  9200 clock.struck
             > telephony.clear
             > lane.mute
             > model.cancel requestId=r1.4 responseId=resp_2
             > bus.publish #11 transcript delta=2 position=2 itemId=agent_2 speaker=agent text="Let me see " generatedText="Let me see " heardMs=800 generatedMs=800 interrupted=false agent=intake startedMs=5200 endedMs=9200
             > bus.publish #12 agent.silent offsetMs=9200
      9300 model.response_done responseId=resp_2 status=cancelled reason=client_cancelled toolCalls=[] usage={…}
             > bus.publish #13 usage usageId=resp_2 source=response model=gpt-realtime-2.1-mini estimated=false inputTextTokens=100 inputAudioTokens=20 cachedTextTokens=0 cachedAudioTokens=0 outputTextTokens=10 outputAudioTokens=40
             > bus.publish #14 response.asked offsetMs=9300 purpose=retry
             > model.request requestId=r1.5 purpose=retry instructions=null"
  `);
});

test("a response that never ends is over 15 s after its audio; from then on the caller may be nudged", () => {
  expect(
    play(
      [
        ...live(),
        ...says(500, { responseId: "resp_1", itemId: "agent_1", requestId: "r1.3", text: "Hello.", ms: 1_000 }).slice(0, 4),
        heard(1_600, "agent_1", 1_000),
      ],
      { at: 17_000, type: "model.response_done", responseId: "resp_1", status: "completed", reason: null, toolCalls: [], usage: A_USAGE },
      { at: 24_000, type: "wait" },
    ),
  ).toMatchInlineSnapshot(`
    " 17000 model.response_done responseId=resp_1 status=completed reason=null toolCalls=[] usage={…}
             > bus.publish #7 usage usageId=resp_1 source=response model=gpt-realtime-2.1-mini estimated=false inputTextTokens=100 inputAudioTokens=20 cachedTextTokens=0 cachedAudioTokens=0 outputTextTokens=10 outputAudioTokens=40
     23580 clock.struck
             > model.tell requestId=r1.4 role=system text="The caller has been silent for a while. In one short sentenc…"
             > bus.publish #8 response.asked offsetMs=23580 purpose=nudge
             > model.request requestId=r1.5 purpose=nudge instructions=null"
  `);
});

test("a cancelled response that never ends holds nobody up for more than 3 s", () => {
  expect(
    play(
      [
        ...greeted(),
        { at: 4_000, type: "model.response_created", responseId: "resp_2", requestId: null },
        { at: 4_100, type: "model.speech_started", itemId: "caller_1" },
      ],
      { at: 5_000, type: "model.speech_stopped", itemId: "caller_1" },
      { at: 5_010, type: "model.turn_committed", itemId: "caller_1" },
      { at: 7_200, type: "wait" },
    ),
  ).toMatchInlineSnapshot(`
    "  5000 model.speech_stopped itemId=caller_1
             > bus.publish #9 caller.silent offsetMs=5000 itemId=caller_1
      5010 model.turn_committed itemId=caller_1
      6100 clock.struck
             > bus.publish #10 response.asked offsetMs=6100 purpose=reply
             > model.request requestId=r1.5 purpose=reply instructions=null"
  `);
});

test("a response that fails for its rate is asked for three more times, later each time; then the model is given up", () => {
  const fails = (at: number, responseId: string, requestId: string): readonly Scripted[] => [
    { at, type: "model.response_created", responseId, requestId },
    { at: at + 10, type: "model.response_done", responseId, status: "failed", reason: "rate_limit_exceeded", toolCalls: [], usage: null },
  ];
  expect(
    play(
      live(),
      ...fails(400, "resp_1", "r1.3"),
      ...fails(1_000, "resp_2", "r1.4"),
      ...fails(2_100, "resp_3", "r1.5"),
      ...fails(4_200, "resp_4", "r1.6"),
    ),
  ).toMatchInlineSnapshot(`
    "   400 model.response_created responseId=resp_1 requestId=r1.3
             > lane.play responseId=resp_1 generation=1
       410 model.response_done responseId=resp_1 status=failed reason=rate_limit_exceeded toolCalls=[] usage=null
       910 clock.struck
             > bus.publish #4 response.asked offsetMs=910 purpose=retry
             > model.request requestId=r1.4 purpose=retry instructions=null
      1000 model.response_created responseId=resp_2 requestId=r1.4
             > lane.play responseId=resp_2 generation=1
      1010 model.response_done responseId=resp_2 status=failed reason=rate_limit_exceeded toolCalls=[] usage=null
      2010 clock.struck
             > bus.publish #5 response.asked offsetMs=2010 purpose=retry
             > model.request requestId=r1.5 purpose=retry instructions=null
      2100 model.response_created responseId=resp_3 requestId=r1.5
             > lane.play responseId=resp_3 generation=1
      2110 model.response_done responseId=resp_3 status=failed reason=rate_limit_exceeded toolCalls=[] usage=null
      4110 clock.struck
             > bus.publish #6 response.asked offsetMs=4110 purpose=retry
             > model.request requestId=r1.6 purpose=retry instructions=null
      4200 model.response_created responseId=resp_4 requestId=r1.6
             > lane.play responseId=resp_4 generation=1
      4210 model.response_done responseId=resp_4 status=failed reason=rate_limit_exceeded toolCalls=[] usage=null
             > model.close
             > bus.publish #7 model.lost offsetMs=4210 leg=1 code=rate_limited fatal=false
             > lane.mute
             > lane.route inbound=drop
             > bus.publish #8 call.ended offsetMs=4210 outcome=failed reason=model_lost
             > record.close outcome=failed reason=model_lost durationMs=4210 lastSeq=8"
  `);
});

test("a response that says nothing and calls nothing is asked for once more, and then left to the silence rule", () => {
  const empty = (at: number, responseId: string, requestId: string): readonly Scripted[] => [
    { at, type: "model.response_created", responseId, requestId },
    { at: at + 10, type: "model.response_done", responseId, status: "completed", reason: null, toolCalls: [], usage: null },
  ];
  expect(
    play(live(), ...empty(400, "resp_1", "r1.3"), ...empty(600, "resp_2", "r1.4"), { at: 9_000, type: "wait" }),
  ).toMatchInlineSnapshot(`
    "   400 model.response_created responseId=resp_1 requestId=r1.3
             > lane.play responseId=resp_1 generation=1
       410 model.response_done responseId=resp_1 status=completed reason=null toolCalls=[] usage=null
             > bus.publish #4 response.asked offsetMs=410 purpose=retry
             > model.request requestId=r1.4 purpose=retry instructions=null
       600 model.response_created responseId=resp_2 requestId=r1.4
             > lane.play responseId=resp_2 generation=1
       610 model.response_done responseId=resp_2 status=completed reason=null toolCalls=[] usage=null
             > bus.publish #5 call.warned offsetMs=610 code=response_empty
      8610 clock.struck
             > model.tell requestId=r1.5 role=system text="The caller has been silent for a while. In one short sentenc…"
             > bus.publish #6 response.asked offsetMs=8610 purpose=nudge
             > model.request requestId=r1.6 purpose=nudge instructions=null"
  `);
});

test("a mark that is lost does not hold the floor: audio is over when its time has passed", () => {
  expect(
    play([...live(), ...says(500, { responseId: "resp_1", itemId: "agent_1", requestId: "r1.3", text: "Hello.", ms: 1_000 })], {
      at: 4_000,
      type: "wait",
    }),
  ).toMatchInlineSnapshot(`
    "  3580 clock.struck
             > bus.publish #6 transcript delta=1 position=0 itemId=agent_1 speaker=agent text=Hello. generatedText=Hello. heardMs=1000 generatedMs=1000 interrupted=false agent=intake startedMs=580 endedMs=3580
             > bus.publish #7 agent.silent offsetMs=3580"
  `);
});

test("a caller who speaks while no media comes is given the silence that ends the turn; without any media the call ends", () => {
  expect(
    play(
      [...greeted(), { at: 4_000, type: "model.speech_started", itemId: "caller_1" }, { at: 4_500, type: "media_stops" }],
      { at: 7_000, type: "wait" },
      { at: 7_100, type: "model.speech_stopped", itemId: "caller_1" },
      { at: 20_000, type: "wait" },
    ),
  ).toMatchInlineSnapshot(`
    "  5500 clock.struck
             > model.append_silence ms=1000
      6500 clock.struck
             > model.append_silence ms=1000
      7100 model.speech_stopped itemId=caller_1
             > bus.publish #9 caller.silent offsetMs=7100 itemId=caller_1
     14500 clock.struck
             > lane.mute
             > lane.route inbound=drop
             > bus.publish #10 call.ended offsetMs=14500 outcome=failed reason=no_media
             > model.close
             > record.close outcome=failed reason=no_media durationMs=14500 lastSeq=10
     17500 clock.struck
             > telephony.close code=1011"
  `);
});

test("speech that never stops counts as over after a minute", () => {
  expect(
    play([...greeted(), { at: 4_000, type: "model.speech_started", itemId: "caller_1" }], { at: 64_500, type: "wait" }),
  ).toMatchInlineSnapshot(`
    " 64000 clock.struck
             > bus.publish #9 call.warned offsetMs=64000 code=speech_without_end
             > bus.publish #10 caller.silent offsetMs=64000 itemId=caller_1"
  `);
});

test("more audio than may wait is cancelled, played as far as it goes, and the model learns how far that was", () => {
  expect(
    play(
      [
        ...greeted(),
        { at: 4_000, type: "model.response_created", responseId: "resp_2", requestId: null },
        { at: 4_020, type: "model.audio_started", responseId: "resp_2", itemId: "agent_2" },
        { at: 4_040, type: "lane.progressed", itemId: "agent_2", generatedMs: 3_000, sentMs: 2_000, finished: false },
      ],
      { at: 4_050, type: "lane.overflowed", responseId: "resp_2" },
      {
        at: 4_100,
        type: "model.response_done",
        responseId: "resp_2",
        status: "cancelled",
        reason: "client_cancelled",
        toolCalls: [],
        usage: A_USAGE,
      },
      heard(6_100, "agent_2", 2_000),
      { at: 9_000, type: "wait" },
    ),
  ).toMatchInlineSnapshot(`
    "  4050 lane.overflowed responseId=resp_2
             > bus.publish #9 call.warned offsetMs=4050 code=audio_overflow
             > model.cancel requestId=r1.4 responseId=resp_2
      4100 model.response_done responseId=resp_2 status=cancelled reason=client_cancelled toolCalls=[] usage={…}
             > bus.publish #10 usage usageId=resp_2 source=response model=gpt-realtime-2.1-mini estimated=false inputTextTokens=100 inputAudioTokens=20 cachedTextTokens=0 cachedAudioTokens=0 outputTextTokens=10 outputAudioTokens=40
      6100 telephony.marked name=g1:2000:agent_2
      8040 clock.struck
             > model.truncate requestId=r1.5 itemId=agent_2 audioEndMs=2000
             > bus.publish #11 transcript delta=2 position=1 itemId=agent_2 speaker=agent text="" generatedText="" heardMs=2000 generatedMs=3000 interrupted=false agent=intake startedMs=4040 endedMs=8040
             > bus.publish #12 agent.silent offsetMs=8040"
  `);
});
