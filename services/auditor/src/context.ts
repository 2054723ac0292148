/** Configuration → constructed things. Whatever is given as an override is used instead, and stays its giver's to close. */
import { type Bus, natsBus } from "@struere/bus";
import { type Clock, Fault } from "@struere/kernel";
import { createLog, createMetrics, type Log, type Metrics, systemClock } from "@struere/runtime";
import type { AuditorConfig } from "./config.ts";

export interface AuditorContext {
  readonly clock: Clock;
  readonly bus: Bus;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** @throws Fault unavailable when NATS can not be reached within the bus's bound */
export async function fromConfig(
  config: AuditorConfig,
  overrides: Partial<AuditorContext>,
): Promise<AuditorContext & { readonly ownsBus: boolean }> {
  const log = overrides.log ?? createLog({ name: "auditor" });
  return {
    log,
    clock: overrides.clock ?? systemClock(),
    metrics: overrides.metrics ?? createMetrics("struere_auditor_", { process: true }),
    bus: overrides.bus ?? (await connect(config, log)),
    ownsBus: overrides.bus === undefined,
  };
}

async function connect({ natsUrl }: AuditorConfig, log: Log): Promise<Bus> {
  if (natsUrl === null) throw new Fault("invalid_argument", "no bus: set NATS_URL, or give the auditor a bus as an override");
  return natsBus({ url: natsUrl, name: "auditor", log });
}
