import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { connect, type Socket } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { findNatsServer, startNatsServer } from "../src/nats-server/index.ts";
import { from, runScript } from "./run-script.ts";

async function scratch(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "struere-test-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** The first line that a nats-server says to a client: `INFO {…}`. */
async function greeting(port: number): Promise<{ jetstream?: boolean; host?: string }> {
  const socket: Socket = connect(port, "127.0.0.1");
  const [first] = (await once(socket, "data")) as [Buffer];
  socket.destroy();
  return JSON.parse(
    first
      .toString()
      .replace(/^INFO /, "")
      .split("\r\n")[0] ?? "{}",
  ) as { jetstream?: boolean; host?: string };
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test("a server has JetStream, listens on loopback, and leaves nothing behind", async () => {
  const server = await startNatsServer({ storeDir: null });
  expect(await greeting(server.port)).toMatchObject({ jetstream: true, host: "127.0.0.1" });
  expect(server.url).toBe(`nats://127.0.0.1:${server.port}`);
  await server.stop();
  await server.stop();
  expect(isAlive(server.pid)).toBe(false);
});

test("a killed server starts again on its port", async () => {
  const storeDir = await scratch();
  const first = await startNatsServer({ storeDir });
  await first.kill("SIGKILL");
  expect(isAlive(first.pid)).toBe(false);
  await using second = await startNatsServer({ storeDir, port: first.port });
  expect(second.url).toBe(first.url);
});

test("a frozen server can be stopped", async () => {
  const server = await startNatsServer({ storeDir: null });
  await server.kill("SIGSTOP");
  await server.stop();
  expect(isAlive(server.pid)).toBe(false);
});

test("a port that is taken is an error that shows what the server said", async () => {
  await using server = await startNatsServer({ storeDir: null });
  await expect(startNatsServer({ storeDir: null, port: server.port })).rejects.toThrow(
    /nats-server did not start.*address already in use/s,
  );
});

test("the server goes with a process that is killed", async () => {
  const script = runScript(`
    import { startNatsServer } from ${from("nats-server/index.ts")};
    const server = await startNatsServer({ storeDir: null });
    console.log("pid " + server.pid);
    setInterval(() => {}, 1000);
  `);
  const pid = Number((await script.line(/^pid/)).slice(4));
  script.child.kill("SIGKILL");
  await script.ended;
  await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false);
}, 20_000);

/** A search in another process whose PATH holds only what `programs` names: a body of a shell script each. */
async function findWith(programs: { readonly [name: string]: string }, releaseUrl: string) {
  const bin = await scratch();
  for (const [name, body] of Object.entries(programs)) {
    await writeFile(join(bin, name), `#!/bin/sh\n${body}\n`);
    await chmod(join(bin, name), 0o755);
  }
  const cacheDir = join(await scratch(), "cache");
  const script = runScript(`
    import { findNatsServer } from ${from("nats-server/find.ts")};
    process.env.PATH = ${JSON.stringify(bin)};
    await findNatsServer({ cacheDir: ${JSON.stringify(cacheDir)}, releaseUrl: () => ${JSON.stringify(releaseUrl)} }).then(
      (program) => console.log("found " + program.path + " " + program.version.join(".")),
      (error) => console.log(error.message.replaceAll("\\n", " ")),
    );
  `);
  await script.ended;
  return script.lines.join("\n");
}
const NOWHERE = "http://127.0.0.1:1/nats";

test("one on the PATH is used", async () => {
  expect(await findWith({ "nats-server": "echo nats-server: v2.11.4" }, NOWHERE)).toBe("found nats-server 2.11");
});

test("one that is too old is passed over, and the one message says what was tried and what to do", async () => {
  const said = await findWith({ "nats-server": "echo nats-server: v2.1.0" }, NOWHERE);
  expect(said).toMatch(/there is no nats-server 2\.9 or newer\. Install it .*NATS_URL/);
  expect(said).toMatch(
    /PATH: nats-server: v2\.1\.0 is older than 2\.9; project cache: .*; distribution package: there is no apt-get here; pinned release: /,
  );
  expect(said).toMatch(/pinned release: http:\/\/127\.0\.0\.1:1\/nats can not be reached/);
});

test("an archive with another checksum is not used", async () => {
  const server = createServer((_, response) => response.end("not the release")).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const address = server.address();
  const said = await findWith({}, `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}/`);
  expect(said).toMatch(/has sha256 [0-9a-f]{64} instead of [0-9a-f]{64}: not used/);
});

test("the distribution's package is unpacked into the cache, with package lists of its own where there are none", async () => {
  const calls = join(await scratch(), "calls");
  // Refuses the first download as a machine without lists does; the package holds a program that says its version.
  const apt = `
    echo "$@" >> ${calls}
    case "$*" in
      *lists=*download*) : > nats-server_2.9_all.deb ;;
      *update) exit 0 ;;
      *) echo "E: Unable to locate package nats-server" >&2; exit 100 ;;
    esac`;
  const dpkg = `
    /bin/mkdir -p unpacked/usr/sbin
    printf '#!/bin/sh\\necho nats-server: v2.9.10\\n' > unpacked/usr/sbin/nats-server
    /bin/chmod +x unpacked/usr/sbin/nats-server`;
  expect(await findWith({ "apt-get": apt, dpkg }, NOWHERE)).toMatch(/^found .*\/cache\/nats-server 2\.9$/);
});

test("the search on this machine ends with a program that runs, and what it cached is found again", async () => {
  const cacheDir = join(await scratch(), "cache");
  await mkdir(cacheDir);
  await writeFile(join(cacheDir, "nats-server"), "#!/bin/sh\necho nats-server: v2.10.29\n", { mode: 0o755 });
  const program = await findNatsServer({ cacheDir });
  expect(program.version[0]).toBe(2);
  expect(await readdir(cacheDir)).toEqual(["nats-server"]);
});
