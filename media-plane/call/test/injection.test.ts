import { describe, expect, test } from "vitest";
import { A_USAGE, callerSays, connecting, greeted, heard, play, playAll, says, type Scripted } from "./play.ts";

function injected(at: number, action: "correction" | "complete" | "abort", injectionId = "inj_1", expiresAt = at + 30_000): Scripted {
  return { at, type: "auditor.injected", injectionId, action, message: "The appointment is on Tuesday.", expiresAt };
}

const SPEAKING = says(4_000, { responseId: "resp_2", itemId: "agent_2", text: "Your appointment is on Monday.", ms: 2_000 });

test("a correction waits until the agent has finished, is said in its voice, and is receipted when it was heard", () => {
  expect(
    play(
      [...greeted(), ...SPEAKING],
      injected(4_500, "correction"),
      heard(6_100, "agent_2", 2_000),
      ...says(6_300, { responseId: "resp_3", itemId: "agent_3", requestId: "r1.5", text: "Sorry, on Tuesday.", ms: 1_000 }),
      heard(7_500, "agent_3", 1_000),
    ),
  ).toMatchInlineSnapshot(`
    "  4500 auditor.injected injectionId=inj_1 action=correction message="The appointment is on Tuesday." expiresAt=34500
             > bus.publish #10 injection.taken offsetMs=4500 injectionId=inj_1 action=correction
      6100 telephony.marked name=g1:2000:agent_2
             > bus.publish #11 transcript delta=2 position=1 itemId=agent_2 speaker=agent text="Your appointment is on Monday." generatedText="Your appointment is on Monday." heardMs=2000 generatedMs=2000 interrupted=false agent=intake startedMs=4080 endedMs=6100
             > model.tell requestId=r1.4 role=system text="Something that was said or noted is wrong. What follows is r…"
             > bus.publish #12 response.asked offsetMs=6100 purpose=injection
             > model.request requestId=r1.5 purpose=injection instructions="You are Ada.\\n\\nSomething that was said or noted is wrong. Wha…"
             > bus.publish #13 agent.silent offsetMs=6100
      6300 model.response_created responseId=resp_3 requestId=r1.5
             > lane.play responseId=resp_3 generation=1
      6320 model.audio_started responseId=resp_3 itemId=agent_3
      6360 model.words_finished itemId=agent_3 text="Sorry, on Tuesday."
      6380 lane.progressed itemId=agent_3 generatedMs=1000 sentMs=1000 finished=true
             > bus.publish #14 agent.speaking offsetMs=6380 itemId=agent_3
      6400 model.response_done responseId=resp_3 status=completed reason=null toolCalls=[] usage={…}
             > bus.publish #15 usage usageId=resp_3 source=response model=gpt-realtime-2.1-mini estimated=false inputTextTokens=100 inputAudioTokens=20 cachedTextTokens=0 cachedAudioTokens=0 outputTextTokens=10 outputAudioTokens=40
      7500 telephony.marked name=g1:1000:agent_3
             > bus.publish #16 transcript delta=3 position=2 itemId=agent_3 speaker=agent text="Sorry, on Tuesday." generatedText="Sorry, on Tuesday." heardMs=1000 generatedMs=1000 interrupted=false agent=intake startedMs=6380 endedMs=7500
             > bus.publish #17 injection.done offsetMs=7500 injectionId=inj_1 outcome=spoken reason=null heardMs=1000
             > bus.receipt injectionId=inj_1 outcome=spoken reason=null heardMs=1000
             > bus.publish #18 agent.silent offsetMs=7500"
  `);
});

