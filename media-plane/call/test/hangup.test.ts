import { expect, test } from "vitest";
import { aCallConfig } from "./a-call-config.ts";
import { callerSays, connecting, greeted, heard, live, play, says } from "./play.ts";

const SPEAKING = [
  ...says(4_000, { responseId: "resp_2", itemId: "agent_2", text: "We are open from nine to five.", ms: 4_000 }),
  heard(5_000, "agent_2", 900),
];

test("a caller who hangs up while the agent speaks ends the call in order", () => {
  expect(
    play([...greeted(), ...SPEAKING], { at: 5_010, type: "telephony.stopped", cause: "stop" }, { at: 5_100, type: "record.closed" }),
  ).toMatchInlineSnapshot(`
    "  5010 telephony.stopped cause=stop
             > lane.mute
             > lane.route inbound=drop
             > bus.publish #10 transcript delta=2 position=1 itemId=agent_2 speaker=agent text="We are" generatedText="We are open from nine to five." heardMs=920 generatedMs=4000 interrupted=false agent=intake startedMs=4080 endedMs=5010
             > bus.publish #11 agent.silent offsetMs=5010
             > bus.publish #12 call.ended offsetMs=5010 outcome=completed reason=caller_hung_up
             > model.close
             > record.close outcome=completed reason=caller_hung_up durationMs=5010 lastSeq=12
      5100 record.closed"
  `);
});

test("a caller who hangs up while the model is being opened leaves a record", () => {
  expect(
    play(
      connecting(),
      { at: 100, type: "telephony.stopped", cause: "closed" },
      { at: 200, type: "model.opened", sessionId: "s", expiresAt: null },
      { at: 300, type: "record.closed" },
    ),
  ).toMatchInlineSnapshot(`
    "   100 telephony.stopped cause=closed
             > lane.mute
             > lane.route inbound=drop
             > bus.publish #2 call.ended offsetMs=100 outcome=completed reason=caller_hung_up
             > model.close
             > record.close outcome=completed reason=caller_hung_up durationMs=100 lastSeq=2
       200 model.opened sessionId=s expiresAt=null
       300 record.closed"
  `);
});

test("a caller who hangs up before the call is known leaves a record as soon as it is", () => {
  const [started, resolved] = connecting();
  if (!started || !resolved) throw new Error("the scene has two events");
  expect(play([started], { at: 10, type: "telephony.stopped", cause: "stop" }, resolved)).toMatchInlineSnapshot(`
    "    10 telephony.stopped cause=stop
        40 config.resolved config=call_000000000000000000000000
             > bus.publish #1 call.started offsetMs=40 direction=inbound agent=intake version=3 model=gpt-realtime-2.1-mini voice=alloy resumed=false
             > lane.mute
             > lane.route inbound=drop
             > bus.publish #2 call.ended offsetMs=40 outcome=completed reason=caller_hung_up
             > record.close outcome=completed reason=caller_hung_up durationMs=10 lastSeq=2"
  `);
});

test("a broken stream is recorded as what it is", () => {
  expect(play(live(), { at: 400, type: "telephony.stopped", cause: "protocol_error" }, { at: 2_000, type: "wait" })).toMatchInlineSnapshot(`
    "   400 telephony.stopped cause=protocol_error
             > lane.mute
             > lane.route inbound=drop
      1800 clock.struck
             > bus.publish #4 call.ended offsetMs=1800 outcome=failed reason=protocol_error
             > model.close
             > record.close outcome=failed reason=protocol_error durationMs=400 lastSeq=4"
  `);
});

test("an operator's hang-up lets the current audio play for two seconds, without a farewell", () => {
  expect(
    play([...greeted(), ...SPEAKING], { at: 5_100, type: "operator.hung_up", reason: "drained" }, { at: 7_200, type: "record.closed" }),
  ).toMatchInlineSnapshot(`
    "  5100 operator.hung_up reason=drained
      7100 clock.struck
             > telephony.clear
             > lane.mute
             > lane.route inbound=drop
             > bus.publish #10 transcript delta=2 position=1 itemId=agent_2 speaker=agent text="We are open" generatedText="We are open from nine to five." heardMs=1800 generatedMs=4000 interrupted=false agent=intake startedMs=4080 endedMs=7100
             > bus.publish #11 agent.silent offsetMs=7100
             > bus.publish #12 call.ended offsetMs=7100 outcome=stopped reason=drained
             > model.close
             > record.close outcome=stopped reason=drained durationMs=7100 lastSeq=12
      7200 record.closed
             > telephony.close code=1000"
  `);
});

