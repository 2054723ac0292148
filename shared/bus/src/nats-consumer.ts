/**
 * A durable pull consumer. One pull request is open at a time; what it brings is handed over as soon as it is there, at most `batch`
 * messages together. The next pull starts when the reader asks again, so that the server, not this process, holds the queue.
 */
import { setImmediate } from "node:timers/promises";
import { Fault } from "@struere/kernel";
import type { Log } from "@struere/runtime";
import type { ConsumerMessages, Consumer as JetStreamConsumer, JetStreamManager, JsMsg, NatsConnection } from "nats";
import type { ConsumeOptions, Consumer, Delivery } from "./bus.ts";
import { ensureConsumer } from "./nats-resources.ts";

interface Settings extends ConsumeOptions {
  readonly connection: NatsConnection;
  readonly manager: JetStreamManager;
  readonly reachable: (withinMs: number) => Promise<boolean>;
  readonly log: Log;
  readonly ended: () => void;
}

/** How long one pull request stays open at the server. */
const PULL_MS = 20_000;
const RETRY_MS = 500;
const AWAY_MS = 5_000;

export class NatsConsumer implements Consumer {
  readonly #settings: Settings;
  #arrived: JsMsg[] = [];
  /** Looked for again after each failure and each break: it may be gone with the server's disk, and then hands over all that is stored. */
  #source: JetStreamConsumer | undefined;
  #pull: ConsumerMessages | undefined;
  #stopped = false;
  #pumping = false;
  /** Wakes the reader: something arrived, or it is over. */
  #wakeReader: (() => void) | undefined;
  /** The reader waits for a batch. */
  #asked = false;
  /** Wakes the pump: the reader asks, or it is over. */
  #wakePump: (() => void) | undefined;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    // Arrived but not handed over: somebody else's, at once.
    for (const message of this.#arrived.splice(0)) message.nak();
    this.#pull?.stop();
    this.#wake();
    this.#settings.ended();
  }

  /**
   * The connection broke, and with it the request that was open: another is made when the server is back. It is given up now and not
   * then, because the client would ask again by itself: what the server sent in answer would be dropped with the request, to come once
   * more when nobody had acknowledged it for long enough, behind what came later.
   */
  interrupt(): void {
    this.#source = undefined;
    this.#pull?.stop();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<readonly Delivery[], undefined> {
    if (this.#pumping) throw new Fault("failed_precondition", "a consumer is read by one loop: consume again for another");
    this.#pumping = true;
    void this.#pump();
    try {
      while (!this.#stopped) {
        if (this.#arrived.length > 0) {
          this.#asked = false;
          yield this.#arrived.splice(0).map(delivery);
        } else {
          this.#asked = true;
          this.#wakePump?.();
          await new Promise<void>((resolve) => {
            this.#wakeReader = resolve;
          });
          // The client hands out one message after the other: those that came in the same read are taken together.
          await setImmediate();
        }
      }
    } finally {
      this.stop();
    }
    return undefined;
  }

  async #pump(): Promise<void> {
    const { stream, durable, reachable, log } = this.#settings;
    while (!this.#stopped) {
      try {
        if (!(await reachable(AWAY_MS))) continue;
        this.#source ??= await this.#open();
        await this.#demand();
        if (this.#source !== undefined) await this.#pullOnce(this.#source);
      } catch (error) {
        if (this.#stopped) return;
        this.#source = undefined;
        const level = error instanceof Fault ? "error" : "debug";
        log[level]({ err: error, stream, durable }, "a pull failed; trying again");
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  async #open(): Promise<JetStreamConsumer> {
    const { stream, durable, manager, connection } = this.#settings;
    await ensureConsumer(manager, this.#settings);
    return connection.jetstream().consumers.get(stream, durable);
  }

  async #pullOnce(source: JetStreamConsumer): Promise<void> {
    if (this.#stopped) return;
    const pull = await source.fetch({ max_messages: this.#settings.batch, expires: PULL_MS });
    this.#pull = pull;
    try {
      for await (const message of pull) {
        if (this.#stopped) message.nak();
        else this.#arrived.push(message);
        this.#wakeReader?.();
      }
    } finally {
      this.#pull = undefined;
    }
  }

  /** Nothing is fetched ahead: a message that waits here could be with somebody else, and giving it back costs it an attempt. */
  async #demand(): Promise<void> {
    while (!this.#stopped && (!this.#asked || this.#arrived.length > 0)) {
      await new Promise<void>((resolve) => {
        this.#wakePump = resolve;
      });
    }
  }

  #wake(): void {
    this.#wakeReader?.();
    this.#wakePump?.();
  }
}

function delivery(message: JsMsg): Delivery {
  return {
    subject: message.subject,
    data: message.string(),
    attempt: message.info.deliveryCount,
    ack: () => message.ack(),
    retry: (delayMs) => message.nak(delayMs),
    discard: () => message.term(),
    working: () => message.working(),
  };
}
