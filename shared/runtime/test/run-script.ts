/** Runs a small program in a process of its own, for what can only be seen from outside: signals, exits, orphans. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { join } from "node:path";

export const SOURCE = join(import.meta.dirname, "../src");

export interface RunningScript {
  readonly child: ChildProcess;
  /** Everything that it printed, line by line. */
  readonly lines: string[];
  /** Resolves with the line; rejects when the process ended without printing it. */
  line(matching: RegExp): Promise<string>;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
}

/** `code` is a module; `from(path)` in it names a file of the runtime's source for an import. */
export function runScript(
  code: string,
  options: { readonly uid?: number; readonly gid?: number; readonly cwd?: string } = {},
): RunningScript {
  const child = spawn(process.execPath, ["--input-type=module", "--eval", code], { stdio: ["ignore", "pipe", "pipe"], ...options });
  const lines: string[] = [];
  const looking = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      lines.push(line);
      for (const look of looking) look();
    });
  }
  const ended = once(child, "close").then(([code, signal]) => ({ code: code as number | null, signal: signal as NodeJS.Signals | null }));
  return {
    child,
    lines,
    ended,
    line(matching) {
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      const look = () => {
        const found = lines.find((line) => matching.test(line));
        if (found !== undefined) resolve(found);
      };
      looking.add(look);
      look();
      void ended.then(() => {
        look();
        reject(new Error(`ended without saying ${matching}; it said:\n${lines.join("\n")}`));
      });
      return promise.finally(() => looking.delete(look));
    },
  };
}

/** The path of a source file, quoted for an import statement. */
export const from = (path: string): string => JSON.stringify(join(SOURCE, path));
