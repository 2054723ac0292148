/** The `struere` command as a process: real streams, real signals, an exit code. */
import process from "node:process";
import { ReadStream } from "node:tty";
import { run } from "./run.ts";
import type { Screen, Terminal } from "./terminal.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

const screen = (stream: NodeJS.WriteStream): Screen => ({
  get isTTY() {
    return stream.isTTY;
  },
  write: (text) => void stream.write(text),
});

const terminal: Terminal = {
  env: process.env,
  cwd: process.cwd(),
  now: () => new Date(),
  stdout: screen(process.stdout),
  stderr: screen(process.stderr),
  stdin: {
    get isTTY() {
      return process.stdin.isTTY;
    },
    get stream() {
      return process.stdin;
    },
    echo: (visible) => {
      if (process.stdin instanceof ReadStream) process.stdin.setRawMode(!visible);
    },
  },
  onSignal: (listener) => {
    for (const signal of SIGNALS) process.on(signal, listener);
    return () => {
      for (const signal of SIGNALS) process.off(signal, listener);
    };
  },
};

// `struere calls list | head` closes the pipe: whoever reads has had enough, which is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(process.exitCode ?? 0);
});

process.exitCode = await run(process.argv.slice(2), terminal);
