/**
 * Follows `/v1/calls/:id/events`. Connections end for many reasons, only one of which is that the call is over: the server says so with an
 * event `end`. After any other end the stream is opened again from the last event that was given.
 */
import { StruereApiError } from "./api-error.ts";
import { readEvents, type StreamedEvent } from "./event-stream.ts";
import { type Connection, isRecord, send, sendForJson } from "./request.ts";

interface Numbered {
  /** Give it to `watch` as `lastEventId` to go on after this message. */
  readonly eventId: string;
  readonly epoch: number;
  readonly seq: number;
  /** Milliseconds since the call's audio began; null: not known. */
  readonly offsetMs: number | null;
}

/** One finished utterance, as it was heard. */
export interface TranscriptMessage extends Numbered {
  readonly kind: "transcript";
  readonly body: {
    readonly position: number;
    readonly speaker: "caller" | "agent";
    readonly agent: string;
    readonly text: string;
    readonly interrupted: boolean;
    readonly startedMs: number;
    readonly endedMs: number;
  };
}

/** Something that happened, as `caller.speaking`, `tool.called`, `call.ended`. */
export interface EventMessage extends Numbered {
  readonly kind: "event";
  readonly name: string;
  readonly body: { readonly data: Readonly<Record<string, string | number | boolean | null>> };
}

/** What one response of a model used. */
export interface UsageMessage extends Numbered {
  readonly kind: "usage";
  readonly body: Readonly<Record<string, string | number | boolean>>;
}

export type CallMessage = TranscriptMessage | EventMessage | UsageMessage;

export interface WatchOptions {
  /** Goes on after this event. */
  readonly lastEventId?: string;
  /** Ends the watching without an error. */
  readonly signal?: AbortSignal;
  /** Connections in vain, one after the other, until the error is thrown; default 8, which is about half a minute. */
  readonly attempts?: number;
  /** Least time between two connections; the server may ask for more. Default 500. */
  readonly retryMs?: number;
  /** A connection that brings not even a sign of life for so long is given up; default 60000. */
  readonly idleMs?: number;
}

const RETRY_MAX_MS = 10_000;
const RETRY_ASKED_MAX_MS = 60_000;

export async function* watchCall(connection: Connection, id: string, options: WatchOptions): AsyncGenerator<CallMessage, void, undefined> {
  const { signal, attempts = 8, idleMs = 60_000 } = options;
  let lastEventId = options.lastEventId;
  let retryMs = options.retryMs ?? 500;
  let inVain = 0;
  const onRetry = (milliseconds: number): void => {
    retryMs = Math.min(milliseconds, RETRY_ASKED_MAX_MS);
  };
  while (!signal?.aborted) {
    let failure: unknown;
    let brought = false;
    try {
      for await (const event of connect(connection, { id, lastEventId, signal, idleMs, onRetry })) {
        if (event.event === "end") return;
        if (event.id !== "") lastEventId = event.id;
        const message = readMessage(event);
        if (!message) continue;
        brought = true;
        yield message;
      }
      // A server that ends without a word after it has nothing more, and whose call is over, has said all.
      if (!brought && (await isOver(connection, id, signal))) return;
    } catch (error) {
      if (signal?.aborted) return;
      if (error instanceof StruereApiError && !error.retryable) throw error;
      failure = error;
    }
    inVain = brought ? 0 : inVain + 1;
    if (inVain >= attempts) {
      throw failure instanceof StruereApiError
        ? failure
        : new StruereApiError(`the events of ${id} can not be read; go on with the last event id later`, { status: 0, cause: failure });
    }
    const asked = failure instanceof StruereApiError && failure.retryAt !== undefined ? failure.retryAt - Date.now() : 0;
    const backoff = Math.min(retryMs * 2 ** Math.max(0, inVain - 1), Math.max(retryMs, RETRY_MAX_MS));
    await pause(Math.max(backoff, Math.min(asked, RETRY_ASKED_MAX_MS)), signal);
  }
}

interface Stream {
  readonly id: string;
  readonly lastEventId: string | undefined;
  readonly signal: AbortSignal | undefined;
  readonly idleMs: number;
  readonly onRetry: (milliseconds: number) => void;
}

async function* connect(connection: Connection, stream: Stream): AsyncGenerator<StreamedEvent, void, undefined> {
  const { id, lastEventId, signal, idleMs, onRetry } = stream;
  // One for the connection: whoever stops watching, and a line gone dead, both end it.
  const cut = new AbortController();
  const stop = (): void => cut.abort(signal?.reason);
  signal?.addEventListener("abort", stop, { once: true });
  const idle = new IdleTimer(idleMs, () => cut.abort(new StruereApiError(`nothing came for ${idleMs} ms`, { status: 0 })));
  try {
    const response = await send(connection, {
      method: "GET",
      path: ["v1", "calls", id, "events"],
      headers: { accept: "text/event-stream", ...(lastEventId === undefined ? {} : { "last-event-id": lastEventId }) },
      signal: cut.signal,
    });
    // 204 is how a server tells an event source to stop.
    if (response.status === 204 || !response.body) {
      yield { id: "", event: "end", data: "" };
      return;
    }
    yield* readEvents(
      chunksOf(response.body, () => idle.restart()),
      onRetry,
    );
  } finally {
    idle.stop();
    signal?.removeEventListener("abort", stop);
    cut.abort();
  }
}

/** A body's pieces; not every browser can iterate over them. */
async function* chunksOf(body: NonNullable<Response["body"]>, onChunk: () => void): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      onChunk();
      yield value;
    }
  } finally {
    // The body may have failed already; then there is nothing left to cancel.
    await reader.cancel().catch(() => undefined);
  }
}

/** The event's JSON is a message of the record as the API documents it; what is none is passed over, as newer kinds would be. */
function readMessage({ id, data }: StreamedEvent): CallMessage | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(data);
  } catch {
    return undefined;
  }
  if (!isRecord(parsed) || !isRecord(parsed["body"])) return undefined;
  const { kind } = parsed;
  if (kind !== "transcript" && kind !== "event" && kind !== "usage") return undefined;
  return { ...parsed, eventId: id } as unknown as CallMessage;
}

async function isOver(connection: Connection, id: string, signal: AbortSignal | undefined): Promise<boolean> {
  const call = await sendForJson<{ readonly endedAt?: string | null }>(connection, { method: "GET", path: ["v1", "calls", id], signal });
  return typeof call.endedAt === "string";
}

class IdleTimer {
  readonly #afterMs: number;
  readonly #fire: () => void;
  #timer: ReturnType<typeof setTimeout>;

  constructor(afterMs: number, fire: () => void) {
    this.#afterMs = afterMs;
    this.#fire = fire;
    this.#timer = setTimeout(fire, afterMs);
  }

  restart(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#fire, this.#afterMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}

async function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(done, milliseconds);
    function done(): void {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    }
    signal?.addEventListener("abort", done, { once: true });
  });
}
