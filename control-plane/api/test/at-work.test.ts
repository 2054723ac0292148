import { type Bus, type Delivery, memoryBus, STREAMS } from "@struere/bus";
import type { Clock } from "@struere/kernel";
import { callSubject } from "@struere/protocol/bus";
import { pause, systemClock } from "@struere/runtime";
import { newId } from "@struere/store";
import { expect, test } from "vitest";
import { ACK_WAIT_MS, atWork } from "../src/at-work.ts";

const SUBJECT = callSubject({ environment: "development", organizationId: newId("org"), callId: newId("call") }, "usage");

const reading = (bus: Bus) =>
  bus.consume({ stream: STREAMS.calls.name, durable: "biller", subject: SUBJECT, batch: 10, ackWaitMs: ACK_WAIT_MS, maxDeliver: 10 });

/** Takes one batch, and does with it what it likes. */
async function take(bus: Bus, what: (batch: readonly Delivery[]) => Promise<void>): Promise<void> {
  for await (const batch of reading(bus)) return await what(batch);
}

async function withMessage(use: (bus: Bus, clock: Clock) => Promise<void>): Promise<void> {
  const clock = systemClock({ scale: 50 });
  const bus = memoryBus({ clock });
  await bus.publish({ subject: SUBJECT, id: "1", data: "{}" });
  await use(bus, clock);
  await bus.close();
}

test("what a process has in hand is nobody else's, however long it takes", () =>
  withMessage(async (bus, clock) => {
    const told: string[] = [];
    const slow = take(bus, async (batch) => {
      const [delivery] = batch;
      await atWork(clock, batch, () => pause(clock, 4 * ACK_WAIT_MS));
      told.push(`the first, at attempt ${delivery?.attempt}`);
      for (const one of batch) one.ack();
    });
    void take(bus, async () => void told.push("the second"));
    await slow;
    expect(told).toEqual(["the first, at attempt 1"]);
  }));

test("what one has in hand that died is somebody else's after a moment", () =>
  withMessage(async (bus, clock) => {
    const dead = Promise.withResolvers<void>();
    void take(bus, () => dead.promise);
    const takenAt = clock.now();
    await take(bus, async ([delivery]) => {
      expect(delivery?.attempt).toBe(2);
      expect(clock.now() - takenAt).toBeGreaterThanOrEqual(ACK_WAIT_MS);
      delivery?.ack();
    });
    dead.resolve();
  }));
