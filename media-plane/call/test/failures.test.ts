import { expect, test } from "vitest";
import { callerSays, connecting, greeted, heard, live, play, says } from "./play.ts";

test("a leg that breaks while it is opened is replaced once", () => {
  expect(
    play(
      connecting(),
      { at: 100, type: "model.closed", code: "1006", fatal: false },
      { at: 700, type: "model.opened", leg: 1, sessionId: "sess_1", expiresAt: null },
      { at: 800, type: "model.opened", leg: 2, sessionId: "sess_2", expiresAt: null },
      { at: 900, type: "model.configured", leg: 2 },
    ),
  ).toMatchInlineSnapshot(`
    "   100 model.closed code=1006 fatal=false
             > bus.publish #2 model.lost offsetMs=100 leg=1 code=1006 fatal=false
       600 clock.struck
             > model.open leg=2 model=gpt-realtime-2.1-mini
       700 model.opened sessionId=sess_1 expiresAt=null
       800 model.opened leg=2 sessionId=sess_2 expiresAt=null
             > bus.publish #3 model.opened offsetMs=800 leg=2 sessionId=sess_2
             > model.configure requestId=r1.1 agent=intake voice=gpt-realtime-2.1-mini autoRespond=true
       900 model.configured leg=2
             > lane.route inbound=flow
             > model.tell requestId=r1.2 role=system text="The call has just been connected and the caller is listening…"
             > bus.publish #4 response.asked offsetMs=900 purpose=greeting
             > model.request requestId=r1.3 purpose=greeting instructions=null"
  `);
});

test("a leg that hangs is replaced once; a model that can not be reached in eight seconds fails the call", () => {
  expect(play(connecting(), { at: 12_000, type: "wait" })).toMatchInlineSnapshot(`
    "  4040 clock.struck
             > model.close
             > bus.publish #2 model.lost offsetMs=4040 leg=1 code=deadline_exceeded fatal=false
      4540 clock.struck
             > model.open leg=2 model=gpt-realtime-2.1-mini
      8040 clock.struck
             > model.close
             > bus.publish #3 model.lost offsetMs=8040 leg=2 code=deadline_exceeded fatal=false
             > lane.mute
             > lane.route inbound=drop
             > bus.publish #4 call.ended offsetMs=8040 outcome=failed reason=model_unavailable
             > record.close outcome=failed reason=model_unavailable durationMs=8040 lastSeq=4
     11040 clock.struck
             > telephony.close code=1011"
  `);
});

test("a session that is slow to come is not given up for one that would have to begin anew", () => {
  expect(
    play(
      connecting(),
      { at: 3_900, type: "model.opened", leg: 1, sessionId: "sess_1", expiresAt: null },
      { at: 7_700, type: "model.configured", leg: 1 },
    ),
  ).toMatchInlineSnapshot(`
    "  3900 model.opened sessionId=sess_1 expiresAt=null
             > bus.publish #2 model.opened offsetMs=3900 leg=1 sessionId=sess_1
             > model.configure requestId=r1.1 agent=intake voice=gpt-realtime-2.1-mini autoRespond=true
      7700 model.configured
             > lane.route inbound=flow
             > model.tell requestId=r1.2 role=system text="The call has just been connected and the caller is listening…"
             > bus.publish #3 response.asked offsetMs=7700 purpose=greeting
             > model.request requestId=r1.3 purpose=greeting instructions=null"
  `);
});

