/** `struere init`: a project that works as it is. */
import { readdir } from "node:fs/promises";
import { basename, relative, resolve } from "node:path";
import { createInterface } from "node:readline/promises";
import { Fault } from "@struere/kernel";
import type { Command } from "commander";
import { slugify } from "struere";
import type { Invocation, Invoked } from "../invocation.ts";
import { scaffold } from "../project/scaffold.ts";

const DEFAULT_NAME = "my-agents";
/** What npm and folders take. */
const NAME = /^[a-z0-9][a-z0-9._-]{0,99}$/;

export function addInit(program: Command, invoked: Invoked): void {
  program
    .command("init [name]")
    .description("a new project in a folder of that name (. is this one), with an agent and a form that work")
    .action(async (given: string | undefined) => {
      const invocation = invoked();
      const { out, terminal } = invocation;
      const where = given ?? (invocation.flags.yes ? "." : await askForName(invocation));
      const directory = resolve(terminal.cwd, where);
      const name = where === "." ? nameOfFolder(directory) : basename(directory);
      if (!NAME.test(name))
        throw new Fault(
          "invalid_argument",
          `"${name}" can not be a project's name; legal: a-z, 0-9, then also . _ -, at most 100 characters`,
        );
      const files = await scaffold(directory, name);
      const folder = relative(terminal.cwd, directory);
      out.answer({ name, directory, files }, () =>
        [
          `${name} is made in ${directory}:`,
          ...files.map((file) => `  ${file}`),
          "",
          "Next:",
          ...(folder === "" ? [] : [`  cd ${folder}`]),
          "  struere eval run",
          "  struere sync",
          "  struere integration twilio --phone-number <number> --agent receptionist",
        ].join("\n"),
      );
    });
}

/** The folder is there already, whatever it is called. */
function nameOfFolder(directory: string): string {
  return slugify(basename(directory)) || DEFAULT_NAME;
}

/** @throws Fault invalid_argument when nobody can be asked. */
async function askForName({ terminal }: Invocation): Promise<string> {
  if (!terminal.stdin.isTTY)
    throw new Fault("invalid_argument", "init needs the project's name: struere init <name>, or --yes for this folder");
  const empty = (await readdir(terminal.cwd).catch(() => [])).length === 0;
  const suggestion = empty ? "." : DEFAULT_NAME;
  terminal.stderr.write(`The project's folder, . for this one [${suggestion}]: `);
  const lines = createInterface({ input: terminal.stdin.stream });
  try {
    for await (const line of lines) return line.trim() || suggestion;
  } finally {
    lines.close();
  }
  throw new Fault("aborted", "nothing was written");
}
