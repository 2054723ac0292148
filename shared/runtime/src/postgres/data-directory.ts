/**
 * The place of one database cluster: `<dataDir>/cluster` with the owner-only file `password` in it. Made once, by initdb in a place
 * of its own and a rename, so that a crash in between leaves nothing half done.
 */
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmod, chown, lstat, mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { Fault } from "@struere/kernel";
import type { User } from "./user.ts";

const run = promisify(execFile);

/** The superuser of the cluster. */
export const OWNER = "struere";
/** Postgres reads no more than it is told: what we inherit (LANG, PGDATA, PGPORT …) must not change the cluster. */
export const POSTGRES_ENV = { LC_ALL: "C", TZ: "UTC" };

export interface Command {
  readonly command: string;
  readonly args: readonly string[];
}

export interface Cluster {
  readonly directory: string;
  readonly password: string;
}

/** Opens the cluster in `dataDir`, and makes it first when there is none. */
export async function openCluster(options: {
  readonly dataDir: string;
  readonly initdb: Command;
  readonly user: User | undefined;
  /** Whether the cluster will survive this process; if not, nothing is synced to the disk. */
  readonly kept: boolean;
}): Promise<Cluster> {
  const directory = join(options.dataDir, "cluster");
  const made = await lstat(directory).then(
    () => true,
    () => false,
  );
  if (!made) await makeCluster(directory, options);
  try {
    return { directory, password: (await readFile(join(directory, "password"), "utf8")).trim() };
  } catch (cause) {
    const advice = "it was not made by this program, or the file is damaged; move the directory away or set DATABASE_URL";
    throw new Fault("failed_precondition", `${directory} has no readable file "password": ${advice}`, { cause });
  }
}

async function makeCluster(directory: string, options: Parameters<typeof openCluster>[0]): Promise<void> {
  const { user, initdb } = options;
  const own = async (path: string) => user && (await chown(path, user.uid, user.gid));
  const workshop = await mkdtemp(join(options.dataDir, "making-"));
  try {
    await chmod(workshop, 0o700);
    const passwordFile = join(workshop, "password");
    await writeFile(passwordFile, `${randomBytes(24).toString("base64url")}\n`, { mode: 0o600 });
    await own(passwordFile);
    await own(workshop);
    const fresh = join(workshop, "cluster");
    const settings = [
      `--pgdata=${fresh}`,
      `--username=${OWNER}`,
      `--pwfile=${passwordFile}`,
      "--auth=scram-sha-256",
      // The same order and the same case rules on every machine, whatever LANG says.
      "--encoding=UTF8",
      "--locale=C",
      "--locale-provider=builtin",
      "--builtin-locale=C.UTF-8",
      "--no-instructions",
      ...(options.kept ? [] : ["--no-sync"]),
    ];
    await run(initdb.command, [...initdb.args, ...settings], {
      cwd: "/",
      env: POSTGRES_ENV,
      ...(initdb.command === "setpriv" ? {} : user),
    });
    await rename(passwordFile, join(fresh, "password"));
    await rename(fresh, directory).catch((error: NodeJS.ErrnoException) => {
      // Somebody else made it at the same time; theirs is as good.
      if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
    });
  } catch (cause) {
    const said = cause instanceof Error && "stderr" in cause ? String(cause.stderr).trim() : String(cause);
    throw new Fault("failed_precondition", `a new database could not be made in ${options.dataDir}: ${said}`, { cause });
  } finally {
    await rm(workshop, { recursive: true, force: true });
  }
}

/**
 * Refuses a cluster that somebody else is running. A server that is on its way out (its owner was killed a moment ago) is waited for.
 *
 * @throws Fault failed_precondition that names the process.
 */
export async function refuseForeignServer(directory: string, withinMs: number): Promise<void> {
  const lock = join(directory, "postmaster.pid");
  const deadline = performance.now() + withinMs;
  for (;;) {
    const pid = Number((await readFile(lock, "utf8").catch(() => "")).split("\n")[0]);
    // Process ids are given again, after a restart of the container to ourselves or to npm: those two are no servers.
    if (!Number.isInteger(pid) || pid <= 1 || pid === process.pid || pid === process.ppid || !isAlive(pid)) return;
    if (performance.now() >= deadline) {
      const advice = `stop it, or set DATABASE_URL to use its database; if process ${pid} is no Postgres, delete ${lock}`;
      throw new Fault("failed_precondition", `the database in ${directory} is in use by process ${pid}, which we did not start: ${advice}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Others may pass through, for the sake of the user who runs the server, but not look around. */
const PASSAGE = 0o711;

/** @returns the absolute path. A directory that is there already keeps its mode. */
export async function makeDataDirectory(path: string): Promise<string> {
  await mkdir(path, { recursive: true, mode: PASSAGE });
  return resolve(path);
}

export async function makeThrowAwayDirectory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "struere-postgres-"));
  await chmod(path, PASSAGE);
  return path;
}
