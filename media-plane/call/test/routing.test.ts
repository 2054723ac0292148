import { expect, test } from "vitest";
import type { AgentProfile, ToolCall } from "../src/index.ts";
import { aCallConfig, anAgent, aRoutedConfig } from "./a-call-config.ts";
import { A_USAGE, callerSays, greeted, heard, play, playAll, playNotes, says, type Scripted } from "./play.ts";

const TRANSFER: ToolCall = { toolCallId: "call_1", name: "router.transfer", argumentsJson: '{"agent":"support"}' };
const support = anAgent("support");
const billing = anAgent("billing");
const routedGreeted = greeted(aRoutedConfig());

function transcribed(at: number, itemId: string, text: string): Scripted {
  return { at, type: "model.caller_transcribed", itemId, text, usage: null };
}

function routed(at: number, questionId: string, agent: AgentProfile | null): Scripted {
  return { at, type: "router.routed", questionId, agent, by: "classify", isError: false };
}

function answer(at: number, responseId: string, itemId: string, requestId: string | null = null): readonly Scripted[] {
  return [...says(at, { responseId, itemId, requestId, text: "Yes.", ms: 500 }), heard(at + 600, itemId, 500)];
}

/** The first utterance was decided for nobody else; the caller was answered. It is 5,500 ms after the start. */
const settled: readonly Scripted[] = [
  ...routedGreeted,
  ...callerSays(3_500, "caller_1"),
  transcribed(4_400, "caller_1", "Hello?"),
  routed(4_500, "q1.1", null),
  ...answer(4_600, "resp_2", "agent_2", "r1.5"),
];

test("the reply to the first utterance is held until the router has decided, and is the chosen agent's", () => {
  expect(
    play(
      routedGreeted,
      ...callerSays(4_000, "caller_1"),
      transcribed(4_950, "caller_1", "My phone is broken."),
      routed(5_100, "q1.1", support),
      ...answer(5_300, "resp_2", "agent_2", "r1.6"),
    ),
  ).toMatchInlineSnapshot(`
    "  4000 model.speech_started itemId=caller_1
             > bus.publish #8 caller.speaking offsetMs=4000 itemId=caller_1
      4800 model.speech_stopped itemId=caller_1
             > bus.publish #9 caller.silent offsetMs=4800 itemId=caller_1
      4810 model.turn_committed itemId=caller_1
      4950 model.caller_transcribed itemId=caller_1 text="My phone is broken." usage=null
             > bus.publish #10 usage usageId=caller_1 source=transcription model=gpt-transcribe estimated=true inputTextTokens=0 inputAudioTokens=8 cachedTextTokens=0 cachedAudioTokens=0 outputTextTokens=0 outputAudioTokens=0
             > bus.publish #11 transcript delta=2 position=1 itemId=caller_1 speaker=caller text="My phone is broken." transcription=completed interrupted=false agent=intake startedMs=4000 endedMs=4800
             > router.ask questionId=q1.1 mode=first currentAgent=intake utterances=["Hello, this is Ada. How can I help you?" "My phone is broken."]
      5100 router.routed questionId=q1.1 agent=support by=classify isError=false
             > model.reconfigure requestId=r1.4 agent=support turns={…}
             > bus.publish #12 agent.changed offsetMs=5100 from=intake to=support by=classify
             > model.tell requestId=r1.5 role=system text="You are now Support, and your instructions are new. Until no…"
             > bus.publish #13 response.asked offsetMs=5100 purpose=reply
             > model.request requestId=r1.6 purpose=reply instructions=null
      5300 model.response_created responseId=resp_2 requestId=r1.6
             > lane.play responseId=resp_2 generation=1
      5320 model.audio_started responseId=resp_2 itemId=agent_2
      5360 model.words_finished itemId=agent_2 text=Yes.
      5380 lane.progressed itemId=agent_2 generatedMs=500 sentMs=500 finished=true
             > bus.publish #14 agent.speaking offsetMs=5380 itemId=agent_2
      5400 model.response_done responseId=resp_2 status=completed reason=null toolCalls=[] usage={…}
             > bus.publish #15 usage usageId=resp_2 source=response model=gpt-realtime-2.1-mini estimated=false inputTextTokens=100 inputAudioTokens=20 cachedTextTokens=0 cachedAudioTokens=0 outputTextTokens=10 outputAudioTokens=40
      5900 telephony.marked name=g1:500:agent_2
             > bus.publish #16 transcript delta=3 position=2 itemId=agent_2 speaker=agent text=Yes. generatedText=Yes. heardMs=500 generatedMs=500 interrupted=false agent=support startedMs=5380 endedMs=5900
             > bus.publish #17 agent.silent offsetMs=5900"
  `);
});

