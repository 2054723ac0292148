/** Before anything listens: the schema is brought up to date and the first key is there. A control plane may start before its database does. */
import { Fault } from "@struere/kernel";
import { retrying } from "@struere/runtime";
import { bootstrap, faultOfDatabase, keepRateCard, migrate } from "@struere/store";
import type { ControlConfig } from "./config.ts";
import { type ControlContext, START_WITHIN_MS } from "./context.ts";

const FIRST_WAIT_MS = 250;
const MAX_WAIT_MS = 4_000;

/**
 * Safe when several processes start at once.
 * @throws Fault unavailable when Postgres stays away for `startWithinMs`; failed_precondition when it refuses us.
 */
export async function prepareDatabase(
  { db, clock, log, rateCard }: Pick<ControlContext, "db" | "clock" | "log" | "rateCard">,
  config: ControlConfig,
): Promise<void> {
  const { bootstrapApiKey, startWithinMs = START_WITHIN_MS } = config;
  const prepare = async (): Promise<void> => {
    try {
      await migrate(db);
      await keepRateCard(db, rateCard, new Date(clock.wall()));
      if (bootstrapApiKey !== null)
        await bootstrap(db, { apiKey: bootstrapApiKey, organizationName: "default", now: new Date(clock.wall()) });
    } catch (thrown) {
      throw faultAtStart(thrown, config.databaseUrl);
    }
  };
  const outOfTime = new AbortController();
  const callOff = clock.arm(clock.now() + startWithinMs, () => outOfTime.abort());
  try {
    await retrying(
      {
        clock,
        attempts: Number.POSITIVE_INFINITY,
        firstDelayMs: FIRST_WAIT_MS,
        maxDelayMs: MAX_WAIT_MS,
        signal: outOfTime.signal,
        onRetry: (error, attempt) =>
          log.warn({ attempt, reason: Fault.from(error).sentence }, "the database is not ready; it is tried again"),
      },
      prepare,
    );
  } finally {
    callOff();
  }
}

/** Classes of SQLSTATE that say no for good: wrong user or password (28), no such database (3D). */
const REFUSALS = /^(28|3D)/;

function faultAtStart(thrown: unknown, databaseUrl: string): unknown {
  const cause = rootOf(thrown);
  const { host } = new URL(databaseUrl);
  if (faultOfDatabase(cause)?.code === "unavailable") {
    return new Fault("unavailable", `Postgres can not be reached at ${host}; start it, or correct DATABASE_URL, and start again`, {
      cause,
    });
  }
  if (cause instanceof Error && "code" in cause && typeof cause.code === "string" && REFUSALS.test(cause.code)) {
    return new Fault(
      "failed_precondition",
      `Postgres at ${host} refuses the connection (${cause.message}); correct DATABASE_URL and start again`,
      { cause },
    );
  }
  return faultOfDatabase(thrown) ?? thrown;
}

/** A migration that broke off because the database went away says so in its cause. */
function rootOf(thrown: unknown): unknown {
  return thrown instanceof Fault && thrown.cause !== undefined ? rootOf(thrown.cause) : thrown;
}
