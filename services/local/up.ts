/** Everything in one process: an embedded Postgres (or DATABASE_URL), a bus in memory (or NATS_URL), the control plane, one media node, one auditor. */
import { join } from "node:path";
import { createControlPlane } from "@struere/api";
import { createMediaPlane } from "@struere/bridge";
import { createAuditor } from "@struere/auditor";
import { memoryBus, natsBus } from "@struere/bus";
import { OPENAI_REALTIME_URL } from "@struere/protocol/openai";
import { createLog, createMetrics, parseEnv } from "@struere/runtime";
import { startPostgres } from "@struere/runtime/postgres";
import { startSimulatedOpenAI, startSimulatedTwilio } from "@struere/simulators";
import { z } from "zod";
import { installationSecrets } from "./installation.ts";

const Port = z.coerce.number().int().min(0).max(65_535);
const Origin = z.url().transform((url) => url.replace(/\/+$/, ""));

const UpEnv = z.object({
  OPENAI_API_KEY: z.string().min(1),
  OPENAI_REALTIME_URL: Origin.default(OPENAI_REALTIME_URL),
  OPENAI_BASE_URL: Origin.optional(),
  DATABASE_URL: z.string().optional(),
  NATS_URL: z.string().optional(),
  CONTROL_HTTP_PORT: Port.default(4000),
  CONTROL_GRPC_PORT: Port.default(4001),
  MEDIA_PORT: Port.default(4100),
  AUDITOR_PORT: Port.default(4200),
  PUBLIC_URL: Origin.optional(),
  VOICE_GATEWAY_URL: Origin.optional(),
  VOICE_GATEWAY_SECRET: z.string().optional(),
  ENCRYPTION_KEY: z.string().optional(),
  BOOTSTRAP_API_KEY: z.string().optional(),
  TWILIO_API_BASE_URL: z.string().optional(),
  TWILIO_AUTH_TOKEN: z.string().optional(),
  RATE_CARD_FILE: z.string().optional(),
  RECORDING_DAYS: z.coerce.number().int().min(1).max(3_650).default(30),
  STRUERE_DATA_DIR: z.string().default(".struere"),
  LOG_LEVEL: z.enum(["debug", "info", "warn", "error", "silent"]).default("info"),
});

export interface UpOptions {
  readonly env: { readonly [name: string]: string | undefined };
  /** Simulated Twilio and OpenAI instead of the real ones: no key is needed, and no phone. */
  readonly simulate: boolean;
}

export interface Up extends AsyncDisposable {
  readonly httpUrl: string;
  readonly mediaUrl: string;
  readonly apiKey: string;
  readonly simulated: { readonly accountSid: string; readonly authToken: string; readonly number: string } | null;
  drain(): Promise<void>;
}

const SIMULATED_NUMBER = "+15550100200";

export async function up(options: UpOptions): Promise<Up> {
  await using parts = new AsyncDisposableStack();
  const env = parseEnv(UpEnv, options.simulate ? { OPENAI_API_KEY: "sk-simulated", ...options.env } : options.env);
  const log = createLog({ name: "struere", level: env.LOG_LEVEL });
  const secrets = await installationSecrets(env.STRUERE_DATA_DIR, {
    gatewaySecret: env.VOICE_GATEWAY_SECRET,
    encryptionKey: env.ENCRYPTION_KEY,
    apiKey: env.BOOTSTRAP_API_KEY,
  });
  const databaseUrl =
    env.DATABASE_URL ??
    parts.use(await startPostgres({ dataDir: join(env.STRUERE_DATA_DIR, "postgres"), log: log.child({ part: "postgres" }) })).url;
  const bus = env.NATS_URL === undefined ? memoryBus() : await natsBus({ url: env.NATS_URL, name: "local", log });
  parts.defer(() => bus.close());

  const twilio = options.simulate ? parts.use(await startSimulatedTwilio({ numbers: [SIMULATED_NUMBER] })) : null;
  const openai = options.simulate ? parts.use(await startSimulatedOpenAI()) : null;
  const control = parts.use(
    await createControlPlane(
      {
        httpPort: env.CONTROL_HTTP_PORT,
        grpcPort: env.CONTROL_GRPC_PORT,
        host: env.PUBLIC_URL ? "0.0.0.0" : "127.0.0.1",
        databaseUrl,
        natsUrl: null,
        publicUrl: env.PUBLIC_URL ?? null,
        gatewayUrl: env.VOICE_GATEWAY_URL ?? null,
        gatewaySecret: secrets.gatewaySecret,
        encryptionKey: secrets.encryptionKey,
        twilio: { apiBaseUrl: twilio?.apiBaseUrl ?? env.TWILIO_API_BASE_URL ?? null, fallbackAuthToken: env.TWILIO_AUTH_TOKEN ?? null },
        openai: { apiKey: env.OPENAI_API_KEY, baseUrl: openai?.baseUrl ?? env.OPENAI_BASE_URL ?? null },
        // On one machine a tool on loopback is its owner's own; production keys never reach it all the same.
        allowLoopbackTools: true,
        rateCardFile: env.RATE_CARD_FILE ?? null,
        recordingDays: env.RECORDING_DAYS,
        bootstrapApiKey: secrets.apiKey,
      },
      { bus, log: log.child({ part: "control" }), metrics: createMetrics("struere_control_", { process: true }) },
    ),
  );
  const media = parts.use(
    await createMediaPlane(
      {
        port: env.MEDIA_PORT,
        ...(env.VOICE_GATEWAY_URL ? { publicUrl: env.VOICE_GATEWAY_URL } : { host: "127.0.0.1" }),
        controlAddress: control.grpcAddress,
        gatewaySecret: secrets.gatewaySecret,
        natsUrl: null,
        openai: { apiKey: env.OPENAI_API_KEY, realtimeUrl: openai?.realtimeUrl ?? env.OPENAI_REALTIME_URL },
        twilioAuthToken: null,
        capacity: 400,
        drainMs: 20_000,
        spoolDir: join(env.STRUERE_DATA_DIR, "spool"),
      },
      { bus, log: log.child({ part: "media" }), metrics: createMetrics("struere_media_", { process: true }) },
    ),
  );
  const auditor = parts.use(
    await createAuditor(
      {
        port: env.AUDITOR_PORT,
        host: "127.0.0.1",
        controlAddress: control.grpcAddress,
        gatewaySecret: secrets.gatewaySecret,
        natsUrl: null,
        concurrency: 64,
      },
      { bus, log: log.child({ part: "auditor" }), metrics: createMetrics("struere_auditor_", { process: true }) },
    ),
  );
  const owned = parts.move();
  return {
    httpUrl: control.httpUrl,
    mediaUrl: media.wsUrl,
    apiKey: secrets.apiKey,
    simulated: twilio && { accountSid: twilio.accountSid, authToken: twilio.authToken, number: SIMULATED_NUMBER },
    // The auditors read the last words of the calls that the media node lets come to their end.
    async drain() {
      await media.drain();
      await auditor.drain();
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
