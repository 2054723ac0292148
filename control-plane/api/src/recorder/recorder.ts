/**
 * The recorder: takes what calls publish off the bus, writes it to Postgres, acknowledges it, and announces the watermark. Any number of
 * control planes record side by side; messages come at least once and in any order, and the store makes that harmless.
 *
 * Postgres away: the batch in hand is kept, and tried again until Postgres is back or the process stops; nothing is acknowledged before
 * it is written. What is in hand is bounded by the batch, what waits by the stream. A message that can never be written is set aside with
 * its reason, so that it holds up nobody; only what is wrong with the message itself counts as that.
 */
import { type Bus, type Consumer, type Delivery, STREAMS } from "@struere/bus";
import type { Clock } from "@struere/kernel";
import { callSubject, everyCallSubject } from "@struere/protocol/bus";
import { type Log, type Metrics, pause } from "@struere/runtime";
import {
  type DeadLetter,
  type Db,
  faultOfDatabase,
  type Injection,
  isFaultOfData,
  type MessageToRecord,
  recordMessages,
  setAsideMessages,
  type Unaudited,
  type Watermark,
} from "@struere/store";
import { ACK_WAIT_MS, atWork } from "../at-work.ts";
import { announceReceipt } from "../injections/messages.ts";
import { readMessage } from "./read-message.ts";
import { wakeAuditors } from "./wake-auditors.ts";

export interface RecorderOptions {
  readonly bus: Bus;
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

export interface Recorder {
  /** Ends after the batch in hand; what is not written goes back to the bus. */
  close(): Promise<void>;
}

const BATCH = 200;
/** Far beyond any outage: what can not be written for its own sake is set aside here, not by the bus. */
const MAX_DELIVER = 1_000_000;
const RETRY_FIRST_MS = 100;
const RETRY_MAX_MS = 5_000;
const NOTHING = { watermarks: [], receipts: [], unaudited: [] };

/** What a batch was for whoever waits for it. */
interface Written {
  readonly watermarks: readonly Watermark[];
  readonly receipts: readonly Injection[];
  readonly unaudited: readonly Unaudited[];
}

interface Readable {
  readonly delivery: Delivery;
  readonly message: MessageToRecord;
}

export function startRecorder(options: RecorderOptions): Recorder {
  const { bus, db, clock, log, metrics } = options;
  const recorded = metrics.counter("messages_recorded_total", "Messages of calls that are in the record", ["kind"]);
  const aside = metrics.counter("messages_set_aside_total", "Messages that can never be recorded", ["reason"]);
  const stopping = new AbortController();
  const consume = (): Consumer =>
    bus.consume({
      stream: STREAMS.calls.name,
      durable: "recorder",
      subject: everyCallSubject(),
      batch: BATCH,
      ackWaitMs: ACK_WAIT_MS,
      maxDeliver: MAX_DELIVER,
    });
  let consumer = consume();

  /** A recorder that ends before it is told to would lose calls in silence: whatever happens, it starts anew. */
  const run = async (): Promise<void> => {
    while (true) {
      try {
        for await (const batch of consumer) await handle(batch);
        if (stopping.signal.aborted) return;
        log.error({}, "the bus ended the recorder's work; it starts anew");
      } catch (error) {
        log.error({ err: error }, "the recorder failed; it starts anew");
        consumer.stop();
      }
      await pause(clock, RETRY_MAX_MS, stopping.signal);
      if (stopping.signal.aborted) return;
      consumer = consume();
    }
  };

  async function handle(batch: readonly Delivery[]): Promise<void> {
    const written = await atWork(clock, batch, () => persist(batch));
    if (!written) {
      for (const delivery of batch) delivery.retry(RETRY_FIRST_MS);
      return;
    }
    for (const delivery of batch) delivery.ack();
    announce(written);
  }

  /** `undefined`: the process stops before the database is back. */
  async function persist(batch: readonly Delivery[]): Promise<Written | undefined> {
    const { readable, letters } = sort(batch);
    for (let attempt = 0; ; attempt++) {
      try {
        return await write(readable, letters);
      } catch (thrown) {
        if (stopping.signal.aborted) return undefined;
        if (attempt === 0) log.warn({ err: faultOfDatabase(thrown) ?? thrown }, "the record can not be written; it is tried again");
        await pause(clock, Math.min(RETRY_FIRST_MS * 2 ** Math.min(attempt, 10), RETRY_MAX_MS), stopping.signal);
        if (stopping.signal.aborted) return undefined;
      }
    }
  }

  async function write(readable: readonly Readable[], letters: readonly DeadLetter[]): Promise<Written> {
    const { refused, ...written } = await record(readable);
    const all = [...letters, ...refused];
    if (all.length > 0) await setAsideMessages(db, all, new Date(clock.wall()));
    for (const letter of all) {
      const reason = letter.reason.split(":")[0] ?? letter.reason;
      aside.inc({ reason });
      log.error({ reason, subject: letter.subject }, "message set aside");
    }
    for (const { message } of readable) recorded.inc({ kind: message.kind });
    return written;
  }

  /** A batch that fails for what is in it is written message by message, to find the one at fault. */
  async function record(readable: readonly Readable[]): Promise<Written & { readonly refused: readonly DeadLetter[] }> {
    try {
      const { setAside, ...written } = await recordMessages(
        db,
        readable.map(({ message }) => message),
        new Date(clock.wall()),
      );
      const reasons = new Map(setAside.map(({ message, reason }) => [message, reason]));
      return { ...written, refused: readable.flatMap((item) => letterOf(item.delivery, reasons.get(item.message))) };
    } catch (thrown) {
      if (!isFaultOfData(thrown)) throw thrown;
      if (readable.length === 1) return { ...NOTHING, refused: readable.flatMap(({ delivery }) => letterOf(delivery, "not_writable")) };
      const parts = [];
      for (const item of readable) parts.push(await record([item]));
      return {
        watermarks: parts.flatMap((part) => part.watermarks),
        receipts: parts.flatMap((part) => part.receipts),
        unaudited: parts.flatMap((part) => part.unaudited),
        refused: parts.flatMap((part) => part.refused),
      };
    }
  }

  function announce({ watermarks, receipts, unaudited }: Written): void {
    for (const injection of receipts) announceReceipt(bus, injection);
    void wakeAuditors({ bus, clock, log }, unaudited);
    for (const { environment, organizationId, callId, epoch, seq } of watermarks) {
      bus.broadcast(callSubject({ environment, organizationId, callId }, "watermark"), JSON.stringify({ epoch, seq }));
    }
  }

  const running = run();
  return {
    async close() {
      stopping.abort();
      consumer.stop();
      await running;
    },
  };
}

function sort(batch: readonly Delivery[]): { readonly readable: readonly Readable[]; readonly letters: readonly DeadLetter[] } {
  const readable: Readable[] = [];
  const letters: DeadLetter[] = [];
  for (const delivery of batch) {
    const read = readMessage(delivery);
    if (read.ok) readable.push({ delivery, message: read.value });
    else letters.push(...letterOf(delivery, read.problem));
  }
  return { readable, letters };
}

function letterOf(delivery: Delivery, reason: string | undefined): readonly DeadLetter[] {
  return reason === undefined ? [] : [{ subject: delivery.subject, data: delivery.data, reason }];
}
