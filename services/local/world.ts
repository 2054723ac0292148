/**
 * The world in one process: simulated Twilio and OpenAI at the wire, and between them the real system on a real Postgres. Phones dial,
 * minds answer, the record is read through the API like anybody would. `await using world = await createWorld({ … })`.
 */
import { randomBytes } from "node:crypto";
import { type ControlConfig, createControlPlane, type ControlPlane } from "@struere/api";
import { type ApiClient, createApiClient } from "@struere/api/client";
import { createMediaPlane, type MediaConfig, type MediaPlane } from "@struere/bridge";
import { type Auditor, type AuditorConfig, createAuditor } from "@struere/auditor";
import type { RateCard } from "@struere/domain";
import { type Bus, memoryBus, natsBus } from "@struere/bus";
import { type Clock, Fault } from "@struere/kernel";
import { createMetrics, type Log, pause, silentLog, systemClock } from "@struere/runtime";
import {
  type Mind,
  type SimulatedOpenAI,
  type SimulatedOpenAIOptions,
  type SimulatedTwilio,
  type SimulatedTwilioOptions,
  startSimulatedOpenAI,
  startSimulatedTwilio,
} from "@struere/simulators";
import { newApiKey } from "@struere/store";
import { AgentDefinition, type AgentInput } from "struere";

export interface WorldOptions {
  /** An empty database, or one that a world has used before. */
  readonly databaseUrl: string;
  /** Absent: a bus in memory. */
  readonly natsUrl?: string;
  /** A scaled clock makes calls run fast. */
  readonly clock?: Clock;
  readonly mind?: Mind;
  readonly openai?: Omit<SimulatedOpenAIOptions, "clock" | "mind">;
  readonly twilio?: Omit<SimulatedTwilioOptions, "clock" | "numbers">;
  /** Media nodes; default 1. */
  readonly nodes?: number;
  readonly media?: Partial<MediaConfig>;
  /** Auditor workers; default 1. */
  readonly auditors?: number;
  readonly auditor?: Partial<AuditorConfig>;
  readonly control?: Partial<ControlConfig>;
  /** What media nodes reach the control plane through: given its gRPC address, the address that they are told. */
  readonly toControl?: (grpcAddress: string) => Promise<string>;
  /** A real vendor instead of the simulated model; the phones stay simulated. */
  readonly vendor?: { readonly apiKey: string; readonly baseUrl: string | null; readonly realtimeUrl: string };
  /** Absent: the built-in prices. */
  readonly rateCard?: RateCard;
  readonly log?: Log;
}

export interface World extends AsyncDisposable {
  readonly clock: Clock;
  readonly bus: Bus;
  readonly twilio: SimulatedTwilio;
  readonly openai: SimulatedOpenAI;
  readonly control: ControlPlane;
  readonly nodes: readonly MediaPlane[];
  readonly auditors: readonly Auditor[];
  /** As the bootstrap key's holder, in development. */
  readonly api: ApiClient;
  readonly apiKey: string;
  /** Starts another media node. */
  addNode(): Promise<MediaPlane>;
  /** Sets an agent and binds WORLD_NUMBER to it, by the same API calls as the command line makes. */
  answeredBy(agent: AgentInput): Promise<void>;
  /**
   * The record of a call that is over, as soon as all that the call has published is in it.
   * @param api as another organization's holder of a key.
   * @throws Fault deadline_exceeded after 15 s of the world's clock, saying how far it is.
   */
  recordOf(callSid: string, api?: ApiClient): Promise<CallRecord>;
}

export type CallRecord = Awaited<ReturnType<ApiClient["calls"]["get"]["query"]>>;

/** The number that `answeredBy` connects. */
export const WORLD_NUMBER = "+15550100200";
const OPENAI_KEY = "sk-simulated";

