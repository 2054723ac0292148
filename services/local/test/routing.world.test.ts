import { type Mind, type PhoneCall, scriptedMind } from "@struere/simulators";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AgentDefinition, type AgentInput, RouterDefinition, type RouterInput } from "struere";
import { type CallRecord, type World, WORLD_NUMBER } from "../world.ts";
import { aWorld, CALLER } from "./a-world.ts";

const HELLO = "Hello, this is Bright Telecom. How can I help you?";
const REPAIR = "Support here. I look after your broken phone.";
const STILL_INTAKE = "This is still the front desk.";
const CONNECTING = "I hand you over to support.";

const HOLD_MS = 5_000;

const intake: AgentInput = {
  name: "Intake",
  slug: "intake",
  systemPrompt: "You are the INTAKE desk.",
  tools: ["router.transfer", "call.end"],
};
const support: AgentInput = { name: "Support", slug: "support", systemPrompt: "You are the SUPPORT desk.", tools: ["call.end"] };

const phones: RouterInput = {
  name: "Phones",
  slug: "phones",
  mode: "classify",
  classifyModel: { model: "gpt-6.1-terra" },
  agents: [
    { slug: "intake", description: "Greets, and finds out what somebody wants." },
    { slug: "support", description: "Repairs phones." },
  ],
  fallback: "intake",
  // The world's clock is fast, and the machine that it runs on may be slow.
  classifyTimeoutMs: HOLD_MS,
};

const isSupport = (instructions: string): boolean => instructions.includes("SUPPORT");

const script = scriptedMind({
  greeting: HELLO,
  lines: [
    { when: /broken|repair/i, answer: { agent: "support" } },
    { when: /./, answer: { agent: "intake" } },
    { when: ({ lastUser, instructions }) => /transfer me/i.test(lastUser ?? "") && !isSupport(instructions), ...handOver() },
    { when: /bye/i, say: "Goodbye!", call: { name: "call.end" } },
    { when: ({ instructions, lastUser }) => isSupport(instructions) && lastUser !== null, say: REPAIR },
    { when: ({ lastUser }) => lastUser !== null, say: STILL_INTAKE },
  ],
});

function handOver() {
  return { say: CONNECTING, call: { name: "router.transfer", arguments: { agent: "support" } }, thenSay: REPAIR } as const;
}

let classifier: "answers" | "silent" = "answers";
const mind: Mind = (turn) => (turn.format && classifier === "silent" ? new Promise(() => undefined) : script(turn));

async function answeredByRouter(world: World): Promise<void> {
  for (const agent of [intake, support]) await world.api.agents.set.mutate({ definition: AgentDefinition.parse(agent) });
  await world.api.routers.set.mutate({ definition: RouterDefinition.parse(phones) });
  await world.api.connections.connect.mutate({ phoneNumber: WORLD_NUMBER, router: "phones" });
}

let world: World;
beforeAll(async () => {
  world = await aWorld({ mind });
  await answeredByRouter(world);
});
afterAll(() => world[Symbol.asyncDispose]());

async function ends(call: PhoneCall): Promise<CallRecord> {
  await call.says("Thank you, bye.");
  await call.ended;
  return await world.recordOf(call.sid);
}

const spoken = (record: CallRecord): readonly string[] =>
  record.utterances.map(({ agent, speaker, text }) => `${agent} ${speaker}: ${text}`);
const changes = (record: CallRecord): readonly unknown[] =>
  record.events.filter(({ name }) => name === "agent.changed").map(({ body }) => body["data"]);
const updates = (): readonly (typeof world.openai.sessions)[number]["received"][number]["event"][] =>
  world.openai.sessions.at(-1)?.received.flatMap(({ event }) => (event["type"] === "session.update" ? [event] : [])) ?? [];

describe("a call of a router", () => {
  test("goes to the agent that the classifier chooses for the first utterance; the voice stays, the record says who spoke", async () => {
    const call = await world.twilio.phone(CALLER).dial(WORLD_NUMBER);
    await call.hears(HELLO);
    await call.says("My phone is broken.");
    await call.hears(REPAIR);
    const record = await ends(call);
    expect(spoken(record)).toEqual([
      `intake agent: ${HELLO}`,
      "intake caller: My phone is broken.",
      `support agent: ${REPAIR}`,
      "support caller: Thank you, bye.",
      "support agent: Goodbye!",
    ]);
    expect(changes(record)).toEqual([{ from: "intake", to: "support", by: "classify" }]);

    const [first, change, ...more] = updates();
    expect(first).toMatchObject({ session: { audio: { input: { turn_detection: { create_response: false } } } } });
    expect(change).toMatchObject({ session: { audio: { input: { turn_detection: { create_response: true } } } } });
    expect(JSON.stringify(change)).not.toContain("voice");
    expect(more).toEqual([]);
    const asked = world.openai.texts.at(-1);
    expect(JSON.stringify(asked?.body)).toContain("My phone is broken.");
  });

  test("is handed over by an agent's tool, and the new agent goes on without greeting", async () => {
    const call = await world.twilio.phone(CALLER).dial(WORLD_NUMBER);
    await call.hears(HELLO);
    await call.says("Could you transfer me, please?");
    await call.hears(CONNECTING);
    await call.hears(REPAIR);
    const record = await ends(call);
    expect(changes(record)).toEqual([{ from: "intake", to: "support", by: "tool" }]);
    expect(spoken(record)).toContain(`intake agent: ${CONNECTING}`);
    expect(spoken(record)).toContain(`support agent: ${REPAIR}`);
  });

  test("is answered by whoever has it when the classifier says nothing, and waits no longer than its deadline", async () => {
    classifier = "silent";
    try {
      const call = await world.twilio.phone(CALLER).dial(WORLD_NUMBER);
      await call.hears(HELLO);
      await call.says("My phone is broken.");
      await call.hears(STILL_INTAKE);
      await call.hangUp();
      const record = await world.recordOf(call.sid);
      expect(changes(record)).toEqual([]);
      const at = (name: string): number => record.events.findLast((event) => event.name === name)?.offsetMs ?? 0;
      const waitedMs = at("agent.speaking") - at("caller.silent");
      // The rest is the vendor's way to the first word, and what a busy machine adds.
      expect(waitedMs).toBeLessThan(HOLD_MS + 3_000);
    } finally {
      classifier = "answers";
    }
  });

  test("stays what it was at its start, whatever is synced while it goes on; the next call has the new definitions", async () => {
    const call = await world.twilio.phone(CALLER).dial(WORLD_NUMBER);
    await call.hears(HELLO);
    const changed = { ...support, systemPrompt: "You are somebody else." };
    await world.api.agents.set.mutate({ definition: AgentDefinition.parse(changed) });
    await call.says("My phone is broken.");
    await call.hears(REPAIR);
    const record = await ends(call);
    expect(record.setup?.agents).toEqual([
      { slug: "intake", version: 1 },
      { slug: "support", version: 1 },
    ]);

    const next = await world.twilio.phone(CALLER).dial(WORLD_NUMBER);
    await next.hears(HELLO);
    await next.says("My phone is broken.");
    await next.hears(STILL_INTAKE);
    const after = await ends(next);
    expect(changes(after)).toEqual([{ from: "intake", to: "support", by: "classify" }]);
    expect(after.setup?.agents).toContainEqual({ slug: "support", version: 2 });
    await world.api.agents.set.mutate({ definition: AgentDefinition.parse(support) });
  });
});
