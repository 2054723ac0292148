import { expect, test } from "vitest";
import { callerSays, greeted, heard, play, says } from "./play.ts";

const NUDGE_1 = [
  ...says(11_000, { responseId: "resp_2", itemId: "agent_2", requestId: "r1.5", text: "Are you there?", ms: 900 }),
  heard(12_000, "agent_2", 900),
];
const NUDGE_2 = [
  ...says(20_300, { responseId: "resp_3", itemId: "agent_3", requestId: "r1.7", text: "Hello?", ms: 700 }),
  heard(21_100, "agent_3", 700),
];

test("after eight seconds of silence the agent asks; after two questions without an answer it says goodbye and hangs up", () => {
  expect(
    play(
      greeted(),
      ...NUDGE_1,
      ...NUDGE_2,
      ...says(29_300, { responseId: "resp_4", itemId: "agent_4", requestId: "r1.9", text: "Goodbye.", ms: 800 }),
      heard(30_300, "agent_4", 800),
    ),
  ).toMatchInlineSnapshot(`
    " 10700 clock.struck
             > model.tell requestId=r1.4 role=system text="The caller has been silent for a while. In one short sentenc…"
             > bus.publish #8 response.asked offsetMs=10700 purpose=nudge
             > model.request requestId=r1.5 purpose=nudge instructions=null
     11000 model.response_created responseId=resp_2 requestId=r1.5
             > lane.play responseId=resp_2 generation=1
     11020 model.audio_started responseId=resp_2 itemId=agent_2
     11060 model.words_finished itemId=agent_2 text="Are you there?"
     11080 lane.progressed itemId=agent_2 generatedMs=900 sentMs=900 finished=true
             > bus.publish #9 agent.speaking offsetMs=11080 itemId=agent_2
     11100 model.response_done responseId=resp_2 status=completed reason=null toolCalls=[] usage={…}
             > bus.publish #10 usage usageId=resp_2 source=response model=gpt-realtime-2.1-mini estimated=false inputTextTokens=100 inputAudioTokens=20 cachedTextTokens=0 cachedAudioTokens=0 outputTextTokens=10 outputAudioTokens=40
     12000 telephony.marked name=g1:900:agent_2
             > bus.publish #11 transcript delta=2 position=1 itemId=agent_2 speaker=agent text="Are you there?" generatedText="Are you there?" heardMs=900 generatedMs=900 interrupted=false agent=intake startedMs=11080 endedMs=12000
             > bus.publish #12 agent.silent offsetMs=12000
     20000 clock.struck
             > model.tell requestId=r1.6 role=system text="The caller has been silent for a while. In one short sentenc…"
             > bus.publish #13 response.asked offsetMs=20000 purpose=nudge
             > model.request requestId=r1.7 purpose=nudge instructions=null
     20300 model.response_created responseId=resp_3 requestId=r1.7
             > lane.play responseId=resp_3 generation=1
     20320 model.audio_started responseId=resp_3 itemId=agent_3
     20360 model.words_finished itemId=agent_3 text="Hello?"
     20380 lane.progressed itemId=agent_3 generatedMs=700 sentMs=700 finished=true
             > bus.publish #14 agent.speaking offsetMs=20380 itemId=agent_3
     20400 model.response_done responseId=resp_3 status=completed reason=null toolCalls=[] usage={…}
             > bus.publish #15 usage usageId=resp_3 source=response model=gpt-realtime-2.1-mini estimated=false inputTextTokens=100 inputAudioTokens=20 cachedTextTokens=0 cachedAudioTokens=0 outputTextTokens=10 outputAudioTokens=40
     21100 telephony.marked name=g1:700:agent_3
             > bus.publish #16 transcript delta=3 position=2 itemId=agent_3 speaker=agent text="Hello?" generatedText="Hello?" heardMs=700 generatedMs=700 interrupted=false agent=intake startedMs=20380 endedMs=21100
             > bus.publish #17 agent.silent offsetMs=21100
     29100 clock.struck
             > model.tell requestId=r1.8 role=system text="The caller does not answer any more. Say a short, friendly g…"
             > bus.publish #18 response.asked offsetMs=29100 purpose=farewell
             > model.request requestId=r1.9 purpose=farewell instructions=null
     29300 model.response_created responseId=resp_4 requestId=r1.9
             > lane.play responseId=resp_4 generation=1
     29320 model.audio_started responseId=resp_4 itemId=agent_4
     29360 model.words_finished itemId=agent_4 text=Goodbye.
     29380 lane.progressed itemId=agent_4 generatedMs=800 sentMs=800 finished=true
             > bus.publish #19 agent.speaking offsetMs=29380 itemId=agent_4
     29400 model.response_done responseId=resp_4 status=completed reason=null toolCalls=[] usage={…}
             > bus.publish #20 usage usageId=resp_4 source=response model=gpt-realtime-2.1-mini estimated=false inputTextTokens=100 inputAudioTokens=20 cachedTextTokens=0 cachedAudioTokens=0 outputTextTokens=10 outputAudioTokens=40
     30300 telephony.marked name=g1:800:agent_4
             > bus.publish #21 transcript delta=4 position=3 itemId=agent_4 speaker=agent text=Goodbye. generatedText=Goodbye. heardMs=800 generatedMs=800 interrupted=false agent=intake startedMs=29380 endedMs=30300
             > lane.mute
             > lane.route inbound=drop
             > bus.publish #22 agent.silent offsetMs=30300
             > bus.publish #23 call.ended offsetMs=30300 outcome=completed reason=caller_silent
             > model.close
             > record.close outcome=completed reason=caller_silent durationMs=30300 lastSeq=23"
  `);
});

