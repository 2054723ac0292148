import { createApiClient } from "@struere/api/client";
import { describe, expect, test } from "vitest";
import { followCall, type FollowOptions } from "../src/follow-call.ts";
import { listen, nobody } from "./servers.ts";

function following(url: string): FollowOptions & { readonly said: string[] } {
  const said: string[] = [];
  return {
    api: createApiClient({ url, apiKey: "sk_dev_x" }),
    callId: "call_1",
    signal: new AbortController().signal,
    giveUpMs: 300,
    retryMs: 20,
    onMessage: ({ seq }) => said.push(`message ${seq}`),
    onLost: () => said.push("lost"),
    onBack: () => said.push("back"),
    said,
  };
}

const event = (name: string, data: unknown, id?: string): string =>
  `${id === undefined ? "" : `id: ${id}\n`}${name === "" ? "" : `event: ${name}\n`}data: ${JSON.stringify(data)}\n\n`;

describe("following a call", () => {
  test("a server that is away, or answers nonsense, is given up after the time for it", async () => {
    await using broken = await listen((_request, response) => response.writeHead(502).end("bad gateway"));
    for (const url of [await nobody(), broken.url]) {
      const follow = following(url);
      await expect(followCall(follow)).rejects.toThrow(/did not come back within 0\.3 s/);
      expect(follow.said).toEqual(["lost"]);
    }
  });

  test("what the server refuses is not tried again", async () => {
    let asked = 0;
    await using server = await listen((_request, response) => {
      asked++;
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(event("connected", {}));
      response.end(
        event("serialized-error", {
          message: "this key is revoked",
          code: -32001,
          data: { code: "UNAUTHORIZED", httpStatus: 401, path: "calls.watch" },
        }),
      );
    });
    await expect(followCall(following(server.url))).rejects.toThrow("this key is revoked");
    expect(asked).toBe(1);
  });

  test("a new subscription goes on after the last event", async () => {
    const asked: unknown[] = [];
    await using server = await listen((request, response) => {
      const input = JSON.parse(new URL(request.url ?? "", "http://x").searchParams.get("input") ?? "{}");
      // EventSource by itself says it in a header.
      asked.push(input.lastEventId ?? request.headers["last-event-id"] ?? "from the beginning");
      if (asked.length === 2) {
        response.writeHead(503).end();
        return;
      }
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(event("connected", {}));
      response.write(event("", { seq: asked.length }, `1-${asked.length}`));
      if (asked.length === 3) response.write(event("return", {}));
      // EventSource waits for as long as the server says.
      else response.end("retry: 1\n\n");
    });
    const follow = following(server.url);
    await followCall({ ...follow, giveUpMs: 10_000 });
    expect(follow.said).toEqual(["message 1", "lost", "back", "message 3"]);
    expect(asked).toEqual(["from the beginning", "1-1", "1-1"]);
  });
});
