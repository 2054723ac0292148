/** A recorder that stores nothing: it takes what calls publish and says how far it has come, as the real one does. */
import { type Bus, STREAMS } from "@struere/bus";
import { callSubject, everyCallSubject, parseCallSubject } from "@struere/protocol/bus";
import { z } from "zod";

const Numbered = z.object({ epoch: z.number(), seq: z.number() });
const BATCH = 500;
const ACK_WAIT_MS = 30_000;
const MAX_DELIVER = 5;

export interface FakeRecorder {
  readonly counts: { messages: number };
  stop(): Promise<void>;
}

/** Answers a watermark for each batch and call. Messages of a call come in order, so that the last one covers all. */
export function startFakeRecorder(bus: Bus): FakeRecorder {
  const counts = { messages: 0 };
  const consumer = bus.consume({
    stream: STREAMS.calls.name,
    durable: "recorder",
    subject: everyCallSubject(),
    batch: BATCH,
    ackWaitMs: ACK_WAIT_MS,
    maxDeliver: MAX_DELIVER,
  });
  const consumed = (async () => {
    for await (const batch of consumer) {
      const watermarks = new Map<string, string>();
      for (const delivery of batch) {
        counts.messages++;
        delivery.ack();
        const address = parseCallSubject(delivery.subject);
        if (address === undefined) continue;
        const { epoch, seq } = Numbered.parse(JSON.parse(delivery.data));
        watermarks.set(callSubject(address, "watermark"), JSON.stringify({ epoch, seq }));
      }
      for (const [subject, data] of watermarks) bus.broadcast(subject, data);
    }
  })();
  return {
    counts,
    stop: () => {
      consumer.stop();
      return consumed;
    },
  };
}