test("whoever has the call answers when the router decides for nobody else, and the vendor may answer from then on", () => {
  expect(
    play(routedGreeted, ...callerSays(4_000, "caller_1"), transcribed(4_950, "caller_1", "Hello?"), routed(5_100, "q1.1", null)),
  ).toMatchInlineSnapshot(`
    "  4000 model.speech_started itemId=caller_1
             > bus.publish #8 caller.speaking offsetMs=4000 itemId=caller_1
      4800 model.speech_stopped itemId=caller_1
             > bus.publish #9 caller.silent offsetMs=4800 itemId=caller_1
      4810 model.turn_committed itemId=caller_1
      4950 model.caller_transcribed itemId=caller_1 text="Hello?" usage=null
             > bus.publish #10 usage usageId=caller_1 source=transcription model=gpt-transcribe estimated=true inputTextTokens=0 inputAudioTokens=8 cachedTextTokens=0 cachedAudioTokens=0 outputTextTokens=0 outputAudioTokens=0
             > bus.publish #11 transcript delta=2 position=1 itemId=caller_1 speaker=caller text="Hello?" transcription=completed interrupted=false agent=intake startedMs=4000 endedMs=4800
             > router.ask questionId=q1.1 mode=first currentAgent=intake utterances=["Hello, this is Ada. How can I help you?" "Hello?"]
      5100 router.routed questionId=q1.1 agent=null by=classify isError=false
             > model.reconfigure requestId=r1.4 agent=null turns={…}
             > bus.publish #12 response.asked offsetMs=5100 purpose=reply
             > model.request requestId=r1.5 purpose=reply instructions=null"
  `);
});

test("the reply is held no longer than its deadline; a decision that comes later is carried out between two responses", () => {
  expect(
    playNotes(
      [...routedGreeted, ...callerSays(4_000, "caller_1"), transcribed(4_950, "caller_1", "My phone is broken.")],
      { at: 5_700, type: "wait" },
      ...answer(5_700, "resp_2", "agent_2", "r1.5").slice(0, 2),
      routed(5_730, "q1.1", support),
      ...answer(5_700, "resp_2", "agent_2", "r1.5").slice(2),
    ),
  ).toMatchInlineSnapshot(`
    "  5610 clock.struck
             > note name=route_hold_expired value=1
             > note name=route_hold_ms value=800
             > model.reconfigure requestId=r1.4 agent=null turns={…}
             > bus.publish #12 response.asked offsetMs=5610 purpose=reply
             > model.request requestId=r1.5 purpose=reply instructions=null
      5700 model.response_created responseId=resp_2 requestId=r1.5
             > lane.play responseId=resp_2 generation=1
      5720 model.audio_started responseId=resp_2 itemId=agent_2
      5730 router.routed questionId=q1.1 agent=support by=classify isError=false
      5760 model.words_finished itemId=agent_2 text=Yes.
      5780 lane.progressed itemId=agent_2 generatedMs=500 sentMs=500 finished=true
             > bus.publish #13 agent.speaking offsetMs=5780 itemId=agent_2
      5800 model.response_done responseId=resp_2 status=completed reason=null toolCalls=[] usage={…}
             > bus.publish #14 usage usageId=resp_2 source=response model=gpt-realtime-2.1-mini estimated=false inputTextTokens=100 inputAudioTokens=20 cachedTextTokens=0 cachedAudioTokens=0 outputTextTokens=10 outputAudioTokens=40
      6300 telephony.marked name=g1:500:agent_2
             > bus.publish #15 transcript delta=3 position=2 itemId=agent_2 speaker=agent text=Yes. generatedText=Yes. heardMs=500 generatedMs=500 interrupted=false agent=intake startedMs=5780 endedMs=6300
             > model.reconfigure requestId=r1.6 agent=support turns=null
             > bus.publish #16 agent.changed offsetMs=6300 from=intake to=support by=classify
             > model.tell requestId=r1.7 role=system text="You are now Support, and your instructions are new. Until no…"
             > bus.publish #17 agent.silent offsetMs=6300"
  `);
});

