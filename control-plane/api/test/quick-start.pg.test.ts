/** What the product's users do first, as the command line does it: credentials, a number, another agent, a router, and away again. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Edge, NUMBER, rejection, startEdge, tokenIn } from "./edge.ts";

let edge: Edge;
beforeAll(async () => {
  edge = await startEdge();
  await edge.aNode();
});
afterAll(() => edge[Symbol.asyncDispose]());

const agent = (slug: string) => ({ definition: { name: slug, slug, systemPrompt: `You are ${slug}.`, tools: ["call.end"] } });
async function answering(): Promise<string | null> {
  const params = edge.form();
  const { text } = await edge.post("/twilio/voice", params);
  if (tokenIn(text) === "") return null;
  return (await edge.callOf(params.CallSid))?.config?.agent.slug ?? null;
}

test("from nothing to a number that is answered, rebound, and removed", async () => {
  const { agents, connections, routers } = edge.api;
  const { accountSid, authToken } = edge.twilio;

  expect((await rejection(connections.connect.mutate({ phoneNumber: NUMBER, agent: "front" }))).message).toMatch(
    /there is no agent "front" in development/,
  );
  await agents.set.mutate(agent("front"));
  expect((await rejection(connections.connect.mutate({ phoneNumber: NUMBER, agent: "front" }))).message).toMatch(
    /has no Twilio credentials; set them first/,
  );
  expect(await connections.credentials.set.mutate({ accountSid, authToken })).toMatchObject({ accountSid, verifiedAt: expect.anything() });

  expect(await connections.connect.mutate({ phoneNumber: NUMBER, agent: "front", label: "Main line" })).toMatchObject({
    status: "connected",
    agent: "front",
    router: null,
  });
  expect(await answering()).toBe("front");

  await agents.set.mutate(agent("night"));
  expect(await connections.connect.mutate({ phoneNumber: NUMBER, agent: "night" })).toMatchObject({ agent: "night", label: "Main line" });
  expect(await answering()).toBe("night");

  const definition = {
    name: "Desk",
    slug: "desk",
    mode: "classify",
    agents: [{ slug: "front" }, { slug: "night" }],
    fallback: "front",
    classifyModel: { model: "gpt-6.1-terra" },
  } as const;
  await routers.set.mutate({ definition: { ...definition, agents: [...definition.agents] } });
  expect(await connections.connect.mutate({ phoneNumber: NUMBER, router: "desk" })).toMatchObject({ agent: null, router: "desk" });
  expect(await answering()).toBe("front");
  expect((await rejection(agents.delete.mutate({ slug: "front" }))).message).toMatch(/desk/);

  expect(await connections.status.query()).toMatchObject({
    accepted: true,
    problems: [],
    phones: [{ pointsHere: true, connection: { phoneNumber: NUMBER } }],
  });
  expect(await connections.removePhone.mutate({ phoneNumber: NUMBER })).toMatchObject({ connection: { status: "removed" }, problem: null });
  expect(await answering()).toBeNull();

  await connections.connect.mutate({ phoneNumber: NUMBER, agent: "front" });
  expect(await connections.remove.mutate()).toMatchObject({ phones: [{ connection: { status: "removed" } }], credentialsRemoved: true });
  expect(await connections.remove.mutate()).toEqual({ phones: [], credentialsRemoved: false });
  expect(await connections.status.query()).toEqual({ credentials: null, accepted: null, phones: [], problems: [] });
  // Nobody can know any more who signs.
  expect((await edge.post("/twilio/voice", edge.form())).status).toBe(403);
});
