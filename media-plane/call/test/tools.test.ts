import { expect, test } from "vitest";
import type { ToolCall } from "../src/index.ts";
import { A_USAGE, greeted, heard, play, playAll, says, type Scripted } from "./play.ts";

const QUERY: ToolCall = { toolCallId: "call_1", name: "entity.query", argumentsJson: '{"type":"order"}' };
const BOOK: ToolCall = { toolCallId: "call_2", name: "calendar.book", argumentsJson: "{}" };
const END: ToolCall = { toolCallId: "call_9", name: "call.end", argumentsJson: "{}" };

function calls(
  at: number,
  toolCalls: readonly ToolCall[],
  status: "completed" | "cancelled" = "completed",
  responseId = "resp_2",
): readonly Scripted[] {
  return [
    { at, type: "model.response_created", responseId, requestId: null },
    { at: at + 50, type: "model.response_done", responseId, status, reason: null, toolCalls, usage: A_USAGE },
  ];
}

function finished(at: number, toolCallId: string): Scripted {
  return { at, type: "tool.finished", toolCallId, outputJson: '{"ok":true}', isError: false };
}

test("several tools are run, each is answered, and the model is asked to go on once, when all are in", () => {
  expect(play(greeted(), ...calls(4_000, [QUERY, BOOK]), finished(4_500, "call_2"), finished(5_000, "call_1"))).toMatchInlineSnapshot(`
    "  4000 model.response_created responseId=resp_2 requestId=null
             > lane.play responseId=resp_2 generation=1
      4050 model.response_done responseId=resp_2 status=completed reason=null toolCalls=[entity.query calendar.book] usage={…}
             > bus.publish #8 usage usageId=resp_2 source=response model=gpt-realtime-2.1-mini estimated=false inputTextTokens=100 inputAudioTokens=20 cachedTextTokens=0 cachedAudioTokens=0 outputTextTokens=10 outputAudioTokens=40
             > bus.publish #9 tool.called offsetMs=4050 toolCallId=call_1 name=entity.query
             > tool.run toolCallId=call_1 name=entity.query argumentsJson="{\\"type\\":\\"order\\"}" agent=intake
             > bus.publish #10 tool.called offsetMs=4050 toolCallId=call_2 name=calendar.book
             > tool.run toolCallId=call_2 name=calendar.book argumentsJson="{}" agent=intake
      4500 tool.finished toolCallId=call_2 outputJson="{\\"ok\\":true}" isError=false
             > bus.publish #11 tool.finished offsetMs=4500 toolCallId=call_2 name=calendar.book isError=false durationMs=450
             > model.answer_tool requestId=r1.4 toolCallId=call_2 output="{\\"ok\\":true}"
      5000 tool.finished toolCallId=call_1 outputJson="{\\"ok\\":true}" isError=false
             > bus.publish #12 tool.finished offsetMs=5000 toolCallId=call_1 name=entity.query isError=false durationMs=950
             > model.answer_tool requestId=r1.5 toolCallId=call_1 output="{\\"ok\\":true}"
             > bus.publish #13 response.asked offsetMs=5000 purpose=tool_result
             > model.request requestId=r1.6 purpose=tool_result instructions=null"
  `);
});

test("a call that the wire repeats is run once", () => {
  const { effects } = playAll([...greeted(), ...calls(4_000, [QUERY, QUERY]), ...calls(4_200, [QUERY], "completed", "resp_3")]);
  expect(effects.filter((effect) => effect.type === "tool.run")).toHaveLength(1);
});

