import { createInterface } from "node:readline/promises";
import { Fault } from "@struere/kernel";
import type { Invocation } from "./invocation.ts";

/** Asks on stderr, so that stdout stays the answer's. @throws Fault aborted when the answer is no; invalid_argument when nobody can be asked. */
export async function confirm({ flags, terminal }: Invocation, question: string): Promise<void> {
  if (flags.yes) return;
  if (!terminal.stdin.isTTY) throw new Fault("invalid_argument", `${question} Nobody can be asked here: say yes with --yes`);
  terminal.stderr.write(`${question} Type yes to go on: `);
  const lines = createInterface({ input: terminal.stdin.stream });
  try {
    for await (const line of lines) {
      if (["y", "yes"].includes(line.trim().toLowerCase())) return;
      break;
    }
  } finally {
    lines.close();
  }
  throw new Fault("aborted", "nothing was changed");
}
