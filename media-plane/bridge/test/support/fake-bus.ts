/** The memory bus with a switch: away, it refuses what is published, as NATS does while it can not be reached. */
import { type Bus, memoryBus } from "@struere/bus";
import { Fault } from "@struere/kernel";
import { parseCallSubject, callSubject } from "@struere/protocol/bus";
import { Journal } from "./journal.ts";

export interface Published {
  readonly subject: string;
  readonly id: string;
  readonly kind: string;
  readonly callId: string;
  readonly body: { readonly epoch: number; readonly seq: number; readonly [field: string]: unknown };
}

export interface FakeBus extends Bus {
  away: boolean;
  /** What was taken, once per id. */
  readonly published: Journal<Published>;
  /** What was taken, repetitions included. */
  readonly attempts: Journal<Published>;
  /** True: covers each message as a recorder that has stored it would. */
  records: boolean;
  /** Says that everything up to `seq` is stored. */
  cover(message: Published, seq?: number): void;
}

export function fakeBus(): FakeBus {
  const memory = memoryBus();
  const seen = new Set<string>();
  const published = new Journal<Published>();
  const attempts = new Journal<Published>();
  const stored = new Map<string, { upTo: number; readonly beyond: Set<number> }>();

  /** Up to where everything of this call and epoch is stored. */
  function gapless({ callId, body: { epoch, seq } }: Published): number {
    const key = `${callId}.${epoch}`;
    const call = stored.get(key) ?? { upTo: 0, beyond: new Set() };
    stored.set(key, call);
    call.beyond.add(seq);
    while (call.beyond.delete(call.upTo + 1)) call.upTo += 1;
    return call.upTo;
  }

  const bus: FakeBus = {
    away: false,
    records: true,
    published,
    attempts,
    get connected() {
      return !bus.away;
    },
    publish: async (message) => {
      // As over a wire: the answer comes later.
      await new Promise((resolve) => setImmediate(resolve));
      if (bus.away) throw new Fault("unavailable", "the bus is away");
      await memory.publish(message);
      const address = parseCallSubject(message.subject);
      if (address === undefined) throw new Fault("invalid_argument", message.subject);
      const entry: Published = {
        subject: message.subject,
        id: message.id,
        kind: address.kind,
        callId: address.callId,
        body: JSON.parse(message.data),
      };
      attempts.add(entry);
      // What it knows is delivered to nobody, so that nobody says that it is covered.
      if (seen.has(message.id)) return;
      seen.add(message.id);
      published.add(entry);
      if (bus.records) bus.cover(entry, gapless(entry));
    },
    cover: (message, seq = message.body.seq) => {
      const address = parseCallSubject(message.subject);
      if (address !== undefined) memory.broadcast(callSubject(address, "watermark"), JSON.stringify({ epoch: message.body.epoch, seq }));
    },
    consume: (options) => memory.consume(options),
    broadcast: (subject, data) => {
      if (!bus.away) memory.broadcast(subject, data);
    },
    subscribe: (subject, deliver) => memory.subscribe(subject, deliver),
    close: () => memory.close(),
  };
  return bus;
}
