/** The client against an HTTP server of its own: what goes over the wire, what comes back, and what a broken wire does. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type CallMessage, StruereApiError, StruereClient } from "struere/client";
import { afterEach, describe, expect, test } from "vitest";

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: unknown;
}
type Answer = (seen: Seen, response: ServerResponse, nth: number) => void;

const running: (() => void)[] = [];
afterEach(() => {
  for (const stop of running.splice(0)) stop();
});

/** A server that answers so, and what it was asked. */
async function anApi(answer: Answer): Promise<{ readonly client: StruereClient; readonly seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const text = Buffer.concat(chunks).toString();
      const one = {
        method: request.method ?? "",
        url: request.url ?? "",
        headers: request.headers,
        body: text === "" ? undefined : JSON.parse(text),
      };
      seen.push(one);
      answer(one, response, seen.length);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  running.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { client: new StruereClient({ apiKey: "sk_dev_secret", baseUrl: `http://127.0.0.1:${port}/` }), seen };
}

const json =
  (body: unknown, status = 200, headers: Record<string, string> = {}): Answer =>
  (_, response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
  };

describe("a request", () => {
  test("carries the key in a header and nowhere else", async () => {
    const { client, seen } = await anApi(json({ data: [], cursor: null, hasMore: false }));
    await client.data.list("customer", { limit: 10, cursor: "a b&c", status: "active" });
    expect(seen).toMatchObject([
      { method: "GET", url: "/v1/data/customer?limit=10&cursor=a+b%26c&status=active", headers: { authorization: "Bearer sk_dev_secret" } },
    ]);
    expect(JSON.stringify(client)).not.toContain("secret");
  });

  test("can not leave its path", async () => {
    const { client, seen } = await anApi(json({}));
    await client.data.get("customer", "a/../b?c#d");
    expect(seen[0]?.url).toBe("/v1/data/customer/a%2F..%2Fb%3Fc%23d");
    await expect(client.data.get("..", "x")).rejects.toThrow(TypeError);
    await expect(client.data.delete("customer", "")).rejects.toThrow('"" can not be a slug or an id');
    expect(seen).toHaveLength(1);
  });

  test.each([
    [{ agentSlug: "intake", message: "Hi" }, "/v1/agents/intake/chat", { message: "Hi" }],
    [{ routerSlug: "phone", message: "Hi", externalThreadId: "x" }, "/v1/routers/phone/chat", { message: "Hi", externalThreadId: "x" }],
    [
      { agentId: "agent_1", message: "Hi", threadId: "thread_1", threadContext: { params: { orderId: 7 } } },
      "/v1/chat",
      { agentId: "agent_1", message: "Hi", threadId: "thread_1", threadContext: { params: { orderId: 7 } } },
    ],
  ] as const)("to chat is %j", async (request, url, body) => {
    const answer = { threadId: "thread_1", message: "Hello", usage: { inputTokens: 1, outputTokens: 2, totalTokens: 3 } };
    const { client, seen } = await anApi(json(answer));
    expect(await client.chat(request)).toEqual(answer);
    expect(seen).toMatchObject([{ method: "POST", url, body }]);
  });

  test("to chat has exactly one target", async () => {
    const { client, seen } = await anApi(json({}));
    // @ts-expect-error no target
    await expect(client.chat({ message: "Hi" })).rejects.toThrow("exactly one of agentSlug, agentId, routerSlug; given: 0");
    // @ts-expect-error two targets
    await expect(client.chat({ agentSlug: "a", routerSlug: "b", message: "Hi" })).rejects.toThrow("given: 2");
    expect(seen).toEqual([]);
  });

  test("about data has the documented methods and bodies", async () => {
    const { client, seen } = await anApi(json({}));
    await client.data.create("customer", { name: "Ada" }, { status: "trial" });
    await client.data.update<{ name: string; email: string }>("customer", "ent_1", { email: null });
    await client.data.query("customer", { filters: { "data.age": { $gte: 18 }, plan: "pro" }, limit: 5 });
    await client.data.search("customer", { query: "ada" });
    await client.data.delete("customer", "ent_1");
    expect(seen.map(({ method, url, body }) => [method, url, body])).toEqual([
      ["POST", "/v1/data/customer", { data: { name: "Ada" }, status: "trial" }],
      ["PATCH", "/v1/data/customer/ent_1", { data: { email: null } }],
      ["POST", "/v1/data/customer/query", { filters: { "data.age": { $gte: 18 }, plan: "pro" }, limit: 5 }],
      ["POST", "/v1/data/customer/search", { query: "ada" }],
      ["DELETE", "/v1/data/customer/ent_1", undefined],
    ]);
  });

  test("uses the fetch that it is given, as a function", async () => {
    const urls: unknown[] = [];
    const given = function (this: unknown, input: unknown) {
      expect(this).toBeUndefined();
      urls.push(input);
      return Promise.resolve(new Response("{}"));
    } as typeof fetch;
    await new StruereClient({ apiKey: "k", fetch: given }).calls.list({ limit: 1 });
    expect(urls).toEqual(["http://127.0.0.1:4000/v1/calls?limit=1"]);
  });
});

