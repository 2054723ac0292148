import { mkdtemp, mkdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatApiKey } from "@struere/domain";
import { describe, expect, test } from "vitest";
import { Secrets, secretsOf } from "../src/secrets.ts";
import { listen } from "./servers.ts";
import { struere } from "./terminal.ts";

const KEY = formatApiKey("development", new Uint8Array(32).fill(9));
const TOKEN = 'canary"token\\0123456789';
const ENV = {
  STRUERE_API_KEY: KEY,
  TWILIO_AUTH_TOKEN: "canary-of-the-environment",
  OPENAI_API_KEY: "sk-canary-openai-0123456789",
  VOICE_GATEWAY_SECRET: "canary-gateway-secret",
  ENCRYPTION_KEY: "canary-encryption-key",
  DATABASE_URL: "postgres://struere:canary-password@127.0.0.1/db",
};
/** What the process knows from its environment, and what it is given. */
const KNOWN = [...Object.values(ENV).slice(0, -1), "canary-password"];
const CANARIES = [...KNOWN, TOKEN];

function leaks({ out, err }: { readonly out: string; readonly err: string }): readonly string[] {
  const spelled = CANARIES.flatMap((canary) => [canary, JSON.stringify(canary).slice(1, -1), encodeURIComponent(canary)]);
  return spelled.filter((canary) => (out + err).includes(canary));
}

describe("secrets", () => {
  test("a server that repeats everything it got can not make the command print a secret", async () => {
    const everything = (headers: unknown, body: string): string =>
      `you sent ${JSON.stringify(headers)} and ${body}; also ${KNOWN.join(" ")}`;
    for (const json of [[], ["--json"]]) {
      for (const succeed of [true, false]) {
        await using server = await listen((request, response) => {
          let body = "";
          request.on("data", (chunk: Buffer) => (body += chunk.toString()));
          request.on("end", () => {
            const text = everything(request.headers, body);
            const data = succeed
              ? { result: { data: { accountSid: text, agents: [text], key: { name: text, permissions: [text] }, problems: [text] } } }
              : { error: { message: text, code: -32_600, data: { code: "BAD_REQUEST", httpStatus: 400, path: "x" } } };
            response.writeHead(succeed ? 200 : 400, { "content-type": "application/json" }).end(JSON.stringify(data));
          });
        });
        const commands = [
          ["integration", "twilio", "--account-sid", `AC${"0".repeat(32)}`, "--auth-token", TOKEN],
          ["integration", "twilio", "--account-sid", `AC${"0".repeat(32)}`, `--auth-token=${TOKEN}`],
          ["agents", "get", "intake"],
          ["doctor", "--online"],
        ];
        for (const argv of commands) {
          const ran = await struere([...argv, ...json, "--url", server.url], { env: { ...ENV, OPENAI_BASE_URL: server.url } });
          expect({ argv: argv.slice(0, 2), leaks: leaks(ran) }).toEqual({ argv: argv.slice(0, 2), leaks: [] });
          expect((ran.out + ran.err).length).toBeGreaterThan(0);
        }
      }
    }
  });

  test("a token from standard input is hidden from then on", async () => {
    await using server = await listen((request, response) => {
      request.on("data", (body: Buffer) => {
        const error = {
          message: `no: ${body.toString()} ${TOKEN}`,
          code: -32_600,
          data: { code: "BAD_REQUEST", httpStatus: 400, path: "x" },
        };
        response.writeHead(400, { "content-type": "application/json" }).end(JSON.stringify({ error }));
      });
    });
    const ran = await struere(["integration", "twilio", "--account-sid", "AC0", "--auth-token", "-", "--url", server.url], {
      env: ENV,
      input: `${TOKEN}\n`,
    });
    expect({ code: ran.code, leaks: leaks(ran) }).toEqual({ code: 2, leaks: [] });
    expect(ran.err).toContain("[secret]");
  });

  test("what the installation keeps is hidden, and a file that is broken is not shown", async () => {
    const cwd = await mkdtemp(join(tmpdir(), "struere-cli-"));
    await mkdir(join(cwd, ".struere"));
    await writeFile(join(cwd, ".struere", "secrets.json"), `{ "gatewaySecret": "${TOKEN.slice(0, 6)}`);
    const ran = await struere(["agents", "list"], { cwd });
    expect(ran).toMatchObject({ code: 4, out: "", err: expect.stringContaining("has no apiKey in it") });
  });

  test("a secret in the wrong place of the arguments is not repeated", async () => {
    const wrong = [
      [`--api-key=${KEY}`, "agents", "list"],
      ["--api-key", KEY, "agents", "list"],
      ["agents", "list", "--token", "canary-in-an-option"],
      [KEY],
      ["integration", "twilio", "--auth-token", TOKEN, "--agent", "x"],
      ["agents", "list", "--url", `https://user:canary-in-a-url@example.com`],
    ];
    for (const argv of wrong) {
      for (const json of [[], ["--json"]]) {
        const ran = await struere([...argv, ...json]);
        expect(ran.code).toBe(2);
        expect(ran.out + ran.err).not.toMatch(/canary/);
        expect(ran.out + ran.err).not.toContain(KEY);
      }
    }
  });

  test("words that are too short to be secrets do not make holes in sentences", () => {
    const secrets = secretsOf({ TWILIO_AUTH_TOKEN: "the" }, ["--auth-token", "a"]);
    expect(secrets.scrub("the cat has a hat")).toBe("the cat has a hat");
  });

  test("an idempotency key is no secret, and whatever else is called a key is one", () => {
    const shown = (...argv: readonly string[]) => secretsOf({}, argv).scrub("the table of order-4711 and no other");
    const WHOLE = "the table of order-4711 and no other";
    expect(shown("calls", "place", "--to", "+14155550111", "--idempotency-key", "order-4711")).toBe(WHOLE);
    expect(shown("--env", "development", "calls", "place", "--idempotency-key=order-4711")).toBe(WHOLE);
    expect(shown("calls", "inject", "call_1", "--idempotency-key", "order-4711")).toBe(WHOLE);
    expect(shown("calls", "place", "--key", "order-4711")).not.toContain("4711");
    expect(shown("calls", "list", "--key", "order-4711")).not.toContain("4711");
    expect(shown("agents", "list", "--key=order-4711")).not.toContain("4711");
    expect(shown("calls", "place", "--api-key", "order-4711")).not.toContain("4711");
    expect(secretsOf({}, ["calls", "place", "--idempotency-key", KEY]).scrub(`said ${KEY}`)).toBe("said [secret]");
  });

  test("a secret that begins another hides both", () => {
    const secrets = new Secrets();
    secrets.remember("abcdef");
    secrets.remember("abcdefghij");
    expect(secrets.scrub("abcdefghij, abcdef")).toBe("[secret], [secret]");
  });
});
