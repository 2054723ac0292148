import { readdirSync, statSync } from "node:fs";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock } from "@struere/kernel";
import { callSubject } from "@struere/protocol/bus";
import { systemClock } from "@struere/runtime";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { OutboxReport } from "../src/bus/outbox.ts";
import { createOutboxes, OUTBOX_LIMITS, type Outboxes } from "../src/bus/outboxes.ts";
import { fakeBus } from "./support/fake-bus.ts";
import { anId } from "./support/fake-control.ts";
import { until } from "./support/journal.ts";

let spoolDir: string;
beforeEach(async () => {
  spoolDir = await mkdtemp(join(tmpdir(), "outbox-"));
});
afterEach(() => rm(spoolDir, { recursive: true, force: true }));

const address = () => ({ environment: "development" as const, organizationId: anId("org"), callId: anId("call") });

function aNode(options: { limits?: Partial<typeof OUTBOX_LIMITS>; clock?: Clock; bus?: ReturnType<typeof fakeBus> } = {}) {
  const bus = options.bus ?? fakeBus();
  const reports: OutboxReport[] = [];
  const outboxes: Outboxes = createOutboxes({
    bus,
    clock: options.clock ?? systemClock(),
    spoolDir,
    limits: { ...OUTBOX_LIMITS, ...options.limits },
    report: (name) => reports.push(name),
  });
  return { bus, reports, outboxes };
}

const seqs = (messages: readonly { readonly body: { readonly seq: number } }[]): number[] => messages.map(({ body }) => body.seq);
const oneTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

