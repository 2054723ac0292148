export { FakeClock } from "./fake-clock.ts";
export type { TestServers } from "./global-setup.ts";
export { type TestDatabase, testDatabase } from "./test-database.ts";
export { type OwnNats, ownNats, type TestNats, testNats } from "./test-nats.ts";
export { until, type UntilOptions } from "./until.ts";
export { INJECTIONS } from "./injections.ts";