test("a correction waits for a caller who speaks, and for the answer that they are owed", () => {
  expect(
    play(
      [...greeted(), ...callerSays(4_000, "caller_1").slice(0, 1)],
      injected(4_200, "correction"),
      ...callerSays(4_000, "caller_1").slice(1),
      ...says(5_000, { responseId: "resp_2", itemId: "agent_2", text: "Of course.", ms: 700 }),
      heard(5_900, "agent_2", 700),
    ),
  ).toMatchInlineSnapshot(`
    "  4200 auditor.injected injectionId=inj_1 action=correction message="The appointment is on Tuesday." expiresAt=34200
             > bus.publish #9 injection.taken offsetMs=4200 injectionId=inj_1 action=correction
      4800 model.speech_stopped itemId=caller_1
             > bus.publish #10 caller.silent offsetMs=4800 itemId=caller_1
      4810 model.turn_committed itemId=caller_1
      5000 model.response_created responseId=resp_2 requestId=null
             > lane.play responseId=resp_2 generation=1
      5020 model.audio_started responseId=resp_2 itemId=agent_2
      5060 model.words_finished itemId=agent_2 text="Of course."
      5080 lane.progressed itemId=agent_2 generatedMs=700 sentMs=700 finished=true
             > bus.publish #11 agent.speaking offsetMs=5080 itemId=agent_2
      5100 model.response_done responseId=resp_2 status=completed reason=null toolCalls=[] usage={…}
             > bus.publish #12 usage usageId=resp_2 source=response model=gpt-realtime-2.1-mini estimated=false inputTextTokens=100 inputAudioTokens=20 cachedTextTokens=0 cachedAudioTokens=0 outputTextTokens=10 outputAudioTokens=40
      5900 telephony.marked name=g1:700:agent_2
             > bus.publish #13 transcript delta=2 position=2 itemId=agent_2 speaker=agent text="Of course." generatedText="Of course." heardMs=700 generatedMs=700 interrupted=false agent=intake startedMs=5080 endedMs=5900
             > model.tell requestId=r1.4 role=system text="Something that was said or noted is wrong. What follows is r…"
             > bus.publish #14 response.asked offsetMs=5900 purpose=injection
             > model.request requestId=r1.5 purpose=injection instructions="You are Ada.\\n\\nSomething that was said or noted is wrong. Wha…"
             > bus.publish #15 agent.silent offsetMs=5900"
  `);
});

test("a newer correction takes the place of one that still waits", () => {
  expect(play([...greeted(), ...SPEAKING], injected(4_300, "correction"), injected(4_400, "correction", "inj_2"))).toMatchInlineSnapshot(`
    "  4300 auditor.injected injectionId=inj_1 action=correction message="The appointment is on Tuesday." expiresAt=34300
             > bus.publish #10 injection.taken offsetMs=4300 injectionId=inj_1 action=correction
      4400 auditor.injected injectionId=inj_2 action=correction message="The appointment is on Tuesday." expiresAt=34400
             > bus.publish #11 injection.taken offsetMs=4400 injectionId=inj_2 action=correction
             > bus.publish #12 injection.done offsetMs=4400 injectionId=inj_1 outcome=superseded reason=newer heardMs=null
             > bus.receipt injectionId=inj_1 outcome=superseded reason=newer heardMs=null"
  `);
});

test("the same injection again is the same injection", () => {
  expect(play([...greeted(), ...SPEAKING, injected(4_300, "correction")], injected(4_400, "correction"))).toMatchInlineSnapshot(
    `"  4400 auditor.injected injectionId=inj_1 action=correction message="The appointment is on Tuesday." expiresAt=34400"`,
  );
});

test("a correction that can not be said in time is not said", () => {
  expect(
    play([...greeted(), ...SPEAKING], injected(4_300, "correction", "inj_1", 5_000), { at: 5_500, type: "wait" }),
  ).toMatchInlineSnapshot(`
    "  4300 auditor.injected injectionId=inj_1 action=correction message="The appointment is on Tuesday." expiresAt=5000
             > bus.publish #10 injection.taken offsetMs=4300 injectionId=inj_1 action=correction
      5000 clock.struck
             > bus.publish #11 injection.done offsetMs=5000 injectionId=inj_1 outcome=expired reason=null heardMs=null
             > bus.receipt injectionId=inj_1 outcome=expired reason=null heardMs=null"
  `);
});

test("between two corrections there are three seconds", () => {
  expect(
    play(
      [
        ...greeted(),
        injected(4_000, "correction"),
        ...says(4_200, { responseId: "resp_2", itemId: "agent_2", requestId: "r1.5", text: "On Tuesday.", ms: 500 }),
        heard(4_900, "agent_2", 500),
      ],
      injected(5_000, "correction", "inj_2"),
      { at: 8_000, type: "wait" },
    ),
  ).toMatchInlineSnapshot(`
    "  5000 auditor.injected injectionId=inj_2 action=correction message="The appointment is on Tuesday." expiresAt=35000
             > bus.publish #15 injection.taken offsetMs=5000 injectionId=inj_2 action=correction
      7900 clock.struck
             > model.tell requestId=r1.6 role=system text="Something that was said or noted is wrong. What follows is r…"
             > bus.publish #16 response.asked offsetMs=7900 purpose=injection
             > model.request requestId=r1.7 purpose=injection instructions="You are Ada.\\n\\nSomething that was said or noted is wrong. Wha…""
  `);
});