describe("a call's outbox", () => {
  test("publishes in order, under an id that names call, epoch and number, and adds what the shell knows", async () => {
    const { bus, outboxes } = aNode();
    const call = address();
    const outbox = outboxes.open(call, 2);
    for (const seq of oneTo(20)) outbox.add("event", seq, { name: "caller.silent", offsetMs: seq, data: {} });
    outbox.finish();
    await bus.published.until((all) => all.length === 20);
    expect(seqs(bus.published.entries)).toEqual(oneTo(20));
    expect(bus.published.entries[0]).toMatchObject({
      id: `${call.callId}.2.1`,
      kind: "event",
      body: { epoch: 2, seq: 1, name: "caller.silent", at: expect.any(Number) },
    });
    expect(await outboxes.settle(5_000)).toBe(true);
    expect(outboxes.depth).toBe(0);
    await outboxes.close();
  });

  test("sends what is added in one turn of the event loop together, before any of it is confirmed", async () => {
    const { bus, outboxes } = aNode();
    const confirmed = Promise.withResolvers<void>();
    const onTheirWay: string[] = [];
    const publish = bus.publish;
    bus.publish = async (message) => {
      onTheirWay.push(message.id);
      await confirmed.promise;
      return publish(message);
    };
    const call = address();
    const outbox = outboxes.open(call, 1);
    for (const seq of oneTo(3)) outbox.add("event", seq, {});
    await until(() => onTheirWay.length === 3);
    expect(onTheirWay).toEqual(oneTo(3).map((seq) => `${call.callId}.1.${seq}`));
    confirmed.resolve();
    await bus.published.until((all) => all.length === 3);
    await outboxes.close();
  });

  test("keeps what no watermark covers, also after its call is over", async () => {
    const { bus, outboxes } = aNode();
    bus.records = false;
    const outbox = outboxes.open(address(), 1);
    for (const seq of oneTo(3)) outbox.add("event", seq, {});
    outbox.finish();
    await bus.published.until((all) => all.length === 3);
    expect(outboxes.depth).toBe(3);
    const [, second, third] = bus.published.entries;
    if (second) bus.cover(second);
    await until(() => outboxes.depth === 1);
    if (third) bus.cover(third);
    expect(await outboxes.settle(5_000)).toBe(true);
    await outboxes.close();
  });

  test("a watermark of another epoch covers nothing", async () => {
    const { bus, outboxes } = aNode();
    bus.records = false;
    const outbox = outboxes.open(address(), 2);
    outbox.add("event", 1, {});
    const message = await bus.published.when(() => true);
    bus.cover({ ...message, body: { ...message.body, epoch: 1 } }, 99);
    bus.cover(message, 0);
    await new Promise((resolve) => setImmediate(resolve));
    expect(outboxes.depth).toBe(1);
    await outboxes.close();
  });

  test("while the bus is away nothing is lost, and afterwards all of it comes in order", async () => {
    const { bus, outboxes, reports } = aNode();
    bus.away = true;
    const one = outboxes.open(address(), 1);
    const other = outboxes.open(address(), 1);
    for (const seq of oneTo(50)) {
      one.add("transcript", seq, {});
      other.add("usage", seq, {});
    }
    await until(() => reports.includes("publish_failed"));
    expect(outboxes.depth).toBe(100);
    bus.away = false;
    one.finish();
    other.finish();
    expect(await outboxes.settle(10_000)).toBe(true);
    for (const kind of ["transcript", "usage"])
      expect(seqs(bus.published.entries.filter((entry) => entry.kind === kind))).toEqual(oneTo(50));
    await outboxes.close();
  });

  test("what does not fit into memory goes to a file and comes back in order", async () => {
    const { bus, outboxes, reports } = aNode({ limits: { messages: 10 } });
    bus.away = true;
    const outbox = outboxes.open(address(), 1);
    for (const seq of oneTo(500)) outbox.add("event", seq, { text: "ü".repeat(200) });
    expect(outboxes.depth).toBe(500);
    await until(() => reports.includes("publish_failed"));
    bus.away = false;
    for (const seq of [501, 502]) outbox.add("event", seq, {});
    outbox.finish();
    expect(await outboxes.settle(10_000)).toBe(true);
    expect(seqs(bus.published.entries)).toEqual(oneTo(502));
    expect(reports).not.toContain("spool_failed");
    await outboxes.close();
    expect(await readdir(spoolDir)).toEqual([]);
  });

  test("the bound of the node sends calls to their files that are within their own", async () => {
    const { bus, outboxes } = aNode({ limits: { nodeBytes: 1_000 } });
    bus.away = true;
    const first = outboxes.open(address(), 1);
    const second = outboxes.open(address(), 1);
    for (const seq of oneTo(20)) first.add("event", seq, { text: "x".repeat(100) });
    for (const seq of oneTo(20)) second.add("event", seq, { text: "x".repeat(100) });
    await until(() => outboxes.depth === 40);
    bus.away = false;
    first.finish();
    second.finish();
    expect(await outboxes.settle(10_000)).toBe(true);
    expect(bus.published.entries).toHaveLength(40);
    await outboxes.close();
  });

  test("when the file can not be written, memory takes it after all and the node says that it is not well", async () => {
    const bus = fakeBus();
    const reports: OutboxReport[] = [];
    await writeFile(join(spoolDir, "a-file"), "");
    const outboxes = createOutboxes({
      bus,
      clock: systemClock(),
      spoolDir: join(spoolDir, "a-file", "is-no-directory"),
      limits: { ...OUTBOX_LIMITS, messages: 5 },
      report: (name) => reports.push(name),
    });
    bus.away = true;
    const outbox = outboxes.open(address(), 1);
    for (const seq of oneTo(30)) outbox.add("event", seq, {});
    await until(() => !outboxes.healthy);
    bus.away = false;
    outbox.finish();
    expect(await outboxes.settle(10_000)).toBe(true);
    expect(seqs(bus.published.entries)).toEqual(oneTo(30));
    await outboxes.close();
  });

  test("what no watermark covered in time is published again under the same id", async () => {
    const { bus, outboxes } = aNode({ clock: systemClock({ scale: 200 }) });
    bus.records = false;
    const outbox = outboxes.open(address(), 1);
    for (const seq of oneTo(3)) outbox.add("event", seq, {});
    await bus.attempts.until((all) => all.length >= 6);
    expect(bus.published.entries).toHaveLength(3);
    await outboxes.close();
  });

  test("a message that no bus takes does not hold up the ones behind it", async () => {
    const { bus, outboxes, reports } = aNode();
    const outbox = outboxes.open(address(), 1);
    outbox.add("event", 1, { text: "x".repeat(300_000) });
    outbox.add("event", 2, {});
    await bus.published.when(({ body }) => body.seq === 2);
    await until(() => reports.includes("unpublishable"));
    await outboxes.close();
  });
});

