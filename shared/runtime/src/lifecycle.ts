/**
 * The life of a process: create → wait for a signal → drain → dispose → the event loop empties. `process.exit` is the last resort,
 * for a second signal and for a stop that does not end.
 */
import { Fault } from "@struere/kernel";

export type Service = AsyncDisposable & {
  /** Stops admitting and resolves when what runs has ended. */
  drain?(): Promise<void>;
};

export interface LifecycleOptions {
  /** Longest time from the first signal to the end of draining and disposing; default 30 s. A media node allows its longest call. */
  readonly stopWithinMs?: number;
  /** Where sentences for people go; default standard error. */
  readonly say?: (sentence: string) => void;
}

const SIGNALS = ["SIGTERM", "SIGINT"] as const;
/** Ctrl-C reaches a program from the terminal and again from the npm that started it: that is one wish, not two. */
const SAME_WISH_MS = 500;
const STOP_WITHIN_MS = 30_000;
/** After everything is disposed, what still keeps the event loop alive is a bug that must not hang a deployment. */
const EMPTY_WITHIN_MS = 5_000;

/** The only function that listens to signals. Resolves when the service has been disposed; the exit code tells how it went. */
export async function runUntilSignal(create: () => Promise<Service>, options: LifecycleOptions = {}): Promise<void> {
  const say = options.say ?? ((sentence) => process.stderr.write(`${sentence}\n`));
  const stopWithinMs = options.stopWithinMs ?? STOP_WITHIN_MS;
  const exit = (sentence: string) => {
    say(sentence);
    process.exit(1);
  };

  const { promise: stopAsked, resolve: askToStop } = Promise.withResolvers<void>();
  const stopListening = onStopSignal({ exit, stopWithinMs, stop: () => askToStop() });

  try {
    const service = await create();
    // A process without servers that has nothing left to do would end here unnoticed: the wait for a signal keeps it.
    const keepAlive = setInterval(() => undefined, 2 ** 30);
    await stopAsked;
    clearInterval(keepAlive);
    try {
      await service.drain?.();
    } finally {
      await service[Symbol.asyncDispose]();
    }
  } catch (error) {
    process.exitCode = 1;
    say(describeFailure(error));
  } finally {
    stopListening();
  }
  const left = () => exit(`disposed, but something keeps the process alive: ${process.getActiveResourcesInfo().join(", ")}`);
  setTimeout(left, EMPTY_WITHIN_MS).unref();
}

/** A fault is a sentence for whoever started the process; anything else is a bug and keeps its stack. */
function describeFailure(error: unknown): string {
  if (error instanceof Fault && error.code !== "internal") return error.sentence;
  const cause = error instanceof Fault && error.cause !== undefined ? error.cause : error;
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
}

const INTERRUPTED_EXIT_CODE = 130;

/**
 * The life of a program that ends by itself: run → dispose → the event loop empties. A signal aborts what runs, which then cleans up
 * (`await using`) and ends; the exit code is 130 then, 1 after a failure. A second signal, or cleaning up for too long, ends at once.
 */
export async function runToEnd(run: (signal: AbortSignal) => Promise<void>, options: LifecycleOptions = {}): Promise<void> {
  const say = options.say ?? ((sentence) => process.stderr.write(`${sentence}\n`));
  const stopping = new AbortController();
  const exit = (sentence: string) => {
    say(sentence);
    process.exit(1);
  };
  const stopListening = onStopSignal({
    exit,
    stopWithinMs: options.stopWithinMs ?? STOP_WITHIN_MS,
    stop: (signal) => stopping.abort(new Fault("aborted", `stopped by ${signal}`)),
  });
  try {
    await run(stopping.signal);
  } catch (error) {
    process.exitCode = stopping.signal.aborted ? INTERRUPTED_EXIT_CODE : 1;
    say(stopping.signal.aborted ? "stopped" : describeFailure(error));
  } finally {
    stopListening();
  }
  const left = () => exit(`done, but something keeps the process alive: ${process.getActiveResourcesInfo().join(", ")}`);
  setTimeout(left, EMPTY_WITHIN_MS).unref();
}

/** The first signal stops, with a bound; a second one that is meant, or the bound, ends at once. @returns what ends the listening. */
function onStopSignal(options: {
  readonly exit: (sentence: string) => void;
  readonly stopWithinMs: number;
  readonly stop: (signal: NodeJS.Signals) => void;
}): () => void {
  let first: { readonly at: number; readonly bound: NodeJS.Timeout } | undefined;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (first) {
      if (performance.now() - first.at > SAME_WISH_MS) options.exit(`second ${signal}: ended at once, without cleaning up`);
      return;
    }
    const tooLong = (): void => options.exit(`not stopped within ${options.stopWithinMs} ms: ended without cleaning up`);
    first = { at: performance.now(), bound: setTimeout(tooLong, options.stopWithinMs) };
    options.stop(signal);
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return () => {
    clearTimeout(first?.bound);
    for (const signal of SIGNALS) process.off(signal, onSignal);
  };
}
