import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Fault } from "@struere/kernel";
import { AgentDefinition, RouterDefinition } from "struere";
import { beforeAll, describe, expect, test } from "vitest";
import { readDefinition } from "../src/definition-file.ts";

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "struere-cli-"));
});

async function reading(name: string, text: string): Promise<unknown> {
  await writeFile(join(cwd, name), text);
  return await readDefinition(AgentDefinition, name, cwd).catch((thrown: unknown) => Fault.from(thrown));
}

describe("a definition in a file", () => {
  test("may be JSON, TypeScript or JavaScript, also where the SDK is not installed", async () => {
    const body = `{ name: "Intake", slug: "intake", systemPrompt: "You answer." }`;
    const expected = AgentDefinition.parse({ name: "Intake", slug: "intake", systemPrompt: "You answer." });
    expect(await reading("a.json", JSON.stringify({ name: "Intake", slug: "intake", systemPrompt: "You answer." }))).toEqual(expected);
    expect(
      await reading(
        "b.ts",
        `import { defineAgent } from "struere";\nconst slug: string = "intake";\nexport default defineAgent({ ...${body}, slug });`,
      ),
    ).toEqual(expected);
    expect(await reading("c.mjs", `import { defineAgent } from "struere";\nexport default defineAgent(${body});`)).toEqual(expected);
    expect(await reading("d.js", `export default ${body};`)).toEqual(expected);
  });

  test("what is wrong in it is said with file, field and legal values, whoever finds it", async () => {
    expect(await reading("wrong.json", `{"name":"A","slug":"Not a slug","systemPrompt":"x","voice":"coral"}`)).toMatchObject({
      code: "invalid_argument",
      sentence: expect.stringMatching(
        /wrong\.json: slug: "Not a slug" is not legal; legal: a slug such as.*\nwrong\.json: unknown key "voice"/,
      ),
    });
    expect(
      await reading("wrong.ts", `import { defineAgent } from "struere";\nexport default defineAgent({ name: "A", slug: "a" });`),
    ).toMatchObject({
      code: "invalid_argument",
      sentence: expect.stringContaining("systemPrompt: is missing"),
    });
  });

  test("files that are no definitions are told apart", async () => {
    const sentences = [
      await reading("broken.json", "{"),
      await reading("empty.ts", "export const agent = 1;"),
      await reading("syntax.ts", "export default {"),
      await reading("missing.ts", `import "not-installed-anywhere";\nexport default {};`),
      await reading("agent.yaml", "name: A"),
      await readDefinition(RouterDefinition, "nowhere.json", cwd).catch((thrown: unknown) => thrown),
    ].map((fault) => (fault instanceof Fault ? `${fault.code}: ${fault.sentence.split("\n")[0]}` : "accepted"));
    expect(sentences).toEqual([
      expect.stringMatching(/^invalid_argument: broken\.json is not JSON: /),
      "invalid_argument: empty.ts has no default export; end it with: export default defineAgent({ … }) or defineRouter({ … })",
      expect.stringMatching(/^invalid_argument: syntax\.ts: /),
      expect.stringMatching(/^invalid_argument: missing\.ts: Cannot find package 'not-installed-anywhere'/),
      "invalid_argument: agent.yaml is no definition; it must be .json, or a module (.ts, .mts, .js, .mjs) that exports one as its default",
      "invalid_argument: nowhere.json can not be read (ENOENT); give the path of a definition",
    ]);
  });
});
