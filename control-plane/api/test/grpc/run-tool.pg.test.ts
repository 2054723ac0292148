/** Tools of agents on the phone, asked for as a media node does, on a whole control plane. */
import { type Call, entityStore } from "@struere/store";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { NUMBER, type Edge, rejection, spoken, startEdge } from "../edge.ts";
import { anOrderType } from "../tools/world.ts";

let edge: Edge;
beforeAll(async () => {
  edge = await startEdge();
  await anOrderType(edge.db, edge.scope);
  await edge.ready();
  for (const [slug, systemPrompt, tools] of [
    ["intake", "You greet {{threadContext.params.callerNumber}}.", ["router.transfer", "entity.create", "call.transfer"]],
    [
      "support",
      "You support {{threadContext.params.callerNumber}} as {{agent.slug}}. A person is at +14155550123.",
      ["router.transfer", "call.transfer", "call.sendDigits"],
    ],
  ] as const)
    await edge.api.agents.set.mutate({ definition: { name: slug, slug, systemPrompt, tools: [...tools] } });
  await edge.api.routers.set.mutate({
    definition: {
      name: "Front",
      slug: "front",
      mode: "classify",
      agents: [
        { slug: "intake", description: "takes orders" },
        { slug: "support", description: "helps" },
      ],
      classifyModel: { model: "gpt-6.1-terra" },
      fallback: "intake",
    },
  });
  await edge.api.connections.connect.mutate({ phoneNumber: NUMBER, router: "front" });
});
afterAll(() => edge[Symbol.asyncDispose]());

async function aCall(): Promise<{
  readonly call: Call;
  run(name: string, given: object, more?: { agent?: string; toolCallId?: string; epoch?: number }): Promise<RunAnswer>;
}> {
  const ringing = await edge.ring();
  await edge.client.claimCall(edge.claimOf(ringing, await edge.aNode()));
  let ids = 0;
  return {
    call: ringing,
    run: async (name, given, { agent = "", toolCallId = `tc_${++ids}`, epoch = 1 } = {}) =>
      await edge.client.runTool({ callId: ringing.id, epoch, toolCallId, name, argumentsJson: JSON.stringify(given), agent }),
  };
}

type RunAnswer = Awaited<ReturnType<Edge["client"]["runTool"]>>;
const output = (answer: RunAnswer): unknown => JSON.parse(answer.outputJson);

describe("a call", () => {
  test("opens with rendered instructions and is pinned to its router's agents", async () => {
    const { call } = await aCall();
    expect(call.config?.agent).toMatchObject({ slug: "intake", instructions: `You greet ${call.from_number}.` });
    expect(call.config?.agent.tools.map((tool) => tool.name)).toEqual(["router.transfer", "entity.create", "call.transfer"]);
    expect(call.pinned_agents).toMatchObject([{ slug: "intake" }, { slug: "support" }]);
  });

  test("runs a tool once, however often the node asks", async () => {
    const { run } = await aCall();
    const before = (await entityStore(edge.db).query({ kind: "key", ...edge.scope }, { type: "order" })).items.length;
    const asked = await Promise.all(
      [1, 2, 3, 4].map(() => run("entity.create", { type: "order", data: { item: "tea" } }, { toolCallId: "same" })),
    );
    expect(new Set(asked.map((one) => one.outputJson)).size).toBe(1);
    expect((await entityStore(edge.db).query({ kind: "key", ...edge.scope }, { type: "order" })).items).toHaveLength(before + 1);
  });

  test("is answered neither for another epoch nor for an agent that is not on it", async () => {
    const { run } = await aCall();
    expect(await rejection(run("entity.create", {}, { epoch: 2 }))).toMatchObject({ code: "failed_precondition" });
    expect(await rejection(run("entity.create", {}, { agent: "cafe" }))).toMatchObject({ code: "permission_denied" });
    expect(await rejection(run("call.sendDigits", { digits: "1" }))).toMatchObject({ code: "unimplemented" });
  });

  test("is handed over to an agent as it was when the call came, which then has its own tools", async () => {
    const { call, run } = await aCall();
    const version = call.pinned_agents.find((one) => one.slug === "support")?.version;
    const definition = {
      name: "support",
      slug: "support",
      systemPrompt: "Changed {{agent.slug}} +14155550123.",
      tools: ["call.sendDigits", "router.transfer", "call.transfer"],
    };
    await edge.api.agents.set.mutate({ definition });
    const moved = await run("router.transfer", { agent: "support" }, { toolCallId: "move" });
    expect(moved.handoff).toMatchObject({
      slug: "support",
      version,
      instructions: `You support ${call.from_number} as support. A person is at +14155550123.`,
    });
    const transfer = moved.handoff?.tools.find((tool) => tool.name === "router.transfer");
    expect(JSON.parse(transfer?.parametersJson ?? "")).toMatchObject({ properties: { agent: { enum: ["intake"] } } });
    expect(await run("router.transfer", { agent: "support" }, { toolCallId: "move" })).toEqual(moved);
    expect(output(await run("router.transfer", { agent: "support" }))).toMatchObject({ error: { code: "failed_precondition" } });
    expect(await run("call.sendDigits", { digits: "12#" }, { agent: "support" })).toMatchObject({
      effect: "send_digits",
      effectData: "12#",
    });
    for (const [agent, to] of [
      ["support", "intake"],
      ["intake", "support"],
      ["support", "intake"],
      ["intake", "support"],
    ] as const)
      expect((await run("router.transfer", { agent: to }, { agent })).handoff?.slug).toBe(to);
    expect(output(await run("router.transfer", { agent: "intake" }, { agent: "support" }))).toMatchObject({
      error: { message: expect.stringContaining("too often") },
    });
  });

  test("goes to a person only where the instructions of the agent that asks name the number", async () => {
    const { call, run } = await aCall();
    expect(output(await run("call.transfer", { phoneNumber: "+14155550123" }))).toMatchObject({ error: { code: "permission_denied" } });
    // The other one may: Twilio is asked, which never had this made-up call.
    const asked = await run("call.transfer", { phoneNumber: "+14155550123" }, { agent: "support" });
    expect(output(asked)).toMatchObject({
      error: { code: "not_found", message: expect.stringContaining(`redirect call ${call.twilio_call_sid}`) },
    });
    expect(asked.effect).toBe("");
  });
});

describe("after a transfer to a person", () => {
  const ended = async (status: string) => (await edge.post("/twilio/dial-action", edge.form({ DialCallStatus: status }))).text;

  test("the call is over when they have spoken, and the caller hears of it when nobody was there", async () => {
    expect(await ended("completed")).toContain("<Hangup/>");
    expect(spoken(await ended("completed"))).toBeUndefined();
    for (const status of ["no-answer", "busy", "failed", "canceled"])
      expect(spoken(await ended(status))).toContain("nobody could take your call");
    const forged = await edge.post("/twilio/dial-action", edge.form({ DialCallStatus: "completed" }), { signature: null });
    expect(forged.status).toBe(403);
  });
});
