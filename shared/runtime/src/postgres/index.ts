/**
 * A real Postgres as a part of this process: no installation, no root needed and none refused. Listens on 127.0.0.1 only, with a
 * password that never leaves the data directory and the url.
 */
import { rm } from "node:fs/promises";
import { Fault } from "@struere/kernel";
import { type Log, silentLog } from "../log.ts";
import { freePort } from "../servers/free-port.ts";
import { ServerProcess } from "../servers/server-process.ts";
import { type Binaries, findBinaries } from "./binaries.ts";
import {
  type Cluster,
  type Command,
  makeDataDirectory,
  makeThrowAwayDirectory,
  OWNER,
  openCluster,
  POSTGRES_ENV,
  refuseForeignServer,
} from "./data-directory.ts";
import { canEnter, postgresUser, reachingEverything, type User } from "./user.ts";

export interface PostgresOptions {
  /** Where the data is kept; `null` = thrown away at the end (and faster: nothing is synced to the disk). */
  readonly dataDir: string | null;
  /** Default: one that is free. A given port that is taken is an error. */
  readonly port?: number;
  readonly log?: Log;
}

export interface Postgres extends AsyncDisposable {
  /** With the password: not for logs. */
  readonly url: string;
  readonly port: number;
  /** Of the postmaster, for tests of faults. */
  readonly pid: number;
  /** For tests of faults: the postmaster gets the signal. Resolves when a deadly one has done its work. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Fast shutdown: open transactions are rolled back, everything committed is kept. */
  stop(): Promise<void>;
}

const READY_WITHIN_MS = 30_000;
const STOP_WITHIN_MS = 10_000;
const FOREIGN_WITHIN_MS = 2_000;
const ATTEMPTS = 20;

/** @throws Fault failed_precondition with what to do: no binaries for this machine, data in use, data out of reach, port taken. */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const log = options.log ?? silentLog;
  const user = postgresUser();
  const binaries = await findBinaries(user);
  const kept = options.dataDir !== null;
  const dataDir = options.dataDir === null ? await makeThrowAwayDirectory() : await makeDataDirectory(options.dataDir);
  const throwAway = () => (kept ? Promise.resolve() : rm(dataDir, { recursive: true, force: true }));
  try {
    const programs = runnable(binaries, user, dataDir);
    const cluster = await openCluster({ dataDir, initdb: programs.initdb, user, kept });
    await refuseForeignServer(cluster.directory, FOREIGN_WITHIN_MS);
    const { server, port } = await launch(cluster, {
      ...programs,
      kept,
      log,
      ...(options.port !== undefined && { port: options.port }),
      ...(kept ? {} : { throwAway: dataDir }),
    });
    const stop = async () => {
      await server.stop(STOP_WITHIN_MS);
      await throwAway();
    };
    const url = `postgres://${OWNER}:${cluster.password}@127.0.0.1:${port}/postgres`;
    const kill = async (signal: NodeJS.Signals) => {
      server.signal(signal);
      await server.exited;
    };
    return { url, port, pid: server.pid, kill, stop, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await throwAway();
    throw error;
  }
}

interface Programs {
  readonly initdb: Command;
  readonly postgres: Command;
  /** Whom to become on the way; absent = nobody else, or the command does it. */
  readonly user?: User;
}

function runnable(binaries: Binaries, user: User | undefined, dataDir: string): Programs {
  const plain = { initdb: { command: binaries.initdb, args: [] }, postgres: { command: binaries.postgres, args: [] } };
  if (user === undefined) return plain;
  if (canEnter(user, dataDir)) return { ...plain, user };
  const initdb = reachingEverything(user, binaries.initdb);
  const postgres = reachingEverything(user, binaries.postgres);
  if (initdb && postgres) return { initdb, postgres };
  const advice = "start as another user than root, keep the data elsewhere, or set DATABASE_URL";
  throw new Fault(
    "failed_precondition",
    `Postgres does not run as root, and user ${user.uid} can not reach ${dataDir} (a directory above it is closed): ${advice}`,
  );
}

async function launch(
  cluster: Cluster,
  options: {
    readonly postgres: Command;
    readonly user?: User;
    readonly kept: boolean;
    readonly port?: number;
    readonly throwAway?: string;
    readonly log: Log;
  },
): Promise<{ server: ServerProcess; port: number }> {
  for (let attempt = 1; ; attempt++) {
    const port = options.port ?? (await freePort());
    const server = await ServerProcess.spawn({
      name: "Postgres",
      command: options.postgres.command,
      args: [...options.postgres.args, ...settings(cluster.directory, port, options.kept)],
      // As pg_ctl does it: a lock file may name the process that started us, when process ids are given again.
      env: { ...POSTGRES_ENV, PG_GRANDPARENT_PID: String(process.ppid) },
      ...(options.user && { user: options.user }),
      // Fast shutdown (postgresql.org/docs/18/server-shutdown.html).
      stopSignal: "SIGINT",
      ...(options.throwAway !== undefined && { throwAway: options.throwAway }),
      log: options.log,
    });
    try {
      if (await server.line(/database system is ready to accept connections/, READY_WITHIN_MS)) return { server, port };
    } catch (error) {
      await server.stop(0);
      throw error;
    }
    // The children of a killed postmaster need a moment to leave; a port that was free may have been taken since.
    const portTaken = options.port === undefined && /could not create any TCP/.test(server.lastWords);
    const mayPass = portTaken || /pre-existing shared memory block/.test(server.lastWords);
    if (!mayPass || attempt >= ATTEMPTS) throw new Fault("failed_precondition", `Postgres did not start. It said:\n${server.lastWords}`);
    await new Promise((resolve) => setTimeout(resolve, 50 * attempt));
  }
}

function settings(directory: string, port: number, kept: boolean): string[] {
  const values: Record<string, string> = {
    listen_addresses: "127.0.0.1",
    port: String(port),
    // No socket file: its path has a length limit and its directory would need to be writable.
    unix_socket_directories: "",
    max_connections: "200",
    timezone: "UTC",
    log_timezone: "UTC",
    ...(kept ? {} : { fsync: "off", synchronous_commit: "off", full_page_writes: "off" }),
  };
  return ["-D", directory, ...Object.entries(values).flatMap(([name, value]) => ["-c", `${name}=${value}`])];
}
