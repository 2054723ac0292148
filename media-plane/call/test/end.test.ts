import { expect, test } from "vitest";
import { isEnded, reduce } from "../src/index.ts";
import { greeted, heard, live, play, playAll, playNotes, says, type Scripted } from "./play.ts";

const HUNG_UP: readonly Scripted[] = [...greeted(), { at: 4_000, type: "telephony.stopped", cause: "stop" }];

test("a record that is not answered for ends the call after three seconds all the same", () => {
  expect(play(HUNG_UP, { at: 8_000, type: "wait" })).toBe("");
  expect(isEnded(playAll([...HUNG_UP, { at: 6_900, type: "wait" }]).state)).toBe(false);
  expect(isEnded(playAll([...HUNG_UP, { at: 7_100, type: "wait" }]).state)).toBe(true);
});

test("an ended call does nothing, whatever happens", () => {
  const { state } = playAll([...HUNG_UP, { at: 4_100, type: "record.closed" }]);
  expect(isEnded(state)).toBe(true);
  expect(reduce(state, { at: 5_000, type: "auditor.injected", injectionId: "i", action: "abort", message: "m", expiresAt: 9_000 })).toEqual(
    [state, []],
  );
});

test("nothing is published after the record was closed, and injections are refused", () => {
  expect(
    playNotes(
      HUNG_UP,
      { at: 4_010, type: "telephony.keyed", digit: "1" },
      { at: 4_020, type: "model.words_finished", itemId: "agent_1", text: "late" },
      { at: 4_030, type: "auditor.injected", injectionId: "inj_1", action: "correction", message: "m", expiresAt: 9_000 },
    ),
  ).toMatchInlineSnapshot(`
    "  4010 telephony.keyed digit=1
             > note name=late_event value=1
      4020 model.words_finished itemId=agent_1 text=late
             > note name=late_event value=1
      4030 auditor.injected injectionId=inj_1 action=correction message=m expiresAt=9000
             > bus.receipt injectionId=inj_1 outcome=refused reason=call_over heardMs=null"
  `);
});

test("the first reason to end is the reason", () => {
  const ended = playAll([
    ...greeted(),
    { at: 4_000, type: "operator.hung_up", reason: "drained" },
    { at: 4_010, type: "telephony.stopped", cause: "stop" },
    { at: 4_020, type: "record.closed" },
  ]).state;
  expect(ended).toMatchObject({ phase: "ended", outcome: "stopped", reason: "drained" });
});

test("in the last words nobody cuts the agent off, and the vendor's own responses are not let in", () => {
  expect(
    play(
      [
        ...greeted(),
        { at: 4_000, type: "auditor.injected", injectionId: "inj_1", action: "complete", message: "All is done.", expiresAt: 60_000 },
        ...says(4_200, { responseId: "resp_2", itemId: "agent_2", requestId: "r1.5", text: "All is done. Goodbye.", ms: 1_500 }),
      ],
      { at: 4_500, type: "model.speech_started", itemId: "caller_1" },
      { at: 5_000, type: "model.speech_stopped", itemId: "caller_1" },
      { at: 5_010, type: "model.turn_committed", itemId: "caller_1" },
      { at: 5_100, type: "model.response_created", responseId: "resp_v", requestId: null },
      {
        at: 5_150,
        type: "model.response_done",
        responseId: "resp_v",
        status: "cancelled",
        reason: "client_cancelled",
        toolCalls: [],
        usage: null,
      },
      heard(5_900, "agent_2", 1_500),
    ),
  ).toMatchInlineSnapshot(`
    "  4500 model.speech_started itemId=caller_1
             > bus.publish #12 caller.speaking offsetMs=4500 itemId=caller_1
      5000 model.speech_stopped itemId=caller_1
             > bus.publish #13 caller.silent offsetMs=5000 itemId=caller_1
      5010 model.turn_committed itemId=caller_1
      5100 model.response_created responseId=resp_v requestId=null
             > model.cancel requestId=r1.6 responseId=resp_v
      5150 model.response_done responseId=resp_v status=cancelled reason=client_cancelled toolCalls=[] usage=null
      5900 telephony.marked name=g1:1500:agent_2
             > bus.publish #14 transcript delta=2 position=1 itemId=agent_2 speaker=agent text="All is done. Goodbye." generatedText="All is done. Goodbye." heardMs=1500 generatedMs=1500 interrupted=false agent=intake startedMs=4280 endedMs=5900
             > bus.publish #15 injection.done offsetMs=5900 injectionId=inj_1 outcome=spoken reason=null heardMs=1500
             > bus.receipt injectionId=inj_1 outcome=spoken reason=null heardMs=1500
             > lane.mute
             > lane.route inbound=drop
             > bus.publish #16 agent.silent offsetMs=5900"
  `);
});

test("a model that is lost while it says goodbye changes nothing of the ending", () => {
  expect(
    play(
      [
        ...greeted(),
        { at: 4_000, type: "auditor.injected", injectionId: "inj_1", action: "complete", message: "All is done.", expiresAt: 60_000 },
      ],
      { at: 4_100, type: "model.closed", code: "1006", fatal: false },
    ),
  ).toMatchInlineSnapshot(`
    "  4100 model.closed code=1006 fatal=false
             > bus.publish #10 model.lost offsetMs=4100 leg=1 code=1006 fatal=false
             > bus.publish #11 injection.done offsetMs=4100 injectionId=inj_1 outcome=refused reason=call_over heardMs=0
             > bus.receipt injectionId=inj_1 outcome=refused reason=call_over heardMs=0
             > lane.mute
             > lane.route inbound=drop
             > bus.publish #12 call.ended offsetMs=4100 outcome=completed reason=auditor_completed
             > record.close outcome=completed reason=auditor_completed durationMs=4100 lastSeq=12"
  `);
});

test("time that goes back stands still", () => {
  expect(play(live(), { at: 100, type: "telephony.keyed", digit: "1" })).toMatchInlineSnapshot(`
    "   100 telephony.keyed digit=1
             > bus.publish #4 key.pressed offsetMs=300 digit=1"
  `);
});
