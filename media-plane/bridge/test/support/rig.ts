/** One media node with everything around it faked at the wire: Twilio, OpenAI, the control plane; the bus in memory. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMetrics, type Metrics, silentLog } from "@struere/runtime";
import { createMediaPlane, type MediaConfig, type MediaPlane } from "../../src/index.ts";
import { type FakeBus, fakeBus, type Published } from "./fake-bus.ts";
import { type FakeControl, SECRET, startFakeControl } from "./fake-control.ts";
import { type FakeOpenAI, type FakeOpenAIOptions, startFakeOpenAI } from "./fake-openai.ts";
import { FakeStream, type StartOptions, type StreamOptions } from "./fake-twilio.ts";
import { type VariableClock, variableClock } from "./variable-clock.ts";

export interface Rig extends AsyncDisposable {
  readonly media: MediaPlane;
  readonly openai: FakeOpenAI;
  readonly control: FakeControl;
  readonly bus: FakeBus;
  readonly metrics: Metrics;
  readonly spoolDir: string;
  readonly clock: VariableClock;
  /** A stream that has been accepted. */
  stream(options?: Partial<StreamOptions>): Promise<FakeStream>;
  /** A stream whose upgrade may be refused. */
  knock(options?: Partial<StreamOptions>): FakeStream;
  /** A stream that has said `connected` and `start`, and a frame of silence. */
  call(options?: Partial<StreamOptions & StartOptions>): Promise<FakeStream>;
  /** The value of one metric with exactly these labels (as Prometheus writes them), 0 when it was never set. */
  metric(name: string, labels?: string): Promise<number>;
  event(name: string): Promise<Published>;
}

export const AUTH_TOKEN = "token";
export const PUBLIC_URL = "wss://media.example.test";

export interface RigOptions {
  readonly openai?: FakeOpenAIOptions;
  readonly config?: Partial<MediaConfig>;
  readonly bus?: FakeBus;
}

let tokens = 0;

export async function aRig({ openai: openaiOptions, config, bus: givenBus }: RigOptions = {}): Promise<Rig> {
  const openai = await startFakeOpenAI(openaiOptions);
  const control = await startFakeControl();
  const bus = givenBus ?? fakeBus();
  const clock = variableClock();
  const metrics = createMetrics();
  const spoolDir = await mkdtemp(join(tmpdir(), "bridge-"));
  const media = await createMediaPlane(
    {
      port: 0,
      host: "127.0.0.1",
      controlAddress: control.address,
      gatewaySecret: SECRET,
      natsUrl: null,
      openai: { apiKey: "sk-test", realtimeUrl: openai.realtimeUrl },
      publicUrl: PUBLIC_URL,
      twilioAuthToken: AUTH_TOKEN,
      capacity: 400,
      drainMs: 1_000,
      spoolDir,
      ...config,
    },
    { bus, metrics, log: silentLog, clock },
  );
  const rig: Rig = {
    media,
    openai,
    control,
    bus,
    metrics,
    spoolDir,
    clock,
    knock: (options) =>
      new FakeStream({ wsUrl: `${media.wsUrl}/media`, signedUrl: `${PUBLIC_URL}/media`, authToken: AUTH_TOKEN, ...options }),
    stream: async (options) => {
      const stream = rig.knock(options);
      await stream.opened;
      return stream;
    },
    call: async (options = {}) => {
      const stream = await rig.stream(options);
      tokens += 1;
      stream.connect();
      stream.start({ token: `token-${tokens}`, ...options });
      stream.media();
      return stream;
    },
    metric: async (name, labels = "") => {
      const text = await (await fetch(`${media.httpUrl}/metrics`)).text();
      const line = text.split("\n").find((candidate) => candidate.startsWith(`struere_${name}${labels === "" ? " " : `{${labels}} `}`));
      return Number(line?.split(" ").at(-1) ?? 0);
    },
    event: (name) => bus.published.when(({ kind, body }) => kind === "event" && body["name"] === name),
    [Symbol.asyncDispose]: async () => {
      await media[Symbol.asyncDispose]();
      await control[Symbol.asyncDispose]();
      await openai[Symbol.asyncDispose]();
      await bus.close();
      await rm(spoolDir, { recursive: true, force: true });
    },
  };
  return rig;
}
