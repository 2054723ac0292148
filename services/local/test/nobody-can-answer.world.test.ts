import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type World, WORLD_NUMBER } from "../world.ts";
import { aWorld, CALLER, cafe } from "./a-world.ts";

let world: World;
beforeAll(async () => {
  world = await aWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const dialled = async (number = WORLD_NUMBER) => {
  const call = await world.twilio.phone(CALLER).dial(number);
  await call.ended;
  const { items } = await world.api.calls.list.query({ limit: 100 });
  return { call, item: items.find((candidate) => candidate.callSid === call.sid) };
};

describe("a call that nobody can answer is told so, and recorded as failed with the reason", () => {
  test("an unknown number of the same account", async () => {
    world.twilio.addNumber("+15550100299");
    const { sid } = await restNumber("+15550100299");
    await point(sid, `${world.control.httpUrl}/twilio/voice`);
    const { call, item } = await dialled("+15550100299");
    expect(call.said.join()).toMatch(/not available/);
    expect(item).toMatchObject({ status: "failed", reason: "number_not_connected" });
  });

  test("a removed connection whose number still points here", async () => {
    await world.api.connections.removePhone.mutate({ phoneNumber: WORLD_NUMBER });
    const { sid } = await restNumber(WORLD_NUMBER);
    await point(sid, `${world.control.httpUrl}/twilio/voice`);
    const { call, item } = await dialled();
    expect(call.said.join()).toMatch(/not available/);
    expect(item).toMatchObject({ status: "failed", reason: "number_not_connected" });
    await world.answeredBy(cafe);
  });

  test("no media node with room", async () => {
    for (const node of world.nodes) await node.drain();
    await expect.poll(async () => (await world.api.system.status.query()).nodes.every((node) => node.draining)).toBe(true);
    const { call, item } = await dialled();
    expect(call.said.join()).toMatch(/not available/);
    expect(item).toMatchObject({ status: "failed", reason: "no_media_node" });
  });
});

test("an agent that a number needs can not be deleted, so that no number is left without an answer", async () => {
  await expect(world.api.agents.delete.mutate({ slug: "cafe" })).rejects.toThrow(`needed by the number ${WORLD_NUMBER}`);
});

async function restNumber(phoneNumber: string): Promise<{ readonly sid: string }> {
  const answer = await rest(`IncomingPhoneNumbers.json?PhoneNumber=${encodeURIComponent(phoneNumber)}`);
  return (answer as { incoming_phone_numbers: [{ sid: string }] }).incoming_phone_numbers[0];
}

async function point(sid: string, voiceUrl: string): Promise<void> {
  await rest(`IncomingPhoneNumbers/${sid}.json`, new URLSearchParams({ VoiceUrl: voiceUrl }));
}

async function rest(path: string, body?: URLSearchParams): Promise<unknown> {
  const { apiBaseUrl, accountSid, authToken } = world.twilio;
  const response = await fetch(`${apiBaseUrl}/2010-04-01/Accounts/${accountSid}/${path}`, {
    ...(body ? { method: "POST", body } : {}),
    headers: { authorization: `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString("base64")}` },
  });
  expect(response.ok).toBe(true);
  return await response.json();
}
