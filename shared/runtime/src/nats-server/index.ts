/** A real nats-server with JetStream as a part of this process, on 127.0.0.1. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Fault } from "@struere/kernel";
import { type Log, silentLog } from "../log.ts";
import { ServerProcess } from "../servers/server-process.ts";
import { findNatsServer } from "./find.ts";

export { type FindOptions, findNatsServer, type NatsServerProgram } from "./find.ts";

export interface NatsServerOptions {
  /** Where streams are kept; `null` = thrown away at the end. */
  readonly storeDir: string | null;
  /** Default: one that is free. A given port that is taken is an error. */
  readonly port?: number;
  readonly log?: Log;
}

export interface NatsServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** For tests of faults. Resolves when a deadly signal has done its work, and at once for SIGSTOP and SIGCONT. */
  kill(signal: NodeJS.Signals): Promise<void>;
  stop(): Promise<void>;
}

const READY_WITHIN_MS = 10_000;
const STOP_WITHIN_MS = 10_000;
/** The first minor version of 2 that can be told to sync every message to the disk. */
const SYNC_ALWAYS_SINCE = 10;

/**
 * From 2.10 on every message is synced to the disk before it is acknowledged; 2.9 can not be told so, and keeps acknowledged messages
 * through its own death but not through the machine's (docs.nats.io/running-a-nats-service/configuration, `sync_interval`).
 *
 * @throws Fault failed_precondition with what to do: no program, port taken, store out of reach.
 */
export async function startNatsServer(options: NatsServerOptions): Promise<NatsServer> {
  const log = options.log ?? silentLog;
  const program = await findNatsServer({ log });
  const kept = options.storeDir !== null;
  const storeDir = options.storeDir === null ? await mkdtemp(join(tmpdir(), "struere-nats-store-")) : resolve(options.storeDir);
  await mkdir(storeDir, { recursive: true, mode: 0o700 });
  const throwAway = () => (kept ? Promise.resolve() : rm(storeDir, { recursive: true, force: true }));
  try {
    const config = join(storeDir, "nats-server.conf");
    await writeFile(config, configuration({ storeDir, port: options.port ?? -1, version: program.version }), { mode: 0o600 });
    const server = await ServerProcess.spawn({
      name: "nats-server",
      command: program.path,
      args: ["--config", config],
      stopSignal: "SIGINT",
      ...(kept ? {} : { throwAway: storeDir }),
      log,
    });
    const port = await listeningPort(server);
    const stop = async () => {
      await server.stop(STOP_WITHIN_MS);
      await throwAway();
    };
    const kill = async (signal: NodeJS.Signals) => {
      server.signal(signal);
      if (signal !== "SIGSTOP" && signal !== "SIGCONT") await server.exited;
    };
    return { url: `nats://127.0.0.1:${port}`, port, pid: server.pid, kill, stop, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await throwAway();
    throw error;
  }
}

function configuration(options: { readonly storeDir: string; readonly port: number; readonly version: readonly [number, number] }): string {
  const [major, minor] = options.version;
  const syncs = major > 2 || minor >= SYNC_ALWAYS_SINCE;
  return [
    `listen: "127.0.0.1:${options.port}"`,
    "jetstream {",
    `  store_dir: ${JSON.stringify(options.storeDir)}`,
    ...(syncs ? ["  sync_interval: always"] : []),
    "}",
    "",
  ].join("\n");
}

async function listeningPort(server: ServerProcess): Promise<number> {
  try {
    const listening = await server.line(/Listening for client connections on .*:(\d+)$/, READY_WITHIN_MS);
    if (listening && (await server.line(/Server is ready/, READY_WITHIN_MS))) return Number(listening[1]);
  } catch (error) {
    await server.stop(0);
    throw error;
  }
  throw new Fault("failed_precondition", `nats-server did not start. It said:\n${server.lastWords}`);
}
