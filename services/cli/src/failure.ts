/** Whatever a command threw, as a sentence and an exit code. */
import { Fault, type FaultCode } from "@struere/kernel";
import { CommanderError } from "commander";
import { EXIT, type ExitCode, exitCodeOf } from "./exit-code.ts";

export interface Failure {
  readonly code: FaultCode;
  readonly sentence: string;
  readonly exit: ExitCode;
}

export function failureOf(thrown: unknown): Failure {
  if (thrown instanceof CommanderError) return { code: "invalid_argument", sentence: usageSentence(thrown), exit: EXIT.usage };
  if (thrown instanceof Fault && thrown.code !== "internal") {
    return { code: thrown.code, sentence: thrown.sentence, exit: exitCodeOf(thrown.code) };
  }
  const cause = thrown instanceof Fault && thrown.cause !== undefined ? thrown.cause : thrown;
  const what =
    thrown instanceof Fault && thrown.cause === undefined ? thrown.sentence : cause instanceof Error ? cause.message : String(cause);
  return { code: "internal", sentence: `something failed that should not: ${what}`, exit: EXIT.failed };
}

/** Commander's words, with what to do. */
function usageSentence(error: CommanderError): string {
  if (error.code === "commander.help") return "a command is missing; see struere --help";
  const said = error.message.replace(/^error: /, "").replace(/\n/g, " ");
  return `${said}${/[.?)]$/.test(said) ? "" : ";"} see struere --help`;
}
