/** A piece of work that is told to stop when its time is over or nobody waits for it. */
import { type Clock, Fault } from "@struere/kernel";

export interface Limits {
  readonly clock: Clock;
  /** On the clock. */
  readonly at: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Whoever does the work should heed `signal`; who does not is left behind, its result unheard.
 * @throws Fault deadline_exceeded, aborted
 */
export async function withDeadline<Value>(limits: Limits, work: (signal: AbortSignal) => Promise<Value>): Promise<Value> {
  const controller = new AbortController();
  const given = Promise.withResolvers<never>();
  const stop = (fault: Fault): void => {
    controller.abort(fault);
    given.reject(fault);
  };
  const onAbort = (): void => {
    const reason: unknown = limits.signal?.reason;
    stop(reason instanceof Fault ? reason : new Fault("aborted", "nobody waits for the answer any more"));
  };
  const disarm = limits.clock.arm(limits.at, () =>
    stop(new Fault("deadline_exceeded", "the answer took too long; the same message may be sent again")),
  );
  limits.signal?.addEventListener("abort", onAbort, { once: true });
  try {
    if (limits.signal?.aborted) onAbort();
    const worked = work(controller.signal);
    worked.catch(() => undefined); // Unheard once the time is over.
    return await Promise.race([worked, given.promise]);
  } finally {
    disarm();
    limits.signal?.removeEventListener("abort", onAbort);
    given.promise.catch(() => undefined);
  }
}
