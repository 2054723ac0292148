/** A secret from standard input: piped, or typed without being shown. */
import type { Readable } from "node:stream";
import { Fault } from "@struere/kernel";
import type { Invocation } from "./invocation.ts";

const MAX_LENGTH = 4_096;
const CTRL_C = "\u0003";
const CTRL_D = "\u0004";
const ERASE = /[\b\u007f]/;

/** The first line, without blanks around it. @throws Fault invalid_argument when there is none. */
export async function readSecret({ terminal, secrets }: Invocation, what: string): Promise<string> {
  const { stdin } = terminal;
  if (stdin.isTTY) terminal.stderr.write(`${what}: `);
  stdin.echo(false);
  try {
    const secret = (await firstLine(stdin.stream)).trim();
    if (secret === "")
      throw new Fault("invalid_argument", `standard input has no ${what}; pipe it in, as in: struere … --auth-token - < file`);
    secrets.remember(secret);
    return secret;
  } finally {
    stdin.echo(true);
    stdin.stream.destroy();
    if (stdin.isTTY) terminal.stderr.write("\n");
  }
}

/** Without echo the terminal edits no line either: erasing and giving up are done here. */
async function firstLine(stream: Readable): Promise<string> {
  let line = "";
  // Kept open: a terminal that is closed can not be told to echo again.
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    for (const character of String(chunk)) {
      if (character === "\n" || character === "\r" || character === CTRL_D) return line;
      if (character === CTRL_C) throw new Fault("aborted", "nothing was changed");
      line = ERASE.test(character) ? line.slice(0, -1) : line + character;
      if (line.length > MAX_LENGTH)
        throw new Fault("invalid_argument", `the line on standard input is longer than ${MAX_LENGTH} characters`);
    }
  }
  return line;
}
