/** One run of the command: what it was told, where it writes, whom it asks. Handed to every command. */
import type { Output } from "./output.ts";
import type { Secrets } from "./secrets.ts";
import type { Session } from "./session.ts";
import type { Flags } from "./settings.ts";
import type { Terminal } from "./terminal.ts";

export interface Invocation {
  readonly terminal: Terminal;
  readonly secrets: Secrets;
  readonly flags: Flags;
  readonly out: Output;
  session(): Promise<Session>;
  /** Anything but 0 is said here, one of `EXIT` or that of another process; a fault says it by itself. */
  exit(code: number): void;
}

/** Known once the arguments are parsed. */
export type Invoked = () => Invocation;
