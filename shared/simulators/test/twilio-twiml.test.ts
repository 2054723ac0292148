import { describe, expect, test } from "vitest";
import { twiml } from "./twilio-product.ts";
import { CALLER, codes, NUMBER, setUp, type Setup } from "./twilio-setup.ts";
import { parseTwiml } from "../src/twilio/twiml/twiml.ts";

/** Dials, lets the TwiML run by itself, and tells how it went in one line. */
async function flow(world: Setup, verbs: string): Promise<string> {
  world.product.on("/voice", twiml(verbs));
  const call = await world.twilio.phone(CALLER).dial(NUMBER);
  const { reason, status, twimlSaid, errors } = await call.ended;
  return `${reason} ${status} said [${twimlSaid.join(" | ")}] errors [${errors.map(({ code }) => code).join(" ")}]`;
}

describe("what follows a verb", () => {
  test.each([
    ["nothing left: the call ends", "<Say>Hello.</Say>", "twiml-finished completed said [Hello.] errors []"],
    ["an empty document ends the call", "", "twiml-finished completed said [] errors []"],
    ["say twice", '<Say loop="2">Hi.</Say>', "twiml-finished completed said [Hi. | Hi.] errors []"],
    ["hangup", "<Hangup/><Say>No.</Say>", "twiml-hangup completed said [] errors []"],
    ["reject before the answer", '<Reject reason="busy"/>', "rejected busy said [] errors []"],
    ["reject without a reason", "<Reject/>", "rejected no-answer said [] errors []"],
    ["reject after a pause is still before the answer", '<Pause length="1"/><Reject/>', "rejected no-answer said [] errors []"],
    [
      "pause and play take their time and go on",
      '<Pause/><Play digits="ww1"/><Play>x.mp3</Play><Say>On.</Say>',
      "twiml-finished completed said [On.] errors []",
    ],
    [
      "redirect replaces the rest",
      '<Redirect method="GET">/next?a=1</Redirect><Say>No.</Say>',
      "twiml-finished completed said [Next.] errors []",
    ],
    [
      "a redirect to nowhere is an application error",
      "<Redirect>/gone</Redirect>",
      "application-error completed said [We're sorry, an application error has occurred. Goodbye.] errors [11200 11200]",
    ],
    [
      "recording is passed over",
      '<Start><Recording channels="dual"/></Start><Say>On.</Say>',
      "twiml-finished completed said [On.] errors []",
    ],
    ["an unknown verb is passed over", "<Sing/><Say>On.</Say>", "twiml-finished completed said [On.] errors []"],
  ])("%s", async (_, verbs, expected) => {
    await using world = await setUp();
    world.product.on("/next", twiml("<Say>Next.</Say>"));
    world.product.on("/gone", { status: 404 });
    world.product.on("/fallback", { status: 500 });
    expect(await flow(world, verbs)).toBe(expected);
    expect(world.twilio.faults).toEqual([]);
  });

  test("a document that redirects to itself for ever is stopped", async () => {
    await using world = await setUp();
    expect(await flow(world, "<Redirect>/voice</Redirect>")).toContain("application-error completed");
  });

  test("unknown elements and attributes are schema warnings", async () => {
    await using world = await setUp();
    await flow(world, '<Sing/><Say volume="11">x</Say>');
    expect(world.twilio.errors.map(({ code, level, detail }) => `${code} ${level} ${detail}`)).toEqual([
      "12200 warning <Sing> is not TwiML",
      "12200 warning <Say> has no attribute volume",
    ]);
  });
});

