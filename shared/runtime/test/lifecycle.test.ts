import { expect, test } from "vitest";
import { from, runScript } from "./run-script.ts";

/** A service that tells what happens to it. `drain` and `dispose` are bodies of async functions. */
const service = (parts: { drain?: string; dispose?: string; create?: string; options?: string }) => `
  import { createServer } from "node:net";
  import { runUntilSignal } from ${from("lifecycle.ts")};
  import { Fault } from "@struere/kernel";
  await runUntilSignal(async () => {
    ${parts.create ?? ""}
    const server = createServer().listen(0, "127.0.0.1");
    console.log("ready");
    return {
      async drain() { console.log("draining"); ${parts.drain ?? ""} },
      async [Symbol.asyncDispose]() { console.log("disposing"); server.close(); ${parts.dispose ?? ""} },
    };
  }, ${parts.options ?? "{}"});
  console.log("over");
`;
const run = (parts: Parameters<typeof service>[0]) => runScript(service(parts), { cwd: import.meta.dirname });

test.each(["SIGTERM", "SIGINT"] as const)("%s drains, disposes and lets the process end by itself with 0", async (signal) => {
  const script = run({});
  await script.line(/ready/);
  script.child.kill(signal);
  expect(await script.ended).toEqual({ code: 0, signal: null });
  expect(script.lines).toEqual(["ready", "draining", "disposing", "over"]);
});

test("a second signal that is meant ends a drain that takes too long, with 1 and a word; the same wish twice is one", async () => {
  const script = run({ drain: "await new Promise(() => setInterval(() => {}, 1000));" });
  await script.line(/ready/);
  script.child.kill("SIGTERM");
  await script.line(/draining/);
  const insist = setInterval(() => script.child.kill("SIGTERM"), 50);
  expect(await script.ended).toEqual({ code: 1, signal: null });
  clearInterval(insist);
  expect(script.lines.at(-1)).toMatch(/second SIGTERM/);
});

test("a stop that passes its bound ends with 1 and a word", async () => {
  const script = run({ dispose: "await new Promise(() => setInterval(() => {}, 1000));", options: "{ stopWithinMs: 50 }" });
  await script.line(/ready/);
  script.child.kill("SIGTERM");
  expect((await script.ended).code).toBe(1);
  expect(script.lines.at(-1)).toMatch(/not stopped within 50 ms/);
});

test("a service that can not be created ends with 1 and the fault's sentence, without a stack", async () => {
  const script = run({ create: `throw new Fault("invalid_argument", "missing in the environment: PUBLIC_URL");` });
  expect((await script.ended).code).toBe(1);
  expect(script.lines).toEqual(["missing in the environment: PUBLIC_URL", "over"]);
});

test("a drain that fails still disposes, and ends with 1", async () => {
  const script = run({ drain: `throw new Error("broken drain");` });
  await script.line(/ready/);
  script.child.kill("SIGTERM");
  expect((await script.ended).code).toBe(1);
  expect(script.lines).toContain("disposing");
  expect(script.lines.join("\n")).toMatch(/broken drain/);
});
