import { connect } from "node:net";
import { createLog, createMetrics, silentLog } from "@struere/runtime";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startHttpServer } from "../../src/http/server.ts";
import { type Edge, startEdge } from "../edge.ts";

let edge: Edge;
beforeAll(async () => {
  edge = await startEdge();
  await edge.ready();
});
afterAll(() => edge[Symbol.asyncDispose]());

const get = async (path: string, init: RequestInit = {}) => {
  const response = await fetch(`${edge.control.httpUrl}${path}`, init);
  return { status: response.status, text: await response.text() };
};

describe("requests that are none of ours", () => {
  test("an unknown route is 404, in JSON", async () => {
    for (const path of ["/nothing", "/twilio/nothing", "/twilio/voice"]) {
      const { status, text } = await get(path);
      expect(status).toBe(404);
      expect(JSON.parse(text)).toEqual({ error: { code: "not_found", message: `there is no GET ${path} here` } });
    }
  });

  test("a form of 10 MB is 413, a body of 5 MB for the API too", async () => {
    const form = {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: `a=${"x".repeat(10 * 1024 * 1024)}`,
    };
    expect((await get("/twilio/voice", form)).status).toBe(413);
    const json = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify("x".repeat(5 * 1024 * 1024)) };
    expect((await get("/trpc/agents.set", json)).status).toBe(413);
  });

  test("a form of many repeated fields costs no time", async () => {
    const body = "a&".repeat(30_000);
    const { status } = await get("/twilio/voice", {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body,
    });
    expect(status).toBe(403);
  });

  test("a batch of more than twenty questions is refused, one of two is answered", async () => {
    const headers = { authorization: `Bearer ${edge.apiKey}` };
    const batch = (count: number) =>
      get(`/trpc/${Array.from({ length: count }, () => "agents.list").join(",")}?batch=1&input={}`, { headers });
    expect((await batch(2)).status).toBe(200);
    expect((await batch(21)).status).toBe(400);
  });
});

test("health, readiness and metrics are there for whoever runs it", async () => {
  expect(await get("/healthz")).toEqual({ status: 200, text: '{"status":"ok"}' });
  expect(await get("/readyz")).toEqual({ status: 200, text: '{"status":"ready","problems":[]}' });
  expect((await get("/metrics")).text).toContain("test_webhook_answer_seconds");
});

describe("the server by itself", () => {
  const serve = (overrides: Partial<Parameters<typeof startHttpServer>[0]>) =>
    startHttpServer({
      host: "127.0.0.1",
      port: 0,
      log: silentLog,
      metrics: createMetrics("t_"),
      notReady: async () => [],
      routes: () => undefined,
      ...overrides,
    });

  test("an error that nobody foresaw tells the client nothing, and the log everything", async () => {
    const lines: string[] = [];
    const log = createLog({ name: "test", stream: { write: (line) => void lines.push(line) } });
    const server = await serve({
      log,
      routes: (app) => void app.get("/broken", () => Promise.reject(new Error("a secret of ours"))),
    });
    const response = await fetch(`http://127.0.0.1:${server.port}/broken`);
    const text = await response.text();
    await server.close();
    expect(response.status).toBe(500);
    expect(JSON.parse(text)).toEqual({ error: { code: "internal", message: "something failed that should not; the log has the cause" } });
    expect(lines.join()).toContain("a secret of ours");
  });

  test("a request that comes drop by drop is cut", async () => {
    const server = await serve({ requestTimeoutMs: 100, routes: (app) => void app.post("/slow", async () => "never") });
    const socket = connect(server.port, "127.0.0.1");
    socket.write("POST /slow HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\na");
    let answer = "";
    socket.on("data", (data) => (answer += data.toString()));
    await new Promise((resolve) => socket.on("close", resolve));
    await server.close();
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  });

  test("closing waits for what is being answered, and takes nothing new", async () => {
    const asked = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    const server = await serve({
      routes(app) {
        app.get("/work", async () => {
          asked.resolve();
          await go.promise;
          return "done";
        });
      },
    });
    const working = fetch(`http://127.0.0.1:${server.port}/work`).then((response) => response.text());
    await asked.promise;
    const closing = server.close();
    go.resolve();
    expect(await working).toBe("done");
    await closing;
    await expect(fetch(`http://127.0.0.1:${server.port}/work`)).rejects.toThrow();
  });

  test("a port that is taken is named, with the variable that chooses it", async () => {
    const server = await serve({});
    await expect(serve({ port: server.port })).rejects.toMatchObject({
      code: "unavailable",
      sentence: expect.stringMatching(/EADDRINUSE.*CONTROL_HTTP_PORT/),
    });
    await server.close();
  });
});