test("the calls of a response that was cut off are not carried out, and the model is told so", () => {
  expect(
    play(
      [...greeted(), ...calls(4_000, [QUERY]).slice(0, 1), { at: 4_010, type: "model.speech_started", itemId: "caller_1" }],
      ...calls(4_000, [QUERY], "cancelled").slice(1),
    ),
  ).toMatchInlineSnapshot(`
    "  4050 model.response_done responseId=resp_2 status=cancelled reason=null toolCalls=[entity.query] usage={…}
             > bus.publish #9 usage usageId=resp_2 source=response model=gpt-realtime-2.1-mini estimated=false inputTextTokens=100 inputAudioTokens=20 cachedTextTokens=0 cachedAudioTokens=0 outputTextTokens=10 outputAudioTokens=40
             > model.answer_tool requestId=r1.5 toolCallId=call_1 output="{\\"error\\":{\\"code\\":\\"aborted\\",\\"message\\":\\"interrupted, nothing w…""
  `);
});

test("a tool that does not answer in 20 s is answered for, and its late result is ignored", () => {
  expect(play([...greeted(), ...calls(4_000, [QUERY])], { at: 24_500, type: "wait" }, finished(25_000, "call_1"))).toMatchInlineSnapshot(`
    "  5250 clock.struck
             > model.tell requestId=r1.4 role=system text="A tool is still running. Tell the caller in one short senten…"
             > bus.publish #10 response.asked offsetMs=5250 purpose=filler
             > model.request requestId=r1.5 purpose=filler instructions=null
     14750 clock.struck
             > model.tell requestId=r1.6 role=system text="The tool is still running. Tell the caller in one short sent…"
             > bus.publish #11 response.asked offsetMs=14750 purpose=filler
             > model.request requestId=r1.7 purpose=filler instructions=null
     24050 clock.struck
             > bus.publish #12 tool.finished offsetMs=24050 toolCallId=call_1 name=entity.query isError=true durationMs=20000
             > model.answer_tool requestId=r1.8 toolCallId=call_1 output="{\\"error\\":{\\"code\\":\\"deadline_exceeded\\",\\"message\\":\\"the tool did…"
             > bus.publish #13 response.asked offsetMs=24050 purpose=tool_result
             > model.request requestId=r1.9 purpose=tool_result instructions=null
     25000 tool.finished toolCallId=call_1 outputJson="{\\"ok\\":true}" isError=false"
  `);
});

test("a result that comes while the caller speaks is told with the answer that the caller gets anyway", () => {
  expect(
    play(
      [...greeted(), ...calls(4_000, [QUERY])],
      { at: 4_100, type: "model.speech_started", itemId: "caller_1" },
      finished(4_500, "call_1"),
      { at: 5_000, type: "model.speech_stopped", itemId: "caller_1" },
      { at: 5_010, type: "model.turn_committed", itemId: "caller_1" },
      { at: 5_100, type: "model.response_created", responseId: "resp_3", requestId: null },
    ),
  ).toMatchInlineSnapshot(`
    "  4100 model.speech_started itemId=caller_1
             > bus.publish #10 caller.speaking offsetMs=4100 itemId=caller_1
      4500 tool.finished toolCallId=call_1 outputJson="{\\"ok\\":true}" isError=false
             > bus.publish #11 tool.finished offsetMs=4500 toolCallId=call_1 name=entity.query isError=false durationMs=450
             > model.answer_tool requestId=r1.4 toolCallId=call_1 output="{\\"ok\\":true}"
      5000 model.speech_stopped itemId=caller_1
             > bus.publish #12 caller.silent offsetMs=5000 itemId=caller_1
      5010 model.turn_committed itemId=caller_1
      5100 model.response_created responseId=resp_3 requestId=null
             > lane.play responseId=resp_3 generation=1"
  `);
});

test("no more than 8 tools are run per turn; the others are answered with an error", () => {
  const many = Array.from({ length: 10 }, (_, index) => ({ ...QUERY, toolCallId: `call_${index}` }));
  const { effects } = playAll([...greeted(), ...calls(4_000, many)]);
  const outputs = effects.filter((effect) => effect.type === "model.answer_tool").map((effect) => effect.output);
  expect(effects.filter((effect) => effect.type === "tool.run")).toHaveLength(8);
  expect(outputs).toEqual(
    Array(2).fill('{"error":{"code":"resource_exhausted","message":"no more than 8 tools can be used before the caller speaks"}}'),
  );
});