test("a node that no longer holds the call falls silent and touches nothing", () => {
  expect(
    play(
      [...greeted(), ...SPEAKING],
      { at: 5_100, type: "lease.lost" },
      { at: 5_200, type: "telephony.stopped", cause: "closed" },
      { at: 5_300, type: "model.speech_started", itemId: "caller_1" },
    ),
  ).toMatchInlineSnapshot(`
    "  5100 lease.lost
             > lane.mute
             > lane.route inbound=drop
             > model.close
             > telephony.close code=1008
      5200 telephony.stopped cause=closed
      5300 model.speech_started itemId=caller_1"
  `);
});

test("a call that has lasted as long as it may ends with a farewell", () => {
  const config = { maxDurationMs: 10_000 };
  expect(
    play(
      [
        ...greeted(aCallConfig(config)),
        ...callerSays(8_000, "caller_1"),
        ...says(9_500, { responseId: "resp_2", itemId: "agent_2", text: "Yes.", ms: 400 }),
      ],
      { at: 10_000, type: "wait" },
      ...says(10_200, { responseId: "resp_3", itemId: "agent_3", requestId: "r1.5", text: "I have to end the call. Goodbye.", ms: 900 }),
      heard(11_300, "agent_3", 900),
    ),
  ).toMatchInlineSnapshot(`
    " 10000 clock.struck
             > model.tell requestId=r1.4 role=system text="The longest time for this call is reached. Say in one senten…"
             > bus.publish #12 response.asked offsetMs=10000 purpose=farewell
             > model.request requestId=r1.5 purpose=farewell instructions=null
     10200 model.response_created responseId=resp_3 requestId=r1.5
             > lane.play responseId=resp_3 generation=1
     10220 model.audio_started responseId=resp_3 itemId=agent_3
     10260 model.words_finished itemId=agent_3 text="I have to end the call. Goodbye."
     10280 lane.progressed itemId=agent_3 generatedMs=900 sentMs=900 finished=true
     10300 model.response_done responseId=resp_3 status=completed reason=null toolCalls=[] usage={…}
             > bus.publish #13 usage usageId=resp_3 source=response model=gpt-realtime-2.1-mini estimated=false inputTextTokens=100 inputAudioTokens=20 cachedTextTokens=0 cachedAudioTokens=0 outputTextTokens=10 outputAudioTokens=40
     11300 telephony.marked name=g1:900:agent_3
             > bus.publish #14 transcript delta=2 position=2 itemId=agent_2 speaker=agent text=Yes. generatedText=Yes. heardMs=400 generatedMs=400 interrupted=false agent=intake startedMs=9580 endedMs=11300
             > bus.publish #15 transcript delta=3 position=3 itemId=agent_3 speaker=agent text="I have to end the call. Goodbye." generatedText="I have to end the call. Goodbye." heardMs=900 generatedMs=900 interrupted=false agent=intake startedMs=10280 endedMs=11300
             > lane.mute
             > lane.route inbound=drop
             > bus.publish #16 agent.silent offsetMs=11300"
  `);
});

test("words with which the caller hangs up are given their end, and are in the record", () => {
  expect(
    play(
      [...greeted(), { at: 4_000, type: "model.speech_started", itemId: "caller_1" }],
      { at: 4_500, type: "telephony.stopped", cause: "stop" },
      { at: 4_550, type: "model.speech_stopped", itemId: "caller_1" },
      { at: 4_560, type: "model.turn_committed", itemId: "caller_1" },
      { at: 4_900, type: "model.caller_transcribed", itemId: "caller_1", text: "On Tuesday, bye.", usage: null },
    ),
  ).toMatchInlineSnapshot(`
    "  4500 telephony.stopped cause=stop
             > lane.mute
             > model.append_silence ms=1000
             > lane.route inbound=drop
      4550 model.speech_stopped itemId=caller_1
             > bus.publish #9 caller.silent offsetMs=4550 itemId=caller_1
      4560 model.turn_committed itemId=caller_1
      4900 model.caller_transcribed itemId=caller_1 text="On Tuesday, bye." usage=null
             > bus.publish #10 usage usageId=caller_1 source=transcription model=gpt-transcribe estimated=true inputTextTokens=0 inputAudioTokens=6 cachedTextTokens=0 cachedAudioTokens=0 outputTextTokens=0 outputAudioTokens=0
             > bus.publish #11 transcript delta=2 position=1 itemId=caller_1 speaker=caller text="On Tuesday, bye." transcription=completed interrupted=false agent=intake startedMs=4000 endedMs=4550
             > bus.publish #12 call.ended offsetMs=4900 outcome=completed reason=caller_hung_up
             > model.close
             > record.close outcome=completed reason=caller_hung_up durationMs=4500 lastSeq=12"
  `);
});
