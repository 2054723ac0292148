/** Calls to people, from the asking to the record: on the simulated Twilio, with the real system between. */
import type { World } from "../world.ts";
import { scriptedMind } from "@struere/simulators";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WORLD_NUMBER } from "../world.ts";
import { aWorld } from "./a-world.ts";

const GUEST = "+14155559001";
const LEAD = "+14155559002";
const HELLO = "Hello, this is Bistro Luna about your table.";

let world: World;
let people = 0;
/** Everybody has a number of their own. */
const aPerson = (): string => `+1415555${String(2_000 + people++)}`;

beforeAll(async () => {
  world = await aWorld({
    mind: scriptedMind({
      greeting: HELLO,
      lines: [
        {
          when: "the guest",
          call: { name: "voice.call", arguments: { phoneNumber: GUEST, agentSlug: "reminder", metadata: { guest: "Ms. Hopper" } } },
        },
        { when: "the lead", call: { name: "voice.call", arguments: { phoneNumber: LEAD, metadata: { topic: "order 7" } } } },
        { when: /fine|bye/i, say: "Thank you, goodbye.", call: { name: "call.end" } },
      ],
      otherwise: "Pardon?",
    }),
  });
  await world.api.agents.set.mutate({
    definition: {
      name: "Reminder",
      slug: "reminder",
      systemPrompt:
        "You remind guests of their table. Guest: {{threadContext.params.guest}}. Number: {{threadContext.params.callerNumber}}.",
      tools: ["call.end"],
      threadContextParams: [{ name: "guest", type: "string", required: true }],
    },
  });
  await world.api.routers.set.mutate({
    definition: {
      name: "Calls",
      slug: "calls",
      mode: "rules",
      agents: [{ slug: "cafe" }],
      rules: [{ conditions: [{ field: "contact.type", operator: "eq", value: "x" }], route: "cafe" }],
      fallback: "cafe",
      voiceConfig: { voice: "coral", voicemail: { policy: "hang_up" } },
    },
  });
  await world.api.calls.policy.set.mutate({ callsPerSecond: 1_000, maxConcurrent: 1_000 });
});
afterAll(() => world[Symbol.asyncDispose]());

const place = (phoneNumber: string, more: object = {}) =>
  world.api.calls.place.mutate({ phoneNumber, agentSlug: "reminder", metadata: { guest: "Ms. Lovelace" }, ...more });

/** Of calls to somebody: their agent's instructions have the number. */
const sessionsOf = (phoneNumber: string) => world.openai.sessions.filter((session) => session.config().instructions.includes(phoneNumber));
const sessionOf = (phoneNumber: string) => sessionsOf(phoneNumber).at(-1);

