/** A new project: everything that it needs, and an example that answers the phone. */
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Fault } from "@struere/kernel";
import ownPackage from "../../package.json" with { type: "json" };
import { PROJECT_FILE } from "./project-root.ts";

const TEMPLATES = new URL("../../templates/", import.meta.url);
const EXAMPLES = [
  "agents/receptionist.ts",
  "entity-types/appointment.ts",
  "evals/receptionist.eval.yaml",
  "fixtures/appointments.fixture.yaml",
  "roles/front-desk.ts",
  "tools/index.ts",
];

/** @returns the files, from the project's folder. @throws Fault already_exists when one is there: nothing is ever written over. */
export async function scaffold(directory: string, name: string): Promise<readonly string[]> {
  const files = new Map<string, string>([
    [PROJECT_FILE, json({ version: "2.0" })],
    ["package.json", json(packageOf(name))],
    ["tsconfig.json", json(TSCONFIG)],
    [".gitignore", "node_modules/\n.struere/\n.env\nevals/runs/\n"],
    ["README.md", readmeOf(name)],
    ["routers/.gitkeep", ""],
  ]);
  for (const example of EXAMPLES) files.set(example, await readFile(new URL(example, TEMPLATES), "utf8"));
  const there = await Promise.all([...files.keys()].map(async (file) => ((await exists(join(directory, file))) ? [file] : [])));
  if (there.flat().length > 0) {
    throw new Fault(
      "already_exists",
      `${there.flat().join(", ")} is already in ${directory}; nothing was written: give the project another folder`,
    );
  }
  for (const [file, text] of files) {
    await mkdir(dirname(join(directory, file)), { recursive: true });
    await writeFile(join(directory, file), text, { flag: "wx" });
  }
  return [...files.keys()].sort();
}

function packageOf(name: string) {
  return {
    name,
    version: "0.1.0",
    private: true,
    type: "module",
    scripts: { dev: "struere dev", sync: "struere sync", deploy: "struere deploy", test: "struere eval run" },
    devDependencies: { struere: ownPackage.version },
  };
}

const TSCONFIG = {
  compilerOptions: {
    target: "es2024",
    module: "nodenext",
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    allowImportingTsExtensions: true,
    verbatimModuleSyntax: true,
  },
  include: ["agents", "entity-types", "roles", "routers", "tools"],
};

function readmeOf(name: string): string {
  return `# ${name}

Agents on the phone, as definitions. One file is one definition, its default export; the slug is its identity.

| folder | what | with |
|---|---|---|
| \`agents/\` | who speaks | \`defineAgent\` |
| \`routers/\` | who is chosen, and how calls sound | \`defineRouter\` |
| \`entity-types/\` | the forms that calls fill | \`defineData\` |
| \`roles/\` | what an agent may do with them | \`defineRole\` |
| \`tools/index.ts\` | tools of your own | \`defineTools\` |
| \`evals/\` | conversations, and what must come of them | YAML |
| \`fixtures/\` | the data that they begin with | YAML |

    struere sync --dry-run     what would change
    struere sync               make it so in development
    struere dev                the same whenever a file is saved, with the calls live
    struere deploy             to production, with a key of production
    struere eval run           play the conversations of evals/: no key, no phone, nothing running

Connect a number, and call it:

    struere integration twilio --account-sid <sid> --auth-token <token>
    struere integration twilio --phone-number +1XXXXXXXXXX --agent receptionist
    struere entities list appointment

Without a phone, on an installation that was started with \`--simulate\`:

    struere calls place --simulate --to +15550100200

The key comes from STRUERE_API_KEY, the address from STRUERE_URL. The command needs nothing installed here; \`npm install\` brings the types
for the editor.
`;
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}