test("a transcription that comes after the deadline is still put to the router", () => {
  expect(
    play(
      [...routedGreeted, ...callerSays(4_000, "caller_1")],
      { at: 5_700, type: "wait" },
      transcribed(6_000, "caller_1", "My phone is broken."),
    ),
  ).toMatchInlineSnapshot(`
    "  5610 clock.struck
             > model.reconfigure requestId=r1.4 agent=null turns={…}
             > bus.publish #10 response.asked offsetMs=5610 purpose=reply
             > model.request requestId=r1.5 purpose=reply instructions=null
      6000 model.caller_transcribed itemId=caller_1 text="My phone is broken." usage=null
             > bus.publish #11 usage usageId=caller_1 source=transcription model=gpt-transcribe estimated=true inputTextTokens=0 inputAudioTokens=8 cachedTextTokens=0 cachedAudioTokens=0 outputTextTokens=0 outputAudioTokens=0
             > bus.publish #12 transcript delta=2 position=1 itemId=caller_1 speaker=caller text="My phone is broken." transcription=completed interrupted=false agent=intake startedMs=4000 endedMs=4800
             > router.ask questionId=q1.1 mode=background currentAgent=intake utterances=["Hello, this is Ada. How can I help you?" "My phone is broken."]"
  `);
});

test("noise that has no words is answered without the router, and the next utterance is the first", () => {
  expect(
    play(
      routedGreeted,
      ...callerSays(4_000, "caller_1", 100),
      transcribed(4_300, "caller_1", ""),
      ...answer(4_400, "resp_2", "agent_2", "r1.4"),
      ...callerSays(6_000, "caller_2"),
    ),
  ).toMatchInlineSnapshot(`
    "  4000 model.speech_started itemId=caller_1
             > bus.publish #8 caller.speaking offsetMs=4000 itemId=caller_1
      4100 model.speech_stopped itemId=caller_1
             > bus.publish #9 caller.silent offsetMs=4100 itemId=caller_1
      4110 model.turn_committed itemId=caller_1
      4300 model.caller_transcribed itemId=caller_1 text="" usage=null
             > bus.publish #10 usage usageId=caller_1 source=transcription model=gpt-transcribe estimated=true inputTextTokens=0 inputAudioTokens=1 cachedTextTokens=0 cachedAudioTokens=0 outputTextTokens=0 outputAudioTokens=0
             > bus.publish #11 transcript delta=2 position=1 itemId=caller_1 speaker=caller text="" transcription=completed interrupted=false agent=intake startedMs=4000 endedMs=4100
             > bus.publish #12 response.asked offsetMs=4300 purpose=reply
             > model.request requestId=r1.4 purpose=reply instructions=null
      4400 model.response_created responseId=resp_2 requestId=r1.4
             > lane.play responseId=resp_2 generation=1
      4420 model.audio_started responseId=resp_2 itemId=agent_2
      4460 model.words_finished itemId=agent_2 text=Yes.
      4480 lane.progressed itemId=agent_2 generatedMs=500 sentMs=500 finished=true
             > bus.publish #13 agent.speaking offsetMs=4480 itemId=agent_2
      4500 model.response_done responseId=resp_2 status=completed reason=null toolCalls=[] usage={…}
             > bus.publish #14 usage usageId=resp_2 source=response model=gpt-realtime-2.1-mini estimated=false inputTextTokens=100 inputAudioTokens=20 cachedTextTokens=0 cachedAudioTokens=0 outputTextTokens=10 outputAudioTokens=40
      5000 telephony.marked name=g1:500:agent_2
             > bus.publish #15 transcript delta=3 position=2 itemId=agent_2 speaker=agent text=Yes. generatedText=Yes. heardMs=500 generatedMs=500 interrupted=false agent=intake startedMs=4480 endedMs=5000
             > bus.publish #16 agent.silent offsetMs=5000
      6000 model.speech_started itemId=caller_2
             > bus.publish #17 caller.speaking offsetMs=6000 itemId=caller_2
      6800 model.speech_stopped itemId=caller_2
             > bus.publish #18 caller.silent offsetMs=6800 itemId=caller_2
      6810 model.turn_committed itemId=caller_2"
  `);
});