describe("documents", () => {
  test.each([
    ["an unclosed element", "<Response><Say>x</Response>"],
    ["a bare ampersand", "<Response><Say>a & b</Say></Response>"],
    ["an unquoted attribute", "<Response><Say loop=2>x</Say></Response>"],
    ["text before the root", "hello <Response/>"],
    ["two roots", "<Response/><Response/>"],
    ["another root", "<html></html>"],
    ["nothing", ""],
    ["an unknown entity", "<Response><Say>&nbsp;</Say></Response>"],
    ["a document type", '<!DOCTYPE Response SYSTEM "x"><Response/>'],
    ["an attribute twice", '<Response><Say loop="1" loop="2">x</Say></Response>'],
  ])("%s is refused", (_, source) => {
    expect(() => parseTwiml(source)).toThrow(/invalid_argument/);
  });

  test("entities, CDATA, comments and the declaration are understood", () => {
    const source = '\uFEFF<?xml version="1.0"?><!-- x --><Response><Say>a &amp; b &#x263A; <![CDATA[<c>]]><!-- y --></Say></Response>';
    expect(parseTwiml(source).verbs).toEqual([{ verb: "say", text: "a & b ☺ <c>", times: 1 }]);
  });

  test("a stream is read with its parameters; one that is too long is dropped with a warning", () => {
    const { verbs, warnings } = parseTwiml(
      `<Response><Connect action="/a"><Stream url="wss://h/m" name="n"><Parameter name="t" value="1&amp;2"/><Parameter name="long" value="${"x".repeat(500)}"/></Stream></Connect></Response>`,
    );
    expect(verbs).toEqual([
      {
        verb: "connect",
        action: "/a",
        method: "POST",
        stream: { url: "wss://h/m", name: "n", track: null, statusCallback: null, statusCallbackMethod: "POST", parameters: { t: "1&2" } },
      },
    ]);
    expect(warnings).toHaveLength(1);
  });
});

describe("dial", () => {
  test("another phone answers, both hear each other, and the action is told how it ended", async () => {
    await using world = await setUp();
    const { twilio, product } = world;
    const human = "+14155550199";
    product.on("/voice", twiml(`<Dial action="${product.url}/dialled" callerId="${NUMBER}"><Number>${human}</Number></Dial>`));
    product.on("/dialled", twiml("<Say>Back.</Say>"));
    twilio.phone(human).whenCalled({ answer: { afterMs: 100 } });
    const call = await twilio.phone(CALLER).dial(NUMBER);
    const other = await twilio.phone(human).rings();
    expect([other.from, other.to]).toEqual([NUMBER, human]);
    const heard = other.hears("Anybody there?");
    await call.says("Anybody there?");
    await heard;
    await other.says("Yes, me.");
    await call.hears("yes, me");
    await other.hangUp();
    await call.hears("Back.");
    const { params } = await product.webhook("/dialled");
    expect(params).toMatchObject({ DialCallStatus: "completed", DialCallSid: other.sid, DialBridged: "true", CallSid: call.sid });
  });

  test.each([
    ["busy", "busy", "busy"],
    ["nobody answers", "no-answer", "no-answer"],
    ["no such number", "unreachable", "failed"],
  ] as const)("%s: the action is told %s", async (_, behaviour, status) => {
    await using world = await setUp();
    world.product.on("/dialled", twiml("<Hangup/>"));
    world.twilio.phone("+14155550199").whenCalled(behaviour);
    await flow(world, '<Dial timeout="1" action="/dialled">+14155550199</Dial>');
    expect((await world.product.webhook("/dialled")).params["DialCallStatus"]).toBe(status);
  });

  test("the dialled phone stops ringing when the caller hangs up", async () => {
    await using world = await setUp();
    world.product.on("/voice", twiml("<Dial>+14155550199</Dial>"));
    world.twilio.phone("+14155550199").whenCalled("no-answer");
    const call = await world.twilio.phone(CALLER).dial(NUMBER);
    await call.isAnswered();
    await call.hangUp();
    const child = world.twilio.calls.find(({ direction }) => direction === "outbound-dial");
    expect((await child?.ended)?.status).toBe("canceled");
  });
});

test("an invalid number in Dial is error 13223", async () => {
  await using world = await setUp();
  await flow(world, "<Dial>operator</Dial>");
  expect(codes(world.twilio)).toEqual([13223]);
});
