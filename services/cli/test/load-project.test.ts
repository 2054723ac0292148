/** Loading definitions, in bounds. */
import { Fault } from "@struere/kernel";
import { describe, expect, test } from "vitest";
import { loadProject } from "../src/project/load-project.ts";
import { findProjectRoot } from "../src/project/project-root.ts";
import { agentFile, aProject } from "./a-project.ts";

const env = { PATH: process.env["PATH"], HELLO: "from the environment", STRUERE_API_KEY: "sk_dev_secret" };

describe("loading a project", { timeout: 60_000 }, () => {
  test("takes what is a definition, in folders of any depth, and leaves the rest alone", async () => {
    const { root } = await aProject({
      "agents/desk/first.ts": agentFile("first"),
      "agents/second.mjs": 'export default { name: "Second", slug: "second", systemPrompt: "x" };\n',
      "agents/_helper.ts": "export const help = 1;\n",
      "agents/second.test.ts": 'throw new Error("a test");\n',
      "agents/types.d.ts": "export interface A {}\n",
      "agents/notes.md": "Notes\n",
      "agents/node_modules/x/index.ts": 'throw new Error("a package");\n',
    });
    const { project, problems, fileOf } = await loadProject(root, { env });
    expect(problems).toEqual([]);
    expect(project.agents.map(({ slug }) => slug)).toEqual(["first", "second"]);
    expect([fileOf("agent", "first"), fileOf("agent", "nobody")]).toEqual(["agents/desk/first.ts", undefined]);
  });

  test("gives definitions the environment without the key, evaluates their prompts, and reads the SDK that comes with the command", async () => {
    const { root } = await aProject({
      "agents/a.ts": `import { defineAgent } from "struere";
const seen = [process.env.HELLO, process.env.STRUERE_API_KEY ?? "no key"];
export default defineAgent({ name: "A", slug: "a", systemPrompt: async () => seen.join(", ") });\n`,
      "node_modules/struere/package.json": '{ "name": "struere", "version": "0.14.8", "type": "module", "exports": "./index.js" }\n',
      "node_modules/struere/index.js": 'export const defineAgent = () => { throw new Error("another version"); };\n',
    });
    const { project, problems } = await loadProject(root, { env });
    expect(problems).toEqual([]);
    expect(project.agents[0]?.systemPrompt).toBe("from the environment, no key");
  });

  test("ends a file that does not end, and names it", async () => {
    const { root } = await aProject({ "agents/b.ts": "for (;;);\n" });
    const { problems } = await loadProject(root, { env, withinMs: 2_000 });
    expect(problems).toEqual([{ file: "agents/b.ts", message: "does not come to an end: all files together may take 2 s" }]);
  });

  test("is not kept by a timer that a file leaves behind, nor misled by what it sends", async () => {
    const { root } = await aProject({
      "agents/a.ts": `setInterval(() => undefined, 1_000);\nprocess.send?.({ done: "no" });\n${agentFile("a")}`,
    });
    expect(await loadProject(root, { env })).toMatchObject({ problems: [], project: { agents: [{ slug: "a" }] } });
  });

  test("stops when it is told to", async () => {
    const { root } = await aProject({ "agents/a.ts": "for (;;);\n" });
    const stop = new AbortController();
    const loading = loadProject(root, { env, signal: stop.signal }).catch((thrown: unknown) => Fault.from(thrown));
    stop.abort();
    expect(await loading).toMatchObject({ code: "aborted" });
  });

  test("an empty project is one", async () => {
    const { root } = await aProject();
    expect(await loadProject(root, { env })).toMatchObject({ problems: [], project: { agents: [], tools: [] } });
  });
});

test("a project's file that is none is said to be", async () => {
  const { root } = await aProject({ "struere.json": '{ "version": "1.0" }' });
  await expect(findProjectRoot(root)).rejects.toMatchObject({
    sentence: 'struere.json is not one of a project; legal: {"version": "2.0"}',
  });
});