test("later utterances are routed while the conversation goes on, one question at a time, and the newest words win", () => {
  expect(
    play(
      settled,
      ...callerSays(6_000, "caller_2", 300),
      ...answer(6_400, "resp_3", "agent_3"),
      transcribed(7_050, "caller_2", "It is about an invoice."),
      ...callerSays(7_100, "caller_3", 300),
      transcribed(7_600, "caller_3", "No, my phone is broken."),
      routed(7_700, "q1.2", billing),
      routed(8_000, "q1.3", support),
    ),
  ).toMatchInlineSnapshot(`
    "  6000 model.speech_started itemId=caller_2
             > bus.publish #17 caller.speaking offsetMs=6000 itemId=caller_2
      6300 model.speech_stopped itemId=caller_2
             > bus.publish #18 caller.silent offsetMs=6300 itemId=caller_2
      6310 model.turn_committed itemId=caller_2
      6400 model.response_created responseId=resp_3 requestId=null
             > lane.play responseId=resp_3 generation=1
      6420 model.audio_started responseId=resp_3 itemId=agent_3
      6460 model.words_finished itemId=agent_3 text=Yes.
      6480 lane.progressed itemId=agent_3 generatedMs=500 sentMs=500 finished=true
             > bus.publish #19 agent.speaking offsetMs=6480 itemId=agent_3
      6500 model.response_done responseId=resp_3 status=completed reason=null toolCalls=[] usage={…}
             > bus.publish #20 usage usageId=resp_3 source=response model=gpt-realtime-2.1-mini estimated=false inputTextTokens=100 inputAudioTokens=20 cachedTextTokens=0 cachedAudioTokens=0 outputTextTokens=10 outputAudioTokens=40
      7000 telephony.marked name=g1:500:agent_3
             > bus.publish #21 transcript delta=4 position=4 itemId=agent_3 speaker=agent text=Yes. generatedText=Yes. heardMs=500 generatedMs=500 interrupted=false agent=intake startedMs=6480 endedMs=7000
             > bus.publish #22 agent.silent offsetMs=7000
      7050 model.caller_transcribed itemId=caller_2 text="It is about an invoice." usage=null
             > bus.publish #23 usage usageId=caller_2 source=transcription model=gpt-transcribe estimated=true inputTextTokens=0 inputAudioTokens=3 cachedTextTokens=0 cachedAudioTokens=0 outputTextTokens=0 outputAudioTokens=0
             > bus.publish #24 transcript delta=5 position=3 itemId=caller_2 speaker=caller text="It is about an invoice." transcription=completed interrupted=false agent=intake startedMs=6000 endedMs=6300
             > router.ask questionId=q1.2 mode=background currentAgent=intake utterances=["Hello, this is Ada. How can I help you?" "Hello?" Yes. "It is about an invoice."]
      7100 model.speech_started itemId=caller_3
             > bus.publish #25 caller.speaking offsetMs=7100 itemId=caller_3
      7400 model.speech_stopped itemId=caller_3
             > bus.publish #26 caller.silent offsetMs=7400 itemId=caller_3
      7410 model.turn_committed itemId=caller_3
      7600 model.caller_transcribed itemId=caller_3 text="No, my phone is broken." usage=null
             > bus.publish #27 usage usageId=caller_3 source=transcription model=gpt-transcribe estimated=true inputTextTokens=0 inputAudioTokens=3 cachedTextTokens=0 cachedAudioTokens=0 outputTextTokens=0 outputAudioTokens=0
             > bus.publish #28 transcript delta=6 position=5 itemId=caller_3 speaker=caller text="No, my phone is broken." transcription=completed interrupted=false agent=intake startedMs=7100 endedMs=7400
      7700 router.routed questionId=q1.2 agent=billing by=classify isError=false
             > router.ask questionId=q1.3 mode=background currentAgent=intake utterances=["Hello, this is Ada. How can I help you?" "Hello?" Yes. "It is about an invoice." Yes. "No, my phone is broken."]
      8000 router.routed questionId=q1.3 agent=support by=classify isError=false"
  `);
});

