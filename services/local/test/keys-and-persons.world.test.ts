import { scriptedMind } from "@struere/simulators";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type World, WORLD_NUMBER } from "../world.ts";
import { aWorld, CALLER } from "./a-world.ts";

const HELLO = "Hello, Bright Hotel.";
const PERSON = "+15550100300";

const mind = scriptedMind({
  greeting: HELLO,
  lines: [
    { when: /extension/i, say: "One moment.", call: { name: "call.sendDigits", arguments: { digits: "4w2#" } }, thenSay: "It is dialled." },
    { when: /person/i, say: "I connect you to a colleague.", call: { name: "call.transfer", arguments: { phoneNumber: PERSON } } },
  ],
  otherwise: "Pardon?",
});

let world: World;
beforeAll(async () => {
  world = await aWorld({ mind });
  await world.answeredBy({
    name: "Hotel",
    slug: "hotel",
    systemPrompt: `You answer the phone of a hotel. The reception is at ${PERSON}.`,
    tools: ["call.sendDigits", "call.transfer", "call.end"],
  });
});
afterAll(() => world[Symbol.asyncDispose]());

test("the agent presses keys, and the other side hears them as tones before the agent goes on", async () => {
  const call = await world.twilio.phone(CALLER).dial(WORLD_NUMBER);
  await call.hears(HELLO);
  await call.says("Please dial the extension.");
  await call.hearsKeys("42#");
  await call.hears("It is dialled.");
  await call.hangUp();
  const heard = call.timeline.filter(({ kind, text }) => kind === "tone" || (kind === "agent-spoke" && text === "It is dialled."));
  expect(heard.map(({ text }) => text)).toEqual(["4", "2", "#", "It is dialled."]);
  expect(await world.recordOf(call.sid)).toMatchObject({ status: "completed", reason: "caller_hung_up" });
});

test("the agent says whom it connects to, then the caller talks to a person; the agent's part is over, the call is not", async () => {
  const call = await world.twilio.phone(CALLER).dial(WORLD_NUMBER);
  await call.hears(HELLO);
  await call.says("Can I talk to a person?");
  await call.hears("I connect you to a colleague.");
  const person = await world.twilio.phone(PERSON).rings();
  await person.says("Reception, good evening.");
  await call.hears("Reception, good evening.");
  const record = await world.recordOf(call.sid);
  expect(record).toMatchObject({ status: "completed", reason: "transferred" });
  expect(call.ending).toBeNull();
  await call.says("Thank you.");
  await person.hears("Thank you.");
  await person.hangUp();
  await call.hangUp();
});