test("a correction that the caller cut off is said once more; cut off again, it is superseded", () => {
  const said = (at: number, responseId: string, itemId: string, requestId: string): readonly Scripted[] =>
    says(at, { responseId, itemId, requestId, text: "The appointment is on Tuesday.", ms: 2_000 });
  expect(
    play(
      [...greeted(), injected(4_000, "correction"), ...said(4_200, "resp_2", "agent_2", "r1.5"), heard(5_000, "agent_2", 600)],
      { at: 5_010, type: "model.speech_started", itemId: "caller_1" },
      { at: 5_500, type: "model.speech_stopped", itemId: "caller_1" },
      { at: 8_100, type: "wait" },
      ...said(8_200, "resp_3", "agent_3", "r1.7"),
      heard(9_000, "agent_3", 500, 2),
      { at: 9_010, type: "model.speech_started", itemId: "caller_2" },
    ),
  ).toMatchInlineSnapshot(`
    "  5010 model.speech_started itemId=caller_1
             > bus.publish #12 caller.speaking offsetMs=5010 itemId=caller_1
             > telephony.clear
             > lane.mute
             > model.truncate requestId=r1.6 itemId=agent_2 audioEndMs=620
             > bus.publish #13 agent.interrupted offsetMs=5010 itemId=agent_2 heardMs=620 generatedMs=2000
             > bus.publish #14 transcript delta=2 position=1 itemId=agent_2 speaker=agent text=The generatedText="The appointment is on Tuesday." heardMs=620 generatedMs=2000 interrupted=true agent=intake startedMs=4280 endedMs=5010
             > bus.publish #15 agent.silent offsetMs=5010
      5500 model.speech_stopped itemId=caller_1
             > bus.publish #16 caller.silent offsetMs=5500 itemId=caller_1
      8010 clock.struck
             > bus.publish #17 response.asked offsetMs=8010 purpose=injection
             > model.request requestId=r1.7 purpose=injection instructions="You are Ada.\\n\\nSomething that was said or noted is wrong. Wha…"
      8200 model.response_created responseId=resp_3 requestId=r1.7
             > lane.play responseId=resp_3 generation=2
      8220 model.audio_started responseId=resp_3 itemId=agent_3
      8260 model.words_finished itemId=agent_3 text="The appointment is on Tuesday."
      8280 lane.progressed itemId=agent_3 generatedMs=2000 sentMs=2000 finished=true
             > bus.publish #18 agent.speaking offsetMs=8280 itemId=agent_3
      8300 model.response_done responseId=resp_3 status=completed reason=null toolCalls=[] usage={…}
             > bus.publish #19 usage usageId=resp_3 source=response model=gpt-realtime-2.1-mini estimated=false inputTextTokens=100 inputAudioTokens=20 cachedTextTokens=0 cachedAudioTokens=0 outputTextTokens=10 outputAudioTokens=40
      9000 telephony.marked name=g2:500:agent_3
      9010 model.speech_started itemId=caller_2
             > bus.publish #20 caller.speaking offsetMs=9010 itemId=caller_2
             > telephony.clear
             > lane.mute
             > model.truncate requestId=r1.8 itemId=agent_3 audioEndMs=520
             > bus.publish #21 agent.interrupted offsetMs=9010 itemId=agent_3 heardMs=520 generatedMs=2000
             > bus.publish #22 transcript delta=3 position=2 itemId=agent_3 speaker=agent text=The generatedText="The appointment is on Tuesday." heardMs=520 generatedMs=2000 interrupted=true agent=intake startedMs=8280 endedMs=9010
             > bus.publish #23 injection.done offsetMs=9010 injectionId=inj_1 outcome=superseded reason=interrupted heardMs=520
             > bus.receipt injectionId=inj_1 outcome=superseded reason=interrupted heardMs=520
             > bus.publish #24 agent.silent offsetMs=9010"
  `);
});