test("a caller who speaks up starts the count anew", () => {
  expect(
    play(
      [
        ...greeted(),
        ...NUDGE_1,
        ...callerSays(13_000, "caller_1"),
        ...says(14_000, { responseId: "resp_3", itemId: "agent_3", text: "Good.", ms: 500 }),
        heard(14_700, "agent_3", 500),
      ],
      { at: 23_000, type: "wait" },
      ...says(23_100, { responseId: "resp_4", itemId: "agent_4", requestId: "r1.7", text: "Still there?", ms: 500 }),
      heard(23_700, "agent_4", 500),
      { at: 32_000, type: "wait" },
    ),
  ).toMatchInlineSnapshot(`
    " 22700 clock.struck
             > model.tell requestId=r1.6 role=system text="The caller has been silent for a while. In one short sentenc…"
             > bus.publish #19 response.asked offsetMs=22700 purpose=nudge
             > model.request requestId=r1.7 purpose=nudge instructions=null
     23100 model.response_created responseId=resp_4 requestId=r1.7
             > lane.play responseId=resp_4 generation=1
     23120 model.audio_started responseId=resp_4 itemId=agent_4
     23160 model.words_finished itemId=agent_4 text="Still there?"
     23180 lane.progressed itemId=agent_4 generatedMs=500 sentMs=500 finished=true
             > bus.publish #20 agent.speaking offsetMs=23180 itemId=agent_4
     23200 model.response_done responseId=resp_4 status=completed reason=null toolCalls=[] usage={…}
             > bus.publish #21 usage usageId=resp_4 source=response model=gpt-realtime-2.1-mini estimated=false inputTextTokens=100 inputAudioTokens=20 cachedTextTokens=0 cachedAudioTokens=0 outputTextTokens=10 outputAudioTokens=40
     23700 telephony.marked name=g1:500:agent_4
             > bus.publish #22 transcript delta=4 position=4 itemId=agent_4 speaker=agent text="Still there?" generatedText="Still there?" heardMs=500 generatedMs=500 interrupted=false agent=intake startedMs=23180 endedMs=23700
             > bus.publish #23 agent.silent offsetMs=23700
     23810 clock.struck
             > bus.publish #24 transcript delta=5 position=2 itemId=caller_1 speaker=caller text="" transcription=timed_out interrupted=false agent=intake startedMs=13000 endedMs=13800
     31700 clock.struck
             > model.tell requestId=r1.8 role=system text="The caller has been silent for a while. In one short sentenc…"
             > bus.publish #25 response.asked offsetMs=31700 purpose=nudge
             > model.request requestId=r1.9 purpose=nudge instructions=null"
  `);
});

test("a farewell that does not begin to sound in time is left out", () => {
  expect(play([...greeted(), ...NUDGE_1, ...NUDGE_2], { at: 45_000, type: "wait" })).toMatchInlineSnapshot(`
    " 29100 clock.struck
             > model.tell requestId=r1.8 role=system text="The caller does not answer any more. Say a short, friendly g…"
             > bus.publish #18 response.asked offsetMs=29100 purpose=farewell
             > model.request requestId=r1.9 purpose=farewell instructions=null
     30600 clock.struck
             > bus.publish #19 response.asked offsetMs=30600 purpose=retry
             > model.request requestId=r1.10 purpose=retry instructions=null
     32100 clock.struck
             > bus.publish #20 response.asked offsetMs=32100 purpose=retry
             > model.request requestId=r1.11 purpose=retry instructions=null
     33600 clock.struck
             > bus.publish #21 response.asked offsetMs=33600 purpose=retry
             > model.request requestId=r1.12 purpose=retry instructions=null
     35100 clock.struck
             > model.close
             > bus.publish #22 model.lost offsetMs=35100 leg=1 code=unanswered fatal=false
             > lane.mute
             > lane.route inbound=drop
             > bus.publish #23 call.ended offsetMs=35100 outcome=completed reason=caller_silent
             > record.close outcome=completed reason=caller_silent durationMs=35100 lastSeq=23
     38100 clock.struck
             > telephony.close code=1000"
  `);
});
