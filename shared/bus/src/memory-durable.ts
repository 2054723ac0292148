/**
 * What JetStream keeps for one durable consumer, in memory: the place in the stream, what is out for acknowledgement, what has to be
 * handed over again. Consumers that share the name wait in line here.
 */
import type { Clock } from "@struere/kernel";
import type { ConsumeOptions, Delivery } from "./bus.ts";
import type { MemoryStream, StoredMessage } from "./memory-stream.ts";
import { UNACKNOWLEDGED_MAX } from "./streams.ts";
import { subjectMatcher } from "./subject-match.ts";

interface Outstanding {
  readonly message: StoredMessage;
  attempt: number;
  disarm: () => void;
}

/** A consumer that waits for work; told once. */
type Waiter = (batch: readonly Delivery[]) => void;

export class MemoryDurable {
  readonly #stream: MemoryStream;
  readonly #clock: Clock;
  readonly #options: ConsumeOptions;
  readonly #matches: (subject: string) => boolean;
  readonly #outstanding = new Map<number, Outstanding>();
  /** Those of the outstanding that nobody works on: to be handed over again. */
  readonly #due = new Set<Outstanding>();
  readonly #waiters: { readonly batch: number; readonly wake: Waiter }[] = [];
  #cursor = 0;

  constructor(stream: MemoryStream, clock: Clock, options: ConsumeOptions) {
    this.#stream = stream;
    this.#clock = clock;
    this.#options = options;
    this.#matches = subjectMatcher(options.subject);
  }

  /** Calls `wake` with the next batch, now or when there is one; the returned function gives up the place in the line. */
  take(batch: number, wake: Waiter): () => void {
    const waiter = { batch, wake };
    this.#waiters.push(waiter);
    this.offer();
    return () => {
      const index = this.#waiters.indexOf(waiter);
      if (index >= 0) this.#waiters.splice(index, 1);
    };
  }

  /** Serves those who wait, as long as there is something for them. */
  offer(): void {
    for (let waiter = this.#waiters[0]; waiter; waiter = this.#waiters[0]) {
      const batch = this.#next(waiter.batch);
      if (batch.length === 0) return;
      this.#waiters.shift();
      waiter.wake(batch);
    }
  }

  /** Every message up to here is acknowledged or set aside, or does not concern this durable. */
  settledUpTo(): number {
    return this.#outstanding.size === 0 ? this.#cursor : Math.min(...this.#outstanding.keys()) - 1;
  }

  close(): void {
    for (const outstanding of this.#outstanding.values()) outstanding.disarm();
  }

  #next(max: number): Delivery[] {
    const batch: Delivery[] = [];
    const again = [...this.#due].sort((a, b) => a.message.seq - b.message.seq);
    for (const outstanding of again.slice(0, max)) batch.push(this.#handOver(outstanding));
    while (batch.length < max && this.#outstanding.size < (this.#options.unacknowledgedMax ?? UNACKNOWLEDGED_MAX)) {
      const message = this.#stream.after(this.#cursor);
      if (!message) break;
      this.#cursor = message.seq;
      if (!this.#matches(message.subject)) continue;
      const outstanding = { message, attempt: 0, disarm: () => undefined };
      this.#outstanding.set(message.seq, outstanding);
      batch.push(this.#handOver(outstanding));
    }
    return batch;
  }

  #handOver(outstanding: Outstanding): Delivery {
    const { message } = outstanding;
    outstanding.attempt += 1;
    this.#due.delete(outstanding);
    this.#awaitAck(outstanding);
    const settle = () => {
      outstanding.disarm();
      this.#due.delete(outstanding);
      if (this.#outstanding.delete(message.seq)) this.offer();
    };
    const stillOut = () => this.#outstanding.get(message.seq) === outstanding && !this.#due.has(outstanding);
    return {
      subject: message.subject,
      data: message.data,
      attempt: outstanding.attempt,
      ack: settle,
      discard: settle,
      retry: (delayMs) => {
        if (!stillOut()) return;
        outstanding.disarm();
        outstanding.disarm = this.#clock.arm(this.#clock.now() + delayMs, () => this.#again(outstanding));
      },
      working: () => {
        if (stillOut()) this.#awaitAck(outstanding);
      },
    };
  }

  #awaitAck(outstanding: Outstanding): void {
    outstanding.disarm();
    outstanding.disarm = this.#clock.arm(this.#clock.now() + this.#options.ackWaitMs, () => this.#again(outstanding));
  }

  /** Another delivery, or none when there were enough. A message that the stream has forgotten is not handed over again. */
  #again(outstanding: Outstanding): void {
    const { seq } = outstanding.message;
    if (outstanding.attempt >= this.#options.maxDeliver || !this.#stream.at(seq)) this.#outstanding.delete(seq);
    else this.#due.add(outstanding);
    this.offer();
  }
}
