import { expect, test } from "vitest";
import { heard, live, play, says } from "./play.ts";

const GREETING = { responseId: "resp_1", itemId: "agent_1", requestId: "r1.3", text: "Hello, this is Ada. How can I help you?", ms: 3_000 };
const HELLO = { at: 700, type: "model.speech_started", itemId: "caller_1" } as const;

test("speech in the first second of the greeting does not cut it, and is answered after it", () => {
  expect(
    play(
      [...live(), ...says(500, GREETING).slice(0, 4)],
      HELLO,
      { at: 1_100, type: "model.speech_stopped", itemId: "caller_1" },
      { at: 1_110, type: "model.turn_committed", itemId: "caller_1" },
      { at: 1_120, type: "model.errored", code: "conversation_already_has_active_response", message: "", requestId: null },
      { at: 1_200, type: "model.response_done", responseId: "resp_1", status: "completed", reason: null, toolCalls: [], usage: null },
    ),
  ).toMatchInlineSnapshot(`
    "   700 model.speech_started itemId=caller_1
             > bus.publish #5 caller.speaking offsetMs=700 itemId=caller_1
      1100 model.speech_stopped itemId=caller_1
             > bus.publish #6 caller.silent offsetMs=1100 itemId=caller_1
      1110 model.turn_committed itemId=caller_1
      1120 model.errored code=conversation_already_has_active_response message="" requestId=null
      1200 model.response_done responseId=resp_1 status=completed reason=null toolCalls=[] usage=null
             > bus.publish #7 usage usageId=resp_1 source=response model=gpt-realtime-2.1-mini estimated=true inputTextTokens=0 inputAudioTokens=0 cachedTextTokens=0 cachedAudioTokens=0 outputTextTokens=0 outputAudioTokens=60
             > bus.publish #8 response.asked offsetMs=1200 purpose=reply
             > model.request requestId=r1.4 purpose=reply instructions=null"
  `);
});

test("a caller who still speaks when a second was heard has the floor", () => {
  expect(
    play([...live(), ...says(500, GREETING), HELLO], heard(1_200, "agent_1", 600), heard(1_650, "agent_1", 1_050)),
  ).toMatchInlineSnapshot(`
    "  1200 telephony.marked name=g1:600:agent_1
      1650 telephony.marked name=g1:1050:agent_1
             > telephony.clear
             > lane.mute
             > model.truncate requestId=r1.4 itemId=agent_1 audioEndMs=1060
             > bus.publish #7 agent.interrupted offsetMs=1650 itemId=agent_1 heardMs=1060 generatedMs=3000
             > bus.publish #8 transcript delta=1 position=0 itemId=agent_1 speaker=agent text="Hello, this" generatedText="Hello, this is Ada. How can I help you?" heardMs=1060 generatedMs=3000 interrupted=true agent=intake startedMs=580 endedMs=1650
             > bus.publish #9 agent.silent offsetMs=1650"
  `);
});

test("the shield is down for good once the greeting is over, however short it was", () => {
  expect(
    play(
      [
        ...live(),
        ...says(500, { ...GREETING, ms: 600 }),
        heard(1_200, "agent_1", 600),
        ...says(2_000, { responseId: "resp_2", itemId: "agent_2", text: "Are you there?", ms: 800 }),
      ],
      { at: 2_200, type: "model.speech_started", itemId: "caller_1" },
    ),
  ).toMatchInlineSnapshot(`
    "  2200 model.speech_started itemId=caller_1
             > bus.publish #10 caller.speaking offsetMs=2200 itemId=caller_1
             > telephony.clear
             > lane.mute
             > model.truncate requestId=r1.4 itemId=agent_2 audioEndMs=120
             > bus.publish #11 agent.interrupted offsetMs=2200 itemId=agent_2 heardMs=120 generatedMs=800
             > bus.publish #12 transcript delta=2 position=1 itemId=agent_2 speaker=agent text="" generatedText="Are you there?" heardMs=120 generatedMs=800 interrupted=true agent=intake startedMs=2080 endedMs=2200
             > bus.publish #13 agent.silent offsetMs=2200"
  `);
});
