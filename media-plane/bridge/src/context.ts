/** Configuration → constructed things. Whatever is given as an override is used instead, and stays its giver's to close. */
import { type Bus, natsBus } from "@struere/bus";
import { type Clock, Fault } from "@struere/kernel";
import { createLog, createMetrics, type Log, type Metrics, systemClock } from "@struere/runtime";
import type { MediaConfig } from "./config.ts";

export interface MediaContext {
  readonly clock: Clock;
  readonly bus: Bus;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** @throws Fault unavailable when NATS can not be reached within the bus's bound */
export async function fromConfig(config: MediaConfig, overrides: Partial<MediaContext>): Promise<MediaContext> {
  const log = overrides.log ?? createLog({ name: "media" });
  return {
    log,
    clock: overrides.clock ?? systemClock(),
    metrics: overrides.metrics ?? createMetrics(undefined, { process: true }),
    bus: overrides.bus ?? (await connect(config, log)),
  };
}

async function connect({ natsUrl }: MediaConfig, log: Log): Promise<Bus> {
  if (natsUrl === null) throw new Fault("invalid_argument", "no bus: set NATS_URL, or give the media plane a bus as an override");
  return natsBus({ url: natsUrl, name: "media", log });
}
