/** A real control plane on a database of its own, between a simulated Twilio and the command. With `media`, calls can be made. */
import { randomBytes } from "node:crypto";
import { createServer } from "node:net";
import { createControlPlane } from "@struere/api";
import { createMediaPlane } from "@struere/bridge";
import { memoryBus } from "@struere/bus";
import type { Environment } from "@struere/kernel";
import { createMetrics, elasticClock, silentLog, systemClock } from "@struere/runtime";
import { type Mind, type SimulatedTwilio, startSimulatedOpenAI, startSimulatedTwilio } from "@struere/simulators";
import { newApiKey } from "@struere/store";
import { testDatabase } from "@struere/testkit";
import { type Ran, struere, type TestTerminalOptions } from "./terminal.ts";

export const NUMBER = "+15550100200";
export const OTHER_NUMBER = "+15550100201";

export interface Installation extends AsyncDisposable {
  readonly url: string;
  readonly apiKey: string;
  readonly twilio: SimulatedTwilio;
  readonly env: { readonly [name: string]: string };
  /** Runs the command as the holder of the first key. */
  struere(argv: readonly string[], options?: TestTerminalOptions & { readonly input?: string }): Promise<Ran>;
}

/** Calls run faster than life. */
const SPEED = 8;

/** @param options.now its clocks begin here, and go on from it. */
export async function anInstallation(
  options: { readonly media?: boolean; readonly mind?: Mind; readonly now?: Date; readonly environment?: Environment } = {},
): Promise<Installation> {
  await using parts = new AsyncDisposableStack();
  const system = options.media === true ? parts.use(elasticClock({ scale: SPEED })) : systemClock();
  const shiftMs = options.now === undefined ? 0 : options.now.getTime() - system.wall();
  const clock = { ...system, wall: () => system.wall() + shiftMs };
  const database = parts.use(await testDatabase());
  const twilio = parts.use(await startSimulatedTwilio({ clock, numbers: [NUMBER, OTHER_NUMBER] }));
  const bus = memoryBus({ clock });
  parts.defer(() => bus.close());
  const apiKey = newApiKey(options.environment ?? "development");
  const gatewaySecret = randomBytes(24).toString("base64url");
  const openai =
    options.media === true
      ? parts.use(await startSimulatedOpenAI({ clock, apiKey: "sk-simulated", ...(options.mind && { mind: options.mind }) }))
      : null;
  const control = parts.use(
    await createControlPlane(
      {
        httpPort: await freePort(),
        grpcPort: 0,
        host: "127.0.0.1",
        databaseUrl: database.url,
        natsUrl: null,
        publicUrl: null,
        gatewayUrl: null,
        gatewaySecret,
        encryptionKey: randomBytes(32).toString("base64"),
        twilio: { apiBaseUrl: twilio.apiBaseUrl, fallbackAuthToken: null },
        bootstrapApiKey: apiKey,
        openai: { apiKey: openai && "sk-simulated", baseUrl: openai && openai.baseUrl },
      },
      { clock, bus, log: silentLog, metrics: createMetrics("struere_control_") },
    ),
  );
  if (openai) {
    parts.use(
      await createMediaPlane(
        {
          port: 0,
          host: "127.0.0.1",
          controlAddress: control.grpcAddress,
          gatewaySecret,
          natsUrl: null,
          openai: { apiKey: "sk-simulated", realtimeUrl: openai.realtimeUrl },
          twilioAuthToken: null,
          capacity: 10,
          drainMs: 5_000,
        },
        { clock, bus, log: silentLog, metrics: createMetrics("struere_media_") },
      ),
    );
  }
  const env = { STRUERE_URL: control.httpUrl, STRUERE_API_KEY: apiKey };
  const owned = parts.move();
  return {
    url: control.httpUrl,
    apiKey,
    twilio,
    env,
    struere: (argv, given = {}) => struere(argv, { now: () => new Date(clock.wall()), ...given, env: { ...env, ...given.env } }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