test("a call without a router, or with one agent, is never put to one, and the vendor answers from the beginning", () => {
  const { effects } = playAll([...greeted(), ...callerSays(4_000, "caller_1"), transcribed(4_950, "caller_1", "Hello?")]);
  expect(effects.filter((effect) => effect.type === "router.ask" || effect.type === "model.reconfigure")).toEqual([]);
  expect(effects.find((effect) => effect.type === "model.configure")).toMatchObject({ autoRespond: true });
});

test("a resumed call in which the caller has spoken holds nothing", () => {
  const history = [{ speaker: "caller", text: "Hello?" }] as const;
  const { effects } = playAll(greeted(aRoutedConfig({ history })));
  expect(effects.find((effect) => effect.type === "model.configure")).toMatchObject({ autoRespond: true });
});

/** The agent says a word and hands over. */
function handsOver(
  at: number,
  to: AgentProfile,
  toolCallId = "call_1",
  responseId = "resp_3",
  requestId: string | null = null,
): readonly Scripted[] {
  return [
    { at, type: "model.response_created", responseId, requestId },
    {
      at: at + 50,
      type: "model.response_done",
      responseId,
      status: "completed",
      reason: null,
      toolCalls: [{ ...TRANSFER, toolCallId }],
      usage: A_USAGE,
    },
    { at: at + 200, type: "tool.finished", toolCallId, outputJson: '{"ok":true}', isError: false, handoff: to },
  ];
}

test("an agent hands over: session and note change before the new agent is asked to go on", () => {
  expect(play(settled, ...handsOver(6_000, support))).toMatchInlineSnapshot(`
    "  6000 model.response_created responseId=resp_3 requestId=null
             > lane.play responseId=resp_3 generation=1
      6050 model.response_done responseId=resp_3 status=completed reason=null toolCalls=[router.transfer] usage={…}
             > bus.publish #17 usage usageId=resp_3 source=response model=gpt-realtime-2.1-mini estimated=false inputTextTokens=100 inputAudioTokens=20 cachedTextTokens=0 cachedAudioTokens=0 outputTextTokens=10 outputAudioTokens=40
             > bus.publish #18 tool.called offsetMs=6050 toolCallId=call_1 name=router.transfer
             > tool.run toolCallId=call_1 name=router.transfer argumentsJson="{\\"agent\\":\\"support\\"}" agent=intake
      6200 tool.finished toolCallId=call_1 outputJson="{\\"ok\\":true}" isError=false handoff=support
             > bus.publish #19 tool.finished offsetMs=6200 toolCallId=call_1 name=router.transfer isError=false durationMs=150
             > model.answer_tool requestId=r1.6 toolCallId=call_1 output="{\\"ok\\":true}"
             > model.reconfigure requestId=r1.7 agent=support turns=null
             > bus.publish #20 agent.changed offsetMs=6200 from=intake to=support by=tool
             > model.tell requestId=r1.8 role=system text="You are now Support, and your instructions are new. Until no…"
             > bus.publish #21 response.asked offsetMs=6200 purpose=tool_result
             > model.request requestId=r1.9 purpose=tool_result instructions=null"
  `);
});