test("abort: the agent falls silent at once, says the message, and the call is stopped", () => {
  expect(
    play(
      [
        ...greeted(),
        { at: 4_000, type: "model.response_created", responseId: "resp_2", requestId: null },
        { at: 4_020, type: "model.audio_started", responseId: "resp_2", itemId: "agent_2" },
        { at: 4_080, type: "lane.progressed", itemId: "agent_2", generatedMs: 900, sentMs: 900, finished: false },
        heard(4_500, "agent_2", 400),
      ],
      injected(4_510, "abort"),
      {
        at: 4_560,
        type: "model.response_done",
        responseId: "resp_2",
        status: "cancelled",
        reason: "client_cancelled",
        toolCalls: [],
        usage: A_USAGE,
      },
      ...says(4_700, { responseId: "resp_3", itemId: "agent_3", requestId: "r1.7", text: "I have to end the call.", ms: 800 }),
      heard(5_600, "agent_3", 800, 2),
      { at: 5_650, type: "record.closed" },
    ),
  ).toMatchInlineSnapshot(`
    "  4510 auditor.injected injectionId=inj_1 action=abort message="The appointment is on Tuesday." expiresAt=34510
             > bus.publish #9 injection.taken offsetMs=4510 injectionId=inj_1 action=abort
             > telephony.clear
             > lane.mute
             > model.cancel requestId=r1.4 responseId=resp_2
             > model.truncate requestId=r1.5 itemId=agent_2 audioEndMs=420
             > bus.publish #10 transcript delta=2 position=1 itemId=agent_2 speaker=agent text="" generatedText="" heardMs=420 generatedMs=900 interrupted=false agent=intake startedMs=4080 endedMs=4510
             > bus.publish #11 agent.silent offsetMs=4510
      4560 model.response_done responseId=resp_2 status=cancelled reason=client_cancelled toolCalls=[] usage={…}
             > bus.publish #12 usage usageId=resp_2 source=response model=gpt-realtime-2.1-mini estimated=false inputTextTokens=100 inputAudioTokens=20 cachedTextTokens=0 cachedAudioTokens=0 outputTextTokens=10 outputAudioTokens=40
             > model.tell requestId=r1.6 role=system text="The call ends now. Tell the caller this in your own words an…"
             > bus.publish #13 response.asked offsetMs=4560 purpose=injection
             > model.request requestId=r1.7 purpose=injection instructions="You are Ada.\\n\\nThe call ends now. Tell the caller this in you…"
      4700 model.response_created responseId=resp_3 requestId=r1.7
             > lane.play responseId=resp_3 generation=2
      4720 model.audio_started responseId=resp_3 itemId=agent_3
      4760 model.words_finished itemId=agent_3 text="I have to end the call."
      4780 lane.progressed itemId=agent_3 generatedMs=800 sentMs=800 finished=true
             > bus.publish #14 agent.speaking offsetMs=4780 itemId=agent_3
      4800 model.response_done responseId=resp_3 status=completed reason=null toolCalls=[] usage={…}
             > bus.publish #15 usage usageId=resp_3 source=response model=gpt-realtime-2.1-mini estimated=false inputTextTokens=100 inputAudioTokens=20 cachedTextTokens=0 cachedAudioTokens=0 outputTextTokens=10 outputAudioTokens=40
      5600 telephony.marked name=g2:800:agent_3
             > bus.publish #16 transcript delta=3 position=2 itemId=agent_3 speaker=agent text="I have to end the call." generatedText="I have to end the call." heardMs=800 generatedMs=800 interrupted=false agent=intake startedMs=4780 endedMs=5600
             > bus.publish #17 injection.done offsetMs=5600 injectionId=inj_1 outcome=spoken reason=null heardMs=800
             > bus.receipt injectionId=inj_1 outcome=spoken reason=null heardMs=800
             > lane.mute
             > lane.route inbound=drop
             > bus.publish #18 agent.silent offsetMs=5600
             > bus.publish #19 call.ended offsetMs=5600 outcome=stopped reason=auditor_aborted
             > model.close
             > record.close outcome=stopped reason=auditor_aborted durationMs=5600 lastSeq=19
      5650 record.closed
             > telephony.close code=1000"
  `);
});

