import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { type AddressInfo, connect as connectTcp, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startNatsServer } from "@struere/runtime/nats-server";
import { connect, DiscardPolicy } from "nats";
import { expect, type TestContext, test } from "vitest";
import type { Bus } from "../src/bus.ts";
import { natsBus } from "../src/nats-bus.ts";
import { NatsPublisher } from "../src/nats-publisher.ts";
import { busContract, reading, subjectOf, take } from "./bus-contract.ts";

busContract("NATS bus", async () => {
  const server = await startNatsServer({ storeDir: null });
  const buses: Bus[] = [];
  return {
    async open() {
      const bus = await natsBus({ url: server.url, name: "contract" });
      buses.push(bus);
      return bus;
    },
    async [Symbol.asyncDispose]() {
      for (const bus of buses) await bus.close();
      await server.stop();
    },
  };
});

/** Tests that run side by side wait and clean up by their own context. */
type Context = Pick<TestContext, "expect" | "onTestFinished">;

async function keptServer({ expect, onTestFinished }: Context) {
  const storeDir = await mkdtemp(join(tmpdir(), "struere-bus-test-"));
  const server = await startNatsServer({ storeDir });
  let running = server;
  onTestFinished(async () => {
    await running.stop();
    await rm(storeDir, { recursive: true, force: true });
  });
  return {
    url: server.url,
    kill: (signal: NodeJS.Signals) => running.kill(signal),
    /** Not a word more: each of its threads has stopped, which a signal only asks for. */
    async freeze() {
      await running.kill("SIGSTOP");
      await expect.poll(() => isFrozen(running.pid)).toBe(true);
    },
    async restart() {
      running = await startNatsServer({ storeDir, port: server.port });
    },
    /** Comes back with an empty disk. */
    async restartEmpty() {
      await rm(storeDir, { recursive: true, force: true });
      running = await startNatsServer({ storeDir, port: server.port });
    },
  };
}

