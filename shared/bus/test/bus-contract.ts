/** What every bus promises, as tests; run by each adapter. */
import { type CallId, Fault, mintId } from "@struere/kernel";
import { type CallKind, callSubject, everyCallSubject } from "@struere/protocol/bus";
import { pause, systemClock } from "@struere/runtime";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Bus, ConsumeOptions, Consumer, Delivery } from "../src/bus.ts";
import { MESSAGE_MAX_BYTES, STREAMS } from "../src/streams.ts";

export interface BusUnderTest extends AsyncDisposable {
  /** Another participant on the same bus. */
  open(): Promise<Bus>;
}

const idOf = (n: number): Uint8Array => new Uint8Array(24).fill(n);
export const aCall = (n: number): CallId => mintId("call", idOf(n));
export const subjectOf = (call: number, kind: CallKind = "transcript"): string =>
  callSubject({ environment: "development", organizationId: mintId("org", idOf(1)), callId: aCall(call) }, kind);

export const reading = (overrides: Partial<ConsumeOptions> = {}): ConsumeOptions => ({
  stream: STREAMS.calls.name,
  durable: "reader",
  subject: everyCallSubject(),
  batch: 10,
  ackWaitMs: 30_000,
  maxDeliver: 5,
  ...overrides,
});

/** The next `count` deliveries; what to do with each is decided as it comes. */
export async function take(consumer: Consumer, count: number, each: (delivery: Delivery) => void = (delivery) => delivery.ack()) {
  const taken: Delivery[] = [];
  for await (const batch of consumer) {
    for (const delivery of batch) {
      taken.push(delivery);
      each(delivery);
    }
    if (taken.length >= count) break;
  }
  return taken;
}

const said = (deliveries: readonly Delivery[]): string[] => deliveries.map((delivery) => `${delivery.data}#${delivery.attempt}`);

