/** Tells the auditors that there is something to read. */
import type { Bus } from "@struere/bus";
import type { Clock } from "@struere/kernel";
import { type AuditMessage, callSubject } from "@struere/protocol/bus";
import type { Log } from "@struere/runtime";
import type { Unaudited } from "@struere/store";

const PUBLISH_MS = 2_000;

/**
 * The same words wake once. A wake-up that the bus does not take is not tried again here: the sweep finds words that nobody has audited.
 * @param options.round tells a repetition from the same wake-up sent twice.
 */
export async function wakeAuditors(
  { bus, clock, log }: { readonly bus: Bus; readonly clock: Clock; readonly log: Log },
  unaudited: readonly Unaudited[],
  options: { readonly round?: string } = {},
): Promise<void> {
  await Promise.all(
    unaudited.map(async ({ organizationId, environment, callId, epoch, delta }) => {
      const message: AuditMessage = { epoch, delta, at: Math.trunc(clock.wall()) };
      const id = `${callId}.${epoch}.${delta}.audit${options.round === undefined ? "" : `.${options.round}`}`;
      try {
        await bus.publish({
          subject: callSubject({ organizationId, environment, callId }, "audit"),
          id,
          data: JSON.stringify(message),
          timeoutMs: PUBLISH_MS,
        });
      } catch (error) {
        log.warn({ err: error, callId }, "the auditors could not be woken; the sweep does it");
      }
    }),
  );
}
