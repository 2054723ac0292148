/**
 * One worker of the pool: takes wake-ups off the bus, asks the control plane to run the audit, and gives the wake-up back when it has to be
 * asked again. What was read and what is to be read it does not know; so it may die at any moment, and its wake-ups go to others.
 *
 * Bounds: `concurrency` audits run, and some more wait here, fairly among organizations; what does not fit is given back to the bus, the
 * newest of whoever has the most; what finds no place for too long is skipped, and the record says so.
 */
import { type Bus, type Consumer, type Delivery, STREAMS } from "@struere/bus";
import { type Clock, Fault } from "@struere/kernel";
import { AuditMessage, type CallAddress, everyCallSubject, parseCallSubject } from "@struere/protocol/bus";
import type { ControlClient } from "@struere/protocol/grpc";
import { type Log, pause } from "@struere/runtime";
import type { AuditorLimits } from "./config.ts";
import type { AuditorEvents } from "./events.ts";
import { FairQueue } from "./fair-queue.ts";

export interface WorkerOptions {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  readonly events: AuditorEvents;
  readonly control: Pick<ControlClient, "runAudit" | "skipAudit">;
  readonly workerId: string;
  readonly concurrency: number;
  readonly limits: AuditorLimits;
}

export interface Worker {
  readonly running: number;
  /** Takes nothing new, and waits for what runs, at most so long. */
  drain(withinMs: number): Promise<void>;
  /** Lets go of everything at once: it goes to other workers. */
  close(): Promise<void>;
}

/** Consumers of this name are the pool. */
const POOL = "auditors";
/** Wake-ups of calls that wait for the end of their interval count as handed over. */
const UNACKNOWLEDGED_MAX = 50_000;
const MAX_DELIVER = 1_000_000;
/** Few at a time: what waits at the server goes to whichever worker has a place first. */
const BATCH = 8;
/** With every place taken, more is looked at only so often: enough to find those whose turn it is, in a crowd of others. */
const LOOK_MS = 100;
const GIVE_BACK_MS = 1_000;
const AGAIN_MS = 1_000;
const RESTART_MS = 1_000;

interface WakeUp {
  readonly delivery: Delivery;
  readonly address: CallAddress;
  readonly message: AuditMessage;
}

export function startWorker(options: WorkerOptions): Worker {
  const { bus, clock, log, events, control, workerId, concurrency, limits } = options;
  const queue = new FairQueue<WakeUp>();
  const inHand = new Set<WakeUp>();
  const works = new Set<Promise<void>>();
  const gone = new AbortController();
  let stopping = false;
  let freed = (): void => undefined;
  const consume = (): Consumer =>
    bus.consume({
      stream: STREAMS.audits.name,
      durable: POOL,
      subject: everyCallSubject("audit"),
      batch: BATCH,
      ackWaitMs: limits.ackWaitMs,
      maxDeliver: MAX_DELIVER,
      unacknowledgedMax: UNACKNOWLEDGED_MAX,
    });
  let consumer = consume();

  async function run(): Promise<void> {
    while (!stopping) {
      try {
        for await (const batch of consumer) {
          takeIn(batch);
          await room();
        }
      } catch (error) {
        log.error({ err: error }, "the worker failed; it starts anew");
        consumer.stop();
      }
      await pause(clock, RESTART_MS, gone.signal);
      if (!stopping) consumer = consume();
    }
  }

  function takeIn(batch: readonly Delivery[]): void {
    for (const delivery of batch) {
      const wakeUp = read(delivery);
      if (wakeUp === undefined) {
        events.notUnderstood(delivery.subject);
        delivery.discard();
      } else queue.add(wakeUp.address.organizationId, wakeUp);
    }
    serve();
    while (queue.size > concurrency * limits.waitingPerPlace) {
      const sent = queue.sendAway();
      if (sent === undefined) break;
      giveBack(sent);
    }
    report();
  }

  /** Resolves when a place is free, or it is time to look further. */
  async function room(): Promise<void> {
    if (inHand.size < concurrency || stopping) return;
    const looking = new AbortController();
    freed = () => looking.abort();
    await pause(clock, LOOK_MS, AbortSignal.any([looking.signal, gone.signal]));
  }

  function serve(): void {
    while (!stopping && inHand.size < concurrency) {
      const next = queue.take();
      if (next === undefined) return;
      const { item, done } = next;
      inHand.add(item);
      const work = ask(item).finally(() => {
        done();
        inHand.delete(item);
        works.delete(work);
        serve();
        freed();
        report();
      });
      works.add(work);
    }
  }

  async function ask({ delivery, address: { callId }, message }: WakeUp): Promise<void> {
    const startedAt = clock.now();
    try {
      const request = { callId, workerId, epoch: message.epoch, delta: message.delta };
      const { outcome, retryAfterMs } = await control.runAudit(request, { signal: gone.signal });
      events.asked(outcome.replace("AUDIT_OUTCOME_", "").toLowerCase(), clock.now() - startedAt);
      if (retryAfterMs > 0) delivery.retry(retryAfterMs);
      else delivery.ack();
    } catch (thrown) {
      const fault = Fault.from(thrown);
      events.asked(fault.code, clock.now() - startedAt);
      if (fault.code === "not_found" || fault.code === "invalid_argument") return delivery.discard();
      if (!gone.signal.aborted) events.askFailed(callId, fault);
      delivery.retry(gone.signal.aborted ? 0 : AGAIN_MS);
    }
  }

  function giveBack(wakeUp: WakeUp): void {
    const { delivery, message } = wakeUp;
    if (clock.wall() - message.at > limits.skipAfterMs) {
      const work = skip(wakeUp).finally(() => works.delete(work));
      works.add(work);
      return;
    }
    events.givenBack();
    delivery.retry(GIVE_BACK_MS);
  }

  async function skip({ delivery, address: { callId } }: WakeUp): Promise<void> {
    try {
      const { retryAfterMs } = await control.skipAudit({ callId, workerId, reason: "overloaded" }, { signal: gone.signal });
      if (retryAfterMs > 0) return delivery.retry(retryAfterMs);
      events.skipped(callId);
      delivery.ack();
    } catch {
      // Whoever could not even write it down has not skipped it.
      delivery.retry(GIVE_BACK_MS);
    }
  }

  function report(): void {
    events.load({ running: inHand.size, waiting: queue.size });
  }

  /** What is in hand stays in hand, as long as this process lives. */
  let offBeat = (): void => undefined;
  const beat = (): void => {
    for (const { delivery } of inHand) delivery.working();
    for (const { delivery } of queue.waiting()) delivery.working();
    offBeat = clock.arm(clock.now() + limits.ackWaitMs / 3, beat);
  };
  beat();
  const running = run();

  const stop = (): void => {
    stopping = true;
    consumer.stop();
    for (const { delivery } of queue.drain()) delivery.retry(0);
    report();
  };
  return {
    get running() {
      return inHand.size;
    },
    async drain(withinMs) {
      stop();
      await Promise.race([Promise.allSettled([...works]), pause(clock, withinMs, gone.signal)]);
    },
    async close() {
      stop();
      gone.abort();
      await Promise.allSettled([...works]);
      offBeat();
      await running;
    },
  };
}

function read(delivery: Delivery): WakeUp | undefined {
  const address = parseCallSubject(delivery.subject);
  if (address?.kind !== "audit") return undefined;
  try {
    return { delivery, address, message: AuditMessage.parse(JSON.parse(delivery.data)) };
  } catch {
    return undefined;
  }
}