export async function createWorld(options: WorldOptions): Promise<World> {
  await using parts = new AsyncDisposableStack();
  const clock = options.clock ?? systemClock();
  const log = options.log ?? silentLog;
  const twilio = parts.use(await startSimulatedTwilio({ ...options.twilio, clock, numbers: [WORLD_NUMBER] }));
  const openai = parts.use(
    await startSimulatedOpenAI({ apiKey: OPENAI_KEY, ...options.openai, clock, ...(options.mind ? { mind: options.mind } : {}) }),
  );
  const bus = options.natsUrl === undefined ? memoryBus({ clock }) : await natsBus({ url: options.natsUrl, name: "world" });
  parts.defer(() => bus.close());

  const vendor = options.vendor ?? { apiKey: OPENAI_KEY, baseUrl: openai.baseUrl, realtimeUrl: openai.realtimeUrl };
  const gatewaySecret = randomBytes(24).toString("base64url");
  const apiKey = newApiKey("development");
  const control = parts.use(
    await createControlPlane(
      {
        httpPort: 0,
        grpcPort: 0,
        host: "127.0.0.1",
        databaseUrl: options.databaseUrl,
        natsUrl: null,
        publicUrl: null,
        gatewayUrl: null,
        gatewaySecret,
        encryptionKey: randomBytes(32).toString("base64"),
        twilio: { apiBaseUrl: twilio.apiBaseUrl, fallbackAuthToken: null },
        openai: { apiKey: vendor.apiKey, baseUrl: vendor.baseUrl },
        bootstrapApiKey: apiKey,
        ...options.control,
      },
      { clock, bus, log, metrics: createMetrics("struere_control_"), ...(options.rateCard ? { rateCard: options.rateCard } : {}) },
    ),
  );
  const controlAddress = (await options.toControl?.(control.grpcAddress)) ?? control.grpcAddress;
  const nodes: MediaPlane[] = [];
  const addNode = async (): Promise<MediaPlane> => {
    const node = await createMediaPlane(
      {
        port: 0,
        host: "127.0.0.1",
        controlAddress,
        gatewaySecret,
        natsUrl: null,
        openai: { apiKey: vendor.apiKey, realtimeUrl: vendor.realtimeUrl },
        twilioAuthToken: null,
        capacity: 400,
        drainMs: 5_000,
        ...options.media,
      },
      { clock, bus, log, metrics: createMetrics("struere_media_") },
    );
    parts.use(node);
    nodes.push(node);
    return node;
  };
  for (let count = 0; count < (options.nodes ?? 1); count++) await addNode();

  const auditors: Auditor[] = [];
  for (let count = 0; count < (options.auditors ?? 1); count++) {
    const auditor = await createAuditor(
      {
        port: 0,
        host: "127.0.0.1",
        controlAddress: control.grpcAddress,
        gatewaySecret,
        natsUrl: null,
        concurrency: 64,
        ...options.auditor,
      },
      { clock, bus, log, metrics: createMetrics("struere_auditor_") },
    );
    auditors.push(parts.use(auditor));
  }

  const api = createApiClient({ url: control.httpUrl, apiKey });
  const owned = parts.move();
  return {
    clock,
    bus,
    twilio,
    openai,
    control,
    nodes,
    auditors,
    api,
    apiKey,
    addNode,
    async answeredBy(agent) {
      const definition = AgentDefinition.parse(agent);
      await api.agents.set.mutate({ definition });
      await api.connections.credentials.set.mutate({ accountSid: twilio.accountSid, authToken: twilio.authToken });
      await api.connections.connect.mutate({ phoneNumber: WORLD_NUMBER, agent: definition.slug });
    },
    recordOf: (callSid, other) => recordOf({ api: other ?? api, clock }, callSid),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const RECORDED_WITHIN_MS = 15_000;
const LOOK_EVERY_MS = 50;

async function recordOf({ api, clock }: Pick<World, "api" | "clock">, callSid: string): Promise<CallRecord> {
  const until = clock.now() + RECORDED_WITHIN_MS;
  for (;;) {
    const { items } = await api.calls.list.query({ limit: 100 });
    const found = items.find((item) => item.callSid === callSid);
    const record = found && (await api.calls.get.query({ id: found.id }));
    // A call that no node ever had publishes nothing; any other ends with this event.
    if (record?.endedAt && (record.epoch === 0 || record.events.some((event) => event.name === "call.ended"))) return record;
    if (clock.now() > until) {
      const state = record ? `${record.status} with ${record.events.length} events` : "not there";
      throw new Fault("deadline_exceeded", `the record of ${callSid} is not complete after ${RECORDED_WITHIN_MS} ms: it is ${state}`);
    }
    await pause(clock, LOOK_EVERY_MS);
  }
}
