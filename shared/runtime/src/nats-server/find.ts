/**
 * Finds a nats-server, from near to far: PATH, the project's cache, the distribution's package unpacked into the cache (no root, nothing
 * installed), the pinned release. Whatever was tried in vain stands in the one message of the end.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { globSync } from "node:fs";
import { access, chmod, constants, copyFile, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Fault } from "@struere/kernel";
import { type Log, silentLog } from "../log.ts";
import { RELEASE } from "./release.ts";

const run = promisify(execFile);

/** JetStream as the bus uses it: pull consumers, deduplication, discard new. */
const OLDEST = [2, 9] as const;
const PROJECT_CACHE = join(import.meta.dirname, "../../../../node_modules/.cache/struere");
const DOWNLOAD_WITHIN_MS = 120_000;
const PACKAGE_WITHIN_MS = 180_000;

export interface NatsServerProgram {
  readonly path: string;
  /** Major and minor. */
  readonly version: readonly [number, number];
}

export interface FindOptions {
  readonly cacheDir?: string;
  /** Where the pinned release comes from; for tests. */
  readonly releaseUrl?: (archive: string) => string;
  readonly log?: Log;
}

/** @throws Fault failed_precondition that lists what was tried and what to do. */
export async function findNatsServer(options: FindOptions = {}): Promise<NatsServerProgram> {
  const cacheDir = options.cacheDir ?? PROJECT_CACHE;
  const cached = join(cacheDir, "nats-server");
  const log = options.log ?? silentLog;
  const inVain: string[] = [];
  const places: readonly (readonly [string, () => Promise<string>])[] = [
    ["PATH", () => Promise.resolve("nats-server")],
    ["project cache", () => access(cached, constants.X_OK).then(() => cached)],
    ["distribution package", () => unpackDistributionPackage(cacheDir, cached)],
    ["pinned release", () => downloadRelease(cacheDir, cached, options.releaseUrl ?? RELEASE.url)],
  ];
  for (const [place, obtain] of places) {
    try {
      const path = await obtain();
      const program = { path, version: await versionOf(path) };
      log.debug({ place, path, version: program.version.join(".") }, "nats-server found");
      return program;
    } catch (error) {
      inVain.push(`${place}: ${firstLine(error)}`);
    }
  }
  throw new Fault(
    "failed_precondition",
    `there is no nats-server ${OLDEST.join(".")} or newer. Install it (apt-get install nats-server, brew install nats-server, or ` +
      `https://github.com/nats-io/nats-server/releases) or set NATS_URL to a running one. Tried: ${inVain.join("; ")}`,
  );
}

async function versionOf(path: string): Promise<readonly [number, number]> {
  const { stdout } = await run(path, ["--version"]);
  const [, major = "0", minor = "0"] = /v(\d+)\.(\d+)/.exec(stdout) ?? [];
  const version = [Number(major), Number(minor)] as const;
  const recent = version[0] > OLDEST[0] || (version[0] === OLDEST[0] && version[1] >= OLDEST[1]);
  if (!recent) throw new Error(`${stdout.trim()} is older than ${OLDEST.join(".")}`);
  return version;
}

/** Debian and Ubuntu. Package lists of our own are fetched only when the machine has none. */
async function unpackDistributionPackage(cacheDir: string, target: string): Promise<string> {
  return inWorkshop(cacheDir, async (workshop) => {
    const apt = (args: readonly string[]) =>
      run("apt-get", ["-o", "APT::Sandbox::User=", ...args], { cwd: workshop, timeout: PACKAGE_WITHIN_MS });
    await apt(["download", "nats-server"]).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") throw new Error("there is no apt-get here");
      await mkdir(join(workshop, "lists", "partial"), { recursive: true });
      await mkdir(join(workshop, "cache", "archives", "partial"), { recursive: true });
      const own = ["-o", `Dir::State::lists=${join(workshop, "lists")}`, "-o", `Dir::Cache=${join(workshop, "cache")}`];
      // One source of many may be out of reach; the download tells whether it mattered.
      const update = await apt([...own, "update"]).catch((failure: unknown) => firstLine(failure));
      await apt([...own, "download", "nats-server"]).catch((failure: unknown) => {
        throw new Error(typeof update === "string" ? update : firstLine(failure), { cause: failure });
      });
    });
    const [archive] = globSync("nats-server_*.deb", { cwd: workshop });
    if (archive === undefined) throw new Error("apt-get downloaded no package");
    await run("dpkg", ["-x", archive, "unpacked"], { cwd: workshop });
    const [program] = globSync("unpacked/usr/*bin/nats-server", { cwd: workshop });
    if (program === undefined) throw new Error("the package holds no nats-server");
    return publish(join(workshop, program), target);
  });
}

async function downloadRelease(cacheDir: string, target: string, url: (archive: string) => string): Promise<string> {
  const platform = `${process.platform}-${process.arch}`;
  const archive = RELEASE.archives[platform];
  if (archive === undefined) throw new Error(`no archive is pinned for ${platform}`);
  const response = await fetch(url(archive.name), { signal: AbortSignal.timeout(DOWNLOAD_WITHIN_MS) }).catch((error: unknown) => {
    throw new Error(`${url(archive.name)} can not be reached`, { cause: error });
  });
  if (!response.ok) throw new Error(`${url(archive.name)} answered ${response.status}`);
  const bytes = new Uint8Array(await response.arrayBuffer());
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  if (sha256 !== archive.sha256) throw new Error(`${archive.name} has sha256 ${sha256} instead of ${archive.sha256}: not used`);
  return inWorkshop(cacheDir, async (workshop) => {
    await writeFile(join(workshop, "archive.tar.gz"), bytes);
    await run("tar", ["-xzf", "archive.tar.gz"], { cwd: workshop });
    return publish(join(workshop, archive.name, "nats-server"), target);
  });
}

/** Into the cache in one step: whoever looks sees no program or a whole one. */
async function publish(program: string, target: string): Promise<string> {
  const fresh = `${target}.${process.pid}`;
  await copyFile(program, fresh);
  await chmod(fresh, 0o755);
  await rename(fresh, target);
  return target;
}

async function inWorkshop<Value>(cacheDir: string, work: (workshop: string) => Promise<Value>): Promise<Value> {
  await mkdir(cacheDir, { recursive: true });
  const workshop = await mkdtemp(join(tmpdir(), "struere-nats-"));
  try {
    return await work(workshop);
  } finally {
    await rm(workshop, { recursive: true, force: true });
  }
}

/** What a failed program said is worth more than that it failed. */
function firstLine(error: unknown): string {
  const said = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : "";
  const text = said !== "" ? said : error instanceof Error ? error.message : String(error);
  return text.split("\n").find((line) => !line.startsWith("W:")) ?? text;
}
