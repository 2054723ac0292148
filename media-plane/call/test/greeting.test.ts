import { expect, test } from "vitest";
import { aCallConfig } from "./a-call-config.ts";
import { connecting, greeted, heard, live, play, says } from "./play.ts";

test("caller audio is held until the model is configured, and the agent speaks first", () => {
  expect(
    play(
      [],
      ...connecting(),
      { at: 200, type: "model.opened", sessionId: "sess_1", expiresAt: null },
      { at: 300, type: "model.configured" },
    ),
  ).toMatchInlineSnapshot(`
    "     0 telephony.started streamSid=MZ1
             > lane.route inbound=hold
        40 config.resolved config=call_000000000000000000000000
             > bus.publish #1 call.started offsetMs=40 direction=inbound agent=intake version=3 model=gpt-realtime-2.1-mini voice=alloy resumed=false
             > model.open leg=1 model=gpt-realtime-2.1-mini
       200 model.opened sessionId=sess_1 expiresAt=null
             > bus.publish #2 model.opened offsetMs=200 leg=1 sessionId=sess_1
             > model.configure requestId=r1.1 agent=intake voice=gpt-realtime-2.1-mini autoRespond=true
       300 model.configured
             > lane.route inbound=flow
             > model.tell requestId=r1.2 role=system text="The call has just been connected and the caller is listening…"
             > bus.publish #3 response.asked offsetMs=300 purpose=greeting
             > model.request requestId=r1.3 purpose=greeting instructions=null"
  `);
});

test("the greeting is played, transcribed, metered and heard", () => {
  expect(
    play(
      live(),
      ...says(500, { responseId: "resp_1", itemId: "agent_1", requestId: "r1.3", text: "Hello, this is Ada.", ms: 1_400 }),
      heard(1_000, "agent_1", 400),
      heard(2_000, "agent_1", 1_400),
    ),
  ).toMatchInlineSnapshot(`
    "   500 model.response_created responseId=resp_1 requestId=r1.3
             > lane.play responseId=resp_1 generation=1
       520 model.audio_started responseId=resp_1 itemId=agent_1
       560 model.words_finished itemId=agent_1 text="Hello, this is Ada."
       580 lane.progressed itemId=agent_1 generatedMs=1400 sentMs=1400 finished=true
             > bus.publish #4 agent.speaking offsetMs=580 itemId=agent_1
       600 model.response_done responseId=resp_1 status=completed reason=null toolCalls=[] usage={…}
             > bus.publish #5 usage usageId=resp_1 source=response model=gpt-realtime-2.1-mini estimated=false inputTextTokens=100 inputAudioTokens=20 cachedTextTokens=0 cachedAudioTokens=0 outputTextTokens=10 outputAudioTokens=40
      1000 telephony.marked name=g1:400:agent_1
      2000 telephony.marked name=g1:1400:agent_1
             > bus.publish #6 transcript delta=1 position=0 itemId=agent_1 speaker=agent text="Hello, this is Ada." generatedText="Hello, this is Ada." heardMs=1400 generatedMs=1400 interrupted=false agent=intake startedMs=580 endedMs=2000
             > bus.publish #7 agent.silent offsetMs=2000"
  `);
});

test("a call that was taken over goes on without a greeting", () => {
  const history = [
    { speaker: "agent", text: "Hello, this is Ada." },
    { speaker: "caller", text: "I need a plumber." },
  ] as const;
  expect(
    play(
      connecting(aCallConfig({ history })),
      { at: 200, type: "model.opened", sessionId: "sess_1", expiresAt: null },
      { at: 300, type: "model.configured" },
    ),
  ).toMatchInlineSnapshot(`
    "   200 model.opened sessionId=sess_1 expiresAt=null
             > bus.publish #2 model.opened offsetMs=200 leg=1 sessionId=sess_1
             > model.configure requestId=r1.1 agent=intake voice=gpt-realtime-2.1-mini autoRespond=true
       300 model.configured
             > lane.route inbound=flow
             > model.replay requestId=r1.2 history=["Hello, this is Ada." "I need a plumber."]
             > model.tell requestId=r1.3 role=system text="The line was interrupted for a moment and is back. Do not gr…"
             > bus.publish #3 response.asked offsetMs=300 purpose=reply
             > model.request requestId=r1.4 purpose=reply instructions=null"
  `);
});

test("a greeted caller who says nothing yet is left in peace", () => {
  expect(play(greeted(), { at: 8_000, type: "wait" })).toBe("");
});
