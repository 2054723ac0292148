/** Each fault in a world of its own, several side by side. */
import { describe, expect, test } from "vitest";
import type { PhoneCall, SimulatedFault } from "@struere/simulators";
import { WORLD_NUMBER } from "../world.ts";
import { aWorld, CALLER, GREETING } from "./a-world.ts";

async function callWith(faults: readonly SimulatedFault[], act?: (call: PhoneCall) => Promise<void>) {
  await using world = await aWorld({ openai: { faults } });
  const call = await world.twilio.phone(CALLER).dial(WORLD_NUMBER);
  await act?.(call);
  await call.ended;
  return { call, record: await world.recordOf(call.sid) };
}

describe.concurrent("the model fails, and the caller is told so and hung up in order", () => {
  test("the key is refused", async () => {
    const { call, record } = await callWith([{ kind: "refuse_key" }]);
    expect(call.said.join()).toMatch(/something went wrong/);
    expect(record).toMatchObject({ status: "failed", reason: "model_refused" });
  });

  test("the vendor can not be reached", async () => {
    const { call, record } = await callWith([{ kind: "refuse_connection" }]);
    expect(call.said.join()).toMatch(/something went wrong/);
    expect(record).toMatchObject({ status: "failed", reason: "model_unavailable" });
  });

  test("the socket breaks in the middle of a response", async () => {
    const { call, record } = await callWith([{ kind: "close", at: "response.output_audio.delta", code: 1006, skip: 3 }]);
    expect(call.said.join()).toMatch(/something went wrong/);
    expect(record).toMatchObject({ status: "failed", reason: "model_lost" });
  });
});

describe.concurrent("the model misbehaves, and the call goes on", () => {
  const order = async (call: PhoneCall): Promise<void> => {
    await call.hears(GREETING, { withinMs: 30_000 });
    await call.says("Some tea, please.");
    await call.hears("Anything else?", { withinMs: 30_000 });
    await call.says("No, bye.");
    await call.hears("see you soon", { withinMs: 30_000 });
  };

  test.each<{ readonly name: string; readonly faults: readonly SimulatedFault[] }>([
    {
      name: "unknown events",
      faults: [
        { kind: "unknown_event", at: "response.created" },
        { kind: "unknown_event", at: "session.updated" },
      ],
    },
    { name: "a response is refused because another is said to be active", faults: [{ kind: "reject_create", times: 1 }] },
    { name: "a request is not answered", faults: [{ kind: "ignore_create", times: 1 }] },
    { name: "the caller's words are never transcribed", faults: [{ kind: "transcription", outcome: "never", times: 1 }] },
    { name: "a response fails for rate limits", faults: [{ kind: "fail_response", code: "rate_limit_exceeded", times: 1 }] },
    { name: "all audio comes at once", faults: [{ kind: "burst_audio" }] },
    { name: "a response never ends", faults: [{ kind: "never_done", times: 1 }] },
  ])("$name", async ({ faults }) => {
    const { record } = await callWith(faults, order);
    expect(record).toMatchObject({ status: "completed", reason: "agent_hung_up" });
  });
});
