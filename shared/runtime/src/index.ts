export { elasticClock } from "./elastic-clock.ts";
export { type EnvSchema, parseEnv } from "./env.ts";
export { type LifecycleOptions, runToEnd, runUntilSignal, type Service } from "./lifecycle.ts";
export { createLog, type Log, type LogOptions, silentLog } from "./log.ts";
export { Mailbox, type OverflowPolicy } from "./mailbox.ts";
export { createMetrics, type Metrics } from "./metrics.ts";
export { pause } from "./pause.ts";
export { type RetryOptions, retrying } from "./retrying.ts";
export { systemClock } from "./system-clock.ts";
