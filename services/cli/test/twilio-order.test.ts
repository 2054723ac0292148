import { Fault } from "@struere/kernel";
import { describe, expect, test } from "vitest";
import { readTwilioOrder, type TwilioFlags } from "../src/twilio-order.ts";

const NUMBER = "+14155550100";

function sentenceFor(flags: TwilioFlags): string {
  try {
    readTwilioOrder(flags);
  } catch (thrown) {
    return Fault.from(thrown).sentence;
  }
  return "accepted";
}

describe("what integration twilio is told to do", () => {
  test("each documented command is one order", () => {
    const orders = [
      { accountSid: "AC1", authToken: "t" },
      { accountSid: "AC1" },
      { phoneNumber: NUMBER, agent: "intake" },
      { phoneNumber: NUMBER, router: "support", label: "Desk" },
      { removePhone: NUMBER },
      { remove: true },
      { status: true },
    ].map(readTwilioOrder);
    expect(orders).toEqual([
      { kind: "credentials", accountSid: "AC1", authToken: "t" },
      { kind: "credentials", accountSid: "AC1" },
      { kind: "connect", phoneNumber: NUMBER, target: { agent: "intake" } },
      { kind: "connect", phoneNumber: NUMBER, target: { router: "support" }, label: "Desk" },
      { kind: "removePhone", phoneNumber: NUMBER },
      { kind: "remove" },
      { kind: "status" },
    ]);
  });

  test("flags that do not belong together are refused, and the sentence says which do", () => {
    const cases: readonly TwilioFlags[] = [
      {},
      { agent: "intake" },
      { authToken: "t" },
      { phoneNumber: NUMBER },
      { phoneNumber: NUMBER, agent: "a", router: "b" },
      { removePhone: NUMBER, agent: "a" },
      { remove: true, label: "x" },
      { remove: true, removePhone: NUMBER },
      { accountSid: "AC1", authToken: "t", phoneNumber: NUMBER, agent: "a" },
      { status: true, router: "b", agent: "a" },
    ];
    expect(cases.map((flags) => sentenceFor(flags).replace(/; give --account.*/, "; give …"))).toMatchInlineSnapshot(`
      [
        "nothing was asked for; give …",
        "--agent needs something to belong to; give …",
        "--auth-token needs something to belong to; give …",
        "--phone-number needs who answers: --agent <slug> or --router <slug>",
        "--agent and --router do not go together; a number is answered by one of them",
        "--agent does not go with --remove-phone; give …",
        "--label does not go with --remove; give …",
        "--remove-phone and --remove do not go together; give one of them at a time",
        "--account-sid and --phone-number do not go together; give one of them at a time",
        "--agent and --router do not go with --status; give …",
      ]
    `);
  });

  test("a number that is not E.164 to the letter is refused with its name and an example", () => {
    for (const text of ["4155550100", "+1 415 555 0100", "+0123456789", "+1415", "tel:+14155550100", "+14155550100 ", ""]) {
      expect(sentenceFor({ phoneNumber: text, agent: "a" })).toBe(
        `--phone-number is "${text}", which is not a phone number in E.164 form: +, country code, number, no blanks, as +14155550100`,
      );
      expect(sentenceFor({ removePhone: text })).toMatch(/^--remove-phone is ".*", which is not a phone number/);
    }
  });
});
