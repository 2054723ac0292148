/**
 * A server that belongs to this process: started in a session of its own, so that Ctrl-C at a terminal reaches only us and we stop
 * it in order; ended by a watchdog when we die without a word. The watchdog is a shell that reads from a pipe which only we hold: the
 * pipe ends with us, whatever killed us.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { Fault } from "@struere/kernel";
import type { Log } from "../log.ts";

/** Reads until the pipe ends; then stops the server (pid $1, signal $2), waits up to 10 s, and removes what was to be thrown away ($3). */
const WATCHDOG = `
read -r _
kill -s "$2" "$1" 2>/dev/null
tries=0
while [ $tries -lt 100 ] && kill -0 "$1" 2>/dev/null; do sleep 0.1; tries=$((tries+1)); done
kill -s KILL "$1" 2>/dev/null
[ -z "$3" ] || rm -rf "$3"
`;
const LINES_KEPT = 20;
const LAST_WORDS_MS = 250;

export interface ServerProcessOptions {
  /** For messages: `Postgres`, `nats-server`. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment of the server; absent = ours. */
  readonly env?: { readonly [name: string]: string };
  /** Runs as this user; absent = as we do. */
  readonly user?: { readonly uid: number; readonly gid: number };
  readonly stopSignal: NodeJS.Signals;
  /** Removed by the watchdog when we die. */
  readonly throwAway?: string;
  readonly log: Log;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export class ServerProcess {
  readonly pid: number;
  /** Resolves when the process has ended, however that came. */
  readonly exited: Promise<Exit>;
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #stopSignal: NodeJS.Signals;
  readonly #lines: string[] = [];
  readonly #watchers = new Set<(line: string) => void>();
  #ended = false;

  private constructor(options: ServerProcessOptions, child: ChildProcess, pid: number) {
    this.pid = pid;
    this.#name = options.name;
    this.#child = child;
    this.#stopSignal = options.stopSignal;
    for (const stream of [child.stdout, child.stderr]) {
      if (stream) createInterface({ input: stream }).on("line", (line) => this.#hear(line, options.log));
    }
    const watchdog = spawn("/bin/sh", ["-c", WATCHDOG, "watchdog", String(pid), options.stopSignal.slice(3), options.throwAway ?? ""], {
      stdio: ["pipe", "ignore", "ignore"],
      detached: true,
    });
    watchdog.on("error", (error) => options.log.warn({ err: error }, `${options.name} has no watchdog: it may outlive this process`));
    watchdog.unref();
    const killOnExit = () => child.kill(options.stopSignal);
    process.once("exit", killOnExit);
    this.exited = new Promise((resolve) => {
      child.once("exit", (code, signal) => {
        this.#ended = true;
        process.off("exit", killOnExit);
        watchdog.kill("SIGKILL");
        watchdog.stdin?.destroy();
        // Its last words may still be in the pipe, which processes that it started can hold open longer than it lived.
        const enough = setTimeout(() => resolve({ code, signal }), LAST_WORDS_MS);
        child.once("close", () => {
          clearTimeout(enough);
          resolve({ code, signal });
        });
      });
    });
  }

  /** @throws Fault failed_precondition when the program can not be run at all. */
  static async spawn(options: ServerProcessOptions): Promise<ServerProcess> {
    const child = spawn(options.command, [...options.args], {
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
      // Ours may be closed to the user who runs it.
      cwd: "/",
      ...(options.env && { env: { ...options.env } }),
      ...(options.user ?? {}),
    });
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", (error) =>
        reject(
          new Fault("failed_precondition", `${options.name} can not be run from ${options.command}: ${error.message}`, { cause: error }),
        ),
      );
    });
    if (child.pid === undefined) throw new Fault("internal", `${options.name} was spawned without a process id`);
    return new ServerProcess(options, child, child.pid);
  }

  get running(): boolean {
    return !this.#ended;
  }

  /** The last lines that it printed, for the message of a failure. */
  get lastWords(): string {
    return this.#lines.join("\n");
  }

  /** Resolves with the first line that matches; `undefined` when the process ended first. Rejects after `withinMs`. */
  async line(matching: RegExp, withinMs: number): Promise<RegExpExecArray | undefined> {
    for (const line of this.#lines) {
      const match = matching.exec(line);
      if (match) return match;
    }
    const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray | undefined>();
    const look = (line: string) => {
      const match = matching.exec(line);
      if (match) resolve(match);
    };
    const late = () =>
      reject(new Fault("deadline_exceeded", `${this.#name} was not ready within ${withinMs} ms. It said:\n${this.lastWords}`));
    const timer = setTimeout(late, withinMs);
    this.#watchers.add(look);
    void this.exited.then(() => resolve(undefined));
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#watchers.delete(look);
    }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Stops in order; when that takes longer than `withinMs`, without order. */
  async stop(withinMs: number): Promise<void> {
    if (!this.running) return;
    const impatience = setTimeout(() => this.signal("SIGKILL"), withinMs);
    this.signal(this.#stopSignal);
    // A stopped (SIGSTOP) process takes note of the signal only when it is continued.
    this.signal("SIGCONT");
    await this.exited;
    clearTimeout(impatience);
  }

  #hear(line: string, log: Log): void {
    log.debug({ server: this.#name }, line);
    this.#lines.push(line);
    if (this.#lines.length > LINES_KEPT) this.#lines.shift();
    for (const look of this.#watchers) look(line);
  }
}
