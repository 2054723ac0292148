/** The environment of a control plane process, and the configuration that it becomes. */
import { parseApiKey } from "@struere/domain";
import { Fault } from "@struere/kernel";
import { createKeyRing } from "@struere/store";
import { z } from "zod";

const Port = z.coerce.number({ error: "a port" }).int("a port").min(0, "a port").max(65_535, "a port");

/** Paths are appended to it, and Twilio signs what was configured: as URLs are normalised, without a slash at the end. */
const origin = (protocol: RegExp, what: string) =>
  z
    .url({ protocol, error: what })
    .refine((text) => !/[?#]/.test(text), { error: `${what}, without a query` })
    .transform((text) => {
      const url = new URL(text);
      return `${url.origin}${url.pathname}`.replace(/\/+$/, "");
    });

const EncryptionKey = z.string().superRefine((text, context) => {
  try {
    createKeyRing(text);
  } catch (thrown) {
    context.addIssue({ code: "custom", message: Fault.from(thrown).sentence });
  }
});

const BootstrapApiKey = z.string().refine((text) => parseApiKey(text) !== undefined, {
  error:
    "not an API key of the form sk_dev_…, sk_prod_… or sk_eval_…, or mistyped; in this repository " +
    `\`npx node -p 'require("@struere/store").newApiKey("development")'\` makes one`,
});

export const ControlEnv = z.object({
  CONTROL_HTTP_PORT: Port.default(4000),
  CONTROL_GRPC_PORT: Port.default(4001),
  CONTROL_HOST: z.string().default("0.0.0.0"),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/, error: "a postgres:// URL" }),
  NATS_URL: z.string().regex(/^(nats|tls):\/\/[^\s,/]+\/?(\s*,\s*(nats|tls):\/\/[^\s,/]+\/?)*$/, "nats://host:4222, several with commas"),
  PUBLIC_URL: origin(/^https?$/, "the http(s) origin under which Twilio reaches the control plane").optional(),
  VOICE_GATEWAY_URL: origin(/^wss?$/, "the ws(s) origin under which Twilio reaches the media plane").optional(),
  VOICE_GATEWAY_SECRET: z.string().min(16, "at least 16 characters; `openssl rand -base64 32` makes one"),
  ENCRYPTION_KEY: EncryptionKey,
  TWILIO_API_BASE_URL: z.url({ protocol: /^https?$/, error: "an http(s) URL" }).optional(),
  TWILIO_AUTH_TOKEN: z.string().optional(),
  BOOTSTRAP_API_KEY: BootstrapApiKey.optional(),
  OPENAI_API_KEY: z.string().optional(),
  OPENAI_BASE_URL: origin(/^https?$/, "an http(s) URL").optional(),
  ALLOW_LOOPBACK_TOOLS: z.enum(["true", "false"], { error: "true or false" }).default("false"),
  RATE_CARD_FILE: z.string().optional(),
  RECORDING_DAYS: z.coerce.number().int("a whole number of days").min(1).max(3_650).default(30),
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
  /** `apiBaseUrl` `null`: the vendor's own. `fallbackAuthToken`: of an installation with one Twilio account. */
  readonly twilio: { readonly apiBaseUrl: string | null; readonly fallbackAuthToken: string | null };
  /** For text agents and classifiers. Without a key they answer that OPENAI_API_KEY is missing. `baseUrl` `null`: the vendor's own. */
  readonly openai?: { readonly apiKey: string | null; readonly baseUrl: string | null };
  /** Tools of owners may be served on this very machine, but never to a production environment. For developers; default false. */
  readonly allowLoopbackTools?: boolean;
  /** So long recordings of calls are kept; default 30. */
  readonly recordingDays?: number;
  /** The first key of an installation that has no organization yet. */
  readonly bootstrapApiKey: string | null;
  /** Prices of this installation, laid over the built-in ones; absent or `null`: those alone. */
  readonly rateCardFile?: string | null;
  /** How long Postgres and NATS may each be away at the start; default 20 s. */
  readonly startWithinMs?: number;
}

/** Of a media node on the same machine. */
export const DEFAULT_GATEWAY_URL = "ws://127.0.0.1:4100";

export function toControlConfig(env: ControlEnv): ControlConfig {
  return {
    httpPort: env.CONTROL_HTTP_PORT,
    grpcPort: env.CONTROL_GRPC_PORT,
    host: env.CONTROL_HOST,
    databaseUrl: env.DATABASE_URL,
    natsUrl: env.NATS_URL,
    publicUrl: env.PUBLIC_URL ?? null,
    gatewayUrl: env.VOICE_GATEWAY_URL ?? null,
    gatewaySecret: env.VOICE_GATEWAY_SECRET,
    encryptionKey: env.ENCRYPTION_KEY,
    twilio: { apiBaseUrl: env.TWILIO_API_BASE_URL ?? null, fallbackAuthToken: env.TWILIO_AUTH_TOKEN ?? null },
    openai: { apiKey: env.OPENAI_API_KEY ?? null, baseUrl: env.OPENAI_BASE_URL ?? null },
    ...(env.RATE_CARD_FILE ? { rateCardFile: env.RATE_CARD_FILE } : {}),
    ...(env.ALLOW_LOOPBACK_TOOLS === "true" ? { allowLoopbackTools: true } : {}),
    recordingDays: env.RECORDING_DAYS,
    bootstrapApiKey: env.BOOTSTRAP_API_KEY ?? null,
  };
}
