/** What every gRPC consumer may rely on besides our own methods: the registry's rules, health, reflection, draining. */
import { Client, credentials, Metadata } from "@grpc/grpc-js";
import { service as healthService } from "grpc-health-check";
import { SERVICE_NAMES } from "@struere/protocol/grpc";
import { newId } from "@struere/store";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Edge, startEdge } from "../edge.ts";

let edge: Edge;
let client: Client;
beforeAll(async () => {
  edge = await startEdge();
  client = new Client(edge.control.grpcAddress, credentials.createInsecure());
});
afterAll(async () => {
  client.close();
  await edge[Symbol.asyncDispose]();
});

async function health(service: string): Promise<string> {
  const method = healthService["Check"];
  if (!method) throw new Error("the health service has no Check");
  return await new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      { service },
      new Metadata(),
      (error, answer) => {
        if (error) reject(error);
        else resolve(String((answer as { status?: unknown } | undefined)?.status));
      },
    );
  });
}

describe("NodeRegistry", () => {
  const registration = (overrides = {}) => ({
    nodeId: newId("node"),
    publicUrl: "wss://media-1.example.com",
    capacity: 10,
    version: "1.2.3",
    ...overrides,
  });

  test("knows a node from its registration on, with the load that it reports", async () => {
    const node = registration({ version: "v".repeat(500) });
    expect((await edge.client.register(node)).heartbeatMs).toBeGreaterThan(0);
    await edge.client.heartbeat({ nodeId: node.nodeId, calls: 3, capacity: 12, draining: true, loopDelayP99Ms: 1.5 });
    const row = await edge.db.selectFrom("nodes").selectAll().where("id", "=", node.nodeId).executeTakeFirstOrThrow();
    expect(row).toMatchObject({
      public_url: node.publicUrl,
      calls: 3,
      capacity: 12,
      draining: true,
      loop_delay_p99_ms: 1.5,
      version: "v".repeat(64),
    });
    await edge.client.register(node);
    expect(await edge.db.selectFrom("nodes").select("calls").where("id", "=", node.nodeId).execute()).toEqual([{ calls: 0 }]);
  });

  test.each([
    ["an address with a path", { publicUrl: "wss://media.example.com/media" }, /public_url/],
    ["an address of another protocol", { publicUrl: "https://media.example.com" }, /public_url/],
    ["an id of something else", { nodeId: newId("call") }, /node_id/],
    ["a capacity that no node has", { capacity: 4_294_967_295 }, /capacity/],
  ])("refuses %s", async (_what, change, sentence) => {
    await expect(edge.client.register(registration(change))).rejects.toMatchObject({
      code: "invalid_argument",
      sentence: expect.stringMatching(sentence),
    });
  });

  test("refuses the heartbeat of a node that it does not know, or with a load that can not be", async () => {
    const beat = { nodeId: newId("node"), calls: 0, capacity: 1, draining: false, loopDelayP99Ms: 0 };
    await expect(edge.client.heartbeat(beat)).rejects.toMatchObject({ code: "not_found" });
    for (const loopDelayP99Ms of [Number.NaN, -1, Number.POSITIVE_INFINITY]) {
      await expect(edge.client.heartbeat({ ...beat, loopDelayP99Ms })).rejects.toMatchObject({ code: "invalid_argument" });
    }
  });
});

test("reflection lists our services without a secret", async () => {
  const call = client.makeBidiStreamRequest(
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    // ServerReflectionRequest{ list_services (7): "" } (grpc/reflection/v1/reflection.proto)
    () => Buffer.from([0x3a, 0x00]),
    (bytes) => bytes.toString("latin1"),
    new Metadata(),
  );
  const answered = new Promise<string>((resolve, reject) => {
    call.on("data", resolve);
    call.on("error", reject);
  });
  call.write({});
  const answer = await answered;
  call.end();
  for (const name of Object.values(SERVICE_NAMES)) expect(answer).toContain(name);
});

test("health says SERVING for the server and each service, and NOT_SERVING once it drains, while calls go on", async () => {
  const services = ["", ...Object.values(SERVICE_NAMES)];
  for (const service of services) expect(await health(service)).toBe("SERVING");
  await expect(health("struere.voice.v1.Nothing")).rejects.toMatchObject({ code: 5 });
  await edge.control.drain();
  for (const service of services) expect(await health(service)).toBe("NOT_SERVING");
  const ready = await fetch(`${edge.control.httpUrl}/readyz`);
  expect({ status: ready.status, body: await ready.json() }).toEqual({
    status: 503,
    body: { status: "not ready", problems: ["draining"] },
  });
  expect((await fetch(`${edge.control.httpUrl}/healthz`)).status).toBe(200);
  expect((await edge.client.register({ nodeId: newId("node"), publicUrl: "", capacity: 1, version: "" })).heartbeatMs).toBeGreaterThan(0);
});
