/**
 * The biller posts what was used: usage of calls as it comes over the bus, through a consumer of its own, and whatever the record has that is
 * not in the books yet, in rounds, which one control plane at a time does. The bus makes it prompt; the record makes it certain, since it
 * alone outlives everything: usage that the recorder wrote and the bus then lost is found there, and so are text responses and the carrier's
 * minutes, which come by no bus. Both ways post under the same keys, so that it does not matter which is first, how often, or in how many
 * processes.
 *
 * Postgres away: nothing is acknowledged, the bus brings it again, and the rounds go on. What has no price is marked with the reason, holds up
 * nobody, and waits for `billing reconcile`.
 */
import { type Bus, type Consumer, type Delivery, STREAMS } from "@struere/bus";
import type { RateCard } from "@struere/domain";
import type { CallId, Clock } from "@struere/kernel";
import { everyCallSubject } from "@struere/protocol/bus";
import { type Log, type Metrics, pause } from "@struere/runtime";
import {
  callsToBill,
  type CallToBill,
  type Db,
  expireHolds,
  faultOfDatabase,
  listSettledHolds,
  listUnbilledCallUsage,
  listUnbilledCarriers,
  listUnbilledTextUsage,
  listUnbilledTransfers,
  markCallUsage,
  markCarrier,
  markTextUsage,
  markTransfers,
  postEntries,
  type UsageToRecord,
} from "@struere/store";
import { ACK_WAIT_MS, atWork } from "../at-work.ts";
import { readMessage } from "../recorder/read-message.ts";
import { startRounds } from "../rounds.ts";
import { billUses, rateCards, type Use } from "./bill-uses.ts";
import { estimateUnanswered, estimateUnreported, takeBackOvertaken } from "./estimates.ts";
import { useOfCarrier, useOfMediaStream, useOfMessage, useOfRow, useOfText, useOfTransfer } from "./uses.ts";

export interface BillerOptions {
  readonly bus: Bus;
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** By which text that belongs to no call is billed. */
  readonly rateCard: RateCard;
}

export interface Biller {
  /** One round, now: everything that the record has and the books have not. For whoever can not wait. */
  round(): Promise<void>;
  close(): Promise<void>;
}

const BATCH = 100;
const MAX_DELIVER = 1_000_000;
const RETRY_MS = 1_000;
const ROUND_EVERY_MS = 2_000;
/** In one step of a round; the rest is for the next step. */
const ROUND_BATCH = 500;
/** Twilio reports a call's end within seconds, or, when we were away, for minutes. Then our own clock counts. */
const CARRIER_SILENT_MS = 10 * 60_000;

