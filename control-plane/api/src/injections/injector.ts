/**
 * Puts words into running calls: whoever injects comes through here, an auditor, a person or a service. The injection is in the database
 * before it is sent; it is sent again, by every control plane, until the record says that the node took it or its time is over; and one that
 * no node will answer for gets its receipt here. Each of these may happen twice at once: the node and the store make that harmless.
 */
import type { Bus } from "@struere/bus";
import { type Clock, ok, type Result } from "@struere/kernel";
import type { Log, Metrics } from "@struere/runtime";
import {
  type Db,
  inTransaction,
  type Injection,
  type InjectionToOpen,
  type InjectProblem,
  listUntakenInjections,
  openInjection,
  type Scope,
  settleForsaken,
} from "@struere/store";
import { repeat, type Repeated } from "../repeat.ts";
import { announceReceipt, sendInjection } from "./messages.ts";

/** An injection that is in the database. `created` false: this id was injected before. */
export interface OpenedInjection {
  readonly injection: Injection;
  readonly created: boolean;
  /** To the node, when the transaction stands. Lost with the process, it is sent by the sweeper. */
  send(): void;
}

export interface Injector {
  /**
   * Its receipt comes later, in the record and on the bus.
   * @param also what is written with a new one, or neither is.
   */
  inject(
    scope: Scope,
    injection: Omit<InjectionToOpen, "now">,
    also?: (tx: Db, injection: Injection) => Promise<void>,
  ): Promise<Result<OpenedInjection, InjectProblem>>;
  /** The same within the asker's transaction, who sends it afterwards. */
  open(tx: Db, scope: Scope, injection: Omit<InjectionToOpen, "now">): Promise<Result<OpenedInjection, InjectProblem>>;
}

export interface InjectorOptions {
  readonly bus: Bus;
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

const AGAIN_EVERY_MS = 1_000;
/** In one go; the ones that expire first come first. */
const AGAIN_MAX = 500;
/** Every so many rounds: receipts that nobody else gives. */
const FORSAKEN_EVERY = 3;

export function injector({ bus, db, clock }: Pick<InjectorOptions, "bus" | "db" | "clock">): Injector {
  const open: Injector["open"] = async (tx, scope, asked) => {
    const opened = await openInjection(tx, scope, { ...asked, now: new Date(clock.wall()) });
    if (!opened.ok) return opened;
    const { injection, created } = opened.value;
    const send = (): void => {
      if (injection.outcome === null) sendInjection(bus, injection);
      else if (created) announceReceipt(bus, injection);
    };
    return ok({ injection, created, send });
  };
  return {
    open,
    async inject(scope, asked, also) {
      const opened = await inTransaction(db, async (tx) => {
        const opening = await open(tx, scope, asked);
        if (opening.ok && opening.value.created) await also?.(tx, opening.value.injection);
        return opening;
      });
      if (opened.ok) opened.value.send();
      return opened;
    },
  };
}

export function startInjectionSweeper({ bus, db, clock, log, metrics }: InjectorOptions): Repeated {
  const again = metrics.counter("injections_sent_again_total", "Injections that no node had taken yet, sent once more");
  const forsaken = metrics.counter("injections_forsaken_total", "Injections that got their receipt here, since no node gave it", [
    "reason",
  ]);
  let round = 0;
  return repeat(clock, AGAIN_EVERY_MS, async () => {
    const now = new Date(clock.wall());
    try {
      const untaken = await listUntakenInjections(db, { now, limit: AGAIN_MAX });
      // One that was sent a moment ago is on its way.
      const due = untaken.filter((injection) => now.getTime() - injection.created_at.getTime() >= AGAIN_EVERY_MS / 2);
      for (const injection of due) sendInjection(bus, injection);
      again.inc(due.length);
      if (round++ % FORSAKEN_EVERY === 0) {
        for (const injection of await settleForsaken(db, { now })) {
          forsaken.inc({ reason: injection.reason ?? "" });
          announceReceipt(bus, injection);
        }
      }
    } catch (error) {
      log.warn({ err: error }, "injections could not be looked after; it is tried again");
    }
  });
}
