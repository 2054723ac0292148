/** `init`, `sync` and `deploy` in a project's folder, on a real control plane. */
import { mkdtemp, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { agentFile, aProject, type TestProject } from "./a-project.ts";
import { anInstallation, type Installation, NUMBER } from "./installation.ts";

let installation: Installation;
const sync = (project: TestProject, flags: readonly string[] = [], options: { readonly tty?: boolean; readonly input?: string } = {}) =>
  installation.struere(["sync", ...flags], { cwd: project.root, ...options });

beforeAll(async () => {
  installation = await anInstallation();
});
afterAll(() => installation[Symbol.asyncDispose]());

describe("init", { timeout: 90_000 }, () => {
  test("makes a project that syncs as it is, and again without a change", async () => {
    const cwd = await mkdtemp(join(tmpdir(), "struere-cli-"));
    const made = await installation.struere(["init", "clinic"], { cwd });
    expect(made).toMatchObject({ code: 0, err: "", out: expect.stringContaining("  cd clinic\n  struere eval run\n  struere sync") });
    const clinic = join(cwd, "clinic");
    expect((await readdir(clinic)).sort()).toEqual(
      [
        ".gitignore",
        "README.md",
        "agents",
        "entity-types",
        "evals",
        "fixtures",
        "package.json",
        "roles",
        "routers",
        "struere.json",
        "tools",
        "tsconfig.json",
      ].sort(),
    );
    const first = await installation.struere(["sync", "--yes"], { cwd: clinic });
    expect(first).toMatchObject({ code: 0, err: "" });
    expect(first.out).toMatch(/\+ entity-type appointment +entity-types\/appointment\.ts/);
    expect(first.out).toContain("development is synced: 3 created.");
    expect(await installation.struere(["sync"], { cwd: join(clinic, "agents") })).toMatchObject({
      code: 0,
      out: "development is as the project says.\n",
    });
    await installation.struere([
      "integration",
      "twilio",
      "--account-sid",
      installation.twilio.accountSid,
      "--auth-token",
      installation.twilio.authToken,
    ]);
    const bound = await installation.struere(["integration", "twilio", "--phone-number", NUMBER, "--agent", "receptionist"]);
    expect(bound).toMatchObject({ code: 0, out: expect.stringContaining("is answered by agent receptionist") });
    expect(await installation.struere(["sync", "--dry-run"], { cwd: clinic })).toMatchObject({ code: 0, err: "" });
    await installation.struere(["integration", "twilio", "--remove", "--yes"]);
  });

  test("writes over nothing, asks for the name at a terminal, and says what to do where nobody can be asked", async () => {
    const project = await aProject();
    expect(await installation.struere(["init", "."], { cwd: project.root })).toMatchObject({
      code: 1,
      err: expect.stringContaining("struere.json is already in"),
    });
    const cwd = await mkdtemp(join(tmpdir(), "struere-cli-"));
    expect(await installation.struere(["init"], { cwd })).toMatchObject({ code: 2, err: expect.stringContaining("struere init <name>") });
    expect(await installation.struere(["init"], { cwd, tty: true, input: "front-desk\n" })).toMatchObject({ code: 0 });
    expect(await readdir(cwd)).toEqual(["front-desk"]);
    expect(await installation.struere(["init", "Front Desk"], { cwd })).toMatchObject({
      code: 2,
      err: expect.stringContaining("legal: a-z"),
    });
  });
});

describe("sync", { timeout: 90_000 }, () => {
  test("outside of a project says what to run", async () => {
    const cwd = await mkdtemp(join(tmpdir(), "struere-cli-"));
    expect(await installation.struere(["sync"], { cwd })).toEqual({
      code: 1,
      out: "",
      err: "struere: No struere.json found. Run struere init first.\n",
    });
  });

  test("shows what changes field by field, and changes nothing with --dry-run", async () => {
    const project = await aProject({ "agents/guide.ts": agentFile("guide") });
    expect(await sync(project, ["--yes"])).toMatchObject({ code: 0 });
    await project.write({
      "agents/guide.ts": `import { defineAgent } from "struere";
  import { closing } from "./shared/_closing";
const lines = async () => ["You guide people.", closing].join("\\n");
export default defineAgent({ name: "Guide", slug: "guide", systemPrompt: lines, tools: ["call.end"] });\n`,
      "agents/shared/_closing.ts": `export enum Tone { Calm = "Stay calm." }\nexport const closing: string = Tone.Calm;\n`,
    });
    const dry = await sync(project, ["--dry-run"]);
    expect(dry).toMatchObject({ code: 0, err: "" });
    expect(dry.out).toBe(`development:
  ~ agent guide (version 1)  agents/guide.ts
      name: "guide" → "Guide"
      systemPrompt:
        - You answer.
        + You guide people.
        + Stay calm.
      tools: [] → ["call.end"]
Nothing was changed: 1 to update.
`);
    expect(await installation.struere(["agents", "show", "guide"])).toMatchObject({ code: 0, out: expect.stringContaining("version 1") });
    const { code, out } = await sync(project, ["--json"]);
    expect({ code, report: JSON.parse(out) }).toMatchObject({
      code: 0,
      report: {
        environment: "development",
        synced: true,
        problems: [],
        changes: [{ slug: "guide", action: "update", version: 2, file: "agents/guide.ts" }],
      },
    });
  });

  test("asks before it deletes, and deletes at once with --force", async () => {
    const project = await aProject({ "agents/one.ts": agentFile("one"), "agents/two.ts": agentFile("two") });
    await sync(project, ["--yes"]);
    await project.write({ "agents/two.ts": null });
    expect(await sync(project)).toMatchObject({
      code: 2,
      out: expect.stringContaining("- agent two (version 1)"),
      err: expect.stringContaining('This deletes agent "two" from development. Nobody can be asked here'),
    });
    expect(await sync(project, [], { tty: true, input: "no\n" })).toMatchObject({
      code: 1,
      err: expect.stringContaining("nothing was changed"),
    });
    expect(await sync(project, ["--keep"])).toMatchObject({ code: 0, out: expect.stringContaining("= agent two (version 1): kept") });
    expect(await sync(project, ["--force", "--keep"])).toMatchObject({ code: 2 });
    expect(await sync(project, [], { tty: true, input: "yes\n" })).toMatchObject({ code: 0, out: expect.stringContaining("1 deleted") });
    await project.write({ "agents/one.ts": null });
    expect(await sync(project, ["--force"])).toMatchObject({ code: 0, out: expect.stringContaining("1 deleted") });
    expect(JSON.parse((await installation.struere(["agents", "list", "--json"])).out)).toEqual([]);
  });

  test("says of every problem in which file and field it is, and what would be legal; nothing is synced", async () => {
    const project = await aProject({
      "agents/a.ts": agentFile("a", 'tools: ["crm.find"]'),
      "entity-types/order.ts": `import { defineData } from "struere";\nexport default defineData({ name: "Order", slug: "order", schema: { type: "object", properties: { buyer: { type: "string", references: "person" } } } });\n`,
    });
    const { code, out } = await sync(project);
    expect(code).toBe(1);
    expect(out).toMatch(/^agents\/a\.ts: tools\[0\]: "crm\.find" is not a tool; legal: .*"entity\.query"/m);
    expect(out).toMatch(/^entity-types\/order\.ts: .*references: "person" is not an entity type of this project; legal: "order"$/m);
    expect(out).toContain("Nothing was synced: 2 problems.");
    expect(JSON.parse((await sync(project, ["--json"])).out)).toMatchObject({
      synced: false,
      problems: [
        { file: "agents/a.ts", field: "tools[0]", sentence: expect.stringContaining("agents/a.ts: tools[0]") },
        { kind: "entity-type" },
      ],
    });
  });

  test("says of every file that can not be loaded why, and of a slug that is there twice where the other is", async () => {
    const project = await aProject({
      "agents/a.ts": agentFile("a"),
      "agents/b.ts": agentFile("a"),
      "agents/c.ts": `import { defineAgent } from "struere";\nexport default defineAgent({ name: "C", slug: "c", systemPrompt: () => { throw new Error("no file"); } });\n`,
      "agents/d.ts": "export const agent = {};\n",
      "agents/e.ts": 'export default { name: "E", slug: "Not a slug", systemPrompt: "x", voice: "coral" };\n',
      "routers/r.ts": `import { defineRouter } from "struere";\nexport default defineRouter({ name: "R", slug: "r", mode: "classify", agents: [{ slug: "a" }], classifyModel: { model: "gpt-6.1-terra" }, fallback: "a", voiceConfig: { voice: "nova" } });\n`,
      "tools/index.ts": `import { defineTools } from "struere";\nexport default defineTools([{ name: "find", description: "Finds.", parameters: { type: "object", properties: {} }, handler: async () => 1 }]);\n`,
      "triggers/daily.ts": "export default {};\n",
    });
    const { code, out, err } = await sync(project);
    expect(code).toBe(1);
    expect(err).toContain("triggers/ is not synced");
    const lines = out.trimEnd().split("\n");
    expect(lines).toEqual([
      "agents/c.ts: systemPrompt: the function failed: no file",
      "agents/d.ts: has no default export; end it with: export default defineAgent({ … })",
      expect.stringMatching(/^agents\/e\.ts: slug: "Not a slug" is not legal; legal: a slug such as/),
      expect.stringMatching(/^agents\/e\.ts: unknown key "voice"; legal keys of an agent: /),
      expect.stringMatching(/^routers\/r\.ts: voiceConfig\.voice: "nova" is not legal; legal: "alloy", /),
      expect.stringMatching(/^tools\/index\.ts: \[0\]\.url: is missing; legal: an https address/),
      expect.stringMatching(/^tools\/index\.ts: \[0\]: handler can not be used: the platform does not run your code/),
      'agents/b.ts: slug: "a" is defined in agents/a.ts as well; each slug is one definition',
      "Nothing was synced: 8 problems.",
    ]);
  });

  test("names the file that ends the process, and shows what definitions print", async () => {
    const project = await aProject({
      "agents/a.ts": `console.log("hello from a");\n${agentFile("a")}`,
      "agents/b.ts": "process.exit(3);\n",
    });
    expect(await sync(project)).toMatchObject({
      code: 1,
      out: "agents/b.ts: ended the process that loads it (exit code 3)\nNothing was synced: 1 problem.\n",
      err: expect.stringContaining("hello from a"),
    });
  });
});

describe("deploy", { timeout: 90_000 }, () => {
  test("takes a key of production and nothing else, and asks also when nothing is deleted", async () => {
    const project = await aProject({ "agents/one.ts": agentFile("one") });
    const deploy = (flags: readonly string[] = [], options: object = {}) =>
      installation.struere(["deploy", ...flags], { cwd: project.root, ...options });
    expect(await deploy()).toMatchObject({ code: 2, err: expect.stringContaining("the key in STRUERE_API_KEY is of development") });
    await using production = await anInstallation({ environment: "production" });
    const env = production.env;
    expect(await deploy([], { env })).toMatchObject({ code: 2, err: expect.stringContaining("This changes production: 1 to create.") });
    expect(await deploy(["--dry-run"], { env })).toMatchObject({ code: 0, out: expect.stringContaining("+ agent one") });
    expect(await deploy([], { env, tty: true, input: "yes\n" })).toMatchObject({
      code: 0,
      out: expect.stringContaining("production is synced: 1 created."),
    });
  });
});