describe("the end of a process", () => {
  test("leaves what is not covered in the directory, and the next process publishes it", async () => {
    const call = address();
    const before = aNode({ limits: { messages: 10 } });
    before.bus.away = true;
    const outbox = before.outboxes.open(call, 3);
    for (const seq of oneTo(40)) outbox.add("event", seq, {});
    await before.outboxes.close();
    expect(await readdir(spoolDir)).toEqual([`${call.callId}.3.jsonl`]);

    const after = aNode();
    expect(await after.outboxes.adopt()).toBe(1);
    expect(after.outboxes.depth).toBe(40);
    expect(await after.outboxes.settle(10_000)).toBe(true);
    expect(new Set(seqs(after.bus.published.entries))).toEqual(new Set(oneTo(40)));
    await after.outboxes.close();
    expect(await readdir(spoolDir)).toEqual([]);
  });

  test("also a sudden one leaves what the bus had not taken, of every call, from the moment in which it was said", async () => {
    const [call, other] = [address(), address()];
    const killed = aNode();
    killed.bus.records = false;
    const outbox = killed.outboxes.open(call, 3);
    for (const seq of oneTo(3)) outbox.add("usage", seq, {});
    await killed.bus.published.until((all) => all.length === 3);
    killed.bus.away = true;
    killed.outboxes.open(other, 1).add("event", 1, {});
    for (const seq of [4, 5]) outbox.add("usage", seq, {});

    // The one that was killed does nothing more; whoever comes after it finds its directory.
    const after = aNode();
    expect(await after.outboxes.adopt()).toBe(2);
    const published = (of: string): readonly number[] => seqs(after.bus.published.entries.filter(({ subject }) => subject === of));
    await until(() => published(callSubject(call, "usage")).includes(5) && published(callSubject(other, "event")).length === 1);
    expect(published(callSubject(call, "usage")).filter((seq) => seq > 3)).toEqual([4, 5]);
    expect(await after.outboxes.settle(10_000)).toBe(true);
    await after.outboxes.close();
    expect(await readdir(spoolDir)).toEqual([]);
  });

  test("a logbook that can not be written is told once, and costs no calls while the bus takes everything", async () => {
    const bus = fakeBus();
    const reports: OutboxReport[] = [];
    await writeFile(join(spoolDir, "a-file"), "");
    const spoolHere = join(spoolDir, "a-file", "is-no-directory");
    const outboxes = createOutboxes({ bus, clock: systemClock(), spoolDir: spoolHere, report: (name) => reports.push(name) });
    const outbox = outboxes.open(address(), 1);
    for (const seq of oneTo(3)) outbox.add("event", seq, {});
    outbox.finish();
    expect(await outboxes.settle(10_000)).toBe(true);
    expect(seqs(bus.published.entries)).toEqual(oneTo(3));
    expect(reports).toEqual(["logbook_failed"]);
    expect(outboxes.healthy).toBe(true);
    await outboxes.close();
  });

  test("what it had published already, and what it left, goes out under another id: a bus that knows it would keep it from the record", async () => {
    const call = address();
    const killed = aNode();
    killed.bus.records = false;
    killed.outboxes.open(call, 1).add("event", 1, {});
    await killed.bus.published.until((all) => all.length === 1);
    const after = aNode({ bus: killed.bus });
    killed.bus.records = true;
    expect(await after.outboxes.adopt()).toBe(1);
    expect(await after.outboxes.settle(10_000)).toBe(true);
    await after.outboxes.close();
  });

  test("what the bus has taken does not stay in files", async () => {
    const { bus, outboxes } = aNode({ clock: systemClock({ scale: 100 }) });
    bus.records = false;
    const outbox = outboxes.open(address(), 1);
    // More than fits on a page, and some on the next one.
    for (const seq of oneTo(12)) {
      outbox.add("event", seq, { text: "x".repeat(30_000) });
      // What is added in one turn stands on one page.
      await Promise.resolve();
    }
    await bus.published.until((all) => all.length === 12);
    const bytes = (): number => readdirSync(spoolDir).reduce((sum, name) => sum + statSync(join(spoolDir, name)).size, 0);
    await until(() => bytes() === 0);
    outbox.add("event", 13, {});
    await until(() => bytes() > 0);
    await outboxes.close();
    expect(readdirSync(spoolDir).filter((name) => name.startsWith("logbook"))).toEqual([]);
  });

  test("a torn last line, and files that are none of ours, are left alone", async () => {
    const call = address();
    const line = JSON.stringify({
      subject: callSubject(call, "event"),
      id: `${call.callId}.1.1`,
      seq: 1,
      data: '{"epoch":1,"seq":1}',
    });
    await writeFile(join(spoolDir, `${call.callId}.1.jsonl`), `${line}\n{"subject":"voi`);
    await writeFile(join(spoolDir, "notes.txt"), "mine");
    const { bus, outboxes } = aNode();
    expect(await outboxes.adopt()).toBe(1);
    expect(await outboxes.settle(10_000)).toBe(true);
    expect(seqs(bus.published.entries)).toEqual([1]);
    await outboxes.close();
    expect(await readdir(spoolDir)).toEqual(["notes.txt"]);
  });
});
