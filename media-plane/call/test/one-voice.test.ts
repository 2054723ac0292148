import { expect, test } from "vitest";
import { A_USAGE, callerSays, greeted, heard, live, play, says } from "./play.ts";

const BUSY = { type: "model.errored", code: "conversation_already_has_active_response", message: "" } as const;

test("the vendor's own response to the caller is taken as the reply", () => {
  expect(
    play(
      [...greeted(), ...callerSays(4_000, "caller_1")],
      ...says(5_000, { responseId: "resp_2", itemId: "agent_2", text: "Of course.", ms: 700 }),
      { at: 6_000, type: "wait" },
    ),
  ).toMatchInlineSnapshot(`
    "  5000 model.response_created responseId=resp_2 requestId=null
             > lane.play responseId=resp_2 generation=1
      5020 model.audio_started responseId=resp_2 itemId=agent_2
      5060 model.words_finished itemId=agent_2 text="Of course."
      5080 lane.progressed itemId=agent_2 generatedMs=700 sentMs=700 finished=true
             > bus.publish #10 agent.speaking offsetMs=5080 itemId=agent_2
      5100 model.response_done responseId=resp_2 status=completed reason=null toolCalls=[] usage={…}
             > bus.publish #11 usage usageId=resp_2 source=response model=gpt-realtime-2.1-mini estimated=false inputTextTokens=100 inputAudioTokens=20 cachedTextTokens=0 cachedAudioTokens=0 outputTextTokens=10 outputAudioTokens=40"
  `);
});

test("a caller whom the vendor does not answer within 2.5 s is answered at our request", () => {
  expect(play([...greeted(), ...callerSays(4_000, "caller_1")], { at: 7_500, type: "wait" })).toMatchInlineSnapshot(`
    "  7310 clock.struck
             > bus.publish #10 response.asked offsetMs=7310 purpose=reply
             > model.request requestId=r1.4 purpose=reply instructions=null"
  `);
});

test("a request that the vendor's own response overtook is made again when that is over", () => {
  const injected = { injectionId: "inj_1", action: "correction", message: "It is Tuesday.", expiresAt: 60_000 } as const;
  expect(
    play(
      [...greeted(), { at: 4_000, type: "auditor.injected", ...injected }],
      { at: 4_050, type: "model.response_created", responseId: "resp_v", requestId: null },
      { at: 4_060, ...BUSY, requestId: "r1.5" },
      { at: 4_070, type: "model.audio_started", responseId: "resp_v", itemId: "agent_2" },
      { at: 4_080, type: "lane.progressed", itemId: "agent_2", generatedMs: 400, sentMs: 400, finished: true },
      { at: 4_090, type: "model.response_done", responseId: "resp_v", status: "completed", reason: null, toolCalls: [], usage: A_USAGE },
    ),
  ).toMatchInlineSnapshot(`
    "  4050 model.response_created responseId=resp_v requestId=null
             > lane.play responseId=resp_v generation=1
      4060 model.errored code=conversation_already_has_active_response message="" requestId=r1.5
      4070 model.audio_started responseId=resp_v itemId=agent_2
      4080 lane.progressed itemId=agent_2 generatedMs=400 sentMs=400 finished=true
             > bus.publish #10 agent.speaking offsetMs=4080 itemId=agent_2
      4090 model.response_done responseId=resp_v status=completed reason=null toolCalls=[] usage={…}
             > bus.publish #11 usage usageId=resp_v source=response model=gpt-realtime-2.1-mini estimated=false inputTextTokens=100 inputAudioTokens=20 cachedTextTokens=0 cachedAudioTokens=0 outputTextTokens=10 outputAudioTokens=40
             > bus.publish #12 response.asked offsetMs=4090 purpose=injection
             > model.request requestId=r1.6 purpose=injection instructions="You are Ada.\\n\\nSomething that was said or noted is wrong. Wha…""
  `);
});

test("a request that is created although another response is active is the younger: it is cancelled, and made again", () => {
  const injected = { injectionId: "inj_1", action: "correction", message: "It is Tuesday.", expiresAt: 60_000 } as const;
  expect(
    play(
      [...greeted(), { at: 4_000, type: "auditor.injected", ...injected }],
      { at: 4_050, type: "model.response_created", responseId: "resp_v", requestId: null },
      { at: 4_060, type: "model.response_created", responseId: "resp_2", requestId: "r1.5" },
      {
        at: 4_080,
        type: "model.response_done",
        responseId: "resp_2",
        status: "cancelled",
        reason: "client_cancelled",
        toolCalls: [],
        usage: null,
      },
      {
        at: 4_090,
        type: "model.response_done",
        responseId: "resp_v",
        status: "incomplete",
        reason: "content_filter",
        toolCalls: [],
        usage: A_USAGE,
      },
    ),
  ).toMatchInlineSnapshot(`
    "  4050 model.response_created responseId=resp_v requestId=null
             > lane.play responseId=resp_v generation=1
      4060 model.response_created responseId=resp_2 requestId=r1.5
             > model.cancel requestId=r1.6 responseId=resp_2
      4080 model.response_done responseId=resp_2 status=cancelled reason=client_cancelled toolCalls=[] usage=null
      4090 model.response_done responseId=resp_v status=incomplete reason=content_filter toolCalls=[] usage={…}
             > bus.publish #10 usage usageId=resp_v source=response model=gpt-realtime-2.1-mini estimated=false inputTextTokens=100 inputAudioTokens=20 cachedTextTokens=0 cachedAudioTokens=0 outputTextTokens=10 outputAudioTokens=40
             > bus.publish #11 call.warned offsetMs=4090 code=response_incomplete
             > bus.publish #12 response.asked offsetMs=4090 purpose=retry
             > model.request requestId=r1.7 purpose=retry instructions=null"
  `);
});

