/** `struere up`: the whole system in a process of its own, whose signals and exit code are this command's. */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";
import { Fault } from "@struere/kernel";
import type { Command } from "commander";
import type { Invoked } from "../invocation.ts";

const LOCAL = new URL("../../../local/main.ts", import.meta.url);
/** One Ctrl-C reaches this process twice, from the terminal and from whoever started it; the child must not take it for a second one. */
const SAME_SIGNAL_MS = 250;

export function addUp(program: Command, invoked: Invoked): void {
  program
    .command("up")
    .description("the whole system in one process, data in ./.struere; Ctrl-C ends it in order")
    .option("--simulate", "with simulated Twilio and OpenAI: no keys and no phone are needed")
    .action(async (flags: { readonly simulate?: boolean }) => {
      const { out, terminal, exit } = invoked();
      if (out.json) throw new Fault("invalid_argument", "up has no JSON form: it runs until it is stopped; leave --json out");
      // A session of its own: the terminal's Ctrl-C comes only through here.
      const child = spawn(process.execPath, [fileURLToPath(LOCAL), ...(flags.simulate === true ? ["--simulate"] : [])], {
        cwd: terminal.cwd,
        env: { ...terminal.env },
        stdio: ["ignore", "inherit", "inherit"],
        detached: true,
      });
      const passed = new Map<NodeJS.Signals, number>();
      const ignoreSignals = terminal.onSignal((signal) => {
        const asked = signal === "SIGHUP" ? "SIGTERM" : signal;
        if (performance.now() - (passed.get(asked) ?? -Infinity) < SAME_SIGNAL_MS) return;
        passed.set(asked, performance.now());
        child.kill(asked);
      });
      try {
        await new Promise<void>((resolve, reject) => {
          child.on("error", (cause) => reject(new Fault("internal", "the system can not be started", { cause })));
          child.on("exit", (code, signal) => {
            exit(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
            resolve();
          });
        });
      } finally {
        ignoreSignals();
      }
    });
}