test("a session that comes and then hangs is replaced once", () => {
  expect(
    play(
      connecting(),
      { at: 1_000, type: "model.opened", leg: 1, sessionId: "sess_1", expiresAt: null },
      { at: 6_000, type: "model.opened", leg: 2, sessionId: "sess_2", expiresAt: null },
      { at: 12_000, type: "wait" },
    ),
  ).toMatchInlineSnapshot(`
    "  1000 model.opened sessionId=sess_1 expiresAt=null
             > bus.publish #2 model.opened offsetMs=1000 leg=1 sessionId=sess_1
             > model.configure requestId=r1.1 agent=intake voice=gpt-realtime-2.1-mini autoRespond=true
      5000 clock.struck
             > model.close
             > bus.publish #3 model.lost offsetMs=5000 leg=1 code=deadline_exceeded fatal=false
      5500 clock.struck
             > model.open leg=2 model=gpt-realtime-2.1-mini
      6000 model.opened leg=2 sessionId=sess_2 expiresAt=null
             > bus.publish #4 model.opened offsetMs=6000 leg=2 sessionId=sess_2
             > model.configure requestId=r1.2 agent=intake voice=gpt-realtime-2.1-mini autoRespond=true
      8040 clock.struck
             > model.close
             > bus.publish #5 model.lost offsetMs=8040 leg=2 code=deadline_exceeded fatal=false
             > lane.mute
             > lane.route inbound=drop
             > bus.publish #6 call.ended offsetMs=8040 outcome=failed reason=model_unavailable
             > record.close outcome=failed reason=model_unavailable durationMs=8040 lastSeq=6
     11040 clock.struck
             > telephony.close code=1011"
  `);
});

test("a model that refuses for good is not asked again", () => {
  expect(play(connecting(), { at: 100, type: "model.closed", code: "invalid_api_key", fatal: true })).toMatchInlineSnapshot(`
    "   100 model.closed code=invalid_api_key fatal=true
             > bus.publish #2 model.lost offsetMs=100 leg=1 code=invalid_api_key fatal=true
             > lane.mute
             > lane.route inbound=drop
             > bus.publish #3 call.ended offsetMs=100 outcome=failed reason=model_refused
             > record.close outcome=failed reason=model_refused durationMs=100 lastSeq=3"
  `);
});

test("a session that the model will not have is not asked for again", () => {
  expect(
    play([...connecting(), { at: 200, type: "model.opened", sessionId: "sess_1", expiresAt: null }], {
      at: 250,
      type: "model.errored",
      code: "invalid_value",
      message: "voice",
      requestId: "r1.1",
    }),
  ).toMatchInlineSnapshot(`
    "   250 model.errored code=invalid_value message=voice requestId=r1.1
             > model.close
             > bus.publish #3 model.lost offsetMs=250 leg=1 code=invalid_value fatal=true
             > lane.mute
             > lane.route inbound=drop
             > bus.publish #4 call.ended offsetMs=250 outcome=failed reason=model_refused
             > record.close outcome=failed reason=model_refused durationMs=250 lastSeq=4"
  `);
});

test("a model that is lost mid-sentence lets the caller hear what is on its way, for two seconds; then the line is given back", () => {
  expect(
    play(
      [
        ...greeted(),
        ...says(4_000, { responseId: "resp_2", itemId: "agent_2", text: "We are open from nine to five.", ms: 4_000 }).slice(0, 4),
        heard(4_500, "agent_2", 400),
      ],
      { at: 4_600, type: "model.closed", code: "1006", fatal: false },
      { at: 4_700, type: "model.speech_started", itemId: "caller_1" },
      heard(5_600, "agent_2", 1_500),
      { at: 6_650, type: "record.closed" },
    ),
  ).toMatchInlineSnapshot(`
    "  4600 model.closed code=1006 fatal=false
             > bus.publish #9 model.lost offsetMs=4600 leg=1 code=1006 fatal=false
      4700 model.speech_started itemId=caller_1
      5600 telephony.marked name=g1:1500:agent_2
      6600 clock.struck
             > telephony.clear
             > lane.mute
             > lane.route inbound=drop
             > bus.publish #10 transcript delta=2 position=1 itemId=agent_2 speaker=agent text="We are open from" generatedText="We are open from nine to five." heardMs=2400 generatedMs=4000 interrupted=false agent=intake startedMs=4080 endedMs=6600
             > bus.publish #11 agent.silent offsetMs=6600
             > bus.publish #12 usage usageId=resp_2 source=response model=gpt-realtime-2.1-mini estimated=true inputTextTokens=0 inputAudioTokens=0 cachedTextTokens=0 cachedAudioTokens=0 outputTextTokens=0 outputAudioTokens=80
             > bus.publish #13 call.ended offsetMs=6600 outcome=failed reason=model_lost
             > record.close outcome=failed reason=model_lost durationMs=6600 lastSeq=13
      6650 record.closed
             > telephony.close code=1011"
  `);
});