test("no more than 32 tools are run per call", () => {
  const rounds = Array.from({ length: 6 }, (_, round): readonly Scripted[] => {
    const at = 4_000 + round * 1_000;
    const many = Array.from({ length: 8 }, (_unused, index) => ({ ...QUERY, toolCallId: `call_${round}_${index}` }));
    return [
      ...calls(at, many, "completed", `resp_${round + 2}`),
      { at: at + 100, type: "model.turn_committed", itemId: `caller_${round}` },
    ];
  });
  const { effects } = playAll([...greeted(), ...rounds.flat()]);
  expect(effects.filter((effect) => effect.type === "tool.run")).toHaveLength(32);
});

test("a model that does nothing but call tools is not asked to go on forever", () => {
  // Each round is one answer and one request.
  const rounds = Array.from({ length: 20 }, (_, round) => {
    const toolCall = { ...QUERY, toolCallId: `call_${round}`, argumentsJson: "x".repeat(40_000) };
    const requestId = round === 0 ? null : `r1.${3 + 2 * round}`;
    const [created, ...rest] = calls(4_000 + round * 200, [toolCall], "completed", `resp_${round + 2}`);
    return [{ ...created, requestId } as Scripted, ...rest];
  });
  const { effects } = playAll([...greeted(), ...rounds.flat()]);
  expect(effects.filter((effect) => effect.type === "model.request" && effect.purpose === "tool_result")).toHaveLength(10);
});

test("call.end closes the call once everything that was said has been heard", () => {
  expect(
    play(
      [...greeted(), ...says(4_000, { responseId: "resp_2", itemId: "agent_2", text: "Goodbye!", ms: 900 }).slice(0, 4)],
      { at: 4_100, type: "model.response_done", responseId: "resp_2", status: "completed", reason: null, toolCalls: [END], usage: A_USAGE },
      { at: 4_200, type: "model.speech_started", itemId: "caller_1" },
      heard(5_100, "agent_2", 900),
      { at: 5_150, type: "record.closed" },
    ),
  ).toMatchInlineSnapshot(`
    "  4100 model.response_done responseId=resp_2 status=completed reason=null toolCalls=[call.end] usage={…}
             > bus.publish #9 usage usageId=resp_2 source=response model=gpt-realtime-2.1-mini estimated=false inputTextTokens=100 inputAudioTokens=20 cachedTextTokens=0 cachedAudioTokens=0 outputTextTokens=10 outputAudioTokens=40
             > bus.publish #10 tool.called offsetMs=4100 toolCallId=call_9 name=call.end
             > model.answer_tool requestId=r1.4 toolCallId=call_9 output="{\\"ok\\":true}"
      4200 model.speech_started itemId=caller_1
             > bus.publish #11 caller.speaking offsetMs=4200 itemId=caller_1
      5100 telephony.marked name=g1:900:agent_2
             > bus.publish #12 transcript delta=2 position=1 itemId=agent_2 speaker=agent text="Goodbye!" generatedText="Goodbye!" heardMs=900 generatedMs=900 interrupted=false agent=intake startedMs=4080 endedMs=5100
             > lane.mute
             > lane.route inbound=drop
             > bus.publish #13 agent.silent offsetMs=5100
             > bus.publish #14 call.ended offsetMs=5100 outcome=completed reason=agent_hung_up
             > model.close
             > record.close outcome=completed reason=agent_hung_up durationMs=5100 lastSeq=14
      5150 record.closed
             > telephony.close code=1000"
  `);
});

