/**
 * The bus over NATS JetStream, with the features of nats-server 2.9 and up.
 *
 * The server may go away at any time and for long: the client reconnects in the background without end, a publish that can not be
 * confirmed in time says so, consumers go on when the server is back, broadcasts are lost meanwhile.
 */
import { Fault } from "@struere/kernel";
import { type Log, silentLog } from "@struere/runtime";
import {
  connect,
  type ConnectionOptions,
  DebugEvents,
  ErrorCode,
  Events,
  type JetStreamManager,
  type NatsConnection,
  NatsError,
} from "nats";
import type { Bus, Subscription } from "./bus.ts";
import { NatsConsumer } from "./nats-consumer.ts";
import { NatsPublisher } from "./nats-publisher.ts";
import { ensureStreams } from "./nats-resources.ts";
import { streamFor, streamNamed } from "./streams.ts";

export interface NatsBusOptions {
  /** `nats://host:4222`, with user and password or a token in front of the host if needed; several with commas. */
  readonly url: string;
  /** Shown in the server's list of connections. */
  readonly name: string;
  readonly log?: Log;
  /** Longest wait for the first connection; default 10 s. */
  readonly connectTimeoutMs?: number;
}

const CONNECT_TIMEOUT_MS = 10_000;
const PUBLISH_TIMEOUT_MS = 5_000;
/** For questions about streams and consumers; one that was under way when the server died is asked again after it. */
const API_TIMEOUT_MS = 3_000;
const CLOSE_WITHIN_MS = 2_000;
/** A server that accepts and says nothing (stopped, half-open connection) is given up after two of these. */
const PING_INTERVAL_MS = 5_000;
const RETRY_MS = 250;

/** @throws Fault unavailable when the server can not be reached in time, failed_precondition when it has no JetStream. */
export async function natsBus(options: NatsBusOptions): Promise<Bus> {
  const log = options.log ?? silentLog;
  const connection = await connectFirst(options, log);
  try {
    const manager = await connection.jetstreamManager({ timeout: API_TIMEOUT_MS });
    await ensureStreams(manager);
    return new NatsBus(connection, manager, log);
  } catch (cause) {
    await connection.close();
    const fault = cause instanceof Fault ? cause : undefined;
    throw (
      fault ?? new Fault("failed_precondition", `NATS at ${places(options.url)} has no JetStream: start nats-server with -js`, { cause })
    );
  }
}

class NatsBus implements Bus {
  readonly #connection: NatsConnection;
  readonly #manager: JetStreamManager;
  readonly #log: Log;
  readonly #publisher: NatsPublisher;
  readonly #consumers = new Set<NatsConsumer>();
  #connected = true;
  /** How often the connection broke. */
  #breaks = 0;
  #closing = false;
  /** Those who wait for the server to come back. */
  readonly #returned = new Set<() => void>();

  constructor(connection: NatsConnection, manager: JetStreamManager, log: Log) {
    this.#connection = connection;
    this.#manager = manager;
    this.#log = log;
    this.#publisher = new NatsPublisher(connection);
    void this.#follow();
  }

  get connected(): boolean {
    return this.#connected;
  }

  async publish(message: Parameters<Bus["publish"]>[0]): Promise<void> {
    const { subject, id, data, timeoutMs = PUBLISH_TIMEOUT_MS } = message;
    const stream = streamFor(message).name;
    const deadline = performance.now() + timeoutMs;
    // Not handed to the client while the server is away: it would keep every attempt and send them all later.
    if (!this.#connected || this.#closing) {
      if (!(await this.#reachable(timeoutMs))) throw new Fault("unavailable", `NATS is away: ${id} was not published`);
    }
    return this.#publisher.publish({ stream, subject, id, data }, Math.max(1, deadline - performance.now()));
  }

  consume(options: Parameters<Bus["consume"]>[0]): NatsConsumer {
    const consumer: NatsConsumer = new NatsConsumer({
      ...options,
      stream: streamNamed(options.stream).name,
      connection: this.#connection,
      manager: this.#manager,
      reachable: (withinMs) => this.#reachable(withinMs),
      log: this.#log,
      ended: () => this.#consumers.delete(consumer),
    });
    this.#consumers.add(consumer);
    if (this.#closing) consumer.stop();
    return consumer;
  }

  broadcast(subject: string, data: string): void {
    if (this.#connected && !this.#closing) this.#connection.publish(subject, data);
  }

  subscribe(subject: string, deliver: (data: string, subject: string) => void): Subscription {
    const subscription = this.#connection.subscribe(subject, {
      callback: (error, message) => {
        try {
          if (error) throw error;
          deliver(message.string(), message.subject);
        } catch (failure) {
          this.#log.error({ err: failure, subject }, "a subscriber failed");
        }
      },
    });
    // While the server is away there is nothing to wait for: the client subscribes again when it is back.
    const ready = this.#connected ? this.#connection.flush().catch(() => undefined) : Promise.resolve();
    return { ready, unsubscribe: () => subscription.unsubscribe() };
  }

  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    for (const consumer of [...this.#consumers]) consumer.stop();
    this.#publisher.flush();
    // Draining waits for the server, which may be away.
    if (this.#connected) {
      const bound = Promise.withResolvers<void>();
      const timer = setTimeout(bound.resolve, CLOSE_WITHIN_MS);
      await Promise.race([this.#connection.drain(), bound.promise]).catch((error: unknown) => {
        this.#log.debug({ err: error }, "NATS was not drained");
      });
      clearTimeout(timer);
    }
    await this.#connection.close();
    this.#publisher.close();
    this.#connected = false;
    this.#tellReturned();
  }

  /** Whether the server is there, or comes back within this time. */
  async #reachable(withinMs: number): Promise<boolean> {
    if (this.#connected || this.#closing || withinMs <= 0) return this.#connected && !this.#closing;
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#returned.delete(done);
        resolve();
      };
      const timer = setTimeout(done, withinMs);
      this.#returned.add(done);
    });
    return this.#connected && !this.#closing;
  }

