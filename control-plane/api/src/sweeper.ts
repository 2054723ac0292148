/** Ends, every few seconds, the calls that nobody will end any more. Safe in every replica: the store skips rows that somebody else has. */
import { sweepCalls } from "@struere/store";
import type { ControlContext } from "./context.ts";

const SWEEP_EVERY_MS = 5_000;

export function startSweeper({ db, clock, events, log }: Pick<ControlContext, "db" | "clock" | "events" | "log">): {
  close(): Promise<void>;
} {
  let closed = false;
  let off = (): void => undefined;
  let running = Promise.resolve();

  const sweep = async (): Promise<void> => {
    try {
      const swept = await sweepCalls(db, { now: new Date(clock.wall()) });
      if (swept.length > 0) events.callsSwept(swept);
    } catch (error) {
      log.warn({ err: error }, "sweep failed; it is tried again");
    }
    if (!closed) arm();
  };
  const arm = (): void => {
    off = clock.arm(clock.now() + SWEEP_EVERY_MS, () => {
      running = sweep();
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