test("call.end without a word leaves three seconds for a goodbye to begin", () => {
  expect(play(greeted(), ...calls(4_000, [END]), { at: 12_000, type: "wait" })).toMatchInlineSnapshot(`
    "  4000 model.response_created responseId=resp_2 requestId=null
             > lane.play responseId=resp_2 generation=1
      4050 model.response_done responseId=resp_2 status=completed reason=null toolCalls=[call.end] usage={…}
             > bus.publish #8 usage usageId=resp_2 source=response model=gpt-realtime-2.1-mini estimated=false inputTextTokens=100 inputAudioTokens=20 cachedTextTokens=0 cachedAudioTokens=0 outputTextTokens=10 outputAudioTokens=40
             > bus.publish #9 tool.called offsetMs=4050 toolCallId=call_9 name=call.end
             > model.answer_tool requestId=r1.4 toolCallId=call_9 output="{\\"ok\\":true}"
             > model.tell requestId=r1.5 role=system text="You have ended the call. If you have not said goodbye yet, d…"
             > bus.publish #10 response.asked offsetMs=4050 purpose=farewell
             > model.request requestId=r1.6 purpose=farewell instructions=null
      5550 clock.struck
             > bus.publish #11 response.asked offsetMs=5550 purpose=retry
             > model.request requestId=r1.7 purpose=retry instructions=null
      7050 clock.struck
             > bus.publish #12 response.asked offsetMs=7050 purpose=retry
             > model.request requestId=r1.8 purpose=retry instructions=null
             > lane.mute
             > lane.route inbound=drop
      8550 clock.struck
             > bus.publish #13 call.ended offsetMs=8550 outcome=completed reason=agent_hung_up
             > model.close
             > record.close outcome=completed reason=agent_hung_up durationMs=8550 lastSeq=13
     11550 clock.struck
             > telephony.close code=1000"
  `);
});

const LOOK_UP = { at: 5_250, type: "wait" } as const;

test("a tool that takes long is explained once, in words that are no answer", () => {
  expect(
    play(
      [...greeted(), ...calls(4_000, [QUERY])],
      LOOK_UP,
      ...says(5_300, { responseId: "resp_3", itemId: "agent_3", requestId: "r1.5", text: "One moment, I am looking.", ms: 900 }),
      heard(6_400, "agent_3", 900),
      finished(8_000, "call_1"),
    ),
  ).toMatchInlineSnapshot(`
    "  5250 clock.struck
             > model.tell requestId=r1.4 role=system text="A tool is still running. Tell the caller in one short senten…"
             > bus.publish #10 response.asked offsetMs=5250 purpose=filler
             > model.request requestId=r1.5 purpose=filler instructions=null
      5300 model.response_created responseId=resp_3 requestId=r1.5
             > lane.play responseId=resp_3 generation=1
      5320 model.audio_started responseId=resp_3 itemId=agent_3
      5360 model.words_finished itemId=agent_3 text="One moment, I am looking."
      5380 lane.progressed itemId=agent_3 generatedMs=900 sentMs=900 finished=true
             > bus.publish #11 agent.speaking offsetMs=5380 itemId=agent_3
      5400 model.response_done responseId=resp_3 status=completed reason=null toolCalls=[] usage={…}
             > bus.publish #12 usage usageId=resp_3 source=response model=gpt-realtime-2.1-mini estimated=false inputTextTokens=100 inputAudioTokens=20 cachedTextTokens=0 cachedAudioTokens=0 outputTextTokens=10 outputAudioTokens=40
      6400 telephony.marked name=g1:900:agent_3
             > bus.publish #13 transcript delta=2 position=1 itemId=agent_3 speaker=agent text="One moment, I am looking." generatedText="One moment, I am looking." heardMs=900 generatedMs=900 interrupted=false agent=intake startedMs=5380 endedMs=6400
             > bus.publish #14 agent.silent offsetMs=6400
      8000 tool.finished toolCallId=call_1 outputJson="{\\"ok\\":true}" isError=false
             > bus.publish #15 tool.finished offsetMs=8000 toolCallId=call_1 name=entity.query isError=false durationMs=3950
             > model.answer_tool requestId=r1.6 toolCallId=call_1 output="{\\"ok\\":true}"
             > bus.publish #16 response.asked offsetMs=8000 purpose=tool_result
             > model.request requestId=r1.7 purpose=tool_result instructions=null"
  `);
});