async function isFrozen(pid: number): Promise<boolean> {
  if (process.platform !== "linux")
    return spawnSync("ps", ["-o", "state=", "-p", String(pid)], { encoding: "utf8" }).stdout.startsWith("T");
  const threads = await readdir(`/proc/${pid}/task`);
  const states = await Promise.all(threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/stat`, "utf8")));
  // `pid (name) state …` (proc_pid_stat(5)); a name may hold anything but comes to its end with the last bracket.
  return states.every((stat) => stat.slice(stat.lastIndexOf(")") + 2).startsWith("T"));
}

async function openBus(url: string, { onTestFinished }: Context): Promise<Bus> {
  const bus = await natsBus({ url, name: "test" });
  onTestFinished(() => bus.close());
  return bus;
}

/** As a media node does it: the same id again until it is confirmed. */
async function publishSurely(bus: Bus, data: string): Promise<void> {
  for (;;) {
    try {
      return await bus.publish({ subject: subjectOf(1), id: data, data, timeoutMs: 1_000 });
    } catch (error) {
      expect(error).toMatchObject({ code: "unavailable" });
    }
  }
}

test.concurrent("a server that is killed and comes back in the middle loses nothing and doubles nothing", async (context) => {
  const server = await keptServer(context);
  const [publisher, reader] = [await openBus(server.url, context), await openBus(server.url, context)];
  const sent = Array.from({ length: 120 }, (_, index) => `m${index}`);
  const { promise: halfway, resolve: reachHalfway } = Promise.withResolvers<void>();
  const taken: string[] = [];
  const reading1 = (async () => {
    for await (const batch of reader.consume(reading({ batch: 20, ackWaitMs: 1_000 }))) {
      for (const delivery of batch) {
        if (!taken.includes(delivery.data)) taken.push(delivery.data);
        delivery.ack();
      }
      if (taken.length >= 40) reachHalfway();
      if (taken.length === sent.length) return;
    }
  })();
  const publishing = (async () => {
    for (const data of sent) await publishSurely(publisher, data);
  })();
  await halfway;
  await server.kill("SIGKILL");
  await context.expect.poll(() => publisher.connected).toBe(false);
  await server.restart();
  await Promise.all([publishing, reading1]);
  expect(taken.toSorted()).toEqual(sent.toSorted());
  expect(publisher.connected).toBe(true);

  const again = await take(reader.consume(reading({ durable: "auditor", batch: 100 })), sent.length);
  expect(again.map((delivery) => delivery.data)).toEqual(sent);
}, 30_000);

/** A line to the server that can be cut and repaired. */
async function lineTo(url: string, { onTestFinished }: Context) {
  const sockets = new Set<Socket>();
  let cut = false;
  const proxy = createServer((near) => {
    if (cut) return void near.destroy();
    const far = connectTcp(Number(new URL(url).port), "127.0.0.1");
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
    }
    near.pipe(far).pipe(near);
  });
  await new Promise<void>((resolve) => void proxy.listen(0, "127.0.0.1", resolve));
  const cutOff = (): void => {
    cut = true;
    for (const socket of sockets) socket.destroy();
  };
  onTestFinished(() => {
    cutOff();
    proxy.close();
  });
  const { port } = proxy.address() as AddressInfo;
  return { url: `nats://127.0.0.1:${port}`, cut: cutOff, repair: () => void (cut = false) };
}

test.concurrent("a reader whose line breaks is handed at once what came meanwhile, in order", async (context) => {
  const server = await keptServer(context);
  const line = await lineTo(server.url, context);
  const [writer, reader] = [await openBus(server.url, context), await openBus(line.url, context)];
  const taken: string[] = [];
  const count = 400;
  const reading1 = take(reader.consume(reading({ batch: 1_000 })), count + 1, (delivery) => {
    taken.push(`${delivery.data.trimEnd()}#${delivery.attempt}`);
    delivery.ack();
  });
  await publishSurely(writer, "before");
  await context.expect.poll(() => taken).toEqual(["before#1"]);
  line.cut();
  await context.expect.poll(() => reader.connected).toBe(false);
  // So much that it is still coming in when the reader has looked about in the new connection.
  const sent = Array.from({ length: count }, (_, index) => `m${index}`);
  await Promise.all(sent.map((data) => writer.publish({ subject: subjectOf(1), id: data, data: data.padEnd(50_000) })));
  line.repair();
  await reading1;
  expect(taken).toEqual(["before#1", ...sent.map((data) => `${data}#1`)]);
}, 30_000);

test.concurrent("a server that comes back empty gets its streams and consumers again", async (context) => {
  const server = await keptServer(context);
  const bus = await openBus(server.url, context);
  const seen: string[] = [];
  const both = take(bus.consume(reading()), 2, (delivery) => {
    seen.push(delivery.data);
    delivery.ack();
  });
  await publishSurely(bus, "before");
  await context.expect.poll(() => seen).toEqual(["before"]);
  await server.kill("SIGKILL");
  await server.restartEmpty();
  await publishSurely(bus, "after");
  await both;
  expect(seen).toEqual(["before", "after"]);
}, 30_000);

test.concurrent("a publish that a silent server does not confirm is reported unavailable in time, and the next one arrives", async (context) => {
  const server = await keptServer(context);
  const bus = await openBus(server.url, context);
  await server.freeze();
  await expect(bus.publish({ subject: subjectOf(1), id: "a", data: "a", timeoutMs: 200 })).rejects.toMatchObject({ code: "unavailable" });
  await server.kill("SIGCONT");
  await publishSurely(bus, "a");
  await publishSurely(bus, "b");
  const taken = await take(bus.consume(reading()), 2);
  expect(taken.map((delivery) => delivery.data)).toEqual(["a", "b"]);
});

test.concurrent("a bus whose server is away broadcasts into the void, refuses to publish, and closes at once", async (context) => {
  const server = await keptServer(context);
  const bus = await openBus(server.url, context);
  const heard: string[] = [];
  bus.subscribe(subjectOf(1, "inject"), (data) => heard.push(data));
  await server.kill("SIGKILL");
  await context.expect.poll(() => bus.connected).toBe(false);
  bus.broadcast(subjectOf(1, "inject"), "lost");
  await expect(bus.publish({ subject: subjectOf(1), id: "a", data: "a", timeoutMs: 50 })).rejects.toMatchObject({ code: "unavailable" });
  await server.restart();
  await context.expect.poll(() => bus.connected, { timeout: 10_000 }).toBe(true);
  bus.broadcast(subjectOf(1, "inject"), "found");
  await context.expect.poll(() => heard).toEqual(["found"]);
  await server.kill("SIGKILL");
  await bus.close();
}, 20_000);

test.concurrent("a server that is away at the start is waited for, and then named in a fault without its password", async () => {
  const started = natsBus({ url: "nats://user:hunter2@127.0.0.1:1", name: "test", connectTimeoutMs: 400 });
  const fault: unknown = await started.catch((error: unknown) => error);
  expect(fault).toMatchObject({ code: "unavailable" });
  expect(String(fault)).toMatch(/127\.0\.0\.1:1 .*NATS_URL/);
  expect(String(fault)).not.toMatch(/hunter2/);
});

test.concurrent("a server that comes up while it is waited for is used", async () => {
  const { promise: port, resolve } = Promise.withResolvers<number>();
  const probe = createServer().listen(0, "127.0.0.1", () => {
    const address = probe.address();
    probe.close(() => resolve(typeof address === "object" && address ? address.port : 0));
  });
  const url = `nats://127.0.0.1:${await port}`;
  const opening = natsBus({ url, name: "early", connectTimeoutMs: 15_000 });
  await using server = await startNatsServer({ storeDir: null, port: await port });
  const bus = await opening;
  expect(bus.connected).toBe(true);
  expect(server.url).toBe(url);
  await bus.close();
}, 20_000);

test.concurrent("a message that the stream refuses because it is full, or that no stream stores, is not taken for stored", async (context) => {
  const { url } = await keptServer(context);
  const connection = await connect({ servers: new URL(url).host });
  context.onTestFinished(() => connection.close());
  const manager = await connection.jetstreamManager();
  await manager.streams.add({ name: "SMALL", subjects: ["small.>"], max_msgs: 1, discard: DiscardPolicy.New });
  const publisher = new NatsPublisher(connection);
  const publish = (subject: string, id: string): Promise<void> => publisher.publish({ stream: "SMALL", subject, id, data: id }, 5_000);
  await publish("small.a", "first");
  await publish("small.a", "first");
  await expect(publish("small.a", "second")).rejects.toMatchObject({
    code: "resource_exhausted",
    message: expect.stringContaining("SMALL"),
  });
  await expect(publish("other.a", "third")).rejects.toMatchObject({ code: "unavailable" });
  publisher.close();
});

test.concurrent("a closed publisher leaves nobody waiting", async (context) => {
  const { url } = await keptServer(context);
  const connection = await connect({ servers: new URL(url).host });
  context.onTestFinished(() => connection.close());
  connection.subscribe("mute.>", { callback: () => undefined });
  const publisher = new NatsPublisher(connection);
  const lost = publisher.publish({ stream: "none", subject: "mute.a", id: "a", data: "a" }, 60_000);
  publisher.close();
  await expect(lost).rejects.toMatchObject({ code: "unavailable" });
});
