/** Calls from the command's side: a simulated caller dials through everything that is real, and the record is shown and watched. */
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run } from "../src/run.ts";
import { flakyProxy } from "./flaky-proxy.ts";
import { anInstallation, type Installation, NUMBER, OTHER_NUMBER } from "./installation.ts";
import { aTerminal } from "./terminal.ts";

let installation: Installation;
let cwd: string;

const place = (...flags: readonly string[]) =>
  installation.struere(["calls", "place", "--simulate", "--simulator-url", installation.twilio.apiBaseUrl, ...flags], { cwd });
/** The newest call, once its record is whole: the phone knows of the end a moment before the record does. */
const latestCall = async () => {
  await installation.struere(["calls", "watch", "--latest"]);
  return (await jsonOf("calls", "list", "--limit", "1")).items[0];
};
const jsonOf = async (...argv: readonly string[]) => JSON.parse((await installation.struere([...argv, "--json"])).out);
const file = async (name: string, text: string): Promise<string> => {
  await writeFile(join(cwd, name), text);
  return name;
};

beforeAll(async () => {
  installation = await anInstallation({ media: true });
  cwd = await mkdtemp(join(tmpdir(), "struere-cli-"));
  const { accountSid, authToken } = installation.twilio;
  await file("intake.json", JSON.stringify({ name: "Intake", slug: "intake", systemPrompt: "You answer the phone." }));
  await installation.struere(["agents", "set", "intake.json"], { cwd });
  await installation.struere(["integration", "twilio", "--account-sid", accountSid, "--auth-token", authToken]);
  await installation.struere(["integration", "twilio", "--phone-number", NUMBER, "--agent", "intake"]);
});
afterAll(() => installation[Symbol.asyncDispose]());

const patience = { timeout: 60_000 };
/** The words of a caller who is on the phone for as long as the command takes to come back twice, in real time. */
const NUMBERS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];

describe("calls", patience, () => {
  test("before the first one lists are empty, and there is no latest", async () => {
    expect(await installation.struere(["calls", "list"])).toEqual({ code: 0, out: "no calls\n", err: "" });
    expect(await installation.struere(["calls", "watch", "--latest"])).toMatchObject({
      code: 3,
      err: expect.stringContaining("there are no calls in development yet"),
    });
    expect(await installation.struere(["calls", "show", `call_${"0".repeat(24)}`])).toMatchObject({ code: 3 });
  });

  test("a simulated caller without a script hears the agent and is answered; the record can be shown", async () => {
    const { code, out, err } = await place("--to", NUMBER);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toContain("The call worked.");
    const call = await latestCall();
    expect(call).toMatchObject({ status: "completed", to: NUMBER, agent: "intake" });

    const shown = await installation.struere(["calls", "show", call.id]);
    expect(shown.code).toBe(0);
    expect(shown.out).toContain(`${call.id} completed`);
    expect(shown.out).toContain("caller  Hello, can you hear me?");
    expect(shown.out).toContain("Usage");
    expect(await jsonOf("threads", "show", call.threadId)).toMatchObject({ channel: "voice", calls: [{ id: call.id }] });
  });

  test("what the caller cut is shown as heard and as not heard", async () => {
    await file("impatient.yaml", "steps:\n  - interrupt: { after: e, say: Wait a moment }\n  - wait: 4000\n  - hangUp\n");
    const { code } = await place("--to", NUMBER, "--script", "impatient.yaml", "--from", "+15550100777");
    const call = await latestCall();
    const { out } = await installation.struere(["calls", "show", call.id]);
    expect({ code, from: call.from }).toEqual({ code: 0, from: "+15550100777" });
    expect(out).toMatch(/intake {2}.*\[cut by the caller, \d+\.\d s of \d+\.\d s heard; not heard: ".+"\]/);
  });

  test("a call that nobody answers, and a script that is disappointed, are 1 and say why", async () => {
    const unbound = await place("--to", OTHER_NUMBER);
    expect(unbound).toMatchObject({ code: 1, out: expect.stringContaining("no agent was heard") });
    await file("vain.yaml", "steps:\n  - hear: { text: a word that nobody says, withinMs: 3000 }\n");
    const vain = await place("--to", NUMBER, "--script", "vain.yaml", "--json");
    expect(vain.code).toBe(1);
    expect(JSON.parse(vain.out)).toMatchObject({
      worked: false,
      problems: ['the script failed: waited 3000 ms for the caller to hear "a word that nobody says", in vain'],
    });
  });

  test("scripts and numbers that are wrong are 2, in the simulator's words", async () => {
    await file("wrong.yaml", "steps:\n  - sing: loudly\n");
    expect(await place("--to", NUMBER, "--script", "wrong.yaml")).toMatchObject({ code: 2, err: expect.stringContaining("sing") });
    expect(await place("--to", NUMBER, "--script", "missing.yaml")).toMatchObject({
      code: 2,
      err: expect.stringContaining("missing.yaml can not be read (ENOENT)"),
    });
  });

  test("Ctrl-C hangs up", async () => {
    await file("patient.yaml", "steps:\n  - wait: 3600000\n");
    const terminal = aTerminal({ env: installation.env, cwd });
    const placed = run(
      ["calls", "place", "--simulate", "--simulator-url", installation.twilio.apiBaseUrl, "--to", NUMBER, "--script", "patient.yaml"],
      terminal,
    );
    await terminal.shows(/agent-speaks/);
    terminal.press("SIGINT");
    await placed;
    expect(terminal.out()).toContain("caller-hung-up");
  });

  test("lists go on page by page", async () => {
    const all = await jsonOf("calls", "list");
    const first = await jsonOf("calls", "list", "--limit", "2");
    const second = await jsonOf("calls", "list", "--limit", "2", "--cursor", first.nextCursor);
    const idsOf = (items: readonly { readonly id: string }[]) => items.map((call) => call.id);
    expect(idsOf([...first.items, ...second.items])).toEqual(idsOf(all.items.slice(0, 4)));
    const failed = await jsonOf("calls", "list", "--status", "failed");
    expect(failed.items.every((call: { readonly status: string }) => call.status === "failed")).toBe(true);
  });
});

