import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Bus, natsBus, STREAMS } from "@struere/bus";
import { callSubject, everyCallSubject, parseCallSubject } from "@struere/protocol/bus";
import { systemClock } from "@struere/runtime";
import { startNatsServer } from "@struere/runtime/nats-server";
import { expect, test } from "vitest";
import { createOutboxes } from "../src/bus/outboxes.ts";
import { anId } from "./support/fake-control.ts";
import { until } from "./support/journal.ts";

/** What a recorder does, without a database: notes each number, and says how far it has come without a gap. */
function record(bus: Bus, seen: number[]): { stop(): void } {
  const consumer = bus.consume({
    stream: STREAMS.calls.name,
    durable: "recorder",
    subject: everyCallSubject(),
    batch: 100,
    ackWaitMs: 5_000,
    maxDeliver: 20,
  });
  void (async () => {
    for await (const batch of consumer) {
      for (const delivery of batch) {
        const { epoch, seq } = JSON.parse(delivery.data);
        seen.push(seq);
        delivery.ack();
        const stored = new Set(seen);
        let upTo = 0;
        while (stored.has(upTo + 1)) upTo += 1;
        const address = parseCallSubject(delivery.subject);
        if (address !== undefined) bus.broadcast(callSubject(address, "watermark"), JSON.stringify({ epoch, seq: upTo }));
      }
    }
  })();
  return consumer;
}

test("a NATS server that dies during a call and comes back has everything in the end, in order", { timeout: 60_000 }, async () => {
  const storeDir = await mkdtemp(join(tmpdir(), "bridge-nats-"));
  const spoolDir = join(storeDir, "spool");
  let server = await startNatsServer({ storeDir });
  const { url, port } = server;
  const mine = await natsBus({ url, name: "media" });
  const theirs = await natsBus({ url, name: "recorder" });
  const seen: number[] = [];
  const recorder = record(theirs, seen);
  const outboxes = createOutboxes({
    bus: mine,
    clock: systemClock(),
    spoolDir,
    limits: { messages: 50, bytes: 1_000_000, nodeBytes: 10_000_000 },
    report: () => undefined,
  });
  const address = { environment: "development", organizationId: anId("org"), callId: anId("call") } as const;
  const outbox = outboxes.open(address, 1);
  let seq = 0;
  const say = (count: number): void => {
    for (let left = count; left > 0; left--) outbox.add("event", ++seq, { name: "caller.silent", offsetMs: seq, data: {} });
  };

  say(30);
  await until(() => new Set(seen).size === 30);
  await server.kill("SIGKILL");
  say(200);
  expect(outboxes.depth).toBeGreaterThanOrEqual(200);
  await server.stop();
  server = await startNatsServer({ storeDir, port });
  say(10);
  outbox.finish();
  expect(await outboxes.settle(45_000)).toBe(true);
  expect([...new Set(seen)]).toEqual(Array.from({ length: 240 }, (_, index) => index + 1));

  recorder.stop();
  await outboxes.close();
  await mine.close();
  await theirs.close();
  await server.stop();
  await rm(storeDir, { recursive: true, force: true });
});