test("who spoke when is in the transcript", () => {
  const { effects } = playAll([...settled, ...handsOver(6_000, support), ...answer(6_500, "resp_4", "agent_4", "r1.9")]);
  const said = effects.flatMap((effect) => (effect.type === "bus.publish" && effect.kind === "transcript" ? [effect.body["agent"]] : []));
  expect(said).toEqual(["intake", "intake", "intake", "support"]);
});

test("an agent that hands the call to itself is told so, and nothing changes", () => {
  const { effects } = playAll([...settled, ...handsOver(6_000, anAgent("intake"))]);
  expect(effects.some((effect) => effect.type === "model.reconfigure" && effect.agent)).toBe(false);
  expect(effects.findLast((effect) => effect.type === "model.answer_tool")?.output).toContain("intake has the call already");
});

test("while an agent hands over, what the router decides does not count", () => {
  const { effects } = playAll([
    ...settled,
    ...callerSays(5_800, "caller_2", 100),
    transcribed(5_950, "caller_2", "An invoice."),
    ...handsOver(6_000, support).slice(0, 2),
    routed(6_100, "q1.2", billing),
    ...handsOver(6_000, support).slice(2),
  ]);
  const changes = effects.flatMap((effect) => (effect.type === "model.reconfigure" && effect.agent ? [effect.agent.slug] : []));
  expect(changes).toEqual(["support"]);
});

test("a call changes hands five times and no more", () => {
  // Each agent hands over as soon as it is asked to go on.
  const rounds = Array.from({ length: 7 }, (_, round) => {
    const requestId = round === 0 ? null : `r1.${5 + 4 * round}`;
    return handsOver(6_000 + round * 1_000, round % 2 === 0 ? support : billing, `call_${round}`, `resp_${round + 10}`, requestId);
  }).flat();
  const { effects } = playAll([...settled, ...rounds]);
  expect(effects.filter((effect) => effect.type === "model.reconfigure" && effect.agent)).toHaveLength(5);
  const outputs = effects.flatMap((effect) => (effect.type === "model.answer_tool" ? [effect.output] : []));
  expect(outputs[5]).toContain("a call is handed over at most 5 times");
});

test("a change that the vendor refuses is taken back, in the record too", () => {
  expect(
    play([...settled, ...handsOver(6_000, support)], {
      at: 6_300,
      type: "model.errored",
      code: "invalid_value",
      message: "",
      requestId: "r1.7",
    }),
  ).toMatchInlineSnapshot(`
    "  6300 model.errored code=invalid_value message="" requestId=r1.7
             > bus.publish #22 call.warned offsetMs=6300 code=agent_change_refused
             > bus.publish #23 agent.changed offsetMs=6300 from=support to=intake by=refused
             > model.tell requestId=r1.10 role=system text="The change did not work. You are still Intake; continue.""
  `);
});

test("a decision that comes while the call ends changes nothing", () => {
  const { effects } = playAll([
    ...settled,
    ...callerSays(5_800, "caller_2", 100),
    transcribed(5_950, "caller_2", "An invoice."),
    { at: 6_000, type: "operator.hung_up", reason: "drained" },
    routed(6_010, "q1.2", billing),
  ]);
  expect(effects.some((effect) => effect.type === "model.reconfigure" && effect.agent)).toBe(false);
});

test("a call of one agent may be handed over by a tool all the same", () => {
  const { effects } = playAll([...greeted(aCallConfig()), ...handsOver(4_000, support, "call_1", "resp_2")]);
  expect(effects.find((effect) => effect.type === "model.reconfigure")).toMatchObject({ agent: { slug: "support" }, turns: null });
});
