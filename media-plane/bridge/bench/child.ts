/** A child process that is asked questions and gives answers, one at a time. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";

const ANSWER_TIMEOUT_MS = 60_000;
const EXIT_TIMEOUT_MS = 5_000;

export interface Child<Question, Answer extends { readonly type: string }> extends AsyncDisposable {
  tell(question: Question): void;
  /** The next answer of this type. */
  hear<Type extends Answer["type"]>(type: Type): Promise<Extract<Answer, { readonly type: Type }>>;
  readonly pid: number;
}

/** util-linux's; other systems have no such program. */
const TASKSET = "taskset";

/** Whether processes can be bound to cores here. */
export const canPin: boolean = cpus().length > 1 && hasTaskset();

/** Binds this process, and what it starts from now on, to `cores`. */
export function pinSelf(cores: string): void {
  if (canPin) execFileSync(TASKSET, ["-cp", cores, String(process.pid)], { stdio: "ignore" });
}

function hasTaskset(): boolean {
  try {
    execFileSync(TASKSET, ["-V"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** Starts `file` (a URL) on `cores`, such as "0" or "1-3". Flags of Node that this process was started with are passed on. */
export function startChild<Question, Answer extends { readonly type: string }>(options: {
  readonly file: string;
  readonly cores: string;
}): Child<Question, Answer> {
  const path = fileURLToPath(options.file);
  const command = canPin
    ? [TASKSET, "-c", options.cores, process.execPath, ...process.execArgv, path]
    : [process.execPath, ...process.execArgv, path];
  const [program = process.execPath, ...args] = command;
  const child = spawn(program, args, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  return {
    pid: child.pid ?? 0,
    tell: (question) => {
      child.send(Object(question));
    },
    hear: (type) => hear<Answer, typeof type>(child, options.file, type),
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, "exit");
      child.disconnect();
      const late = setTimeout(() => child.kill("SIGKILL"), EXIT_TIMEOUT_MS);
      await gone;
      clearTimeout(late);
    },
  };
}

function hear<Answer extends { readonly type: string }, Type extends Answer["type"]>(
  child: ChildProcess,
  name: string,
  type: Type,
): Promise<Extract<Answer, { readonly type: Type }>> {
  return new Promise((resolve, reject) => {
    const done = (): void => {
      clearTimeout(timer);
      child.off("message", take);
      child.off("exit", gone);
    };
    const take = (message: Answer): void => {
      if (message.type !== type) return;
      done();
      resolve(message as Extract<Answer, { readonly type: Type }>);
    };
    const gone = (code: number | null): void => {
      done();
      reject(new Error(`${name} ended with ${code} instead of answering "${type}"`));
    };
    const timer = setTimeout(() => {
      done();
      reject(new Error(`${name} did not answer "${type}" within ${ANSWER_TIMEOUT_MS} ms`));
    }, ANSWER_TIMEOUT_MS);
    child.on("message", take);
    child.on("exit", gone);
  });
}