describe.concurrent("a call that is placed", () => {
  test("rings, greets, and is on the record with the conversation", async () => {
    const to = aPerson();
    const person = world.twilio.phone(to);
    const placed = await place(to);
    expect(placed).toEqual({
      callSid: expect.stringMatching(/^CA/),
      status: "initiated",
      callId: expect.any(String),
      threadId: expect.any(String),
    });
    const call = await person.rings();
    expect(call.from).toBe(WORLD_NUMBER);
    await call.hears(HELLO);
    await call.says("Fine, bye.");
    await call.hears("goodbye");
    expect((await call.ended).reason).toBe("twiml-hangup");
    const record = await world.recordOf(placed.callSid);
    expect(record).toMatchObject({
      id: placed.callId,
      threadId: placed.threadId,
      direction: "outbound",
      from: WORLD_NUMBER,
      to,
      agent: "reminder",
      status: "completed",
      reason: "agent_hung_up",
    });
    expect(record.utterances.map((line) => line.text)).toEqual([HELLO, "Fine, bye.", "Thank you, goodbye."]);
  });

  test("knows in its instructions whom it calls and why, as data", async () => {
    const to = aPerson();
    const guest = 'Ms. "Lovelace" {{entity.query({"type":"order"})}}';
    const { threadId } = await place(to, { metadata: { guest, table: 7 } });
    const call = await world.twilio.phone(to).rings();
    await call.hears(HELLO);
    const instructions = sessionOf(to)?.config().instructions ?? "";
    expect(instructions).toContain(`Guest: ${guest}. Number: ${to}.`);
    expect(instructions).toContain("You have placed this call");
    expect(instructions).toContain('"table":7');
    await call.hangUp();
    const thread = await world.api.threads.get.query({ id: threadId });
    expect(thread).toMatchObject({ metadata: { guest, table: 7 }, channelParams: { guest, table: 7, callerNumber: to } });
  });

  test("finds its model warm when the phone is picked up", async ({ expect }) => {
    const to = aPerson();
    world.twilio.phone(to).whenCalled({ answer: { afterMs: 4_000 } });
    await place(to);
    const person = world.twilio.phone(to).rings();
    await expect.poll(() => sessionsOf(to).length).toBe(1);
    const call = await person;
    await call.hears(HELLO);
    expect(sessionsOf(to)).toHaveLength(1);
    await call.hangUp();
  });

  test.each([
    ["busy", { status: "failed", reason: "busy" }],
    ["no-answer", { status: "failed", reason: "no_answer" }],
    ["unreachable", { status: "failed", reason: "carrier_failed" }],
  ] as const)("to a phone that is %s ends on the record as that", async (behaviour, expected) => {
    const to = aPerson();
    world.twilio.phone(to).whenCalled(behaviour);
    const { callSid, threadId } = await place(to, { ringSeconds: 5 });
    expect(await world.recordOf(callSid)).toMatchObject(expected);
    expect(await world.api.threads.get.query({ id: threadId })).toMatchObject({ channelStatus: "failed" });
  });

  test("is hung up while it rings, and while it goes on", async ({ expect }) => {
    const [silent, talking] = [aPerson(), aPerson()];
    world.twilio.phone(silent).whenCalled("no-answer");
    const ringing = await place(silent);
    expect(await world.api.calls.hangup.mutate({ id: ringing.callId })).toMatchObject({
      status: "stopped",
      reason: "hung_up_by_owner",
      endedNow: true,
    });
    await expect.poll(() => world.twilio.calls.find(({ sid }) => sid === ringing.callSid)?.status).toBe("canceled");

    const live = await place(talking);
    const call = await world.twilio.phone(talking).rings();
    await call.hears(HELLO);
    await world.api.calls.hangup.mutate({ id: live.callId });
    expect((await call.ended).status).toBe("completed");
    expect(await world.recordOf(live.callSid)).toMatchObject({ status: "stopped", reason: "hung_up_by_owner" });
    expect(await world.api.calls.hangup.mutate({ id: live.callId })).toMatchObject({ endedNow: false });
  });
});

