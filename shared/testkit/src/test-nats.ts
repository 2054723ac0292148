/** Real nats-servers for tests. One starts in 20 ms: each test file has its own, so that no file reads another's messages. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Bus, natsBus } from "@struere/bus";
import { startNatsServer } from "@struere/runtime/nats-server";
import { inject } from "vitest";

export interface TestNats extends AsyncDisposable {
  readonly url: string;
  /** One more participant, closed with the server. */
  open(name?: string): Promise<Bus>;
}

export interface OwnNats extends TestNats {
  /** SIGKILL: it dies; SIGSTOP: it falls silent; SIGCONT: it goes on. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** After a deadly signal: on the same port, with what it had stored. */
  restart(): Promise<void>;
}

/** A server to talk to: `NATS_URL` when the run was given one, else a new one. */
export async function testNats(): Promise<TestNats> {
  const { natsUrl } = inject("testServers");
  if (natsUrl === null) return ownNats();
  const buses: Bus[] = [];
  return {
    url: natsUrl,
    open: (name) => openBus(natsUrl, name, buses),
    [Symbol.asyncDispose]: () => closeAll(buses),
  };
}

/** A server to be killed; always a new one. */
export async function ownNats(): Promise<OwnNats> {
  const storeDir = await mkdtemp(join(tmpdir(), "struere-test-nats-"));
  let server = await startNatsServer({ storeDir });
  const { url, port } = server;
  const buses: Bus[] = [];
  return {
    url,
    open: (name) => openBus(url, name, buses),
    kill: (signal) => server.kill(signal),
    async restart() {
      await server.stop();
      server = await startNatsServer({ storeDir, port });
    },
    async [Symbol.asyncDispose]() {
      await closeAll(buses);
      await server.stop();
      await rm(storeDir, { recursive: true, force: true });
    },
  };
}

async function openBus(url: string, name: string | undefined, buses: Bus[]): Promise<Bus> {
  const bus = await natsBus({ url, name: name ?? "test" });
  buses.push(bus);
  return bus;
}

async function closeAll(buses: readonly Bus[]): Promise<void> {
  for (const bus of buses) await bus.close();
}
