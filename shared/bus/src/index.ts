export type { Bus, ConsumeOptions, Consumer, Delivery, Subscription } from "./bus.ts";
export { memoryBus } from "./memory-bus.ts";
export { type NatsBusOptions, natsBus } from "./nats-bus.ts";
export { MESSAGE_MAX_BYTES, STREAMS, type StreamSettings, UNACKNOWLEDGED_MAX } from "./streams.ts";