test("complete: at the turn boundary the message and a goodbye are said, and the call is completed", () => {
  expect(
    play(
      [...greeted(), ...SPEAKING],
      injected(4_500, "complete"),
      heard(6_100, "agent_2", 2_000),
      ...says(6_300, { responseId: "resp_3", itemId: "agent_3", requestId: "r1.5", text: "All done. Goodbye!", ms: 800 }),
      { at: 6_500, type: "model.speech_started", itemId: "caller_1" },
      heard(7_200, "agent_3", 800),
    ),
  ).toMatchInlineSnapshot(`
    "  4500 auditor.injected injectionId=inj_1 action=complete message="The appointment is on Tuesday." expiresAt=34500
             > bus.publish #10 injection.taken offsetMs=4500 injectionId=inj_1 action=complete
      6100 telephony.marked name=g1:2000:agent_2
             > bus.publish #11 transcript delta=2 position=1 itemId=agent_2 speaker=agent text="Your appointment is on Monday." generatedText="Your appointment is on Monday." heardMs=2000 generatedMs=2000 interrupted=false agent=intake startedMs=4080 endedMs=6100
             > model.tell requestId=r1.4 role=system text="The call ends now. Tell the caller this in your own words an…"
             > bus.publish #12 response.asked offsetMs=6100 purpose=injection
             > model.request requestId=r1.5 purpose=injection instructions="You are Ada.\\n\\nThe call ends now. Tell the caller this in you…"
             > bus.publish #13 agent.silent offsetMs=6100
      6300 model.response_created responseId=resp_3 requestId=r1.5
             > lane.play responseId=resp_3 generation=1
      6320 model.audio_started responseId=resp_3 itemId=agent_3
      6360 model.words_finished itemId=agent_3 text="All done. Goodbye!"
      6380 lane.progressed itemId=agent_3 generatedMs=800 sentMs=800 finished=true
             > bus.publish #14 agent.speaking offsetMs=6380 itemId=agent_3
      6400 model.response_done responseId=resp_3 status=completed reason=null toolCalls=[] usage={…}
             > bus.publish #15 usage usageId=resp_3 source=response model=gpt-realtime-2.1-mini estimated=false inputTextTokens=100 inputAudioTokens=20 cachedTextTokens=0 cachedAudioTokens=0 outputTextTokens=10 outputAudioTokens=40
      6500 model.speech_started itemId=caller_1
             > bus.publish #16 caller.speaking offsetMs=6500 itemId=caller_1
      7200 telephony.marked name=g1:800:agent_3
             > bus.publish #17 transcript delta=3 position=2 itemId=agent_3 speaker=agent text="All done. Goodbye!" generatedText="All done. Goodbye!" heardMs=800 generatedMs=800 interrupted=false agent=intake startedMs=6380 endedMs=7200
             > bus.publish #18 injection.done offsetMs=7200 injectionId=inj_1 outcome=spoken reason=null heardMs=800
             > bus.receipt injectionId=inj_1 outcome=spoken reason=null heardMs=800
             > lane.mute
             > lane.route inbound=drop
             > bus.publish #19 agent.silent offsetMs=7200
             > bus.publish #20 call.ended offsetMs=7200 outcome=completed reason=auditor_completed
             > model.close
             > record.close outcome=completed reason=auditor_completed durationMs=7200 lastSeq=20"
  `);
});

test("abort comes before complete, and complete before a correction; what is left has its receipt", () => {
  const receipts = (script: readonly Scripted[]): readonly string[] =>
    playAll(script).effects.flatMap((effect) =>
      effect.type === "bus.receipt" ? [`${effect.injectionId} ${effect.outcome} ${effect.reason}`] : [],
    );
  const waiting = [...greeted(), ...SPEAKING, injected(4_300, "correction", "inj_1"), injected(4_310, "complete", "inj_2")];
  expect(receipts([...waiting, heard(6_100, "agent_2", 2_000)])).toEqual(["inj_1 refused call_over"]);
  expect(receipts([...waiting, injected(4_400, "abort", "inj_3")])).toEqual(["inj_2 superseded aborted", "inj_1 superseded aborted"]);
});