describe("watching", patience, () => {
  test("a call that is over is told whole and ends; with --json as one array, a message on each line", async () => {
    await place("--to", NUMBER);
    const { items } = await jsonOf("calls", "list", "--limit", "1");
    const watched = await installation.struere(["calls", "watch", "--latest"]);
    expect(watched).toMatchObject({ code: 0, err: "" });
    expect(watched.out).toContain("caller  Hello, can you hear me?");
    expect(watched.out).toContain("call.ended");
    expect(watched.out).toContain(`The call is completed`);

    const { code, out, err } = await installation.struere(["calls", "watch", items[0].id, "--json"]);
    const messages = JSON.parse(out);
    expect({ code, err, lines: out.trimEnd().split("\n").length }).toEqual({ code: 0, err: "", lines: messages.length + 2 });
    expect(messages.map((message: { readonly seq: number }) => message.seq)).toEqual(
      messages.map((_: unknown, index: number) => index + 1),
    );
  });

  test("a live call is followed through a cut connection and a server that is away, without loss or repeat", async () => {
    await using proxy = await flakyProxy(installation.url);
    await file(
      "long.yaml",
      `steps:\n${NUMBERS.map((word) => `  - hear: /./s\n  - say: Number ${word}\n`).join("")}  - hear: /./s\n  - hangUp\n`,
    );
    const placing = aTerminal({ env: installation.env, cwd });
    const placed = run(
      ["calls", "place", "--simulate", "--simulator-url", installation.twilio.apiBaseUrl, "--to", NUMBER, "--script", "long.yaml"],
      placing,
    );
    await placing.shows(/agent-speaks/);

    const terminal = aTerminal({ env: { ...installation.env, STRUERE_URL: proxy.url } });
    const watched = run(["calls", "watch", "--latest", "--json"], terminal);
    await terminal.shows(/Number one/);
    proxy.fail();
    proxy.cut();
    const before = proxy.asked.length;
    await placing.shows(/caller-spoke +Number three/);
    await expect.poll(() => proxy.asked.length, { timeout: 30_000 }).toBeGreaterThan(before);
    proxy.heal();
    await terminal.shows(/Number four/);
    proxy.cut();
    expect(placing.out()).not.toContain(`Number ${NUMBERS.at(-1)}`);
    await placed;
    expect(await watched).toBe(0);

    const { items } = await jsonOf("calls", "list", "--limit", "1");
    const whole = JSON.parse((await installation.struere(["calls", "watch", items[0].id, "--json"])).out);
    expect(JSON.parse(terminal.out())).toEqual(whole);
  });

  test("Ctrl-C ends the watching in order, and not the call", async () => {
    await file("patient.yaml", "steps:\n  - wait: 3600000\n");
    const placing = aTerminal({ env: installation.env, cwd });
    const placed = run(
      ["calls", "place", "--simulate", "--simulator-url", installation.twilio.apiBaseUrl, "--to", NUMBER, "--script", "patient.yaml"],
      placing,
    );
    await placing.shows(/agent-spoke/);
    const terminal = aTerminal({ env: installation.env });
    const watched = run(["calls", "watch", "--latest", "--json"], terminal);
    await terminal.shows(/call\.started/);
    terminal.press("SIGINT");
    expect(await watched).toBe(0);
    expect(JSON.parse(terminal.out())[0]).toMatchObject({ name: "call.started", seq: 1 });
    expect((await jsonOf("calls", "list", "--limit", "1")).items[0].status).toBe("active");
    placing.press("SIGINT");
    await placed;
  });
});

