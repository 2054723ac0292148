/**
 * A batch of the bus in the hands of one process. The process says that it is still at work, again and again: so the bus need not wait long for
 * one that died, and gives nothing to a second one that the first has in hand, however slow the database is.
 */
import type { Delivery } from "@struere/bus";
import type { Clock } from "@struere/kernel";

/** After this, whatever a process had in hand when it died is somebody else's. */
export const ACK_WAIT_MS = 3_000;
const BEATS = 3;

/**
 * Does `work` with a batch, and tells the bus three times in each `ACK_WAIT_MS` that it is still being done. To acknowledge the batch is the
 * caller's. @throws whatever `work` throws.
 */
export async function atWork<Result>(clock: Clock, batch: readonly Delivery[], work: () => Promise<Result>): Promise<Result> {
  let off = (): void => undefined;
  const arm = (): void => {
    off = clock.arm(clock.now() + ACK_WAIT_MS / BEATS, () => {
      for (const delivery of batch) delivery.working();
      arm();
    });
  };
  arm();
  try {
    return await work();
  } finally {
    off();
  }
}
