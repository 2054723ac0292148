/** Servers of tools, with the protocol's own server on the other end. */
import { createServer } from "node:http";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import type { Db } from "@struere/store";
import { type TestDatabase, testDatabase } from "@struere/testkit";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { offeredTools } from "../../src/tools/offered-tools.ts";
import { agentWith, aToolsWorld, nextKey, outputOf, type ToolsWorld, withTools } from "./world.ts";

let database: TestDatabase;
let db: Db;
let world: ToolsWorld;
let url = "";
let calls: unknown[] = [];
let signatures = 0;
let requests = 0;

function aServer(): McpServer {
  const server = new McpServer({ name: "crm", version: "1.0.0" });
  server.registerTool(
    "find_customer",
    { description: "Finds a customer.", inputSchema: { name: z.string(), city: z.string().optional() } },
    async (given) => {
      calls.push(given);
      if (given.name === "nobody") return { isError: true, content: [{ type: "text", text: "not found" }] };
      return { content: [{ type: "text", text: `found ${given.name}` }] };
    },
  );
  return server;
}

const http = createServer((request, response) => {
  requests++;
  if (/^t=\d+,v1=[0-9a-f]{64}$/.test(String(request.headers["x-struere-signature"]))) signatures++;
  const server = aServer();
  const transport = new StreamableHTTPServerTransport({});
  void server.connect(transport as Parameters<typeof server.connect>[0]).then(() => transport.handleRequest(request, response));
});

beforeAll(async () => {
  database = await testDatabase();
  db = database.db;
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const address = http.address();
  url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/mcp`;
});
afterAll(async () => {
  http.closeAllConnections();
  await new Promise((resolve) => http.close(resolve));
  await database[Symbol.asyncDispose]();
});
beforeEach(async () => {
  world = await aToolsWorld(db);
  await withTools(db, world.scope, [{ mcp: { name: "crm", url } }]);
  calls = [];
  [requests, signatures] = [0, 0];
});

const offered = () =>
  offeredTools(world.services, {
    scope: world.scope,
    agent: agentWith(["crm.find_customer", "crm.nothing", "call.end"]),
    channel: "call",
    colleagues: [],
  });

test("offer what they say, under their own name, asked once and remembered", async () => {
  const tools = await offered();
  expect(tools.map((tool) => tool.name)).toEqual(["crm.find_customer", "call.end"]);
  expect(JSON.parse(tools[0]?.parametersJson ?? "")).toMatchObject({ type: "object", required: ["name"] });
  expect(signatures).toBe(requests);
  const asked = requests;
  await offered();
  expect(requests).toBe(asked);
});

test("run their tools, once", async () => {
  const idempotencyKey = nextKey();
  const runs = await Promise.all([1, 2, 3].map(() => world.run("crm.find_customer", { name: "Ann" }, { idempotencyKey })));
  for (const outcome of runs) expect(outputOf(outcome)).toEqual([{ type: "text", text: "found Ann" }]);
  expect(calls).toEqual([{ name: "Ann" }]);
  expect(signatures).toBe(requests);
});

test("are not asked with what their schema forbids, nor for what they do not have", async () => {
  expect(outputOf(await world.run("crm.find_customer", { city: "Rome" }))).toMatchObject({ error: { code: "invalid_argument" } });
  expect(outputOf(await world.run("crm.nothing", {}))).toMatchObject({ error: { code: "not_found" } });
  expect((await world.run("crm.find_customer", { name: "Ann" }, { agent: agentWith(["call.end"]) })).errorType).toBe("permission");
  expect(calls).toEqual([]);
});

test("whose tool fails say so", async () => {
  const outcome = await world.run("crm.find_customer", { name: "nobody" });
  expect(outputOf(outcome)).toMatchObject({ error: { code: "failed_precondition", message: expect.stringContaining("not found") } });
});

test("that are away offer nothing, and the agent goes without; what was remembered is still offered", async () => {
  await withTools(db, world.scope, [{ mcp: { name: "crm", url: "http://127.0.0.1:1/mcp" } }]);
  expect((await offered()).map((tool) => tool.name)).toEqual(["call.end"]);
  expect((await world.run("crm.find_customer", { name: "Ann" })).errorType).toBe("integration");
});

test("inside of our own network are refused", async () => {
  await withTools(db, world.scope, [{ mcp: { name: "crm", url: "https://169.254.169.254/mcp" } }]);
  expect(outputOf(await world.run("crm.find_customer", { name: "Ann" }))).toMatchObject({ error: { code: "permission_denied" } });
});
