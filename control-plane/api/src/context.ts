/** Everything that a control plane is made of, constructed once. Tests and the one-process world put their own parts in. */
import type { Clock } from "@struere/kernel";
import { type Bus, natsBus } from "@struere/bus";
import { Fault } from "@struere/kernel";
import { createLog, createMetrics, type Log, type Metrics, systemClock } from "@struere/runtime";
import { createKeyRing, type Db, type KeyRing, openDatabase } from "@struere/store";
import type { ControlConfig } from "./config.ts";
import { type ControlEvents, controlEvents } from "./events.ts";

export interface ControlContext {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly events: ControlEvents;
  /** For what a ringing phone or a running call waits for: short statements only. */
  readonly db: Db;
  /** For what people look at; it can not take connections away from calls. */
  readonly viewDb: Db;
  readonly bus: Bus;
  readonly keyRing: KeyRing;
}

export type ControlOverrides = Partial<Omit<ControlContext, "events">>;

export interface OwnedContext {
  readonly context: ControlContext;
  /** Closes what was constructed here, and only that. */
  close(): Promise<void>;
}

const CALL_POOL_MAX = 12;
const VIEW_POOL_MAX = 6;
const CALL_STATEMENT_MS = 2_000;
const VIEW_STATEMENT_MS = 10_000;

/** @throws Fault invalid_argument when a secret has the wrong shape; unavailable when the bus can not be reached in time. */
export async function openContext(config: ControlConfig, overrides: ControlOverrides): Promise<OwnedContext> {
  const closers: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const closer of closers.reverse()) await closer();
  };
  const own = <Thing>(thing: Thing, closer: () => Promise<void>): Thing => {
    closers.push(closer);
    return thing;
  };
  const keyRing = overrides.keyRing ?? createKeyRing(config.encryptionKey);
  const log = overrides.log ?? createLog({ name: "control" });
  const metrics = overrides.metrics ?? createMetrics("struere_control_", { process: true });
  const onIdleError = (error: Error) => log.warn({ err: error }, "an idle database connection broke");
  const openPool = (poolMax: number, statementTimeoutMs: number): Db => {
    const db = openDatabase({ url: config.databaseUrl, poolMax, statementTimeoutMs, onIdleError });
    return own(db, () => db.destroy());
  };
  try {
    const bus = overrides.bus ?? (await openBus(config, log, own));
    const db = overrides.db ?? openPool(CALL_POOL_MAX, CALL_STATEMENT_MS);
    const viewDb = overrides.viewDb ?? overrides.db ?? openPool(VIEW_POOL_MAX, VIEW_STATEMENT_MS);
    const clock = overrides.clock ?? systemClock();
    return { context: { clock, log, metrics, events: controlEvents({ log, metrics }), db, viewDb, bus, keyRing }, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openBus(config: ControlConfig, log: Log, own: <Thing>(thing: Thing, closer: () => Promise<void>) => Thing): Promise<Bus> {
  if (config.natsUrl === null) {
    throw new Fault("invalid_argument", "there is no bus: set NATS_URL, or give the control plane a bus when everything runs in one process");
  }
  const bus = await natsBus({ url: config.natsUrl, name: "control", log });
  return own(bus, () => bus.close());
}
