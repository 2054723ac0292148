/** The command's grammar. What the words do is in commands/. */
import { Command } from "commander";
import { addAgents } from "./commands/agents.ts";
import { addBilling } from "./commands/billing.ts";
import { addCalls } from "./commands/calls.ts";
import { addChat } from "./commands/chat.ts";
import { addCompilePrompt } from "./commands/compile-prompt.ts";
import { addDev } from "./commands/dev.ts";
import { addDoctor } from "./commands/doctor.ts";
import { addEval } from "./commands/eval.ts";
import { addEntities } from "./commands/entities.ts";
import { addInit } from "./commands/init.ts";
import { addIntegration } from "./commands/integration.ts";
import { addKeys } from "./commands/keys.ts";
import { addLogs } from "./commands/logs.ts";
import { addRouters } from "./commands/routers.ts";
import { addSync } from "./commands/sync.ts";
import { addThreads } from "./commands/threads.ts";
import { addUp } from "./commands/up.ts";
import { addVersion } from "./commands/version.ts";
import type { Invoked } from "./invocation.ts";
import type { Terminal } from "./terminal.ts";
import ownPackage from "../package.json" with { type: "json" };

export function buildProgram(terminal: Terminal, invoked: Invoked): Command {
  const program = new Command("struere");
  program
    .description("AI agents on the phone.")
    .version(ownPackage.version)
    .option("--env <environment>", "what the key must be of: development, production or eval")
    .option("--json", "one JSON document instead of text")
    .option("--yes", "do not ask")
    .option("--url <url>", "the control plane; else STRUERE_URL, else http://127.0.0.1:4000")
    .addHelpText("after", HELP)
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ writeOut: (text) => terminal.stdout.write(text), writeErr: () => undefined })
    .exitOverride();
  for (const add of [
    addInit,
    addSync,
    addDev,
    addIntegration,
    addAgents,
    addRouters,
    addEntities,
    addCalls,
    addThreads,
    addChat,
    addEval,
    addLogs,
    addCompilePrompt,
    addBilling,
    addKeys,
    addUp,
    addDoctor,
    addVersion,
  ])
    add(program, invoked);
  return program;
}

const HELP = `
The API key comes from STRUERE_API_KEY, or from .struere/secrets.json where struere up was started.
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not found, 4 not permitted, 5 unreachable, 6 not spoken.`;