test("an agent that has said that it looks something up does not say so again", () => {
  const { effects } = playAll([
    ...greeted(),
    ...says(4_000, { responseId: "resp_2", itemId: "agent_2", text: "Let me see.", ms: 500 }).slice(0, 4),
    { at: 4_100, type: "model.response_done", responseId: "resp_2", status: "completed", reason: null, toolCalls: [QUERY], usage: A_USAGE },
    heard(4_700, "agent_2", 500),
    { at: 9_000, type: "wait" },
  ]);
  expect(effects.some((effect) => effect.type === "model.request" && effect.purpose === "filler")).toBe(false);
});

test("a tool that answers before the words that it is being looked for makes them unnecessary", () => {
  expect(
    play(
      [...greeted(), ...calls(4_000, [QUERY]), LOOK_UP],
      finished(5_300, "call_1"),
      { at: 5_310, type: "model.response_created", responseId: "resp_3", requestId: "r1.5" },
      {
        at: 5_350,
        type: "model.response_done",
        responseId: "resp_3",
        status: "cancelled",
        reason: "client_cancelled",
        toolCalls: [],
        usage: null,
      },
    ),
  ).toMatchInlineSnapshot(`
    "  5300 tool.finished toolCallId=call_1 outputJson="{\\"ok\\":true}" isError=false
             > bus.publish #11 tool.finished offsetMs=5300 toolCallId=call_1 name=entity.query isError=false durationMs=1250
             > model.answer_tool requestId=r1.6 toolCallId=call_1 output="{\\"ok\\":true}"
      5310 model.response_created responseId=resp_3 requestId=r1.5
             > model.cancel requestId=r1.7 responseId=resp_3
      5350 model.response_done responseId=resp_3 status=cancelled reason=client_cancelled toolCalls=[] usage=null
             > bus.publish #12 response.asked offsetMs=5350 purpose=tool_result
             > model.request requestId=r1.8 purpose=tool_result instructions=null"
  `);
});

test("the caller who speaks while a tool runs is not spoken over: no filler, and no request when the result comes", () => {
  const { effects } = playAll([
    ...greeted(),
    ...calls(4_000, [QUERY]),
    { at: 4_500, type: "model.speech_started", itemId: "caller_1" },
    { at: 6_000, type: "wait" },
    finished(6_500, "call_1"),
  ]);
  expect(effects.filter((effect) => effect.type === "model.request").map((effect) => effect.purpose)).toEqual(["greeting"]);
  expect(effects.some((effect) => effect.type === "model.answer_tool")).toBe(true);
});

const DIAL: ToolCall = { toolCallId: "call_5", name: "call.transfer", argumentsJson: '{"to":"+15550100300"}' };
const SENT: ToolCall = { toolCallId: "call_6", name: "call.sendDigits", argumentsJson: '{"digits":"12w3"}' };
const connected: Scripted = {
  at: 5_500,
  type: "tool.finished",
  toolCallId: "call_5",
  outputJson: '{"ok":true}',
  isError: false,
  effect: { name: "transferred" },
};

/** "I connect you", and the call of the tool. */
function connects(): readonly Scripted[] {
  return [
    ...says(4_000, { responseId: "resp_2", itemId: "agent_2", text: "I connect you.", ms: 900 }).slice(0, 4),
    { at: 4_100, type: "model.response_done", responseId: "resp_2", status: "completed", reason: null, toolCalls: [DIAL], usage: A_USAGE },
  ];
}

