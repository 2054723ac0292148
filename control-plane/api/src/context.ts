/** Everything that a control plane is made of, constructed once. Tests and the one-process world put their own parts in. */
import { type Bus, natsBus } from "@struere/bus";
import { type Clock, Fault } from "@struere/kernel";
import { createLog, createMetrics, type Log, type Metrics, systemClock } from "@struere/runtime";
import { createKeyRing, type Db, type KeyRing, openDatabase, openScopedDatabase, type Scope } from "@struere/store";
import type { RateCard } from "@struere/domain";
import { loadRateCard } from "./billing/rate-card-file.ts";
import type { ControlConfig } from "./config.ts";
import { type ControlEvents, controlEvents } from "./events.ts";

export interface ControlContext {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly events: ControlEvents;
  /** For what a ringing phone waits for: short statements only. */
  readonly db: Db;
  /** For what running calls wait for (claims, leases, ends) and what they say: a burst of ringing phones must not queue before them. */
  readonly planeDb: Db;
  /** For what people look at; it can not take connections away from calls. */
  readonly viewDb: Db;
  /** The same, behind the second wall: for what somebody with a key asks. */
  readonly scopedDb: ScopedDb;
  readonly bus: Bus;
  /** For the books: a hot one must not take connections away from calls. */
  readonly billDb: Db;
  readonly keyRing: KeyRing;
  /** What things cost from now on; calls and uses are pinned to its version. */
  readonly rateCard: RateCard;
}

/** Sees rows of that organization only, whatever a question says. */
export type ScopedDb = (scope: Pick<Scope, "organizationId">) => Db;

export type ControlOverrides = Partial<Omit<ControlContext, "events">>;

/** Disposing closes what was constructed here, and only that. */
export interface OwnedContext extends AsyncDisposable {
  readonly context: ControlContext;
}

export const START_WITHIN_MS = 20_000;

const RING_POOL_MAX = 8;
const PLANE_POOL_MAX = 8;
const VIEW_POOL_MAX = 6;
const SCOPED_POOL_MAX = 6;
const BILL_POOL_MAX = 3;
const CALL_STATEMENT_MS = 2_000;
const VIEW_STATEMENT_MS = 10_000;

/** @throws Fault invalid_argument when a secret has the wrong shape; unavailable when the bus can not be reached in time. */
export async function openContext(config: ControlConfig, overrides: ControlOverrides): Promise<OwnedContext> {
  await using parts = new AsyncDisposableStack();
  const keyRing = overrides.keyRing ?? createKeyRing(config.encryptionKey);
  const clock = overrides.clock ?? systemClock();
  const log = overrides.log ?? createLog({ name: "control" });
  const metrics = overrides.metrics ?? createMetrics("struere_control_", { process: true });
  const bus = overrides.bus ?? parts.adopt(await openBus(config, log), (own) => own.close());
  const onIdleError = (error: Error) => log.warn({ err: error }, "an idle database connection broke");
  const openPool = (poolMax: number, statementTimeoutMs: number): Db => {
    const db = openDatabase({ url: config.databaseUrl, poolMax, statementTimeoutMs, onIdleError });
    return parts.adopt(db, (own) => own.destroy());
  };
  const db = overrides.db ?? openPool(RING_POOL_MAX, CALL_STATEMENT_MS);
  const planeDb = overrides.planeDb ?? overrides.db ?? openPool(PLANE_POOL_MAX, CALL_STATEMENT_MS);
  const viewDb = overrides.viewDb ?? overrides.db ?? openPool(VIEW_POOL_MAX, VIEW_STATEMENT_MS);
  const billDb = overrides.billDb ?? overrides.db ?? openPool(BILL_POOL_MAX, VIEW_STATEMENT_MS);
  const rateCard = overrides.rateCard ?? (await loadRateCard(config.rateCardFile ?? null));
  const scoped = openScopedDatabase({
    url: config.databaseUrl,
    poolMax: SCOPED_POOL_MAX,
    statementTimeoutMs: VIEW_STATEMENT_MS,
    onIdleError,
  });
  parts.defer(() => scoped.close());
  const scopedDb: ScopedDb = overrides.scopedDb ?? (({ organizationId }) => scoped.of(organizationId));
  const owned = parts.move();
  return {
    context: {
      clock,
      log,
      metrics,
      events: controlEvents({ log, metrics }),
      db,
      planeDb,
      viewDb,
      scopedDb,
      billDb,
      bus,
      keyRing,
      rateCard,
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function openBus({ natsUrl, startWithinMs = START_WITHIN_MS }: ControlConfig, log: Log): Promise<Bus> {
  if (natsUrl === null) {
    throw new Fault(
      "invalid_argument",
      "there is no bus: set NATS_URL, or give the control plane a bus when everything runs in one process",
    );
  }
  return await natsBus({ url: natsUrl, name: "control", log, connectTimeoutMs: startWithinMs });
}
