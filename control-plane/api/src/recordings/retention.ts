/** Deletes recordings that are older than they may become. Safe in every replica. */
import { deleteOldRecordings } from "@struere/store";
import type { ControlContext } from "../context.ts";

export const DEFAULT_RECORDING_DAYS = 30;

const LOOK_EVERY_MS = 10 * 60_000;
const DAY_MS = 24 * 60 * 60_000;

export function startRetention(
  { db, clock, log }: Pick<ControlContext, "db" | "clock" | "log">,
  options: { readonly days: number },
): { close(): Promise<void> } {
  let closed = false;
  let off = (): void => undefined;
  let running = Promise.resolve();

  const look = async (): Promise<void> => {
    try {
      let deleted = 0;
      for (let some = 1; some > 0 && !closed; deleted += some)
        some = await deleteOldRecordings(db, new Date(clock.wall() - options.days * DAY_MS));
      if (deleted > 0) log.info({ event: "recordings.deleted", parts: deleted }, `recordings older than ${options.days} days were deleted`);
    } catch (error) {
      log.warn({ err: error }, "old recordings were not deleted; it is tried again");
    }
    if (!closed) arm(LOOK_EVERY_MS);
  };
  const arm = (ms: number): void => {
    off = clock.arm(clock.now() + ms, () => {
      running = look();
    });
  };
  arm(FIRST_LOOK_MS);
  return {
    async close() {
      closed = true;
      off();
      await running;
    },
  };
}

const FIRST_LOOK_MS = 30_000;