test("a transfer begins when its announcement was heard; the agent falls silent, and the call ends when the stream stops", () => {
  expect(
    play([...greeted(), ...connects()], heard(5_100, "agent_2", 900), connected, { at: 5_900, type: "telephony.stopped", cause: "stop" }),
  ).toMatchInlineSnapshot(`
    "  5100 telephony.marked name=g1:900:agent_2
             > bus.publish #11 transcript delta=2 position=1 itemId=agent_2 speaker=agent text="I connect you." generatedText="I connect you." heardMs=900 generatedMs=900 interrupted=false agent=intake startedMs=4080 endedMs=5100
             > tool.run toolCallId=call_5 name=call.transfer argumentsJson="{\\"to\\":\\"+15550100300\\"}" agent=intake
             > bus.publish #12 agent.silent offsetMs=5100
      5500 tool.finished toolCallId=call_5 outputJson="{\\"ok\\":true}" isError=false effect=transferred
             > bus.publish #13 tool.finished offsetMs=5500 toolCallId=call_5 name=call.transfer isError=false durationMs=400
             > model.answer_tool requestId=r1.4 toolCallId=call_5 output="{\\"ok\\":true}"
             > lane.mute
             > lane.route inbound=drop
             > model.close
      5900 telephony.stopped cause=stop
             > lane.mute
             > lane.route inbound=drop
             > bus.publish #14 call.ended offsetMs=5900 outcome=completed reason=transferred
             > record.close outcome=completed reason=transferred durationMs=5900 lastSeq=14"
  `);
});

test("a transfer whose stream does not stop is over after 15 s", () => {
  const { state, effects } = playAll([...greeted(), ...connects(), heard(5_100, "agent_2", 900), connected, { at: 26_000, type: "wait" }]);
  expect(state).toMatchObject({ phase: "ended", outcome: "completed", reason: "transferred" });
  expect(effects.find((effect) => effect.type === "record.close")).toMatchObject({ durationMs: 20_500 });
});

test("a stream that stops before the answer is here is a transfer too", () => {
  const { effects } = playAll([
    ...greeted(),
    ...connects(),
    heard(5_100, "agent_2", 900),
    { at: 5_400, type: "telephony.stopped", cause: "stop" },
    connected,
  ]);
  expect(effects.find((effect) => effect.type === "record.close")).toMatchObject({ outcome: "completed", reason: "transferred" });
});

test("a caller who cuts in before the transfer begins is not transferred", () => {
  const { effects } = playAll([...greeted(), ...connects(), { at: 4_500, type: "model.speech_started", itemId: "caller_1" }]);
  expect(effects.some((effect) => effect.type === "tool.run")).toBe(false);
  expect(effects.findLast((effect) => effect.type === "model.answer_tool")?.output).toContain("nothing was done");
});

test("keys are pressed between two responses, and the model goes on when they have sounded", () => {
  expect(
    play(
      [...greeted(), ...calls(4_000, [SENT])],
      {
        at: 4_200,
        type: "tool.finished",
        toolCallId: "call_6",
        outputJson: '{"ok":true}',
        isError: false,
        effect: { name: "send_digits", digits: "12w3" },
      },
      { at: 5_400, type: "telephony.marked", name: "tones" },
    ),
  ).toMatchInlineSnapshot(`
    "  4200 tool.finished toolCallId=call_6 outputJson="{\\"ok\\":true}" isError=false effect=send_digits
             > bus.publish #10 tool.finished offsetMs=4200 toolCallId=call_6 name=call.sendDigits isError=false durationMs=150
             > model.answer_tool requestId=r1.4 toolCallId=call_6 output="{\\"ok\\":true}"
             > lane.play_tones digits=12w3
      5400 telephony.marked name=tones
             > bus.publish #11 response.asked offsetMs=5400 purpose=tool_result
             > model.request requestId=r1.5 purpose=tool_result instructions=null"
  `);
});

test("a tool may end the call", () => {
  const { effects } = playAll([
    ...greeted(),
    ...calls(4_000, [QUERY]),
    { at: 4_200, type: "tool.finished", toolCallId: "call_1", outputJson: "{}", isError: false, effect: { name: "end_call" } },
    { at: 20_000, type: "wait" },
  ]);
  expect(effects.find((effect) => effect.type === "record.close")).toMatchObject({ outcome: "completed", reason: "agent_hung_up" });
});
