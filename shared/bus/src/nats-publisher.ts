/**
 * Publishing to JetStream: a message goes out with a reply subject of our own, and the stream's acknowledgement comes back to it.
 *
 * The client has the same in `jetstream().publish`, but makes a request of it each time, with promises, a timer and an error whose stack
 * nobody reads: that costs several times what the message does. Here all acknowledgements come to one subscription, and one timer looks
 * for those that are late. What is published within some tens of milliseconds goes out in one write, and its acknowledgements come back in few:
 * a process with many calls publishes hundreds of messages a second, and the system calls cost more than the messages.
 */
import { Fault } from "@struere/kernel";
import { createInbox, headers, type Msg, type NatsConnection } from "nats";

/**
 * After a write the next one waits so long, and takes with it what was published meanwhile. What is published after a pause waits for no
 * more than what is published in the same turn.
 */
const GATHER_MS = 40;
/** So many do not wait. */
const MOST_GATHERED = 256;
/** How often late acknowledgements are looked for, while any is awaited: so much later than its timeout a publish may fail. */
const SWEEP_MS = 100;
const NO_RESPONDERS = 503;
/** `10077`, `10023`: the stream has reached a limit (nats-server, server/errors.json). */
const STREAM_FULL: ReadonlySet<number> = new Set([10_077, 10_023]);

export interface StreamMessage {
  /** That stores the subject. */
  readonly stream: string;
  readonly subject: string;
  readonly id: string;
  readonly data: string;
}

interface Awaited {
  readonly message: StreamMessage;
  readonly until: number;
  resolve(): void;
  reject(fault: Fault): void;
}

export class NatsPublisher {
  readonly #connection: NatsConnection;
  readonly #inbox = createInbox();
  /** By the last token of their reply subject. As many as there are publishers: each waits for its own. */
  readonly #awaited = new Map<string, Awaited>();
  #count = 0;
  #sweeping: NodeJS.Timeout | undefined;
  #gathered: Awaited[] = [];
  #flushing: NodeJS.Timeout | undefined;
  #wroteAt = Number.NEGATIVE_INFINITY;

  constructor(connection: NatsConnection) {
    this.#connection = connection;
    connection.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => {
        if (error === null) this.#answered(message);
      },
    });
  }

  /** @throws Fault unavailable when the stream has not confirmed in time, resource_exhausted when it is full. */
  publish(message: StreamMessage, timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#gathered.push({ message, until: performance.now() + timeoutMs, resolve, reject });
      if (this.#gathered.length >= MOST_GATHERED) this.flush();
      else if (this.#gathered.length === 1) this.#flushLater();
    });
  }

  #flushLater(): void {
    const waitMs = this.#wroteAt + GATHER_MS - performance.now();
    if (waitMs <= 0) queueMicrotask(() => this.flush());
    else this.#flushing = setTimeout(() => this.flush(), waitMs);
  }

  /** Sends what waits for more. */
  flush(): void {
    clearTimeout(this.#flushing);
    this.#flushing = undefined;
    if (this.#gathered.length === 0) return;
    const gathered = this.#gathered;
    this.#gathered = [];
    this.#wroteAt = performance.now();
    // The client writes once for all that is published before the next microtask.
    for (const awaited of gathered) this.#send(awaited);
  }

  #send(awaited: Awaited): void {
    const { message, reject } = awaited;
    this.#count += 1;
    const token = this.#count.toString(36);
    const named = headers();
    named.set("Nats-Msg-Id", message.id);
    try {
      this.#connection.publish(message.subject, message.data, { headers: named, reply: `${this.#inbox}.${token}` });
    } catch (cause) {
      reject(unconfirmed(message, cause instanceof Error ? cause.message : String(cause), cause));
      return;
    }
    this.#awaited.set(token, awaited);
    this.#sweeping ??= setTimeout(() => this.#sweep(), SWEEP_MS);
  }

  /** Nothing is confirmed any more. */
  close(): void {
    this.flush();
    clearTimeout(this.#sweeping);
    this.#sweeping = undefined;
    for (const { message, reject } of this.#awaited.values()) reject(unconfirmed(message, "the bus was closed"));
    this.#awaited.clear();
  }

  #answered(answer: Msg): void {
    const token = answer.subject.slice(this.#inbox.length + 1);
    const awaited = this.#awaited.get(token);
    if (awaited === undefined) return;
    this.#awaited.delete(token);
    const fault = faultOf(answer, awaited.message);
    if (fault === undefined) awaited.resolve();
    else awaited.reject(fault);
  }

  #sweep(): void {
    const now = performance.now();
    for (const [token, { message, until, reject }] of this.#awaited) {
      if (now < until) continue;
      this.#awaited.delete(token);
      reject(unconfirmed(message, "no answer in time"));
    }
    this.#sweeping = this.#awaited.size === 0 ? undefined : setTimeout(() => this.#sweep(), SWEEP_MS);
  }
}

/** Undefined when the stream has the message, now or from before (docs.nats.io/reference/reference-protocols/nats_api_reference). */
function faultOf(answer: Msg, message: StreamMessage): Fault | undefined {
  if (answer.headers?.code === NO_RESPONDERS) return unconfirmed(message, "no stream listens");
  const text = answer.string();
  if (!text.includes('"error"'))
    return text.includes('"stream"') ? undefined : unconfirmed(message, "the answer is not an acknowledgement");
  const { code, why } = errorOf(text);
  if (code === undefined || !STREAM_FULL.has(code)) return unconfirmed(message, why);
  return new Fault("resource_exhausted", `the stream ${message.stream} is full: ${message.id} was refused (${why})`);
}

function errorOf(text: string): { readonly code: number | undefined; readonly why: string } {
  try {
    const { error }: { readonly error?: { readonly err_code?: number; readonly description?: string } } = JSON.parse(text);
    return { code: error?.err_code, why: error?.description ?? "refused" };
  } catch {
    return { code: undefined, why: "the answer is not JSON" };
  }
}

function unconfirmed(message: StreamMessage, why: string, cause?: unknown): Fault {
  return new Fault("unavailable", `NATS did not confirm ${message.id} (${why}): publish it again`, { cause });
}
