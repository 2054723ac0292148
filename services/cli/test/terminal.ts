/** A terminal that remembers what was written. */
import { PassThrough } from "node:stream";
import { fileURLToPath } from "node:url";
import { run } from "../src/run.ts";
import type { Terminal } from "../src/terminal.ts";

export interface TestTerminal extends Terminal {
  /** What is typed or piped. */
  readonly typed: PassThrough;
  out(): string;
  err(): string;
  press(signal: NodeJS.Signals): void;
  /** Resolves with all of stdout as soon as it matches. */
  shows(pattern: RegExp): Promise<string>;
}

export interface TestTerminalOptions {
  readonly env?: { readonly [name: string]: string | undefined };
  readonly cwd?: string;
  readonly tty?: boolean;
  readonly now?: () => Date;
}

/** As bin/struere.js has it. */
const COMPILED = fileURLToPath(new URL("../../../node_modules/.cache/struere/compiled", import.meta.url));

export function aTerminal(options: TestTerminalOptions = {}): TestTerminal {
  const written = { out: "", err: "" };
  const listeners = new Set<(signal: NodeJS.Signals) => void>();
  const watchers = new Set<() => void>();
  const typed = new PassThrough();
  const isTTY = options.tty === true;
  return {
    env: { NODE_COMPILE_CACHE: COMPILED, ...options.env },
    cwd: options.cwd ?? "/nowhere",
    now: options.now ?? (() => new Date()),
    stdout: {
      isTTY,
      write: (text) => {
        written.out += text;
        for (const watcher of watchers) watcher();
      },
    },
    stderr: {
      isTTY,
      write: (text) => {
        written.err += text;
      },
    },
    stdin: { isTTY, stream: typed, echo: () => undefined },
    onSignal: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    typed,
    out: () => written.out,
    err: () => written.err,
    press: (signal) => {
      for (const listener of listeners) listener(signal);
    },
    shows: (pattern) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!pattern.test(written.out)) return;
          watchers.delete(look);
          resolve(written.out);
        };
        watchers.add(look);
        look();
      }),
  };
}

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs one command to its end. */
export async function struere(argv: readonly string[], options: TestTerminalOptions & { readonly input?: string } = {}): Promise<Ran> {
  const terminal = aTerminal(options);
  if (options.input !== undefined) terminal.typed.end(options.input);
  const code = await run(argv, terminal);
  return { code, out: terminal.out(), err: terminal.err() };
}
