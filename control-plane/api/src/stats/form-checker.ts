/** Keeps looking whether calls that are over have left their forms filled, while that can still be told. */
import { checkForms } from "@struere/store";
import type { ControlContext } from "../context.ts";
import { repeat, type Repeated } from "../repeat.ts";

const EVERY_MS = 5_000;
/** In one go; the calls that ended first come first. */
const CALLS_MAX = 100;

export function startFormChecker({ db, clock, log }: Pick<ControlContext, "db" | "clock" | "log">): Repeated {
  return repeat(clock, EVERY_MS, async () => {
    try {
      await checkForms(db, { now: new Date(clock.wall()), limit: CALLS_MAX });
    } catch (error) {
      log.warn({ err: error }, "the forms of calls could not be looked at; it is tried again");
    }
  });
}