test("a call that has not begun, or is over, refuses injections", () => {
  expect(play(connecting().slice(0, 1), injected(10, "correction"))).toMatchInlineSnapshot(`
    "    10 auditor.injected injectionId=inj_1 action=correction message="The appointment is on Tuesday." expiresAt=30010
             > bus.receipt injectionId=inj_1 outcome=refused reason=call_not_started heardMs=null"
  `);
  expect(
    play(
      [...greeted(), { at: 4_000, type: "operator.hung_up", reason: "drained" }],
      injected(4_100, "correction"),
      injected(4_200, "correction"),
    ),
  ).toMatchInlineSnapshot(`
    "  4100 auditor.injected injectionId=inj_1 action=correction message="The appointment is on Tuesday." expiresAt=34100
             > bus.receipt injectionId=inj_1 outcome=refused reason=call_over heardMs=null
      4200 auditor.injected injectionId=inj_1 action=correction message="The appointment is on Tuesday." expiresAt=34200"
  `);
});

test("an injection that waits while the model is being opened is said when it can be", () => {
  expect(
    play(
      [...connecting(), injected(100, "abort")],
      { at: 200, type: "model.opened", sessionId: "sess_1", expiresAt: null },
      { at: 300, type: "model.configured" },
    ),
  ).toMatchInlineSnapshot(`
    "   200 model.opened sessionId=sess_1 expiresAt=null
             > bus.publish #3 model.opened offsetMs=200 leg=1 sessionId=sess_1
             > model.configure requestId=r1.1 agent=intake voice=gpt-realtime-2.1-mini autoRespond=true
       300 model.configured
             > lane.route inbound=flow
             > lane.mute
             > model.tell requestId=r1.2 role=system text="The call ends now. Tell the caller this in your own words an…"
             > bus.publish #4 response.asked offsetMs=300 purpose=injection
             > model.request requestId=r1.3 purpose=injection instructions="You are Ada.\\n\\nThe call ends now. Tell the caller this in you…""
  `);
});

describe("a correction that names what it is about", () => {
  const about = (
    at: number,
    injectionId: string,
    more: { readonly field?: string; readonly value?: string; readonly basedOn?: number },
  ) => ({
    ...injected(at, "correction", injectionId),
    ...more,
  });
  const words = (at: number, text: string): readonly Scripted[] => [
    ...callerSays(at, "caller_2"),
    { at: at + 900, type: "model.caller_transcribed", itemId: "caller_2", text, usage: null },
  ];
  const receipts = (...script: readonly (Scripted | readonly Scripted[])[]): readonly string[] =>
    playAll([...greeted(), ...SPEAKING, ...script].flat()).effects.flatMap((effect) =>
      effect.type === "bus.receipt" ? [`${effect.injectionId} ${effect.outcome} ${effect.reason}`] : [],
    );

  test("replaces the one that waits about the same, and no other", () => {
    expect(
      receipts(about(4_300, "inj_1", { field: "day" }), about(4_400, "inj_2", { field: "name" }), about(4_500, "inj_3", { field: "day" })),
    ).toEqual(["inj_1 superseded newer"]);
  });

  test("gives way as the oldest when too many wait", () => {
    const fields = ["day", "name", "street", "city"];
    expect(receipts(...fields.map((field, index) => about(4_300 + index, `inj_${index + 1}`, { field })))).toEqual([
      "inj_1 superseded newer",
    ]);
  });

  test("is left out when the caller says what is right before it is said", () => {
    const said = words(4_600, "No, I said Tuesday!");
    expect(receipts(about(4_300, "inj_1", { value: "tuesday", basedOn: 1 }), said)).toEqual(["inj_1 superseded put_right"]);
    expect(receipts(about(4_300, "inj_1", { value: "Tuesday", basedOn: 1 }), words(4_600, "What?"))).toEqual([]);
  });

  test("is left out too when it comes after the caller's words, and they after what its author had read", () => {
    const said = words(4_200, "My number is 47-11, not 4117.");
    expect(receipts(said, about(6_000, "inj_1", { value: "4711", basedOn: 1 }))).toEqual(["inj_1 superseded put_right"]);
    // Its author has read those words, and finds the correction needed all the same.
    expect(receipts(said, about(6_000, "inj_1", { value: "4711", basedOn: 2 }))).toEqual([]);
    expect(receipts(said, about(6_000, "inj_1", { value: "471", basedOn: 1 }))).toEqual([]);
  });
});
