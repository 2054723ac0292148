/**
 * Work that is done every few seconds by one control plane, whichever is the first when it is due (store: rounds.ts). Whoever does it says again
 * and again that it is still at it: so a plane that dies in the middle of a round is replaced by another one after `ROUND_LEASE_MS`, and
 * one that dies between two rounds is not missed.
 */
import { randomUUID } from "node:crypto";
import type { Clock } from "@struere/kernel";
import { type Log, pause } from "@struere/runtime";
import { type Db, faultOfDatabase, type RoundToTake, setRoundDue, takeRound } from "@struere/store";
import { ACK_WAIT_MS } from "./at-work.ts";

export interface RoundsOptions {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Log;
  readonly kind: RoundToTake["kind"];
  /** From the end of a round to the beginning of the next one. */
  readonly everyMs: number;
  /** Said once, when it begins to fail. */
  readonly failing: string;
  /** May be done in two processes at once, if need be. Whatever it throws is tried again. */
  readonly round: () => Promise<void>;
}

/** As with what the bus gave it: what a plane had in hand when it died is another one's. */
export const ROUND_LEASE_MS = ACK_WAIT_MS;
const BEATS = 3;

export function startRounds(options: RoundsOptions): { close(): Promise<void> } {
  const { db, clock, log, kind, everyMs, failing, round } = options;
  const stopping = new AbortController();
  const after = (ms: number): Date => new Date(clock.wall() + ms);

  /** @returns how long there is nothing to do. */
  async function turn(): Promise<number> {
    const token = randomUUID();
    const began = clock.wall();
    const { taken, dueAt } = await takeRound(db, { kind, token, now: new Date(began), until: after(ROUND_LEASE_MS) });
    if (!taken) {
      const ms = (dueAt?.getTime() ?? 0) - began;
      return ms > 0 ? Math.min(ms, everyMs) : everyMs;
    }
    await atRound(token);
    await setRoundDue(db, { kind, token, dueAt: after(everyMs) });
    return everyMs;
  }

  async function atRound(token: string): Promise<void> {
    let off = (): void => undefined;
    let said: Promise<unknown> = Promise.resolve();
    const arm = (): void => {
      off = clock.arm(clock.now() + ROUND_LEASE_MS / BEATS, () => {
        // Where it can not be said another plane does the same work, which it may.
        said = setRoundDue(db, { kind, token, dueAt: after(ROUND_LEASE_MS) }).catch(() => undefined);
        arm();
      });
    };
    arm();
    try {
      await round();
    } finally {
      off();
      await said;
    }
  }

  async function run(): Promise<void> {
    let isFailing = false;
    while (!stopping.signal.aborted) {
      let restMs = everyMs;
      try {
        restMs = await turn();
        isFailing = false;
      } catch (error) {
        if (!isFailing) log.warn({ err: faultOfDatabase(error) ?? error }, failing);
        isFailing = true;
      }
      await pause(clock, restMs, stopping.signal);
    }
  }

  const running = run();
  return {
    async close() {
      stopping.abort();
      await running;
    },
  };
}
