/** Environment (strings) → configuration (checked values). */
import { z } from "zod";

export interface AuditorConfig {
  /** 0: any free one. */
  readonly port: number;
  /** Address to listen on; absent: all. */
  readonly host?: string;
  /** host:port of the control plane's gRPC server. */
  readonly controlAddress: string;
  readonly gatewaySecret: string;
  /** `null` only where the bus is given as an override. */
  readonly natsUrl: string | null;
  /** Audits at one time; each mostly waits for a model. */
  readonly concurrency: number;
  /** Names the worker in logs; made up when absent. */
  readonly workerId?: string;
  /** Bounds, where the usual ones do not fit. */
  readonly limits?: Partial<AuditorLimits>;
}

export interface AuditorLimits {
  /** A wake-up that is neither acknowledged nor heard of for so long goes to another worker: what the death of this one costs. */
  readonly ackWaitMs: number;
  /** So many wait here for a place, for each one that runs: among them the calls of all organizations get their turn. */
  readonly waitingPerPlace: number;
  /** A wake-up that found no place for so long is skipped, and the record says so. */
  readonly skipAfterMs: number;
}

export const AUDITOR_LIMITS: AuditorLimits = { ackWaitMs: 6_000, waitingPerPlace: 4, skipAfterMs: 15_000 };

const Port = z.coerce.number().int().min(0).max(65_535);

export const AuditorEnv = z.object({
  AUDITOR_PORT: Port.default(4200),
  AUDITOR_HOST: z.exactOptional(z.string().min(1)),
  AUDITOR_CONCURRENCY: z.coerce.number().int().min(1).max(10_000).default(64),
  CONTROL_GRPC_URL: z.string().min(1).default("127.0.0.1:4001"),
  NATS_URL: z.string().min(1),
  VOICE_GATEWAY_SECRET: z.string().min(16, "must have at least 16 characters"),
  LOG_LEVEL: z.enum(["debug", "info", "warn", "error", "silent"]).default("info"),
});
export type AuditorEnv = z.infer<typeof AuditorEnv>;

export function toAuditorConfig(env: AuditorEnv): AuditorConfig {
  return {
    port: env.AUDITOR_PORT,
    ...(env.AUDITOR_HOST === undefined ? {} : { host: env.AUDITOR_HOST }),
    controlAddress: env.CONTROL_GRPC_URL,
    gatewaySecret: env.VOICE_GATEWAY_SECRET,
    natsUrl: env.NATS_URL,
    concurrency: env.AUDITOR_CONCURRENCY,
  };
}