describe("an error", () => {
  const caught = async (promise: Promise<unknown>): Promise<StruereApiError> => {
    const error: unknown = await promise.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (!(error instanceof StruereApiError)) throw new Error("no StruereApiError", { cause: error });
    return error;
  };

  test("says what the server said", async () => {
    const { client } = await anApi(json({ error: "Invalid API key" }, 401));
    expect(await caught(client.data.list("customer"))).toMatchObject({ message: "Invalid API key", status: 401, retryable: false });
  });

  test("of too many requests says when to come again", async () => {
    const exact = await anApi(json({ error: "Rate limit exceeded", retryAt: 1_710_000_060_000 }, 429, { "retry-after": "3" }));
    expect(await caught(exact.client.calls.list())).toMatchObject({ status: 429, retryAt: 1_710_000_060_000, retryable: true });
    const before = Date.now();
    const { client } = await anApi(json({ error: "Rate limit exceeded" }, 429, { "retry-after": "3" }));
    expect((await caught(client.calls.list())).retryAt).toBeGreaterThanOrEqual(before + 3_000);
  });

  test("without JSON, without an answer, and with a stranger's answer are told apart", async () => {
    const { client } = await anApi((_, response) => response.writeHead(502).end("<html>"));
    expect(await caught(client.calls.list())).toMatchObject({ message: "the API answered 502", body: "<html>" });
    const stranger = await anApi((_, response) => response.end("<html>"));
    expect((await caught(stranger.client.calls.list())).message).toContain("the answer is not JSON");
    const nobody = await anApi((_, response) => response.socket?.destroy());
    expect(await caught(nobody.client.calls.list())).toMatchObject({ status: 0, retryable: true });
  });

  test("is not made of an abort", async () => {
    const abort = new AbortController();
    const { client } = await anApi(() => abort.abort(new Error("enough")));
    await expect(client.calls.list({ signal: abort.signal })).rejects.toThrow("enough");
  });

  test("of the set-up comes before any request", () => {
    expect(() => new StruereClient({ apiKey: "" })).toThrow("apiKey is missing");
    expect(() => new StruereClient({ apiKey: "k", baseUrl: "https://k:secret@voice.example" })).toThrow(
      "baseUrl must be an http or https address",
    );
  });
});

