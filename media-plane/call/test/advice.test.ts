import { expect, test } from "vitest";
import { connecting, greeted, heard, live, play, playAll, says, type Scripted } from "./play.ts";

const wrapUp = (at: number): Scripted => ({ at, type: "operator.advised", advice: "wrap_up", reason: "credit_low" });
const end = (at: number): Scripted => ({ at, type: "operator.advised", advice: "end_call", reason: "credit_exhausted" });

const SPEAKING = says(4_000, { responseId: "resp_2", itemId: "agent_2", text: "We are open from nine to five.", ms: 9_000 });

test("an agent that has to wrap up is told so once, and the conversation goes on", () => {
  expect(play(greeted(), wrapUp(3_000), wrapUp(4_000), wrapUp(5_000))).toMatchInlineSnapshot(`
    "  3000 operator.advised advice=wrap_up reason=credit_low
             > bus.publish #8 call.warned offsetMs=3000 code=credit_low
             > model.tell requestId=r1.4 role=system text="This call has to end soon. Finish what you are doing, begin …"
      4000 operator.advised advice=wrap_up reason=credit_low
      5000 operator.advised advice=wrap_up reason=credit_low"
  `);
});

test("one that is told before there is a model is told as soon as there is one", () => {
  expect(
    play(
      connecting(),
      wrapUp(100),
      { at: 200, type: "model.opened", sessionId: "sess_1", expiresAt: null },
      { at: 300, type: "model.configured" },
    ),
  ).toMatchInlineSnapshot(`
    "   100 operator.advised advice=wrap_up reason=credit_low
       200 model.opened sessionId=sess_1 expiresAt=null
             > bus.publish #2 model.opened offsetMs=200 leg=1 sessionId=sess_1
             > model.configure requestId=r1.1 agent=intake voice=gpt-realtime-2.1-mini autoRespond=true
       300 model.configured
             > lane.route inbound=flow
             > model.tell requestId=r1.2 role=system text="The call has just been connected and the caller is listening…"
             > bus.publish #3 response.asked offsetMs=300 purpose=greeting
             > model.request requestId=r1.3 purpose=greeting instructions=null
             > bus.publish #4 call.warned offsetMs=300 code=credit_low
             > model.tell requestId=r1.4 role=system text="This call has to end soon. Finish what you are doing, begin …""
  `);
});

test("a call that has to end says goodbye in the agent's own voice, and its record has the reason", () => {
  expect(
    play(
      greeted(),
      end(3_000),
      ...says(3_200, { responseId: "resp_2", itemId: "agent_2", requestId: "r1.5", text: "I have to end the call. Goodbye.", ms: 900 }),
      end(4_000),
      heard(4_400, "agent_2", 900),
      { at: 4_500, type: "record.closed" },
    ),
  ).toMatchInlineSnapshot(`
    "  3000 operator.advised advice=end_call reason=credit_exhausted
             > lane.route inbound=drop
             > model.tell requestId=r1.4 role=system text="This call can not go on. Say in one sentence that you have t…"
             > bus.publish #8 response.asked offsetMs=3000 purpose=farewell
             > model.request requestId=r1.5 purpose=farewell instructions=null
      3200 model.response_created responseId=resp_2 requestId=r1.5
             > lane.play responseId=resp_2 generation=1
      3220 model.audio_started responseId=resp_2 itemId=agent_2
      3260 model.words_finished itemId=agent_2 text="I have to end the call. Goodbye."
      3280 lane.progressed itemId=agent_2 generatedMs=900 sentMs=900 finished=true
             > bus.publish #9 agent.speaking offsetMs=3280 itemId=agent_2
      3300 model.response_done responseId=resp_2 status=completed reason=null toolCalls=[] usage={…}
             > bus.publish #10 usage usageId=resp_2 source=response model=gpt-realtime-2.1-mini estimated=false inputTextTokens=100 inputAudioTokens=20 cachedTextTokens=0 cachedAudioTokens=0 outputTextTokens=10 outputAudioTokens=40
      4000 operator.advised advice=end_call reason=credit_exhausted
      4400 telephony.marked name=g1:900:agent_2
             > bus.publish #11 transcript delta=2 position=1 itemId=agent_2 speaker=agent text="I have to end the call. Goodbye." generatedText="I have to end the call. Goodbye." heardMs=900 generatedMs=900 interrupted=false agent=intake startedMs=3280 endedMs=4400
             > lane.mute
             > lane.route inbound=drop
             > bus.publish #12 agent.silent offsetMs=4400
             > bus.publish #13 call.ended offsetMs=4400 outcome=stopped reason=credit_exhausted
             > model.close
             > record.close outcome=stopped reason=credit_exhausted durationMs=4400 lastSeq=13
      4500 record.closed
             > telephony.close code=1000"
  `);
});

test("one that has to end while the agent speaks lets it finish for five seconds, and no longer", () => {
  expect(play([...greeted(), ...SPEAKING], end(5_000), { at: 10_100, type: "wait" })).toMatchInlineSnapshot(`
    "  5000 operator.advised advice=end_call reason=credit_exhausted
     10000 clock.struck
             > telephony.clear
             > lane.mute
             > model.truncate requestId=r1.4 itemId=agent_2 audioEndMs=900
             > lane.route inbound=drop
             > bus.publish #10 transcript delta=2 position=1 itemId=agent_2 speaker=agent text=We generatedText="We are open from nine to five." heardMs=900 generatedMs=9000 interrupted=false agent=intake startedMs=4080 endedMs=10000
             > model.tell requestId=r1.5 role=system text="This call can not go on. Say in one sentence that you have t…"
             > bus.publish #11 response.asked offsetMs=10000 purpose=farewell
             > model.request requestId=r1.6 purpose=farewell instructions=null
             > bus.publish #12 agent.silent offsetMs=10000"
  `);
});

test("one that has to end before there is a model ends without a word", () => {
  expect(play(connecting(), end(100), { at: 300, type: "record.closed" })).toMatchInlineSnapshot(`
    "   100 operator.advised advice=end_call reason=credit_exhausted
             > lane.mute
             > lane.route inbound=drop
             > bus.publish #2 call.ended offsetMs=100 outcome=stopped reason=credit_exhausted
             > model.close
             > record.close outcome=stopped reason=credit_exhausted durationMs=100 lastSeq=2
       300 record.closed
             > telephony.close code=1000"
  `);
});

test("a call that is told to wrap up and then to end does both", () => {
  const { effects } = playAll([...greeted(), wrapUp(3_000), wrapUp(3_500), end(4_000), wrapUp(4_500)]);
  expect(effects.filter((effect) => effect.type === "model.tell")).toHaveLength(3);
  expect(effects.filter((effect) => effect.type === "model.request" && effect.purpose === "farewell")).toHaveLength(1);
});

test("a call that is saying goodbye already ends for the reason that it had", () => {
  const { state } = playAll([
    ...live(),
    { at: 400, type: "telephony.stopped", cause: "stop" },
    end(500),
    { at: 5_000, type: "wait" },
    { at: 5_100, type: "record.closed" },
  ]);
  expect(state).toMatchObject({ phase: "ended", reason: "caller_hung_up" });
});
