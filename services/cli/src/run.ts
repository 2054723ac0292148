/** Arguments in, exit code out; the one place where errors end. */
import { CommanderError } from "commander";
import { EXIT } from "./exit-code.ts";
import { failureOf } from "./failure.ts";
import type { Invocation } from "./invocation.ts";
import { createOutput } from "./output.ts";
import { buildProgram } from "./program.ts";
import { secretsOf } from "./secrets.ts";
import { openSession } from "./session.ts";
import type { Flags } from "./settings.ts";
import type { Terminal } from "./terminal.ts";

/** @param argv what follows `struere`. Never throws. */
export async function run(argv: readonly string[], terminal: Terminal): Promise<number> {
  const secrets = secretsOf(terminal.env, argv);
  const out = createOutput(terminal, { json: argv.includes("--json"), secrets });
  let code: number = EXIT.ok;
  try {
    const program = buildProgram(terminal, (): Invocation => {
      const flags: Flags = program.opts<Flags>();
      return {
        terminal,
        secrets,
        flags,
        out,
        session: () => openSession(flags, terminal, secrets),
        exit: (wanted) => {
          code = wanted;
        },
      };
    });
    await program.parseAsync(argv, { from: "user" });
    return code;
  } catch (thrown) {
    if (isAnswered(thrown)) return EXIT.ok;
    const failure = failureOf(thrown);
    out.error(failure);
    return failure.exit;
  }
}

/** Commander ends `--help` and `--version` by an exception, after it has printed them. */
function isAnswered(thrown: unknown): boolean {
  return (
    thrown instanceof CommanderError &&
    ["commander.helpDisplayed", "commander.version", "commander.help"].includes(thrown.code) &&
    thrown.exitCode === 0
  );
}