export function busContract(name: string, create: () => Promise<BusUnderTest>): void {
  describe(name, () => {
    let subject: BusUnderTest;
    let bus: Bus;
    const publish = (data: string, call = 1, kind: CallKind = "transcript") =>
      bus.publish({ subject: subjectOf(call, kind), id: data, data });

    beforeEach(async () => {
      subject = await create();
      bus = await subject.open();
    });
    afterEach(() => subject[Symbol.asyncDispose]());

    test("what was published before anybody listened is handed over in order", async () => {
      const sent = Array.from({ length: 57 }, (_, index) => `m${index}`);
      for (const data of sent) await publish(data);
      const taken = await take(bus.consume(reading()), sent.length);
      expect(said(taken)).toEqual(sent.map((data) => `${data}#1`));
      expect(taken[0]?.subject).toBe(subjectOf(1));
    });

    test("what is published while somebody listens is handed over at once, at most a batch together", async () => {
      const consumer = bus.consume(reading({ batch: 4 }));
      const sizes: number[] = [];
      const taken: string[] = [];
      const done = (async () => {
        for await (const batch of consumer) {
          sizes.push(batch.length);
          for (const delivery of batch) {
            taken.push(delivery.data);
            delivery.ack();
          }
          if (taken.length === 20) return;
        }
      })();
      const sent = Array.from({ length: 20 }, (_, index) => `m${index}`);
      await Promise.all(sent.map((data) => publish(data)));
      await done;
      expect(taken.toSorted()).toEqual(sent.toSorted());
      expect(Math.max(...sizes)).toBeLessThanOrEqual(4);
    });

    test("a message that nobody acknowledges comes again", async () => {
      await publish("a");
      await publish("b");
      const consumer = bus.consume(reading({ ackWaitMs: 300 }));
      const taken = await take(consumer, 3, (delivery) => {
        if (delivery.data === "b" || delivery.attempt > 1) delivery.ack();
      });
      expect(said(taken)).toEqual(["a#1", "b#1", "a#2"]);
    });

    test("a message that is worked on does not come again", async () => {
      await publish("long");
      const consumer = bus.consume(reading({ ackWaitMs: 1_000, batch: 1 }));
      const clock = systemClock();
      const seen: string[] = [];
      for await (const [delivery] of consumer) {
        if (!delivery) continue;
        seen.push(`${delivery.data}#${delivery.attempt}`);
        if (delivery.data === "long" && delivery.attempt === 1) {
          for (let step = 0; step < 6; step++) {
            await pause(clock, 250);
            delivery.working();
          }
          await publish("next");
        }
        delivery.ack();
        if (delivery.data === "next") break;
      }
      expect(seen).toEqual(["long#1", "next#1"]);
    });

    test("a retry comes after its delay and counts as an attempt", async () => {
      await publish("a");
      const times: number[] = [];
      const taken = await take(bus.consume(reading()), 2, (delivery) => {
        times.push(performance.now());
        if (delivery.attempt === 1) delivery.retry(200);
        else delivery.ack();
      });
      expect(said(taken)).toEqual(["a#1", "a#2"]);
      expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(190);
    });

    test("after its last attempt a message is set aside and the rest flows", async () => {
      await publish("poison");
      const consumer = bus.consume(reading({ maxDeliver: 3, batch: 1 }));
      const taken = await take(consumer, 4, (delivery) => {
        if (delivery.data !== "poison") return delivery.ack();
        delivery.retry(1);
        if (delivery.attempt === 3) void publish("after");
      });
      expect(said(taken)).toEqual(["poison#1", "poison#2", "poison#3", "after#1"]);
    });

    test("a discarded message never comes again", async () => {
      await publish("bad");
      await publish("good");
      const first = bus.consume(reading({ ackWaitMs: 200, batch: 1 }));
      const taken = await take(first, 2, (delivery) => (delivery.data === "bad" ? delivery.discard() : delivery.retry(300)));
      const second = await take(bus.consume(reading({ ackWaitMs: 200, batch: 1 })), 1);
      expect(said([...taken, ...second])).toEqual(["bad#1", "good#1", "good#2"]);
    });

    test("the same id is stored once", async () => {
      for (const data of ["a", "a", "b", "a"]) await publish(data);
      expect(said(await take(bus.consume(reading()), 2))).toEqual(["a#1", "b#1"]);
      await publish("a");
      await publish("c");
      expect(said(await take(bus.consume(reading()), 1))).toEqual(["c#1"]);
    });

    test("consumers of one name share the messages, each message goes to one of them", async () => {
      const other = await subject.open();
      const counts = [0, 0];
      const seen: string[] = [];
      const { promise: all, resolve } = Promise.withResolvers<void>();
      const consumers = [bus.consume(reading({ batch: 3 })), other.consume(reading({ batch: 3 }))];
      const readers = consumers.map(async (consumer, index) => {
        for await (const batch of consumer) {
          counts[index] = (counts[index] ?? 0) + batch.length;
          for (const delivery of batch) {
            seen.push(delivery.data);
            delivery.ack();
          }
          // Somebody who is busy leaves the next ones to the other.
          await pause(systemClock(), 5);
          if (seen.length === 60) resolve();
        }
      });
      const sent = Array.from({ length: 60 }, (_, index) => `m${index}`);
      for (const data of sent) await publish(data);
      await all;
      for (const consumer of consumers) consumer.stop();
      await Promise.all(readers);
      expect(seen.toSorted()).toEqual(sent.toSorted());
      expect(Math.min(...counts)).toBeGreaterThan(0);
    });

    test("consumers of different names each get everything", async () => {
      for (const data of ["a", "b"]) await publish(data);
      const [one, two] = await Promise.all([
        take(bus.consume(reading({ durable: "one" })), 2),
        take(bus.consume(reading({ durable: "two" })), 2),
      ]);
      expect(said(one)).toEqual(said(two));
    });

    test("a name goes on where it stopped", async () => {
      for (const data of ["a", "b", "c"]) await publish(data);
      await take(bus.consume(reading({ batch: 1 })), 2);
      expect(said(await take(bus.consume(reading({ batch: 1 })), 1))).toEqual(["c#1"]);
    });

    test("a consumer gets only what its subject names", async () => {
      await publish("t1", 1, "transcript");
      await publish("u1", 1, "usage");
      await publish("t2", 2, "transcript");
      const transcripts = bus.consume(reading({ durable: "transcripts", subject: everyCallSubject("transcript") }));
      const oneCall = bus.consume(reading({ durable: "call", subject: subjectOf(1, "usage") }));
      expect(said(await take(transcripts, 2))).toEqual(["t1#1", "t2#1"]);
      expect(said(await take(oneCall, 1))).toEqual(["u1#1"]);
    });

    test("stop ends the iteration, for one who waits and for one with a batch in hand", async () => {
      const waiting = bus.consume(reading({ durable: "waiting" }));
      const ended = take(waiting, 1);
      waiting.stop();
      expect(await ended).toEqual([]);

      await publish("a");
      const working = bus.consume(reading({ durable: "working" }));
      const seen: string[] = [];
      for await (const batch of working) {
        working.stop();
        for (const delivery of batch) {
          seen.push(delivery.data);
          delivery.ack();
        }
      }
      expect(seen).toEqual(["a"]);
    });

    test("a broadcast reaches those who subscribed to it, by `*` and by `>`, and nobody else", async () => {
      const listener = await subject.open();
      const heard: string[] = [];
      const listen = (pattern: string, label: string) =>
        listener.subscribe(pattern, (data, on) => heard.push(`${label}:${data}:${on === subjectOf(1, "inject")}`));
      const everything = `${subjectOf(1).split(".")[0]}.>`;
      const subscriptions = [
        listen(subjectOf(1, "inject"), "exact"),
        listen(everyCallSubject("inject"), "star"),
        listen(everything, "rest"),
        listen(subjectOf(2, "inject"), "other"),
      ];
      await Promise.all(subscriptions.map((subscription) => subscription.ready));
      bus.broadcast(subjectOf(1, "inject"), "hello");
      await expect.poll(() => heard.toSorted()).toEqual(["exact:hello:true", "rest:hello:true", "star:hello:true"]);

      subscriptions[0]?.unsubscribe();
      subscriptions[1]?.unsubscribe();
      heard.length = 0;
      bus.broadcast(subjectOf(1, "inject"), "again");
      await expect.poll(() => heard).toEqual(["rest:again:true"]);
    });

    test("broadcasts of one sender arrive in order, and a subscriber that fails disturbs nobody", async () => {
      const heard: string[] = [];
      const failing = bus.subscribe(subjectOf(1, "watermark"), () => {
        throw new Error("a broken subscriber");
      });
      const good = bus.subscribe(subjectOf(1, "watermark"), (data) => heard.push(data));
      await Promise.all([failing.ready, good.ready]);
      const sent = Array.from({ length: 50 }, (_, index) => String(index));
      for (const data of sent) bus.broadcast(subjectOf(1, "watermark"), data);
      await expect.poll(() => heard).toEqual(sent);
    });

    test("a subject that no stream stores and a message that is too large are refused", async () => {
      const refused = (message: { subject: string; data: string }) => bus.publish({ id: "x", ...message }).catch((error: unknown) => error);
      const injected = await refused({ subject: subjectOf(1, "inject"), data: "x" });
      expect(injected).toBeInstanceOf(Fault);
      expect(injected).toMatchObject({ code: "invalid_argument" });
      const huge = await refused({ subject: subjectOf(1), data: "x".repeat(MESSAGE_MAX_BYTES + 1) });
      expect(huge).toMatchObject({ code: "invalid_argument" });
      expect(() => bus.consume(reading({ stream: "NO_SUCH_STREAM" }))).toThrow(/there are VOICE_CALLS/);
    });

    test("a closed bus ends its consumers and refuses to publish", async () => {
      const ended = take(bus.consume(reading()), 1);
      await bus.close();
      expect(await ended).toEqual([]);
      expect(bus.connected).toBe(false);
      await expect(publish("late")).rejects.toMatchObject({ code: "unavailable" });
    });
  });
}