  #tellReturned(): void {
    for (const tell of [...this.#returned]) tell();
  }

  /** Follows the connection until it is closed. */
  async #follow(): Promise<void> {
    for await (const { type } of this.#connection.status()) {
      if (type === Events.Disconnect) {
        this.#connected = false;
        this.#breaks += 1;
        for (const consumer of this.#consumers) consumer.interrupt();
        if (!this.#closing) this.#log.warn("NATS is away; trying to reconnect");
      } else if (type === Events.Reconnect) {
        void this.#restore(this.#breaks);
      } else if (type === DebugEvents.StaleConnection) {
        this.#log.warn("NATS does not answer; reconnecting");
      }
    }
    this.#connected = false;
    this.#tellReturned();
  }

  /** A server may come back without what it stored. */
  async #restore(breaks: number): Promise<void> {
    try {
      await ensureStreams(this.#manager);
    } catch (error) {
      // The consumers and publishers will say what is missing, each with its own bound.
      this.#log.warn({ err: error }, "the streams could not be checked");
    }
    // Away again meanwhile: the next return restores.
    if (this.#connection.isClosed() || breaks !== this.#breaks) return;
    this.#connected = true;
    this.#log.info("NATS is back");
    this.#tellReturned();
  }
}

async function connectFirst(options: NatsBusOptions, log: Log): Promise<NatsConnection> {
  const withinMs = options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS;
  const deadline = performance.now() + withinMs;
  for (let told = false; ; told = true) {
    const leftMs = deadline - performance.now();
    try {
      return await connect(connectionOptions(options, Math.max(1, leftMs)));
    } catch (cause) {
      const hopeless = cause instanceof NatsError && HOPELESS.has(cause.code);
      if (hopeless || deadline - performance.now() <= RETRY_MS) {
        const why = cause instanceof Error ? cause.message : String(cause);
        const sentence = `NATS at ${places(options.url)} could not be reached within ${withinMs} ms (${why}): start nats-server -js there, or set NATS_URL`;
        throw new Fault(hopeless ? "unauthenticated" : "unavailable", sentence, { cause });
      }
      if (!told) log.warn({ withinMs }, "NATS is not there yet; waiting for it");
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

const HOPELESS: ReadonlySet<string> = new Set([ErrorCode.AuthorizationViolation, ErrorCode.BadAuthentication, ErrorCode.BadCreds]);

function connectionOptions(options: NatsBusOptions, timeoutMs: number): ConnectionOptions {
  const urls = options.url.split(",").map((url) => new URL(url.trim()));
  const { username, password } = urls[0] ?? { username: "", password: "" };
  const credentials =
    password === "" ? { token: decodeURIComponent(username) } : { user: decodeURIComponent(username), pass: decodeURIComponent(password) };
  return {
    // An Error made for each publish, for its stack alone, costs more than the publish.
    noAsyncTraces: true,
    servers: urls.map((url) => url.host),
    name: options.name,
    timeout: timeoutMs,
    maxReconnectAttempts: -1,
    reconnectTimeWait: RETRY_MS,
    reconnectJitter: RETRY_MS,
    pingInterval: PING_INTERVAL_MS,
    maxPingOut: 2,
    ...(username !== "" && credentials),
    ...(urls[0]?.protocol === "tls:" && { tls: {} }),
  };
}

/** Addresses without credentials, for messages. */
const places = (url: string): string =>
  url
    .split(",")
    .map((one) => new URL(one.trim()).host)
    .join(", ");