describe("statistics", patience, () => {
  test("are of the calls since a time, for people and as a document, and name the routers that there are", async () => {
    await place("--to", NUMBER);
    await latestCall();
    const shown = await installation.struere(["calls", "stats"]);
    expect(shown).toMatchObject({
      code: 0,
      err: "",
      out: expect.stringMatching(/numbers without a router\n +CORRECTED +CONTROL +NO AUDITOR\ncalls +0 +0 +[1-9]/),
    });
    const stats = await jsonOf("calls", "stats", "--since", "24h");
    expect(stats.total.groups.unaudited.calls).toBeGreaterThan(0);
    expect(stats.total.groups.corrected).toMatchObject({ calls: 0, formsComplete: { share: null } });
    expect(await installation.struere(["calls", "stats", "--since", "yesterday"])).toMatchObject({
      code: 2,
      err: expect.stringContaining('--since is "yesterday"; it must be a time before now, such as 30m, 24h, 7d'),
    });
    expect(await installation.struere(["calls", "stats", "--router", "fax"])).toMatchObject({
      code: 3,
      err: expect.stringContaining('no router "fax"'),
    });
  });
});

describe("injecting", patience, () => {
  const LISTENS =
    'steps:\n  - hear: /./s\n  - say: One moment please\n  - hear: { text: "closes at six", withinMs: 30000 }\n  - hear: { text: "have to end", withinMs: 60000 }\n';

  test("says to a live caller what it is told, waits for the receipt, and is seen in the watching and in the record", async () => {
    await file("listens.yaml", LISTENS);
    const placing = aTerminal({ env: installation.env, cwd });
    const placed = run(
      ["calls", "place", "--simulate", "--simulator-url", installation.twilio.apiBaseUrl, "--to", NUMBER, "--script", "listens.yaml"],
      placing,
    );
    await placing.shows(/caller-spoke/);
    const { items } = await jsonOf("calls", "list", "--limit", "1");
    const { id } = items[0];
    const terminal = aTerminal({ env: installation.env });
    const watched = run(["calls", "watch", id], terminal);

    const asked = ["calls", "inject", id, "--message", "The shop closes at six.", "--field", "hours", "--idempotency-key", "1", "--wait"];
    const spoken = await installation.struere(asked);
    expect(spoken).toMatchObject({
      code: 0,
      out: expect.stringMatching(/correction by a person: "The shop closes at six." \(hours\)\nspoken, \d+\.\d s heard/),
    });
    expect((await installation.struere(asked)).out).toBe(spoken.out);

    const abort = ["calls", "inject", id, "--message", "We have to end this call.", "--action", "abort"];
    expect(await installation.struere(abort)).toMatchObject({ code: 2, err: expect.stringContaining("--yes") });
    expect(await installation.struere([...abort, "--yes"])).toMatchObject({ code: 0, out: expect.stringContaining("on its way") });
    await placed;
    expect(await watched).toBe(0);
    expect(terminal.out()).toMatch(/correction by a person: "The shop closes at six." \(hours\): on its way/);
    expect(terminal.out()).toMatch(/correction by a person: "The shop closes at six." \(hours\): spoken, \d/);
    expect(terminal.out()).toMatch(/abort by a person: "We have to end this call.": spoken, \d/);
    const shown = await installation.struere(["calls", "show", id]);
    expect(shown.out).toMatch(/Injections\n +0:\d\d\.\d {2}correction by a person: "The shop closes at six."/);

    const late = await installation.struere(["calls", "inject", id, "--message", "Too late.", "--wait"]);
    expect(late).toMatchObject({ code: 1, err: expect.stringContaining("does not run") });
    expect(await installation.struere(["calls", "inject", id, "--message", "x", "--action", "shout"])).toMatchObject({ code: 2 });
  });

  test("what is not heard is 6 and says why", async () => {
    const endless = "and another thing ".repeat(60);
    await file("talks.yaml", `steps:\n  - hear: /./s\n  - say: ${endless}\n  - hangUp\n`);
    const placing = aTerminal({ env: installation.env, cwd });
    const placed = run(
      ["calls", "place", "--simulate", "--simulator-url", installation.twilio.apiBaseUrl, "--to", NUMBER, "--script", "talks.yaml"],
      placing,
    );
    await placing.shows(/caller-speaks/);
    const { items } = await jsonOf("calls", "list", "--limit", "1");
    const asked = ["calls", "inject", items[0].id, "--message", "The shop closes at six.", "--idempotency-key", "1"];
    // Nobody is interrupted for a correction: it waits.
    expect(await installation.struere(asked)).toMatchObject({ code: 0, out: expect.stringContaining("on its way") });
    placing.press("SIGINT");
    await placed;
    const refused = await installation.struere([...asked, "--wait"]);
    expect(refused).toMatchObject({ code: 6, out: expect.stringContaining("not spoken: refused (call_over)") });
  });
});
