/** A project's folder, written file by file. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

export interface TestProject {
  readonly root: string;
  /** `null` deletes the file. */
  write(files: { readonly [file: string]: string | null }): Promise<void>;
}

export async function aProject(files: { readonly [file: string]: string } = {}): Promise<TestProject> {
  const root = await mkdtemp(join(tmpdir(), "struere-project-"));
  const project: TestProject = {
    root,
    async write(texts) {
      for (const [file, text] of Object.entries(texts)) {
        const path = join(root, file);
        await mkdir(dirname(path), { recursive: true });
        await (text === null ? rm(path, { force: true }) : writeFile(path, text));
      }
    },
  };
  await project.write({ "struere.json": '{ "version": "2.0" }\n', ...files });
  return project;
}

/** An agent's file. */
export function agentFile(slug: string, fields = ""): string {
  return `import { defineAgent } from "struere";\nexport default defineAgent({ name: "${slug}", slug: "${slug}", systemPrompt: "You answer.", ${fields} });\n`;
}

const SEED = new URL("../../../shared/sdk/test/fixtures/seed/", import.meta.url);

/** The documentation's own examples, letter by letter, where the documentation puts them. */
export async function seedFiles(): Promise<{ readonly [file: string]: string }> {
  const text = (name: string): Promise<string> => readFile(new URL(name, SEED), "utf8");
  return {
    "agents/form-auditor.ts": await text("form-auditor.ts"),
    "agents/outreach.ts": await text("outreach.ts"),
    "agents/intake-agent.ts": agentFile("intake-agent"),
    "agents/support-agent.ts": agentFile("support-agent"),
    "routers/phone-support.ts": await text("phone-support.ts"),
  };
}
