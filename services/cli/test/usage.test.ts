import { mkdtemp, mkdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatApiKey } from "@struere/domain";
import { describe, expect, test } from "vitest";
import { listen, nobody } from "./servers.ts";
import { struere } from "./terminal.ts";

const KEY = formatApiKey("development", new Uint8Array(32).fill(7));
const NOBODY = await nobody();

describe("exit codes", () => {
  test("wrong usage is 2, in one sentence on stderr and nothing on stdout", async () => {
    const wrong = [
      [],
      ["nonsense"],
      ["calls"],
      ["calls", "list", "--status", "busy"],
      ["calls", "list", "--limit", "many"],
      ["calls", "watch"],
      ["calls", "watch", "call_1", "--latest"],
      ["calls", "place", "--simulate"],
      ["calls", "place", "--simulate", "--to", "911"],
      ["integration", "twilio", "--phone-number", "+14155550100"],
      ["keys", "create", "--name", "x"],
      ["keys", "create", "--name", "x", "--permissions", "root"],
      ["agents", "set"],
      ["agents", "list", "--env", "staging"],
      ["agents", "list", "--url", "nowhere"],
      ["agents", "list", "--url", "http://user:pass@127.0.0.1"],
      ["up", "--json"],
    ];
    for (const argv of wrong) {
      const { code, out, err } = await struere(argv, { env: { STRUERE_API_KEY: KEY } });
      expect({ argv, code, out, lines: err.trimEnd().split("\n").length }).toEqual({ argv, code: 2, out: "", lines: 1 });
    }
  });

  test("with --json an error is one JSON document on stderr", async () => {
    const { code, out, err } = await struere(["calls", "list", "--json", "--status", "busy"], { env: { STRUERE_API_KEY: KEY } });
    expect({ code, out, error: JSON.parse(err) }).toEqual({
      code: 2,
      out: "",
      error: {
        error: { code: "invalid_argument", message: '--status is "busy"; it must be one of pending, active, completed, stopped, failed' },
      },
    });
  });

  test("no key, a damaged key and a key that the server refuses are 4", async () => {
    expect(await struere(["calls", "list"])).toMatchObject({ code: 4, err: expect.stringContaining("set STRUERE_API_KEY") });
    expect(await struere(["calls", "list"], { env: { STRUERE_API_KEY: KEY.slice(0, -1) } })).toMatchObject({
      code: 4,
      err: expect.stringContaining("damaged"),
    });
  });

  test("a control plane that is away is 5, and the sentence says what to do", async () => {
    const { code, err } = await struere(["calls", "list", "--url", NOBODY], { env: { STRUERE_API_KEY: KEY } });
    expect(code).toBe(5);
    expect(err).toBe(
      `struere: the control plane at ${NOBODY} can not be reached (ECONNREFUSED); start it (struere up), or say where it is with --url or STRUERE_URL\n`,
    );
  });

  test("a server that is something else is 5", async () => {
    await using server = await listen((_request, response) =>
      response.writeHead(200, { "content-type": "text/html" }).end("<h1>Welcome</h1>"),
    );
    const { code, err } = await struere(["calls", "list", "--url", server.url], { env: { STRUERE_API_KEY: KEY } });
    expect({ code, err }).toEqual({
      code: 5,
      err: `struere: what answers at ${server.url} is not a control plane of this product; correct --url or STRUERE_URL\n`,
    });
  });

  test("a simulator that is away is 5; a call without a key is 4, and one to nobody 2", async () => {
    expect(await struere(["calls", "place", "--simulate", "--to", "+14155550100", "--simulator-url", NOBODY])).toMatchObject({
      code: 5,
      err: expect.stringContaining("there is no simulator at"),
    });
    expect(await struere(["calls", "place", "--to", "+14155550100"])).toMatchObject({
      code: 4,
      err: expect.stringContaining("there is no API key"),
    });
    expect(await struere(["calls", "place", "--agent", "ada"])).toMatchObject({ code: 2, err: expect.stringContaining("--to <e164>") });
    expect(await struere(["calls", "place", "--to", "+14155550100", "--script", "x.yaml"])).toMatchObject({
      code: 2,
      err: expect.stringContaining("--script: only with --simulate"),
    });
  });
});

describe("what every command is told", () => {
  test("--env must be what the key is of, before anything is sent; the error names both", async () => {
    const { code, err } = await struere(["agents", "list", "--env", "production", "--url", NOBODY], { env: { STRUERE_API_KEY: KEY } });
    expect(code).toBe(2);
    expect(err).toContain("--env is production, but the key in STRUERE_API_KEY is of development");
  });

  test("common options may stand anywhere", async () => {
    for (const argv of [
      ["--json", "--url", NOBODY, "calls", "list"],
      ["calls", "--url", NOBODY, "list", "--json"],
      ["calls", "list", "--json", "--url", NOBODY, "--env", "development", "--yes"],
    ]) {
      const { code, err } = await struere(argv, { env: { STRUERE_API_KEY: KEY } });
      expect({ code, error: JSON.parse(err) }).toMatchObject({ code: 5, error: { error: { code: "unavailable" } } });
    }
  });

  test("without STRUERE_API_KEY the key of the installation in this directory is used", async () => {
    const cwd = await mkdtemp(join(tmpdir(), "struere-cli-"));
    await mkdir(join(cwd, ".struere"));
    await writeFile(
      join(cwd, ".struere", "secrets.json"),
      JSON.stringify({ gatewaySecret: "g".repeat(20), encryptionKey: "e", apiKey: KEY }),
    );
    const seen: (string | undefined)[] = [];
    await using server = await listen((request, response) => {
      seen.push(request.headers.authorization);
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ result: { data: [] } }));
    });
    expect(await struere(["agents", "list", "--json"], { cwd, env: { STRUERE_URL: server.url } })).toEqual({
      code: 0,
      out: "[]\n",
      err: "",
    });
    expect(seen).toEqual([`Bearer ${KEY}`]);
  });

  test("help is an answer", async () => {
    const { code, out, err } = await struere(["integration", "twilio", "--help"]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    for (const word of [
      "--account-sid",
      "--auth-token",
      "--phone-number",
      "--agent",
      "--router",
      "--remove-phone",
      "--remove",
      "--status",
      "--json",
    ])
      expect(out).toContain(word);
  });

  test("there is no colour unless it is a terminal without NO_COLOR", async () => {
    const escape = "\u001b[";
    const doctor = (options: { readonly tty?: boolean; readonly env?: { readonly [name: string]: string } }) =>
      struere(["doctor", "--url", NOBODY], options);
    expect((await doctor({})).out).not.toContain(escape);
    expect((await doctor({ tty: true, env: { NO_COLOR: "1" } })).out).not.toContain(escape);
    expect((await doctor({ tty: true })).out).toContain(escape);
  });
});