test("a model that has nothing to say is lost at once", () => {
  expect(
    play([...greeted(), ...callerSays(4_000, "caller_1")], { at: 5_000, type: "model.closed", code: "insufficient_quota", fatal: true }),
  ).toMatchInlineSnapshot(`
    "  5000 model.closed code=insufficient_quota fatal=true
             > bus.publish #10 model.lost offsetMs=5000 leg=1 code=insufficient_quota fatal=true
             > lane.mute
             > lane.route inbound=drop
             > bus.publish #11 transcript delta=2 position=1 itemId=caller_1 speaker=caller text="" transcription=timed_out interrupted=false agent=intake startedMs=4000 endedMs=4800
             > bus.publish #12 call.ended offsetMs=5000 outcome=failed reason=model_refused
             > record.close outcome=failed reason=model_refused durationMs=5000 lastSeq=12"
  `);
});

test("errors that answer nothing of ours leave the session alone", () => {
  expect(
    play(live(), { at: 400, type: "model.errored", code: "item_truncate_invalid_item_id", message: "", requestId: "r1.99" }),
  ).toMatchInlineSnapshot(`"   400 model.errored code=item_truncate_invalid_item_id message="" requestId=r1.99"`);
});

test("a request that is refused is made again, with a pause, and not forever", () => {
  const refused = { type: "model.errored", code: "server_error", message: "" } as const;
  expect(
    play(
      live(),
      { at: 400, ...refused, requestId: "r1.3" },
      { at: 1_000, ...refused, requestId: "r1.4" },
      { at: 2_100, ...refused, requestId: "r1.5" },
    ),
  ).toMatchInlineSnapshot(`
    "   400 model.errored code=server_error message="" requestId=r1.3
       900 clock.struck
             > bus.publish #4 response.asked offsetMs=900 purpose=retry
             > model.request requestId=r1.4 purpose=retry instructions=null
      1000 model.errored code=server_error message="" requestId=r1.4
      2000 clock.struck
             > bus.publish #5 response.asked offsetMs=2000 purpose=retry
             > model.request requestId=r1.5 purpose=retry instructions=null
      2100 model.errored code=server_error message="" requestId=r1.5
             > model.close
             > bus.publish #6 model.lost offsetMs=2100 leg=1 code=rejected fatal=false
             > lane.mute
             > lane.route inbound=drop
             > bus.publish #7 call.ended offsetMs=2100 outcome=failed reason=model_lost
             > record.close outcome=failed reason=model_lost durationMs=2100 lastSeq=7"
  `);
});

test("a model that always says that it is busy is given up", () => {
  const busy = { type: "model.errored", code: "conversation_already_has_active_response", message: "" } as const;
  const refusals = Array.from({ length: 17 }, (_, index) => ({ at: 400 + index * 600, ...busy, requestId: `r1.${index + 3}` }));
  expect(play([...live(), ...refusals.slice(0, 16)], ...refusals.slice(16))).toMatchInlineSnapshot(`
    "  9900 clock.struck
             > bus.publish #19 response.asked offsetMs=9900 purpose=greeting
             > model.request requestId=r1.19 purpose=greeting instructions=null
     10000 model.errored code=conversation_already_has_active_response message="" requestId=r1.19
             > model.close
             > bus.publish #20 model.lost offsetMs=10000 leg=1 code=rejected fatal=false
             > lane.mute
             > lane.route inbound=drop
             > bus.publish #21 call.ended offsetMs=10000 outcome=failed reason=model_lost
             > record.close outcome=failed reason=model_lost durationMs=10000 lastSeq=21"
  `);
});

test("a configuration that does not come, or is refused, closes the socket", () => {
  const [started] = connecting();
  if (!started) throw new Error("the scene has an event");
  expect(play([started], { at: 6_000, type: "wait" })).toMatchInlineSnapshot(`
    "  5000 clock.struck
             > telephony.close code=1011"
  `);
  expect(play([started], { at: 50, type: "config.rejected", reason: "token_used" })).toMatchInlineSnapshot(`
    "    50 config.rejected reason=token_used
             > telephony.close code=1008"
  `);
});
