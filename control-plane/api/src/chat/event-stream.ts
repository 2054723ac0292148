/** Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html), with a sign of life when there is nothing to say. */
import type { Clock } from "@struere/kernel";
import type { Log } from "@struere/runtime";
import { pause } from "@struere/runtime";

/** Proxies cut a silent connection after half a minute or so. */
const PING_MS = 10_000;
const RECONNECT_MS = 1_000;

export interface EventStreamOptions {
  readonly messages: AsyncGenerator<{ readonly id: string; readonly data: string }, void, undefined>;
  readonly clock: Clock;
  readonly log: Log;
  /** Aborted when the reader has gone. */
  readonly signal: AbortSignal;
}

/** Ends with an event `end` when the messages end. When they fail it just stops: the reader comes again with the last id that it got. */
export async function* eventStream({ messages, clock, log, signal }: EventStreamOptions): AsyncGenerator<string, void, undefined> {
  yield `retry: ${RECONNECT_MS}\n\n`;
  let next = messages.next();
  try {
    while (!signal.aborted) {
      const waited = new AbortController();
      const turn = await Promise.race([next, pause(clock, PING_MS, AbortSignal.any([signal, waited.signal]))]);
      waited.abort();
      if (!turn) {
        yield ": still here\n\n";
        continue;
      }
      if (turn.done) {
        if (!signal.aborted) yield "event: end\ndata: {}\n\n";
        return;
      }
      yield `id: ${turn.value.id}\ndata: ${turn.value.data}\n\n`;
      next = messages.next();
    }
  } catch (error) {
    log.warn({ err: error }, "the events of a call stopped before its end; the reader may come again");
  } finally {
    next.catch(() => undefined); // Nobody reads on.
  }
}
