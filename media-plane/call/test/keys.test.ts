import { expect, test } from "vitest";
import { greeted, heard, play, playAll, says, type Scripted } from "./play.ts";

function presses(at: number, digits: string): readonly Scripted[] {
  return Array.from(digits, (digit, index) => ({ at: at + index * 400, type: "telephony.keyed", digit }));
}

test("digits that follow each other closely are one number, told to the model once, and answered", () => {
  expect(play(greeted(), ...presses(4_000, "42#"), { at: 7_000, type: "wait" })).toMatchInlineSnapshot(`
    "  4000 telephony.keyed digit=4
             > bus.publish #8 key.pressed offsetMs=4000 digit=4
      4400 telephony.keyed digit=2
             > bus.publish #9 key.pressed offsetMs=4400 digit=2
      4800 telephony.keyed digit="#"
             > bus.publish #10 key.pressed offsetMs=4800 digit="#"
      6300 clock.struck
             > model.tell requestId=r1.4 role=user text="[The caller pressed these keys on the phone: 42#]"
             > bus.publish #11 response.asked offsetMs=6300 purpose=reply
             > model.request requestId=r1.5 purpose=reply instructions=null"
  `);
});

test("a number has no more than 32 digits; the rest is the next number", () => {
  const { effects } = playAll([...greeted(), ...presses(4_000, "1".repeat(33)), { at: 30_000, type: "wait" }]);
  const told = effects.flatMap((effect) =>
    effect.type === "model.tell" && effect.role === "user" ? [effect.text.match(/1+/)?.[0].length] : [],
  );
  expect(told).toEqual([32, 1]);
});

test("keys while the agent speaks do not cut it off; the answer waits for the response", () => {
  expect(
    play(
      [
        ...greeted(),
        ...says(4_000, { responseId: "resp_2", itemId: "agent_2", text: "Please enter your number.", ms: 3_000 }),
        heard(4_500, "agent_2", 400),
      ],
      ...presses(5_000, "7"),
      { at: 6_800, type: "wait" },
    ),
  ).toMatchInlineSnapshot(`
    "  5000 telephony.keyed digit=7
             > bus.publish #10 key.pressed offsetMs=5000 digit=7
      6500 clock.struck
             > model.tell requestId=r1.4 role=user text="[The caller pressed these keys on the phone: 7]"
             > bus.publish #11 response.asked offsetMs=6500 purpose=reply
             > model.request requestId=r1.5 purpose=reply instructions=null"
  `);
});

test("what is not a key is not one", () => {
  expect(play(greeted(), { at: 4_000, type: "telephony.keyed", digit: "##" }, { at: 6_000, type: "wait" })).toMatchInlineSnapshot(
    `"  4000 telephony.keyed digit="##""`,
  );
});
