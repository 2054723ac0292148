/** Wakes auditors whose wake-up was lost, with the bus or by it: words that are in the record for a while and that nobody has read. */
import { AUDIT_GIVEN_UP_MS } from "@struere/domain";
import { listForgottenByAuditors } from "@struere/store";
import type { ControlContext } from "../context.ts";
import { wakeAuditors } from "../recorder/wake-auditors.ts";
import { repeat, type Repeated } from "../repeat.ts";

const EVERY_MS = 5_000;
/** Longer than the gap between two audits usually is. */
const FORGOTTEN_AFTER_MS = 15_000;
const CALLS_MAX = 500;

export function startForgottenAudits({ db, bus, clock, log }: Pick<ControlContext, "db" | "bus" | "clock" | "log">): Repeated {
  return repeat(clock, EVERY_MS, async () => {
    const wall = clock.wall();
    try {
      const forgotten = await listForgottenByAuditors(db, {
        now: new Date(wall),
        before: new Date(wall - FORGOTTEN_AFTER_MS),
        since: new Date(wall - AUDIT_GIVEN_UP_MS),
        limit: CALLS_MAX,
      });
      // Several control planes see the same: within one stretch of time it is one wake-up.
      await wakeAuditors({ bus, clock, log }, forgotten, { round: String(Math.floor(wall / FORGOTTEN_AFTER_MS)) });
    } catch (error) {
      log.warn({ err: error }, "forgotten audits could not be looked for; it is tried again");
    }
  });
}