describe("watching a call", () => {
  const line = (seq: number, text: string) => ({
    epoch: 1,
    seq,
    kind: "transcript",
    name: null,
    offsetMs: null,
    body: { speaker: "caller", text },
  });
  const event = (seq: number, text: string) => `id: 1-${seq}\nevent: transcript\ndata: ${JSON.stringify(line(seq, text))}\n\n`;
  const open = (response: ServerResponse) => response.writeHead(200, { "content-type": "text/event-stream" });
  const textOf = (message: CallMessage) => (message.kind === "transcript" ? message.body.text : message.kind);
  const all = async (messages: AsyncIterable<CallMessage>): Promise<string[]> => {
    const texts: string[] = [];
    for await (const message of messages) texts.push(`${message.eventId} ${textOf(message)}`);
    return texts;
  };

  test("gives what is said, in whatever pieces it comes, until the end", async () => {
    const { client, seen } = await anApi((_, response) => {
      open(response);
      const bytes = Buffer.from(`: hello\r\n\r\n${event(1, "Grüß Gott")}${event(2, "日本")}event: end\ndata: {}\n\n`);
      for (const byte of bytes) response.write(Buffer.of(byte));
    });
    expect(await all(client.calls.watch("call_1"))).toEqual(["1-1 Grüß Gott", "1-2 日本"]);
    expect(seen).toMatchObject([
      { url: "/v1/calls/call_1/events", headers: { accept: "text/event-stream", authorization: "Bearer sk_dev_secret" } },
    ]);
    expect(seen[0]?.headers["last-event-id"]).toBeUndefined();
  });

  test("goes on after a drop where it was: nothing lost, nothing twice, half an event not given", async () => {
    const { client, seen } = await anApi((_, response, nth) => {
      open(response);
      if (nth === 1) response.write(event(1, "one") + event(2, "two").slice(0, -2), () => response.socket?.destroy());
      else if (nth === 2) response.end(event(2, "two"));
      else response.end(`${event(3, "three")}event: end\ndata:\n\n`);
    });
    expect(await all(client.calls.watch("call_1", { retryMs: 1 }))).toEqual(["1-1 one", "1-2 two", "1-3 three"]);
    expect(seen.map((one) => one.headers["last-event-id"])).toEqual([undefined, "1-1", "1-2"]);
  });

  test("begins after the event that it is told", async () => {
    const { client, seen } = await anApi((_, response) => response.writeHead(204).end());
    expect(await all(client.calls.watch("call_1", { lastEventId: "1-17.2-5" }))).toEqual([]);
    expect(seen[0]?.headers["last-event-id"]).toBe("1-17.2-5");
  });

  test("ends when a server has nothing more about a call that is over, without a word", async () => {
    const { client, seen } = await anApi(({ url }, response, nth) => {
      if (!url.endsWith("/events"))
        json({ id: "call_1", endedAt: "2026-11-22T12:00:00.000Z" })({ method: "", url, headers: {}, body: undefined }, response, nth);
      else open(response).end(nth === 1 ? event(1, "one") : "");
    });
    expect(await all(client.calls.watch("call_1", { retryMs: 1 }))).toEqual(["1-1 one"]);
    expect(seen.map((one) => one.url)).toEqual(["/v1/calls/call_1/events", "/v1/calls/call_1/events", "/v1/calls/call_1"]);
  });

  test("takes a dead line for a drop", async () => {
    const { client } = await anApi((_, response, nth) => {
      open(response);
      if (nth === 1) response.write(event(1, "one"));
      else response.end("event: end\ndata:\n\n");
    });
    expect(await all(client.calls.watch("call_1", { retryMs: 1, idleMs: 50 }))).toEqual(["1-1 one"]);
  });

  test("gives up at once when the call is not there, and after its attempts when nobody answers", async () => {
    const gone = await anApi(json({ error: "there is no call call_1" }, 404));
    await expect(all(gone.client.calls.watch("call_1"))).rejects.toMatchObject({ status: 404 });
    expect(gone.seen).toHaveLength(1);
    const away = await anApi(json({ error: "come again" }, 503));
    await expect(all(away.client.calls.watch("call_1", { retryMs: 1, attempts: 3 }))).rejects.toMatchObject({ status: 503 });
    expect(away.seen).toHaveLength(3);
  });

  test("stops quietly when it is told to, and lets go of the connection when its reader does", async () => {
    let closed = (): void => undefined;
    const isClosed = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const { client } = await anApi((_, response) => {
      response.on("close", closed);
      open(response).write(event(1, "one"));
    });
    const abort = new AbortController();
    const texts: string[] = [];
    for await (const message of client.calls.watch("call_1", { signal: abort.signal })) {
      texts.push(textOf(message));
      abort.abort();
    }
    expect(texts).toEqual(["one"]);
    await isClosed;
    for await (const message of client.calls.watch("call_1")) {
      texts.push(textOf(message));
      break;
    }
    expect(texts).toEqual(["one", "one"]);
  });

  test("passes over what it does not know", async () => {
    const { client } = await anApi((_, response) => {
      open(response).end(`data: no json\n\nid: 1-1\ndata: {"kind":"later","body":{}}\n\n${event(2, "two")}event: end\ndata:\n\n`);
    });
    expect(await all(client.calls.watch("call_1"))).toEqual(["1-2 two"]);
  });
});
