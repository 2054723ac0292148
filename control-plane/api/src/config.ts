/** The environment of a control plane process, and the configuration that it becomes. */
import { z } from "zod";

export const ControlEnv = z.object({
  CONTROL_HTTP_PORT: z.coerce.number().int().min(0).max(65_535).default(4000),
  CONTROL_GRPC_PORT: z.coerce.number().int().min(0).max(65_535).default(4001),
  CONTROL_HOST: z.string().default("0.0.0.0"),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/, error: "a postgres:// URL" }),
  NATS_URL: z.string().min(1),
  PUBLIC_URL: z.url({ protocol: /^https?$/, error: "the http(s) origin under which Twilio reaches the control plane" }).optional(),
  VOICE_GATEWAY_URL: z.url({ protocol: /^wss?$/, error: "the ws(s) origin under which Twilio reaches the media plane" }).optional(),
  VOICE_GATEWAY_SECRET: z.string().min(16, "at least 16 characters"),
  ENCRYPTION_KEY: z.string().min(1),
  TWILIO_API_BASE_URL: z.url().optional(),
  TWILIO_AUTH_TOKEN: z.string().optional(),
  BOOTSTRAP_API_KEY: z.string().optional(),
  LOG_LEVEL: z.enum(["debug", "info", "warn", "error", "silent"]).default("info"),
});
export type ControlEnv = z.infer<typeof ControlEnv>;

export interface ControlConfig {
  /** 0 takes a free port. */
  readonly httpPort: number;
  readonly grpcPort: number;
  readonly host: string;
  readonly databaseUrl: string;
  /** `null`: the bus is given as an override (everything in one process). */
  readonly natsUrl: string | null;
  /** Origin that Twilio calls and signs. `null`: loopback, with the port that was taken. */
  readonly publicUrl: string | null;
  /** Origin of the media plane for nodes that have no address of their own. `null`: loopback. */
  readonly gatewayUrl: string | null;
  readonly gatewaySecret: string;
  readonly encryptionKey: string;
  readonly twilio: { readonly apiBaseUrl: string | null; readonly fallbackAuthToken: string | null };
  readonly bootstrapApiKey: string | null;
}

export const DEFAULT_GATEWAY_URL = "ws://127.0.0.1:4100";

export function toControlConfig(env: ControlEnv): ControlConfig {
  return {
    httpPort: env.CONTROL_HTTP_PORT,
    grpcPort: env.CONTROL_GRPC_PORT,
    host: env.CONTROL_HOST,
    databaseUrl: env.DATABASE_URL,
    natsUrl: env.NATS_URL,
    publicUrl: env.PUBLIC_URL ? originOf(env.PUBLIC_URL) : null,
    gatewayUrl: env.VOICE_GATEWAY_URL ? originOf(env.VOICE_GATEWAY_URL) : null,
    gatewaySecret: env.VOICE_GATEWAY_SECRET,
    encryptionKey: env.ENCRYPTION_KEY,
    twilio: { apiBaseUrl: env.TWILIO_API_BASE_URL ?? null, fallbackAuthToken: env.TWILIO_AUTH_TOKEN ?? null },
    bootstrapApiKey: env.BOOTSTRAP_API_KEY ?? null,
  };
}

/** Paths are appended to it, and what is signed must be what was configured: no trailing slash. */
function originOf(url: string): string {
  return url.replace(/\/+$/, "");
}
