/** Work that is done again and again, a while after it was done the last time, until it is closed. */
import type { Clock } from "@struere/kernel";

export interface Repeated {
  /** Waits for a round that is under way. */
  close(): Promise<void>;
}

/** @param round deals with its own failures. */
export function repeat(clock: Clock, everyMs: number, round: () => Promise<void>): Repeated {
  let closed = false;
  let off = (): void => undefined;
  let running = Promise.resolve();
  const arm = (): void => {
    off = clock.arm(clock.now() + everyMs, () => {
      running = round().finally(() => {
        if (!closed) arm();
      });
    });
  };
  arm();
  return {
    async close() {
      closed = true;
      off();
      await running;
    },
  };
}