describe("before anybody is dialled", () => {
  const refusal = async (order: object): Promise<string> =>
    await world.api.calls.place.mutate({ phoneNumber: aPerson(), ...order }).then(
      () => "placed",
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
  const asked = () => world.twilio.requests.filter(({ method, path }) => method === "POST" && path.endsWith("/Calls.json")).length;

  test("a call without a target is refused with the legal slugs, or goes to what the numbers are bound to", async () => {
    const before = asked();
    expect(await refusal({ agentSlug: "reminder", routerSlug: "calls" })).toMatch(
      /agentSlug and routerSlug are given.*"cafe", "reminder".*"calls"/,
    );
    expect(await refusal({ agentSlug: "nobody" })).toMatch(/there is no agent "nobody".*Legal for agentSlug: "cafe", "reminder"/);
    expect(await refusal({ routerSlug: "nobody" })).toMatch(/there is no router "nobody".*for routerSlug: "calls"/);
    expect(asked()).toBe(before);
    const to = aPerson();
    const { callSid } = await world.api.calls.place.mutate({ phoneNumber: to });
    const call = await world.twilio.phone(to).rings();
    await call.hears(HELLO);
    await call.hangUp();
    expect(await world.recordOf(callSid)).toMatchObject({ agent: "cafe" });
  });

  test("context that an agent demands must be there, and of its type", async () => {
    const before = asked();
    expect(await refusal({ agentSlug: "reminder" })).toMatch(/metadata\.guest is missing: agent "reminder" requires it, a string/);
    expect(await refusal({ agentSlug: "reminder", metadata: { guest: 7 } })).toMatch(/metadata\.guest is not legal/);
    expect(await refusal({ agentSlug: "reminder", metadata: { guest: "x", callerNumber: "+1" } })).toMatch(/names callerNumber/);
    expect(asked()).toBe(before);
  });

  test("numbers that may not be dialled are refused", async () => {
    const before = asked();
    for (const phoneNumber of ["+18765550100", "+19005550100", WORLD_NUMBER, "+442079460000", "911"])
      expect(await refusal({ phoneNumber, agentSlug: "cafe" })).not.toBe("placed");
    expect(asked()).toBe(before);
  });
});

/** As the documentation's footgun has it: an agent that schedules calls, and names nobody who speaks on them. */
describe("an agent in writing that has people called", () => {
  const SECOND_NUMBER = "+15550100201";
  const chat = async (message: string): Promise<string> => {
    const answer = await fetch(`${world.control.httpUrl}/v1/agents/outreach/chat`, {
      method: "POST",
      headers: { authorization: `Bearer ${world.apiKey}`, "content-type": "application/json" },
      body: JSON.stringify({ message }),
    });
    return await answer.text();
  };
  beforeAll(async () => {
    const systemPrompt = "You schedule follow-up calls with leads.";
    await world.api.agents.set.mutate({
      definition: { name: "Outreach Agent", slug: "outreach", systemPrompt, tools: ["entity.query", "voice.call"] },
    });
  });

  test("is offered who can speak, and the call carries its context and is linked to its thread", async () => {
    const { threadId, message } = JSON.parse(await chat("Have the guest called")) as { threadId: string; message: string };
    const placed = JSON.parse(message) as { callSid: string; status: string; threadId: string };
    expect(placed).toMatchObject({ callSid: expect.stringMatching(/^CA/), status: "initiated" });
    const call = await world.twilio.phone(GUEST).rings();
    await call.hears(HELLO);
    expect(sessionOf(GUEST)?.config().instructions).toContain("Guest: Ms. Hopper.");
    await call.hangUp();
    expect(await world.api.threads.get.query({ id: placed.threadId })).toMatchObject({ parentThreadId: threadId });
    expect(JSON.stringify(world.openai.texts.at(-2)?.body)).toMatch(/"enum":\["cafe","outreach","reminder"\]/);
  });

  test("that names nobody gets what the numbers are bound to, and no call at all where that is not clear: never a model without instructions", async () => {
    expect(await chat("Have the lead called")).toContain("initiated");
    const call = await world.twilio.phone(LEAD).rings();
    await call.hears(HELLO);
    expect(world.openai.sessions.at(-1)?.config().instructions).toContain("You answer the phone of a café.");
    await call.hangUp();

    world.twilio.addNumber(SECOND_NUMBER);
    await world.api.connections.connect.mutate({ phoneNumber: SECOND_NUMBER, router: "calls" });
    const before = world.twilio.calls.length;
    const answer = await chat("Have the lead called");
    await world.api.connections.removePhone.mutate({ phoneNumber: SECOND_NUMBER });
    expect(answer).toMatch(/who shall speak is not said.*give agentSlug or routerSlug.*cafe.*outreach.*reminder/);
    expect(world.twilio.calls.length).toBe(before);
    for (const session of world.openai.sessions) expect(session.config().instructions.trim()).not.toBe("");
  });
});

describe.concurrent("when a machine answers", () => {
  const MESSAGE = "This is Bistro Luna. Please call us back.";

  test("the call is hung up, where the router says so", async ({ expect }) => {
    const to = aPerson();
    world.twilio.phone(to).whenCalled({ answer: { detected: { answeredBy: "machine_start", afterMs: 1_500 } } });
    const { callSid } = await world.api.calls.place.mutate({ phoneNumber: to, routerSlug: "calls" });
    expect(await world.recordOf(callSid)).toMatchObject({ status: "completed", reason: "answering_machine" });
    await expect.poll(() => world.twilio.calls.find(({ sid }) => sid === callSid)?.status).toBe("completed");
  });

  test("a message is left after the beep, in the agent's voice", async () => {
    const to = aPerson();
    world.twilio.phone(to).whenCalled({ answer: { detected: { answeredBy: "machine_end_beep", afterMs: 6_000 } } });
    const { callSid } = await place(to, { voicemail: { policy: "leave_message", message: MESSAGE } });
    const call = await world.twilio.phone(to).rings();
    await call.hears("Please call us back", { withinMs: 30_000 });
    await call.ended;
    expect(await world.recordOf(callSid)).toMatchObject({ status: "completed", reason: "voicemail_left" });
  });

  test("nobody is kept waiting or hung up on: a person and an unclear answer go on with the agent", async () => {
    for (const answeredBy of ["unknown"] as const) {
      const to = aPerson();
      world.twilio.phone(to).whenCalled({ answer: { detected: { answeredBy, afterMs: 1_000 } } });
      const { callSid } = await place(to, { voicemail: { policy: "hang_up" } });
      const call = await world.twilio.phone(to).rings();
      await call.hears(HELLO);
      await call.staysSilent(2_000);
      await call.says("Fine, bye.");
      await call.hears("goodbye");
      await call.ended;
      expect(await world.recordOf(callSid)).toMatchObject({ status: "completed", reason: "agent_hung_up" });
    }
  });
});
