/** Environment (strings) → configuration (checked values). What a variable is called and what it defaults to is said here only. */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type NodeId } from "@struere/kernel";
import { OPENAI_REALTIME_URL } from "@struere/protocol/openai";
import { z } from "zod";
import { DOOR_LIMITS, type DoorLimits } from "./admission.ts";
import { OUTBOX_LIMITS } from "./bus/outboxes.ts";
import type { OutboxLimits } from "./bus/outbox.ts";

export interface MediaConfig {
  /** Minted when absent. */
  readonly nodeId?: NodeId;
  /** 0: any free one. */
  readonly port: number;
  /** Address to listen on; absent: all. */
  readonly host?: string;
  /** host:port of the control plane's gRPC server. */
  readonly controlAddress: string;
  /** VOICE_GATEWAY_SECRET: what the planes know each other by. */
  readonly gatewaySecret: string;
  /** `null` only where the bus is given as an override. */
  readonly natsUrl: string | null;
  readonly openai: { readonly apiKey: string; readonly realtimeUrl: string };
  /** wss origin under which Twilio reaches the media plane; upgrades are signed for `<publicUrl>/media`. Absent: the one listened on. */
  readonly publicUrl?: string;
  /** Of a single-account install: upgrades are checked here already. `null`: the control plane checks them, with the connection's own. */
  readonly twilioAuthToken: string | null;
  /** Most calls at a time. */
  readonly capacity: number;
  /** How long running calls may go on after SIGTERM. */
  readonly drainMs: number;
  /** Where records wait that do not fit into memory. One directory per process. Absent: one of its own for temporary files. */
  readonly spoolDir?: string;
  /** Bounds, where the usual ones do not fit. */
  readonly limits?: { readonly door?: Partial<DoorLimits>; readonly outbox?: Partial<OutboxLimits> };
}

const WebSocketUrl = z.url({ protocol: /^wss?$/, error: "must be a URL that begins with wss:// or ws://" });

const WebSocketOrigin = WebSocketUrl.refine((url) => new URL(url).pathname === "/" && !url.includes("?"), {
  error: "must be an origin, as wss://voice.example.com, without a path: Twilio is sent to /media on it",
}).transform((url) => url.replace(/\/$/, ""));

const Port = z.coerce.number().int().min(0).max(65_535);

/** Draining may take a day at most; the process as a whole, a minute more. */
const LONGEST_DRAIN_S = 86_400;
export const LONGEST_STOP_MS = (LONGEST_DRAIN_S + 60) * 1_000;

export const MediaEnv = z.object({
  CONTROL_GRPC_URL: z.string().min(1).default("127.0.0.1:4001"),
  MEDIA_PORT: Port.default(4100),
  MEDIA_HOST: z.exactOptional(z.string().min(1)),
  NATS_URL: z.string().min(1),
  OPENAI_API_KEY: z.string().min(1),
  OPENAI_REALTIME_URL: WebSocketUrl.default(OPENAI_REALTIME_URL),
  VOICE_GATEWAY_URL: z.exactOptional(WebSocketOrigin),
  VOICE_GATEWAY_SECRET: z.string().min(16, "must have at least 16 characters"),
  TWILIO_AUTH_TOKEN: z.exactOptional(z.string().min(1)),
  MEDIA_CAPACITY: z.coerce.number().int().min(1).max(100_000).default(400),
  MEDIA_DRAIN_SECONDS: z.coerce.number().min(0).max(LONGEST_DRAIN_S).default(600),
  SPOOL_DIR: z.exactOptional(z.string().min(1)),
});
export type MediaEnv = z.infer<typeof MediaEnv>;

export function toMediaConfig(env: MediaEnv): MediaConfig {
  return {
    port: env.MEDIA_PORT,
    ...(env.MEDIA_HOST === undefined ? {} : { host: env.MEDIA_HOST }),
    controlAddress: env.CONTROL_GRPC_URL,
    gatewaySecret: env.VOICE_GATEWAY_SECRET,
    natsUrl: env.NATS_URL,
    openai: { apiKey: env.OPENAI_API_KEY, realtimeUrl: env.OPENAI_REALTIME_URL },
    publicUrl: env.VOICE_GATEWAY_URL ?? `ws://127.0.0.1:${env.MEDIA_PORT}`,
    twilioAuthToken: env.TWILIO_AUTH_TOKEN ?? null,
    capacity: env.MEDIA_CAPACITY,
    drainMs: env.MEDIA_DRAIN_SECONDS * 1_000,
    spoolDir: env.SPOOL_DIR ?? join(".struere", "spool", String(env.MEDIA_PORT)),
  };
}

/** The bounds in force: the usual ones, and what the configuration puts in their place. */
export function limitsOf(config: MediaConfig): { readonly door: DoorLimits; readonly outbox: OutboxLimits } {
  return { door: { ...DOOR_LIMITS, ...config.limits?.door }, outbox: { ...OUTBOX_LIMITS, ...config.limits?.outbox } };
}

export function spoolDirOf(config: MediaConfig, nodeId: NodeId): string {
  return config.spoolDir ?? join(tmpdir(), `struere-spool-${nodeId}`);
}
