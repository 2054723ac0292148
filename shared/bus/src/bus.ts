/**
 * The bus as the rest of the system sees it: three promises, two adapters (memory, NATS JetStream), one contract suite over both.
 *
 * - `publish` is stored until consumed: at least once, deduplicated by `id` within the stream's window. It resolves when the stream
 *   has the message and rejects with a `Fault("unavailable")` when that could not be learnt within `timeoutMs`; publishing the
 *   same id again is then the right thing to do.
 * - `consume` hands each stored message to one consumer of the durable name; unacknowledged messages come again.
 * - `broadcast`/`subscribe` reach whoever listens now, at most once.
 */
export interface Bus {
  publish(message: { readonly subject: string; readonly id: string; readonly data: string; readonly timeoutMs?: number }): Promise<void>;
  consume(options: ConsumeOptions): Consumer;
  broadcast(subject: string, data: string): void;
  /** `subject` may hold `*` for one token and `>` for the rest. */
  subscribe(subject: string, deliver: (data: string, subject: string) => void): Subscription;
  /** Whether the bus can be reached now. */
  readonly connected: boolean;
  /** Stops taking, waits for what is on its way out, and lets the event loop empty. */
  close(): Promise<void>;
}

export interface ConsumeOptions {
  /** Name of a stream of `STREAMS`. */
  readonly stream: string;
  /** Consumers of the same name share the work. */
  readonly durable: string;
  readonly subject: string;
  /** Most messages handed over at a time. */
  readonly batch: number;
  /** A message that is neither acknowledged nor reported as in progress for so long is handed to somebody else. */
  readonly ackWaitMs: number;
  /** After so many deliveries the message is set aside. */
  readonly maxDeliver: number;
  /** Most messages of the durable that are handed over and not yet acknowledged, those that wait to come again included; default UNACKNOWLEDGED_MAX. */
  readonly unacknowledgedMax?: number;
}

export interface Consumer extends AsyncIterable<readonly Delivery[]> {
  /** Ends the iteration after the batch in hand. */
  stop(): void;
}

export interface Delivery {
  readonly subject: string;
  readonly data: string;
  /** 1 for the first delivery. */
  readonly attempt: number;
  ack(): void;
  /** Again, after `delayMs`. */
  retry(delayMs: number): void;
  /** Never again: the message can not be understood. */
  discard(): void;
  /** Still at work: the wait for an acknowledgement starts anew. */
  working(): void;
}

export interface Subscription {
  /** Resolves when broadcasts of others reach this subscription from now on; never rejects. */
  readonly ready: Promise<void>;
  unsubscribe(): void;
}
