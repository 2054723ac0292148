/** Keys, definitions, and what doctor says to keys that may see more or less. */
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { anInstallation, type Installation, NUMBER } from "./installation.ts";

let installation: Installation;
let cwd: string;
const as = (key: string, ...argv: readonly string[]) => installation.struere(argv, { cwd, env: { STRUERE_API_KEY: key } });
const owner = (...argv: readonly string[]) => as(installation.apiKey, ...argv);
const newKey = async (permissions: string): Promise<{ readonly id: string; readonly key: string }> =>
  JSON.parse((await owner("keys", "create", "--name", `for ${permissions}`, "--permissions", permissions, "--json")).out);

beforeAll(async () => {
  // A day on which the documentation's models were in service.
  installation = await anInstallation({ now: new Date("2026-11-02T09:00:00.000Z") });
  cwd = await mkdtemp(join(tmpdir(), "struere-cli-"));
});
afterAll(() => installation[Symbol.asyncDispose]());

describe("keys", () => {
  test("a new key is shown once, alone on stdout, and works", async () => {
    const made = await owner("keys", "create", "--name", "reader", "--permissions", "calls, chat", "--expires-in-days", "30");
    const key = made.out.trim();
    expect(made).toMatchObject({ code: 0, out: expect.stringMatching(/^sk_dev_\w+\n$/), err: expect.stringContaining("not shown again") });
    expect(made.err).not.toContain(key);
    expect(await as(key, "calls", "list")).toMatchObject({ code: 0 });

    const listed = await owner("keys", "list");
    expect(listed.out).toContain("reader");
    expect(listed.out).not.toContain(key);
    expect((await owner("keys", "list", "--json")).out).not.toContain(key);
  });

  test("a key without the permission is 4, and the error names the permission", async () => {
    const { key } = await newKey("calls");
    const { code, err } = await as(key, "agents", "list");
    expect({ code, leaks: err.includes(key) }).toEqual({ code: 4, leaks: false });
    expect(err).toContain('it needs the permission "sync" and has "calls"');
  });

  test("a revoked key is 4, and the error says where it came from; revoking asks first", async () => {
    const { id, key } = await newKey("calls");
    expect(await owner("keys", "revoke", id)).toMatchObject({ code: 2, err: expect.stringContaining("--yes") });
    expect(await as(key, "calls", "list")).toMatchObject({ code: 0 });
    expect(await owner("keys", "revoke", id, "--yes")).toMatchObject({ code: 0, out: expect.stringContaining("is revoked") });
    const { code, err } = await as(key, "calls", "list");
    expect({ code, err }).toMatchObject({ code: 4, err: expect.stringContaining("does not accept the API key sk_dev_") });
    expect(err).toContain("from STRUERE_API_KEY");
    expect(err).not.toContain(key);
    expect(await owner("keys", "revoke", `key_${"0".repeat(24)}`, "--yes")).toMatchObject({ code: 3 });
    expect(await owner("keys", "revoke", "nonsense", "--yes")).toMatchObject({
      code: 2,
      err: expect.stringContaining("is not an id of the form key_…"),
    });
  });
});

describe("definitions", () => {
  test("an agent is set from a file, shown, listed and deleted; the same again changes nothing", async () => {
    await writeFile(
      join(cwd, "intake.json"),
      JSON.stringify({ name: "Intake", slug: "intake", systemPrompt: "You answer.", model: { model: "openai/gpt-5-mini" } }),
    );
    const set = await owner("agents", "set", "intake.json");
    expect(set).toMatchObject({ code: 0, out: "agent intake is set to version 1 in development\n" });
    expect(set.err).toMatch(/^warning: model\.model: the model gpt-5-mini /);
    expect((await owner("agents", "set", "intake.json")).out).toBe("agent intake was already at version 1 in development\n");
    expect(JSON.parse((await owner("agents", "set", "intake.json", "--json")).out)).toMatchObject({
      changed: false,
      warnings: [expect.stringContaining("gpt-5-mini")],
    });
    expect((await owner("agents", "list")).out).toContain("intake");
    expect((await owner("agents", "get", "intake")).out).toContain('"systemPrompt": "You answer."');
    expect(await owner("agents", "delete", "intake")).toMatchObject({ code: 0, out: "agent intake is deleted from development\n" });
    expect(await owner("agents", "get", "intake")).toMatchObject({ code: 3, err: 'struere: there is no agent "intake" in development\n' });
  });

  test("a wrong file is 2 before anything is sent; what only the server knows is 2 in its words", async () => {
    await writeFile(join(cwd, "wrong.json"), JSON.stringify({ name: "Intake", slug: "intake" }));
    expect(await owner("agents", "set", "wrong.json", "--url", "http://127.0.0.1:9")).toMatchObject({
      code: 2,
      err: expect.stringContaining("wrong.json: systemPrompt: is missing"),
    });
    const router = {
      name: "Desk",
      slug: "desk",
      mode: "classify",
      agents: [{ slug: "ghost" }],
      classifyModel: { model: "openai/gpt-5-mini" },
      fallback: "ghost",
    };
    await writeFile(join(cwd, "desk.json"), JSON.stringify(router));
    expect(await owner("routers", "set", "desk.json")).toMatchObject({
      code: 2,
      err: expect.stringContaining('router "desk": agents[0].slug: "ghost" is not an agent of this project; legal: '),
    });
  });
});

describe("doctor", () => {
  test("names each problem of a fresh installation, and the command that solves it", async () => {
    const { code, out } = await owner("doctor", "--json");
    const { healthy, findings } = JSON.parse(out);
    expect({ code, healthy }).toEqual({ code: 1, healthy: false });
    const problems = findings.filter((finding: { readonly state: string }) => finding.state === "problem");
    expect(problems).toMatchObject([
      { check: "media nodes", detail: "none is alive" },
      { check: "twilio", detail: "there are no credentials" },
      { check: "numbers", detail: "none is connected" },
    ]);
    expect((await owner("doctor")).out).toContain("to do: struere integration twilio --account-sid <sid> --auth-token <token>");
  });

  test("sees that a number's calls were sent elsewhere at Twilio", async () => {
    const { accountSid, authToken, apiBaseUrl } = installation.twilio;
    await writeFile(join(cwd, "desk.json"), JSON.stringify({ name: "Desk", slug: "desk-agent", systemPrompt: "You answer." }));
    await owner("agents", "set", "desk.json");
    await owner("integration", "twilio", "--account-sid", accountSid, "--auth-token", authToken);
    const connected = JSON.parse((await owner("integration", "twilio", "--phone-number", NUMBER, "--agent", "desk-agent", "--json")).out);
    expect((await owner("doctor")).out).toContain("is answered by agent desk-agent");
    await fetch(`${apiBaseUrl}/2010-04-01/Accounts/${accountSid}/IncomingPhoneNumbers/${connected.phoneNumberSid}.json`, {
      method: "POST",
      headers: { authorization: `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString("base64")}` },
      body: new URLSearchParams({ VoiceUrl: "https://elsewhere.example.com/voice" }),
    });
    expect((await owner("doctor")).out).toContain(`to do: struere integration twilio --phone-number ${NUMBER} --agent desk-agent`);
  });

  test("does not look at what the key may not see, and says so", async () => {
    const { key } = await newKey("calls");
    const { findings } = JSON.parse((await as(key, "doctor", "--json")).out);
    expect(findings).toContainEqual({ check: "twilio", state: "skipped", detail: 'not looked at: the key has no permission "admin"' });
    expect(findings).toContainEqual(
      expect.objectContaining({ check: "api key", state: "ok", detail: expect.stringContaining("may calls") }),
    );
  });
});
