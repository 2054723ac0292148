import { Fault } from "@struere/kernel";

export interface UntilOptions {
  /** What is waited for, as the end of "waited in vain for …". */
  readonly what: string;
  /** Real time; default 10 s. */
  readonly withinMs?: number;
}

const WITHIN_MS = 10_000;
const EVERY_MS_FIRST = 2;
const EVERY_MS_MAX = 50;

type Truthy<Value> = Exclude<Value, false | null | undefined | 0 | "">;

/**
 * Waits for a fact of the outside world, and gives what the fact gave: `await until(() => bus.connected, { what: "the bus" })`.
 * A fact that throws is asked again; the last error is the cause of the failure.
 *
 * @throws Fault deadline_exceeded that says what did not happen.
 */
export async function until<Value>(fact: () => Value | Promise<Value>, options: UntilOptions): Promise<Truthy<Value>> {
  const withinMs = options.withinMs ?? WITHIN_MS;
  const deadline = performance.now() + withinMs;
  let cause: unknown;
  for (let everyMs = EVERY_MS_FIRST; ; everyMs = Math.min(everyMs * 2, EVERY_MS_MAX)) {
    try {
      const value = await fact();
      if (value) return value as Truthy<Value>;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (performance.now() >= deadline) {
      throw new Fault("deadline_exceeded", `waited ${withinMs} ms in vain for ${options.what}`, { cause });
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
