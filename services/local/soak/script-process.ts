/** One of the system's programs as a child process: what `npm run <script>` starts, without npm in between, so that its exit code is seen. */
import { type ChildProcess, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "@struere/kernel";

const ROOT = join(import.meta.dirname, "../../..");
/** What a program needs of the environment besides its own variables. */
const INHERITED = ["PATH", "HOME", "TMPDIR"] as const;

/** What was compiled once is not compiled by each process again: it is a third of the time in which one starts, or more. */
const COMPILED = join(ROOT, "node_modules/.cache/struere/compiled");

/** Of what a process writes, more is forgotten from the front. */
const KEPT_CHARS = 4_000_000;

export interface ScriptOptions {
  /** A script of the root package.json that runs one file with node. */
  readonly script: string;
  readonly args?: readonly string[];
  /** Flags for node itself. */
  readonly nodeArgs?: readonly string[];
  /** Its variables; of ours it sees only what every program needs. */
  readonly env?: { readonly [name: string]: string };
  /** Where it runs, and keeps what it keeps. */
  readonly cwd: string;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export class ScriptProcess implements AsyncDisposable {
  readonly name: string;
  readonly pid: number;
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;
  readonly #watchers = new Set<() => void>();
  #gone = false;
  /** The last that it has written, to standard output and standard error. */
  output = "";
  errors = "";

  private constructor(name: string, child: ChildProcess, pid: number) {
    this.name = name;
    this.pid = pid;
    this.#child = child;
    child.stdout
      ?.setEncoding("utf8")
      .on("data", (text: string) => this.#hear(() => (this.output = (this.output + text).slice(-KEPT_CHARS))));
    child.stderr
      ?.setEncoding("utf8")
      .on("data", (text: string) => this.#hear(() => (this.errors = (this.errors + text).slice(-KEPT_CHARS))));
    this.exited = new Promise((resolve) =>
      child.once("close", (code, signal) => {
        this.#hear(() => (this.#gone = true));
        resolve({ code, signal });
      }),
    );
  }

  static async start({ script, args = [], nodeArgs = [], env = {}, cwd }: ScriptOptions): Promise<ScriptProcess> {
    const file = await fileOf(script);
    const inherited = Object.fromEntries(INHERITED.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])));
    const child = spawn(process.execPath, [...nodeArgs, file, ...args], {
      cwd,
      env: { NODE_COMPILE_CACHE: COMPILED, ...inherited, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    if (child.pid === undefined) throw new Fault("internal", `${script} could not be started`);
    return new ScriptProcess(script, child, child.pid);
  }

  /** Waits until what it has written matches. @throws Fault with its last words when it ends first, or takes too long. */
  async writes(pattern: RegExp, withinMs = 45_000): Promise<RegExpExecArray> {
    const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
    const look = (): void => {
      const match = pattern.exec(this.output) ?? pattern.exec(this.errors);
      if (match) resolve(match);
      else if (this.#gone) reject(new Fault("failed_precondition", `${this.name} ended without writing ${pattern}. ${this.#lastWords}`));
    };
    const timer = setTimeout(() => {
      reject(new Fault("deadline_exceeded", `${this.name} did not write ${pattern} within ${withinMs} ms. ${this.#lastWords}`));
    }, withinMs);
    this.#watchers.add(look);
    look();
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

  /** SIGTERM, and SIGKILL when that takes too long. */
  async stop(withinMs = 30_000): Promise<Exit> {
    const impatience = setTimeout(() => this.signal("SIGKILL"), withinMs);
    if (!this.#gone) this.signal("SIGTERM");
    const exit = await this.exited;
    clearTimeout(impatience);
    return exit;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  get #lastWords(): string {
    return `It wrote:\n${this.output.slice(-2_000)}${this.errors.slice(-2_000)}`;
  }

  #hear(change: () => void): void {
    change();
    for (const look of this.#watchers) look();
  }
}

async function fileOf(script: string): Promise<string> {
  const manifest: unknown = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));
  const scripts = (manifest as { readonly scripts: { readonly [name: string]: string } }).scripts;
  const [, file] = /^(?:exec )?node (\S+)$/.exec(scripts[script] ?? "") ?? [];
  if (file === undefined) throw new Fault("not_found", `package.json has no script "${script}" of the form "node <file>"`);
  return join(ROOT, file);
}
