/**
 * Follows a call's record: reads what the watermarks cover, waits until the recorder says that they moved, reads on. The bus only wakes;
 * what is sent comes from Postgres in the order of the record, so that a lost or repeated broadcast changes nothing. A slow poll finds
 * what no broadcast announced.
 */
import type { Bus } from "@struere/bus";
import { isOver } from "@struere/domain";
import { type CallId, type Clock, Fault } from "@struere/kernel";
import { callSubject } from "@struere/protocol/bus";
import { type CallEventRow, type Db, faultOfDatabase, getCall, listMessages, listWatermarks, type Scope } from "@struere/store";
import { readPositions, writePositions } from "./watch-position.ts";

const PAGE = 200;
const POLL_MS = 2_000;
/** The first wait once the call has said that it ended: what is left to find is the record's own end, and nobody broadcasts that. */
const ENDING_POLL_MS = 150;
/** A call that ended without saying how many messages it has (its node died) is given so long to be recorded. */
const STRAGGLERS_MS = 10_000;
/** Postgres may be away for so long before the watcher is told to come again. */
const OUTAGE_MS = 60_000;

export interface WatchOptions {
  readonly db: Db;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly scope: Scope;
  readonly callId: CallId;
  /** `null`: from the beginning. */
  readonly lastEventId: string | null;
  readonly signal: AbortSignal | undefined;
}

export interface WatchedMessage {
  readonly eventId: string;
  readonly message: CallEventRow;
}

/** @throws Fault not_found, invalid_argument; unavailable when Postgres stays away. Ends when the call is over and all of it was sent. */
export async function* watchCall(options: WatchOptions): AsyncGenerator<WatchedMessage, void, undefined> {
  const { db, scope, callId, clock, signal } = options;
  const positions = options.lastEventId === null ? new Map<number, number>() : readPositions(options.lastEventId);
  if (!(await getCall(db, scope, callId))) throw new Fault("not_found", `there is no call ${callId} in ${scope.environment}`);
  const alarm = watermarkAlarm(options);
  let awaySince: number | null = null;
  let pollMs = POLL_MS;
  try {
    while (!signal?.aborted) {
      const news = await readNews(options, positions);
      if (news === "away") {
        awaySince ??= clock.now();
        if (clock.now() - awaySince > OUTAGE_MS)
          throw new Fault("unavailable", "the record can not be read at the moment; come again with the last event id");
        await alarm.rung(pollMs);
        continue;
      }
      awaySince = null;
      for (const message of news.messages) {
        if (signal?.aborted) return;
        positions.set(message.epoch, message.seq);
        pollMs = message.name === "call.ended" ? ENDING_POLL_MS : POLL_MS;
        yield { eventId: writePositions(positions), message };
      }
      if (news.messages.length === PAGE) continue;
      if (news.complete) return;
      await alarm.rung(pollMs);
      pollMs = Math.min(pollMs * 2, POLL_MS);
    }
  } finally {
    alarm.off();
  }
}

/** Whether all is there is asked before the messages are read: what comes in between is found by the next round. */
async function readNews(
  { db, scope, callId, clock }: WatchOptions,
  positions: ReadonlyMap<number, number>,
): Promise<{ readonly messages: readonly CallEventRow[]; readonly complete: boolean } | "away"> {
  try {
    const complete = await isComplete(db, scope, callId, clock.wall());
    return { complete, messages: await listMessages(db, scope, callId, positions, PAGE) };
  } catch (thrown) {
    if (faultOfDatabase(thrown)?.retryable) return "away";
    throw thrown;
  }
}

async function isComplete(db: Db, scope: Scope, callId: CallId, wallMs: number): Promise<boolean> {
  const call = await getCall(db, scope, callId);
  if (!call || !isOver(call.status) || call.ended_at === null) return call === undefined;
  if (call.epoch === 0) return true;
  if (call.last_seq === null) return wallMs - call.ended_at.getTime() > STRAGGLERS_MS;
  const watermarks = await listWatermarks(db, scope, callId);
  return (watermarks.get(call.epoch) ?? 0) >= call.last_seq;
}

/** Rings when a watermark moved, when the poll is due, or when the watcher goes away. What rang while nobody waited is not lost. */
function watermarkAlarm({ bus, clock, scope, callId, signal }: WatchOptions): { rung(withinMs: number): Promise<void>; off(): void } {
  let ringing = false;
  let answer = (): void => undefined;
  const ring = (): void => {
    ringing = true;
    answer();
  };
  const subscription = bus.subscribe(callSubject({ ...scope, callId }, "watermark"), ring);
  signal?.addEventListener("abort", ring);
  return {
    async rung(withinMs) {
      if (!ringing && !signal?.aborted) {
        await new Promise<void>((resolve) => {
          const disarm = clock.arm(clock.now() + withinMs, resolve);
          answer = () => {
            disarm();
            resolve();
          };
        });
        answer = () => undefined;
      }
      ringing = false;
    },
    off() {
      signal?.removeEventListener("abort", ring);
      subscription.unsubscribe();
    },
  };
}