test("a request that is refused because of a response nobody has seen is made again after half a second", () => {
  expect(play(live(), { at: 400, ...BUSY, requestId: "r1.3" }, { at: 1_500, type: "wait" })).toMatchInlineSnapshot(`
    "   400 model.errored code=conversation_already_has_active_response message="" requestId=r1.3
       900 clock.struck
             > bus.publish #4 response.asked offsetMs=900 purpose=greeting
             > model.request requestId=r1.4 purpose=greeting instructions=null"
  `);
});

test("of two active responses the younger is cancelled, and nothing of it is heard", () => {
  expect(
    play(
      [...live(), { at: 400, type: "model.response_created", responseId: "resp_1", requestId: "r1.3" }],
      { at: 450, type: "model.response_created", responseId: "resp_v", requestId: null },
      { at: 460, type: "model.audio_started", responseId: "resp_v", itemId: "agent_v" },
      { at: 470, type: "lane.progressed", itemId: "agent_v", generatedMs: 100, sentMs: 0, finished: false },
      {
        at: 500,
        type: "model.response_done",
        responseId: "resp_v",
        status: "cancelled",
        reason: "client_cancelled",
        toolCalls: [],
        usage: null,
      },
    ),
  ).toMatchInlineSnapshot(`
    "   450 model.response_created responseId=resp_v requestId=null
             > model.cancel requestId=r1.4 responseId=resp_v
       460 model.audio_started responseId=resp_v itemId=agent_v
             > model.delete requestId=r1.5 itemId=agent_v
       470 lane.progressed itemId=agent_v generatedMs=100 sentMs=0 finished=false
       500 model.response_done responseId=resp_v status=cancelled reason=client_cancelled toolCalls=[] usage=null"
  `);
});

test("a response whose beginning was never announced is heard and ended all the same", () => {
  expect(
    play(
      live(),
      { at: 500, type: "model.audio_started", responseId: "resp_1", itemId: "agent_1" },
      { at: 520, type: "lane.progressed", itemId: "agent_1", generatedMs: 400, sentMs: 400, finished: true },
      { at: 540, type: "model.words_finished", itemId: "agent_1", text: "Hello." },
      { at: 560, type: "model.response_done", responseId: "resp_1", status: "completed", reason: null, toolCalls: [], usage: null },
      heard(1_000, "agent_1", 400),
    ),
  ).toMatchInlineSnapshot(`
    "   500 model.audio_started responseId=resp_1 itemId=agent_1
             > lane.play responseId=resp_1 generation=1
       520 lane.progressed itemId=agent_1 generatedMs=400 sentMs=400 finished=true
             > bus.publish #4 agent.speaking offsetMs=520 itemId=agent_1
       540 model.words_finished itemId=agent_1 text=Hello.
       560 model.response_done responseId=resp_1 status=completed reason=null toolCalls=[] usage=null
             > bus.publish #5 usage usageId=resp_1 source=response model=gpt-realtime-2.1-mini estimated=true inputTextTokens=0 inputAudioTokens=0 cachedTextTokens=0 cachedAudioTokens=0 outputTextTokens=0 outputAudioTokens=8
      1000 telephony.marked name=g1:400:agent_1
             > bus.publish #6 transcript delta=1 position=0 itemId=agent_1 speaker=agent text=Hello. generatedText=Hello. heardMs=400 generatedMs=400 interrupted=false agent=intake startedMs=520 endedMs=1000
             > bus.publish #7 agent.silent offsetMs=1000"
  `);
});

test("a turn that is committed while a response is active is answered when that is over", () => {
  expect(
    play(
      [
        ...greeted(),
        { at: 4_000, type: "telephony.keyed", digit: "1" },
        { at: 5_600, type: "model.response_created", responseId: "resp_2", requestId: "r1.5" },
      ],
      { at: 5_700, type: "model.turn_committed", itemId: "caller_1" },
      {
        at: 5_900,
        type: "model.response_done",
        responseId: "resp_2",
        status: "incomplete",
        reason: "max_output_tokens",
        toolCalls: [],
        usage: null,
      },
    ),
  ).toMatchInlineSnapshot(`
    "  5700 model.turn_committed itemId=caller_1
      5900 model.response_done responseId=resp_2 status=incomplete reason=max_output_tokens toolCalls=[] usage=null
             > bus.publish #10 call.warned offsetMs=5900 code=response_incomplete
             > bus.publish #11 response.asked offsetMs=5900 purpose=retry
             > model.request requestId=r1.6 purpose=retry instructions=null"
  `);
});