export function startBiller(options: BillerOptions): Biller {
  const { bus, db, clock, log, metrics, rateCard } = options;
  const posted = metrics.counter("uses_billed_total", "Things used that are in the books", ["source"]);
  const refused = metrics.counter("uses_not_billable_total", "Things used that could not be billed, and wait for a person", ["source"]);
  const billing = { db, clock, cards: rateCards(db) };
  const stopping = new AbortController();
  const now = (): Date => new Date(clock.wall());

  /** @param mark called for those that are in the books, and for each problem with those that are not. */
  async function bill<Item>(
    items: readonly { readonly item: Item; readonly use: Use }[],
    mark: (items: readonly Item[], problem?: string) => Promise<void>,
  ): Promise<void> {
    if (items.length === 0) return;
    const problems = await billUses(
      billing,
      items.map(({ use }) => use),
    );
    const done = items.filter((_one, index) => problems[index] === null);
    await mark(done.map(({ item }) => item));
    for (const { use } of done) posted.inc({ source: use.source });
    for (const [index, { item, use }] of items.entries()) {
      const problem = problems[index];
      if (problem === null || problem === undefined) continue;
      refused.inc({ source: use.source });
      log.error({ key: use.key, problem }, "what was used can not be billed");
      await mark([item], problem);
    }
  }

  /** Usage that no call may have published is the recorder's to set aside. */
  async function billMessages(messages: readonly { readonly callId: CallId; readonly body: UsageToRecord }[]): Promise<void> {
    const calls = await callsToBill(
      db,
      messages.map((message) => message.callId),
    );
    const items = messages.flatMap(({ callId, body }) => {
      const call = calls.get(callId);
      if (!isPriced(call) || body.epoch < 1 || body.epoch > call.epoch) return [];
      return [{ item: { callId, usageId: body.usageId }, use: useOfMessage(call, body) }];
    });
    await bill(items, (keys, problem) => markCallUsage(db, { keys, now: now(), ...told(problem) }));
  }

  const steps: readonly (() => Promise<number>)[] = [
    async () => {
      const rows = await listUnbilledCallUsage(db, ROUND_BATCH);
      const calls = await callsToBill(
        db,
        rows.map((row) => row.call_id),
      );
      const keyOf = (row: (typeof rows)[number]) => ({ callId: row.call_id, usageId: row.usage_id });
      const unpriced = rows.filter((row) => !isPriced(calls.get(row.call_id)));
      await markCallUsage(db, { keys: unpriced.map(keyOf), now: now(), problem: "the call was taken without a rate card" });
      const items = rows.flatMap((row) => {
        const call = calls.get(row.call_id);
        return isPriced(call) ? [{ item: keyOf(row), use: useOfRow(call, row) }] : [];
      });
      await bill(items, (keys, problem) => markCallUsage(db, { keys, now: now(), ...told(problem) }));
      return rows.length;
    },
    async () => {
      const rows = await listUnbilledTextUsage(db, ROUND_BATCH);
      const items = rows.map((row) => ({ item: row.response_id, use: useOfText(row, rateCard.version) }));
      await bill(items, (responseIds, problem) => markTextUsage(db, { responseIds, now: now(), ...told(problem) }));
      return rows.length;
    },
    async () => {
      const endedBefore = new Date(clock.wall() - CARRIER_SILENT_MS);
      const rows = await listUnbilledCarriers(db, { endedBefore, limit: ROUND_BATCH });
      // The stream first: what marks the call is that its minutes are in the books.
      await bill(
        rows.flatMap((row) => (row.answered_at === null ? [] : [{ item: row.id, use: useOfMediaStream(row) }])),
        async () => undefined,
      );
      const items = rows.map((row) => ({ item: row.id, use: useOfCarrier(row) }));
      await bill(items, (callIds, problem) => markCarrier(db, { callIds, now: now(), ...told(problem) }));
      return rows.length;
    },
    async () => {
      const rows = await listUnbilledTransfers(db, { endedBefore: new Date(clock.wall() - CARRIER_SILENT_MS), limit: ROUND_BATCH });
      const items = rows.map((row) => ({ item: row.call_id, use: useOfTransfer(row) }));
      await bill(items, (callIds, problem) => markTransfers(db, { callIds, now: now(), ...told(problem) }));
      return rows.length;
    },
    async () => {
      const holds = await listSettledHolds(db, ROUND_BATCH);
      for (const { organization_id: organizationId, environment, id } of holds) {
        const entry = { kind: "release", holdId: id } as const;
        await postEntries(db, { organizationId, environment }, [{ entry, actor: "biller", callId: id }], now());
      }
      return holds.length;
    },
    () => expireHolds(db, now(), ROUND_BATCH),
    () => estimateUnreported(billing, ROUND_BATCH),
    () => estimateUnanswered({ ...billing, cardNow: rateCard.version }, ROUND_BATCH),
    () => takeBackOvertaken(billing, ROUND_BATCH),
  ];

  async function round(): Promise<void> {
    for (const step of steps) {
      while (!stopping.signal.aborted) if ((await step()) < ROUND_BATCH) break;
    }
  }

  async function handle(batch: readonly Delivery[]): Promise<void> {
    const messages = batch.flatMap((delivery) => {
      const read = readMessage(delivery);
      return read.ok && read.value.kind === "usage" ? [read.value] : [];
    });
    try {
      await atWork(clock, batch, () => billMessages(messages));
      for (const delivery of batch) delivery.ack();
    } catch (error) {
      log.warn({ err: faultOfDatabase(error) ?? error }, "usage can not be posted; it is tried again");
      for (const delivery of batch) delivery.retry(RETRY_MS);
    }
  }

  const consume = (): Consumer =>
    bus.consume({
      stream: STREAMS.calls.name,
      durable: "biller",
      subject: everyCallSubject("usage"),
      batch: BATCH,
      ackWaitMs: ACK_WAIT_MS,
      maxDeliver: MAX_DELIVER,
    });
  let consumer = consume();

  async function runConsumer(): Promise<void> {
    while (true) {
      try {
        for await (const batch of consumer) await handle(batch);
        if (stopping.signal.aborted) return;
        log.error({}, "the bus ended the biller's work; it starts anew");
      } catch (error) {
        log.error({ err: error }, "the biller failed; it starts anew");
        consumer.stop();
      }
      await pause(clock, RETRY_MS, stopping.signal);
      if (stopping.signal.aborted) return;
      consumer = consume();
    }
  }

  const running = runConsumer();
  const rounds = startRounds({
    ...{ db, clock, log, round, kind: "billing", everyMs: ROUND_EVERY_MS },
    failing: "the books can not be written; it is tried again",
  });
  return {
    round,
    async close() {
      stopping.abort();
      consumer.stop();
      await Promise.all([running, rounds.close()]);
    },
  };
}

function isPriced(call: CallToBill | undefined): call is CallToBill & { readonly rate_card_version: string } {
  return call !== undefined && call.rate_card_version !== null;
}

const told = (problem: string | undefined) => (problem === undefined ? {} : { problem });
