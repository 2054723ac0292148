/** Makes streams and consumers on the server as the code declares them: again and again, by everybody, with the same outcome. */
import { Fault } from "@struere/kernel";
import {
  AckPolicy,
  type ConsumerConfig,
  DeliverPolicy,
  DiscardPolicy,
  type JetStreamManager,
  NatsError,
  nanos,
  ReplayPolicy,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from "nats";
import type { ConsumeOptions } from "./bus.ts";
import { MESSAGE_MAX_BYTES, STREAMS, type StreamSettings, UNACKNOWLEDGED_MAX } from "./streams.ts";

/** Error codes of the JetStream API (nats-server, server/errors.json). */
const STREAM_NOT_FOUND = 10_059;
const CONSUMER_NOT_FOUND = 10_014;
const NAME_IN_USE: ReadonlySet<number> = new Set([10_058, 10_013, 10_148, 10_105]);

const apiCode = (error: unknown): number | undefined => (error instanceof NatsError ? error.api_error?.err_code : undefined);

export async function ensureStreams(manager: JetStreamManager): Promise<void> {
  for (const settings of Object.values(STREAMS)) await ensureStream(manager, settings);
}

async function ensureStream(manager: JetStreamManager, settings: StreamSettings): Promise<void> {
  const wanted = {
    name: settings.name,
    subjects: [...settings.subjects],
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    discard: DiscardPolicy.New,
    max_age: nanos(settings.maxAgeMs),
    max_bytes: settings.maxBytes,
    max_msg_size: MESSAGE_MAX_BYTES,
    duplicate_window: nanos(settings.dedupeWindowMs),
  } satisfies Partial<StreamConfig>;
  try {
    const { config } = await manager.streams.info(settings.name);
    if (!includes(config, wanted)) await manager.streams.update(settings.name, wanted);
  } catch (error) {
    if (apiCode(error) !== STREAM_NOT_FOUND) throw error;
    // Several processes start at once: whoever comes second finds it made.
    await manager.streams.add(wanted).catch((failure: unknown) => {
      if (!NAME_IN_USE.has(apiCode(failure) ?? 0)) throw failure;
    });
  }
}

export async function ensureConsumer(manager: JetStreamManager, options: ConsumeOptions): Promise<void> {
  const wanted = {
    durable_name: options.durable,
    filter_subject: options.subject,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    replay_policy: ReplayPolicy.Instant,
    ack_wait: nanos(options.ackWaitMs),
    max_deliver: options.maxDeliver,
    max_ack_pending: options.unacknowledgedMax ?? UNACKNOWLEDGED_MAX,
  } satisfies Partial<ConsumerConfig>;
  try {
    const { config } = await manager.consumers.info(options.stream, options.durable);
    if (config.filter_subject !== options.subject) {
      const sentence = `the consumer ${options.durable} reads ${config.filter_subject}, not ${options.subject}: use another durable name`;
      throw new Fault("failed_precondition", sentence);
    }
    if (!includes(config, wanted)) await manager.consumers.update(options.stream, options.durable, wanted);
  } catch (error) {
    if (apiCode(error) !== CONSUMER_NOT_FOUND) throw error;
    await manager.consumers.add(options.stream, wanted).catch((failure: unknown) => {
      if (!NAME_IN_USE.has(apiCode(failure) ?? 0)) throw failure;
    });
  }
}

/** Whether the server's configuration says what we want; it says more than that. */
function includes(config: object, wanted: object): boolean {
  const has = new Map<string, unknown>(Object.entries(config));
  return Object.entries(wanted).every(([key, value]) => JSON.stringify(has.get(key)) === JSON.stringify(value));
}
