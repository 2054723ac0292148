/** Between the command and the control plane: a connection that can be cut, and an address at which for a while nothing sensible answers. */
import { request, type ServerResponse } from "node:http";
import { listen, type TestServer } from "./servers.ts";

export interface FlakyProxy extends AsyncDisposable {
  readonly url: string;
  /** Breaks all running answers in the middle. */
  cut(): void;
  /** From now on every request is answered with 502, until `heal`. */
  fail(): void;
  heal(): void;
  /** Paths asked for so far. */
  readonly asked: readonly string[];
}

export async function flakyProxy(target: string): Promise<FlakyProxy> {
  const running = new Set<ServerResponse>();
  const asked: string[] = [];
  let failing = false;
  const server: TestServer = await listen((incoming, response) => {
    asked.push(incoming.url ?? "");
    if (failing) {
      response.writeHead(502, { "content-type": "text/html" }).end("<h1>Bad Gateway</h1>");
      return;
    }
    running.add(response);
    const onward = request(`${target}${incoming.url ?? ""}`, { method: incoming.method ?? "GET", headers: incoming.headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      response.flushHeaders();
      answer.on("data", (chunk: Buffer) => response.write(chunk));
      answer.on("end", () => response.end());
      answer.on("error", () => response.destroy());
    });
    onward.on("error", () => response.destroy());
    response.on("close", () => {
      running.delete(response);
      onward.destroy();
    });
    incoming.pipe(onward);
  });
  return {
    url: server.url,
    asked,
    cut: () => {
      for (const response of running) response.destroy();
    },
    fail: () => {
      failing = true;
    },
    heal: () => {
      failing = false;
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
