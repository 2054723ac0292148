import { expect, test } from "vitest";
import { createLog, type Log } from "../src/log.ts";

function written(write: (log: Log) => void): string {
  const lines: string[] = [];
  write(createLog({ name: "test", level: "debug", stream: { write: (line) => lines.push(line) } }));
  return lines.join("");
}

test("a line is JSON with level, name, fields and message", () => {
  expect(JSON.parse(written((log) => log.child({ callId: "call_1" }).info({ ms: 3 }, "answered")))).toMatchObject({
    level: "info",
    name: "test",
    callId: "call_1",
    ms: 3,
    msg: "answered",
  });
});

const SECRET = "s3cr3t-value-123456";

test.each([
  ["a field", (log: Log) => log.debug({ authToken: SECRET }, "x")],
  ["a header deep inside", (log: Log) => log.info({ request: { headers: { Authorization: `Bearer ${SECRET}` } } }, "x")],
  [
    "a variable's name",
    (log: Log) => log.info({ env: { VOICE_GATEWAY_SECRET: SECRET, OPENAI_API_KEY: SECRET, ENCRYPTION_KEY: SECRET } }, "x"),
  ],
  ["a list", (log: Log) => log.info({ tokens: [{ token: SECRET }] }, "x")],
  ["the binding of a child", (log: Log) => log.child({ password: SECRET }).info("x")],
  ["a bearer in the message", (log: Log) => log.warn(`refused Bearer ${SECRET}`)],
  ["a url in an error", (log: Log) => log.error(new Error(`connect postgres://struere:${SECRET}@127.0.0.1/db`))],
  ["the cause of an error", (log: Log) => log.error({ err: new Error("x", { cause: new Error(`?token=${SECRET}&a=1`) }) }, "x")],
  ["a property of an error", (log: Log) => log.error(Object.assign(new Error("x"), { config: { apiKey: SECRET } }))],
  ["a vendor's key", (log: Log) => log.error(new Error(`Incorrect API key provided: sk-proj-${SECRET}`))],
  ["an argument of a format", (log: Log) => log.info("with %s", `Bearer ${SECRET}`)],
])("a secret in %s is not written", (_, write) => {
  const line = written(write);
  expect(line).not.toContain(SECRET);
  expect(line).toContain("[redacted]");
});

test.each([
  ["a field", (log: Log) => log.info({ from: "+14155550123" }, "x")],
  ["a field without a plus", (log: Log) => log.info({ call: { callerNumber: "14155550123" } }, "x")],
  ["a message", (log: Log) => log.warn("call from +14155550123 refused")],
  ["any string", (log: Log) => log.info({ why: "To=%2B14155550123&x" }, "x")],
  ["an error's message and stack", (log: Log) => log.error(new Error("The number +14155550123 is not valid"))],
  ["the binding of a child", (log: Log) => log.child({ to: "+14155550123" }).debug("x")],
])("a phone number in %s is not written at info and above", (_, write) => {
  const line = written(write);
  expect(line).not.toContain("4155550123");
  expect(line).toContain("[phone]");
});

test("at debug a phone number may be written, a state's `from` and `to` always, token counts too", () => {
  expect(written((log) => log.debug({ number: "+14155550123" }, "x"))).toContain("+14155550123");
  const line = written((log) => log.info({ from: "pending", to: "active", outputTextTokens: 12, hasToken: true }, "x"));
  expect(JSON.parse(line)).toMatchObject({ from: "pending", to: "active", outputTextTokens: 12, hasToken: true });
});

test("what has no end is cut: depth, length, cycles, bytes", () => {
  const loop: { self?: unknown; long: string; audio: Uint8Array; big: bigint } = {
    long: "x".repeat(100_000),
    audio: new Uint8Array(160),
    big: 10n,
  };
  loop.self = loop;
  const line = written((log) => log.info(loop, "x"));
  expect(line.length).toBeLessThan(40_000);
  expect(line).toContain("[160 bytes]");
  expect(line).toContain("[deeper]");
});
