import { expect, test } from "vitest";
import { parseCallerScript } from "../src/index.ts";
import { CALLER, NUMBER, setUp } from "./twilio-setup.ts";

const SCRIPT = `
dial: "${NUMBER}"
steps:
  - hear: How can I help
  - say: A table for two, please.
  - interrupt: { after: We have a, say: "Sorry, for three." }
  - press: 5
  - wait: 1500
  - hear: { text: /booked/i, withinMs: 20000 }
  - hangUp
`;

test("a caller script in YAML is read into its steps", () => {
  expect(parseCallerScript(SCRIPT)).toEqual({
    dial: NUMBER,
    steps: [
      { hear: "How can I help" },
      { say: "A table for two, please." },
      { interrupt: { after: "We have a", say: "Sorry, for three." } },
      { press: "5" },
      { wait: 1500 },
      { hear: { text: /booked/i, withinMs: 20000 } },
      { hangUp: true },
    ],
  });
});

test.each([
  ["steps: [{ sing: la }]", /step 1 is sing: "la"; it must be one of hear, say/],
  ["steps: [{ say: a, hear: b }]", /step 1 must be one of/],
  ["steps: [{ hear: '/(/' }]", /no regular expression/],
  ["steps: nothing", /steps must be a list/],
  ["dial: 1555\nsteps: []", /dial must be a number in quotes/],
  ["step: []\nsteps: []", /it has step; it may have dial and steps/],
  ["[", /not YAML/],
])("a wrong script says what is wrong: %s", (yaml, message) => {
  expect(() => parseCallerScript(yaml)).toThrow(message);
});

test("another process places a call with a script, sees it, and hangs up", async () => {
  await using world = await setUp();
  const at = (path: string, init?: RequestInit) => fetch(`${world.twilio.apiBaseUrl}/simulator/${path}`, init);
  const script = { steps: [{ hear: "Hello" }, { say: "Hi." }] };
  const created = await at("calls", { method: "POST", body: JSON.stringify({ from: CALLER, to: NUMBER, script }) });
  expect(created.status).toBe(201);
  const { sid } = (await created.json()) as { readonly sid: string };
  const stream = await world.product.stream();
  await stream.say("Hello.");
  await stream.until(() => (stream.audio.some((byte) => byte !== 0xff) ? true : undefined));
  const live = (await (await at(`calls/${sid}`)).json()) as Record<string, unknown>;
  expect(live).toMatchObject({ sid, from: CALLER, status: "in-progress", ending: null, heard: [{ text: "Hello.", complete: true }] });
  const ended = (await (await at(`calls/${sid}`, { method: "DELETE" })).json()) as Record<string, unknown>;
  expect(ended).toMatchObject({ status: "completed", ending: { reason: "caller-hung-up" } });
  expect(await (await at("calls")).json()).toMatchObject({ calls: [{ sid }] });
  expect(await (await at("numbers")).json()).toEqual({
    numbers: [{ accountSid: world.twilio.accountSid, phoneNumber: NUMBER, voiceUrl: `${world.product.url}/voice` }],
  });
});

test.each([
  ["POST", "calls", "{", 400, /not JSON/],
  ["POST", "calls", `{"from":"me","to":"${NUMBER}"}`, 400, /from must be an E\.164 number/],
  ["POST", "calls", `{"from":"${CALLER}","to":"+15559990000"}`, 404, /no simulated account has the number/],
  ["POST", "calls", `{"from":"${CALLER}","to":"${NUMBER}","script":{"steps":[{"sing":1}]}}`, 400, /step 1 is sing/],
  ["GET", "calls/CA1", undefined, 404, /there is no call CA1/],
  ["GET", "elsewhere", undefined, 404, /is not a path of the simulator/],
  ["PUT", "phones/%2B14155550188", '"asleep"', 400, /the behaviour must be/],
])("%s /simulator/%s with a mistake says what it is", async (method, path, body, status, message) => {
  await using world = await setUp();
  const response = await fetch(`${world.twilio.apiBaseUrl}/simulator/${path}`, { method, ...(body === undefined ? {} : { body }) });
  expect(response.status).toBe(status);
  expect(((await response.json()) as { readonly message: string }).message).toMatch(message);
});

test("what a phone does when it is called can be set from outside", async () => {
  await using world = await setUp();
  const put = await fetch(`${world.twilio.apiBaseUrl}/simulator/phones/%2B14155550188`, { method: "PUT", body: '"busy"' });
  expect(put.status).toBe(200);
  await world.rest("POST", "/Calls.json", { To: "+14155550188", From: NUMBER, Twiml: "<Response/>" });
  expect((await world.twilio.calls[0]?.ended)?.status).toBe("busy");
});

test("when the simulator closes, every call, socket and timer of it is gone", async () => {
  await using world = await setUp();
  const call = await world.twilio.phone(CALLER).dial(NUMBER);
  const stream = await world.product.stream();
  await stream.start();
  const waiting = expect(call.hears("never")).rejects.toThrow(/simulator-closed/);
  await world.twilio.close();
  await waiting;
  await stream.closed;
  expect(world.twilio.liveCalls).toBe(0);
});

test("finished calls beyond the bound are forgotten", async () => {
  await using world = await setUp({ keepCalls: 2 });
  for (let index = 0; index < 4; index++) await (await world.twilio.phone(CALLER).dial(NUMBER)).hangUp();
  expect(world.twilio.calls.length).toBe(2);
});
