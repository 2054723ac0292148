/** The command as a process of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const BIN = fileURLToPath(new URL("../bin/struere.js", import.meta.url));

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<{
    readonly code: number | null;
    readonly signal: NodeJS.Signals | null;
    readonly out: string;
    readonly err: string;
  }>;
  /** Resolves when stdout matches; rejects when the process ends without it. */
  prints(pattern: RegExp): Promise<RegExpExecArray>;
}

export function spawnStruere(
  argv: readonly string[],
  options: { readonly cwd?: string; readonly env?: { readonly [name: string]: string } } = {},
): Running {
  const { PATH = "", HOME = "", USER = "" } = process.env;
  const child = spawn(process.execPath, [BIN, ...argv], { cwd: options.cwd, env: { PATH, HOME, USER, ...options.env } });
  let out = "";
  let err = "";
  const looks = new Set<() => void>();
  child.stdout.on("data", (chunk: Buffer) => {
    out += chunk.toString();
    for (const look of looks) look();
  });
  child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
  const ended = new Promise<Awaited<Running["ended"]>>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, out, err }));
  });
  return {
    child,
    ended,
    prints: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = pattern.exec(out);
          if (found) resolve(found);
        };
        looks.add(look);
        look();
        void ended.then(() => reject(new Error(`it ended without printing ${String(pattern)}:\n${out}\n${err}`)), reject);
      }),
  };
}
