/** The bus inside one process: the promises of `Bus` without a server. What is in it ends with the process. */
import { type Clock, Fault } from "@struere/kernel";
import { type Log, silentLog, systemClock } from "@struere/runtime";
import type { Bus, ConsumeOptions, Consumer, Delivery } from "./bus.ts";
import { MemoryDurable } from "./memory-durable.ts";
import { MemoryStream } from "./memory-stream.ts";
import { STREAMS, streamFor, streamNamed } from "./streams.ts";
import { subjectMatcher } from "./subject-match.ts";

export function memoryBus(options: { readonly clock?: Clock; readonly log?: Log } = {}): Bus {
  const clock = options.clock ?? systemClock();
  const log = options.log ?? silentLog;
  const streams = new Map(Object.values(STREAMS).map((settings) => [settings.name as string, new MemoryStream(settings, clock)]));
  const listeners = new Set<{
    readonly matches: (subject: string) => boolean;
    readonly deliver: (data: string, subject: string) => void;
  }>();
  const consumers = new Set<Consumer>();
  let open = true;

  const streamOf = (name: string): MemoryStream => {
    const stream = streams.get(streamNamed(name).name);
    if (!stream) throw new Fault("internal", `the stream ${name} was not made`);
    return stream;
  };

  return {
    get connected() {
      return open;
    },
    async publish(message) {
      if (!open) throw new Fault("unavailable", "the bus is closed");
      streamOf(streamFor(message).name).append(message);
    },
    consume(wanted) {
      const stream = streamOf(wanted.stream);
      const durable = stream.durable(wanted.durable, () => new MemoryDurable(stream, clock, wanted));
      const consumer = memoryConsumer(durable, wanted, () => consumers.delete(consumer));
      consumers.add(consumer);
      if (!open) consumer.stop();
      return consumer;
    },
    broadcast(subject, data) {
      for (const listener of listeners) {
        if (!listener.matches(subject)) continue;
        // As over a wire: the sender goes on before anybody hears it, and does not suffer from who hears it.
        queueMicrotask(() => {
          if (!listeners.has(listener)) return;
          try {
            listener.deliver(data, subject);
          } catch (error) {
            log.error({ err: error, subject }, "a subscriber failed");
          }
        });
      }
    },
    subscribe(subject, deliver) {
      const listener = { matches: subjectMatcher(subject), deliver };
      listeners.add(listener);
      return { ready: Promise.resolve(), unsubscribe: () => listeners.delete(listener) };
    },
    async close() {
      open = false;
      listeners.clear();
      for (const consumer of [...consumers]) consumer.stop();
      for (const stream of streams.values()) stream.close();
    },
  };
}

function memoryConsumer(durable: MemoryDurable, options: ConsumeOptions, ended: () => void): Consumer {
  let stopped = false;
  let wakeUp = () => undefined as void;
  const end = { done: true, value: undefined } as const;
  const stop = () => {
    stopped = true;
    ended();
    wakeUp();
  };
  const next = (): Promise<IteratorResult<readonly Delivery[], undefined>> => {
    if (stopped) return Promise.resolve(end);
    return new Promise((resolve) => {
      const leave = durable.take(options.batch, (batch) => resolve({ done: false, value: batch }));
      wakeUp = () => {
        leave();
        resolve(end);
      };
    });
  };
  return {
    stop,
    [Symbol.asyncIterator]: () => ({
      next,
      return() {
        stop();
        return Promise.resolve(end);
      },
    }),
  };
}
