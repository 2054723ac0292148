/**
 * Loads definitions, in a process of its own: an owner's file may loop, exit, print or eat memory, and none of it reaches the command.
 * Definitions are checked here, while functions in them can still be seen, and leave as JSON.
 */
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import {
  AgentDefinition,
  type DefinitionKind,
  describeProblems,
  EntityTypeDefinition,
  RoleDefinition,
  RouterDefinition,
  settlePrompt,
  ToolsDefinition,
} from "struere";
import type { z } from "zod";
import { lendSdk } from "./lend-sdk.ts";
import type { LoadMessage, LoadOrder } from "./load-message.ts";
import type { DefinitionFile } from "./project-files.ts";

const SCHEMAS: { readonly [Kind in DefinitionKind]: z.ZodType } = {
  agent: AgentDefinition,
  router: RouterDefinition,
  "entity-type": EntityTypeDefinition,
  role: RoleDefinition,
  tools: ToolsDefinition,
};

const DEFINE: { readonly [Kind in DefinitionKind]: string } = {
  agent: "defineAgent({ … })",
  router: "defineRouter({ … })",
  "entity-type": "defineData({ … })",
  role: "defineRole({ … })",
  tools: "defineTools([ … ])",
};

async function load(root: string, { kind, file }: DefinitionFile): Promise<LoadMessage> {
  try {
    const module: { readonly default?: unknown } = await import(pathToFileURL(join(root, file)).href);
    if (module.default === undefined) return { file, problems: [`has no default export; end it with: export default ${DEFINE[kind]}`] };
    const parsed = SCHEMAS[kind].safeParse(kind === "agent" ? await settlePrompt(module.default) : module.default);
    return parsed.success ? { kind, file, definition: parsed.data } : { file, problems: describeProblems(parsed.error).split("\n") };
  } catch (error) {
    return { file, problems: problemsOf(error) };
  }
}

/** The first line of a DefinitionError says what kind it is, which the file has said. */
function problemsOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [`failed: ${String(error)}`];
  const lines = error.message.split("\n").filter((line) => line.trim() !== "");
  return error.name === "DefinitionError" && lines.length > 1 ? lines.slice(1) : [lines.join(" ") || error.name];
}

function say(message: LoadMessage): Promise<void> {
  return new Promise((resolve, reject) => {
    process.send?.(message, undefined, undefined, (error) => (error ? reject(error) : resolve()));
  });
}

async function obey({ root, files }: LoadOrder): Promise<void> {
  lendSdk();
  for (const one of files) {
    await say({ loading: one.file });
    await say(await load(root, one));
  }
  await say({ done: true });
}

process.once("message", (order: LoadOrder) => {
  obey(order).then(
    // Timers and sockets that a file has opened do not keep it.
    () => process.exit(0),
    (error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    },
  );
});
