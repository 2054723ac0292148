/** Data, threads, chat, prompts and logs from the command's side, and `dev`; on everything that is real but the vendors. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run } from "../src/run.ts";
import { agentFile, aProject, type TestProject } from "./a-project.ts";
import { anInstallation, type Installation, NUMBER } from "./installation.ts";
import { aTerminal } from "./terminal.ts";

let installation: Installation;
let project: TestProject;
const struere = (...argv: readonly string[]) => installation.struere(argv, { cwd: project.root });
const jsonOf = async (...argv: readonly string[]) => JSON.parse((await struere(...argv, "--json")).out);

const FILES = {
  "agents/guide.ts": `import { defineAgent } from "struere";
export default defineAgent({ name: "Guide", slug: "guide", systemPrompt: "You guide {{threadContext.params.customer}} on {{threadContext.channel}}. Places: {{entity.query({\\"type\\": \\"place\\"})}}", threadContextParams: [{ name: "customer", type: "string" }] });\n`,
  "agents/desk.ts": agentFile("desk"),
  "entity-types/place.ts": `import { defineData } from "struere";
export default defineData({ name: "Place", slug: "place", schema: { type: "object", properties: { name: { type: "string" }, seats: { type: "integer" } }, required: ["name"] }, searchFields: ["name"] });\n`,
  "routers/help.ts": `import { defineRouter } from "struere";
export default defineRouter({ name: "Help", slug: "help", mode: "rules", agents: [{ slug: "guide" }, { slug: "desk" }], rules: [{ conditions: [{ field: "channel", operator: "eq", value: "nowhere" }], route: "desk" }], fallback: "desk" });\n`,
};

const patience = { timeout: 90_000 };

beforeAll(async () => {
  installation = await anInstallation({ media: true });
  project = await aProject(FILES);
  expect(await struere("sync")).toMatchObject({ code: 0 });
}, 90_000);
afterAll(() => installation[Symbol.asyncDispose]());

describe("entities", patience, () => {
  test("are created, listed, filtered, searched, changed and deleted", async () => {
    expect(await struere("entities", "types")).toMatchObject({ code: 0, out: expect.stringMatching(/^SLUG.*\nplace +1 +Place/) });
    expect(await struere("entities", "list", "place")).toMatchObject({ code: 0, out: "no entities\n" });
    const cafe = await jsonOf("entities", "create", "place", "--data", '{"name": "Café Ada", "seats": 4}');
    await struere("entities", "create", "place", "--data", '{"name": "Hall", "seats": 200}', "--status", "draft");
    expect(await jsonOf("entities", "list", "place")).toMatchObject({
      items: [{ data: { name: "Hall" } }, { data: { name: "Café Ada" } }],
    });
    expect(await jsonOf("entities", "list", "place", "--filter", '{"seats": {"$gte": 100}}')).toMatchObject({
      items: [{ status: "draft" }],
    });
    expect(await jsonOf("entities", "list", "place", "--status", "active", "--limit", "1", "--sort", "name")).toMatchObject({
      items: [{ id: cafe.id }],
    });
    expect(await jsonOf("data", "search", "place", "ada")).toMatchObject([{ id: cafe.id }]);
    expect(await struere("entities", "update", cafe.id, "--data", '{"seats": 6}')).toMatchObject({
      code: 0,
      out: expect.stringContaining("version 2"),
    });
    expect(await struere("entities", "get", cafe.id)).toMatchObject({ code: 0, out: expect.stringContaining('"seats": 6') });
    expect(await struere("entities", "delete", cafe.id)).toMatchObject({
      code: 2,
      err: expect.stringContaining(`This deletes ${cafe.id}`),
    });
    expect(await struere("entities", "delete", cafe.id, "--yes")).toMatchObject({ code: 0 });
    expect(await struere("entities", "get", cafe.id)).toMatchObject({ code: 3 });
  });

  test("that are wrong are refused in the schema's words", async () => {
    expect(await struere("entities", "create", "place", "--data", '{"seats": "many"}')).toMatchObject({
      code: 2,
      err: expect.stringContaining("seats"),
    });
    expect(await struere("entities", "create", "place", "--data", "[1]")).toMatchObject({
      code: 2,
      err: expect.stringContaining("--data is no JSON object"),
    });
    expect(await struere("entities", "list", "nothing")).toMatchObject({ code: 3, err: expect.stringContaining('"nothing"') });
    expect(await struere("entities", "update", "ent_x")).toMatchObject({
      code: 2,
      err: expect.stringContaining("needs --data or --status"),
    });
  });
});

describe("chat", patience, () => {
  test("says one message and gives the answer and the thread, which can be gone on with and viewed", async () => {
    const first = await jsonOf("chat", "guide", "--message", "Hello", "--param", "customer=Ada");
    expect(first).toMatchObject({ threadId: expect.stringMatching(/^thread_/), agentSlug: "guide", message: expect.stringMatching(/./) });
    const second = await struere("chat", "guide", "--message", "And now?", "--thread", first.threadId, "--verbose");
    expect(second).toMatchObject({ code: 0, out: expect.stringMatching(/^guide {2}.+\n {2}\d+ tokens, \d+ ms\n$/s) });
    const viewed = await struere("threads", "view", first.threadId);
    expect(viewed.code).toBe(0);
    expect(viewed.out).toMatch(/user {2}Hello\nguide {2}.+\nuser {2}And now\?\nguide {2}/s);
    expect(viewed.out).not.toContain("no calls");
    expect(await struere("threads", "list")).toMatchObject({ code: 0, out: expect.stringContaining(first.threadId) });
  });

  test("goes on line by line until the input ends; a router chooses the agent", async () => {
    const { code, out, err } = await installation.struere(["chat", "help", "--router"], { cwd: project.root, input: "Hello\n\nBye\n" });
    expect({ code, lines: out.match(/^desk {2}/gm)?.length }).toEqual({ code: 0, lines: 2 });
    expect(err).toMatch(/The thread is thread_\w+/);
  });

  test("names what does not exist", async () => {
    expect(await struere("chat", "nobody", "--message", "Hello")).toMatchObject({ code: 3, err: expect.stringContaining('"nobody"') });
    expect(await struere("chat", "nobody", "--router", "--message", "Hello")).toMatchObject({
      code: 3,
      err: expect.stringContaining("Router not found"),
    });
    expect(await struere("chat", "guide", "--json")).toMatchObject({ code: 2 });
    expect(await struere("chat", "guide", "--message", "x", "--param", "customer")).toMatchObject({
      code: 2,
      err: expect.stringContaining("name=value"),
    });
  });
});

describe("compile-prompt", patience, () => {
  test("shows the instructions with everything in its place, as written with --raw, and is 1 when something is missing", async () => {
    const { code, out } = await struere("compile-prompt", "guide", "--param", "customer=Ada", "--channel", "voice");
    expect({ code, out }).toEqual({ code: 0, out: expect.stringMatching(/^You guide Ada on voice\. Places: \[.*"Hall".*\]\n$/) });
    expect(await struere("compile-prompt", "guide", "--param", "customer=Ada", "--raw")).toMatchObject({
      out: expect.stringContaining("{{threadContext.channel}}"),
    });
    expect(await struere("compile-prompt", "guide")).toMatchObject({
      code: 1,
      err: expect.stringContaining("problem: {{threadContext.params.customer}}"),
    });
    expect(await struere("compile-prompt", "nobody")).toMatchObject({ code: 3, err: expect.stringContaining('"desk", "guide"') });
  });
});

describe("dev", patience, () => {
  test("syncs what is saved, shows problems and goes on, shows calls as they happen, keeps what is deleted, and ends with Ctrl-C", async () => {
    const { accountSid, authToken } = installation.twilio;
    await struere("integration", "twilio", "--account-sid", accountSid, "--auth-token", authToken);
    await struere("integration", "twilio", "--phone-number", NUMBER, "--agent", "desk");
    const terminal = aTerminal({ cwd: project.root, env: installation.env });
    const ended = run(["dev"], terminal);
    await terminal.shows(/development is as the project says\./);

    await project.write({ "agents/new.ts": agentFile("new", 'tools: ["nothing.here"]') });
    await terminal.shows(/agents\/new\.ts: tools\[0\]: "nothing\.here" is not a tool/);
    await project.write({ "agents/new.ts": agentFile("new") });
    await terminal.shows(/\+ agent new {2}agents\/new\.ts\n.*development is synced\./s);

    await installation.struere(["calls", "place", "--simulate", "--simulator-url", installation.twilio.apiBaseUrl, "--to", NUMBER]);
    await terminal.shows(
      /\[\w{6}\] call_\w+ [^]*\[\w{6}\] .*caller {2}Hello, can you hear me\?[^]*\[\w{6}\] ended; struere calls show call_/,
    );

    await rm(join(project.root, "agents/new.ts"));
    await terminal.shows(/= agent new \(version 1\): kept|development is as the project says\.[^]*development is as the project says\./);
    terminal.press("SIGINT");
    expect(await ended).toBe(0);
    expect(terminal.err()).toContain('Kept, though the project has it no more: agent "new"');
    expect(await struere("agents", "show", "new")).toMatchObject({ code: 0 });
    expect(await struere("logs", "--limit", "1")).toMatchObject({
      code: 0,
      out: expect.stringContaining("caller  Hello, can you hear me?"),
    });
  });

  test("is not for production, and has no JSON form", async () => {
    expect(await struere("dev", "--json")).toMatchObject({ code: 2 });
    await using production = await anInstallation({ environment: "production" });
    expect(await production.struere(["dev"], { cwd: project.root })).toMatchObject({
      code: 2,
      err: expect.stringContaining("is of production"),
    });
  });
});
