/** The control plane at the wire: a real gRPC server that remembers what it was asked and answers what a test wants. */
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { Fault, ID_RANDOM_BYTES, type IdPrefix, mintId } from "@struere/kernel";
import {
  type CallAdvice,
  type CallConfig,
  type ClaimCallRequest__Output,
  type EndCallRequest__Output,
  type HeartbeatRequest__Output,
  loadVoiceV1,
  type RegisterRequest__Output,
  type RenewLeaseRequest__Output,
  type RunToolRequest__Output,
  unary,
} from "@struere/protocol/grpc";
import { Journal } from "./journal.ts";

export const SECRET = "the-secret-of-the-planes";

let minted = 0;

/** An id that is new in this process. */
export function anId<P extends IdPrefix>(prefix: P) {
  minted += 1;
  const random = new Uint8Array(ID_RANDOM_BYTES);
  for (let index = 0, rest = minted; rest > 0; index++, rest >>= 5) random[index] = rest & 31;
  return mintId(prefix, random);
}

/** A call's configuration with complete defaults. */
export function aProtoConfig(overrides: Partial<CallConfig> = {}): CallConfig {
  return {
    callId: anId("call"),
    organizationId: anId("org"),
    environment: "development",
    threadId: anId("thread"),
    direction: "CALL_DIRECTION_INBOUND",
    from: "+14155550100",
    to: "+14155550199",
    agent: {
      slug: "front-desk",
      name: "Front desk",
      version: 1,
      instructions: "You answer the phone.",
      tools: [{ name: "entity.query", description: "Looks things up.", parametersJson: '{"type":"object","properties":{}}' }],
    },
    voice: {
      model: "gpt-realtime-2.1-mini",
      voice: "alloy",
      semanticVad: { eagerness: "medium" },
      turnDetection: "semanticVad",
      transcriptionModel: "gpt-transcribe",
    },
    limits: { maxDurationMs: 600_000 },
    history: [],
    ...overrides,
  };
}

interface ToolAnswer {
  readonly outputJson: string;
  readonly isError: boolean;
}

export interface FakeControl extends AsyncDisposable {
  readonly address: string;
  readonly claims: Journal<ClaimCallRequest__Output>;
  readonly endings: Journal<EndCallRequest__Output>;
  readonly renewals: Journal<RenewLeaseRequest__Output>;
  readonly registrations: Journal<RegisterRequest__Output>;
  readonly heartbeats: Journal<HeartbeatRequest__Output>;
  readonly tools: Journal<RunToolRequest__Output>;
  /** What answers; replace to refuse or to answer differently. Default: each token is used once, and its text is no matter. */
  behaviour: {
    claim(request: ClaimCallRequest__Output): CallConfig | Promise<CallConfig>;
    lost(request: RenewLeaseRequest__Output): string[];
    advice(request: RenewLeaseRequest__Output): CallAdvice[];
    heartbeat(request: HeartbeatRequest__Output): void;
    tool(request: RunToolRequest__Output): ToolAnswer | Promise<ToolAnswer>;
    /** The epoch that claims establish. */
    epoch: number;
  };
  /** Away, as after a crash; `start` brings it back on the same port. */
  stop(): void;
  start(): Promise<void>;
}

export async function startFakeControl(): Promise<FakeControl> {
  const used = new Set<string>();
  let server: Server | undefined;
  let port = 0;

  function serve(): Server {
    const next = new Server();
    const { callControl, nodeRegistry } = loadVoiceV1();
    next.addService(callControl, {
      ClaimCall: unary({
        secret: SECRET,
        answer: async (request: ClaimCallRequest__Output) => {
          control.claims.add(request);
          const config = await control.behaviour.claim(request);
          return { config, epoch: control.behaviour.epoch, leaseRenewMs: 1_000, leaseExpiresMs: 5_000 };
        },
      }),
      EndCall: unary({
        secret: SECRET,
        answer: async (request: EndCallRequest__Output) => {
          control.endings.add(request);
          return { endedNow: true };
        },
      }),
      RenewLease: unary({
        secret: SECRET,
        answer: async (request: RenewLeaseRequest__Output) => {
          control.renewals.add(request);
          return { lostCallIds: control.behaviour.lost(request), advice: control.behaviour.advice(request) };
        },
      }),
      RunTool: unary({
        secret: SECRET,
        answer: async (request: RunToolRequest__Output) => {
          control.tools.add(request);
          return control.behaviour.tool(request);
        },
      }),
    });
    next.addService(nodeRegistry, {
      Register: unary({
        secret: SECRET,
        answer: async (request: RegisterRequest__Output) => {
          control.registrations.add(request);
          return { heartbeatMs: 200 };
        },
      }),
      Heartbeat: unary({
        secret: SECRET,
        answer: async (request: HeartbeatRequest__Output) => {
          control.heartbeats.add(request);
          control.behaviour.heartbeat(request);
          return {};
        },
      }),
    });
    return next;
  }

  const control: FakeControl = {
    get address() {
      return `127.0.0.1:${port}`;
    },
    claims: new Journal(),
    endings: new Journal(),
    renewals: new Journal(),
    registrations: new Journal(),
    heartbeats: new Journal(),
    tools: new Journal(),
    behaviour: {
      claim: ({ streamToken }) => {
        if (used.has(streamToken)) throw new Fault("failed_precondition", "the token was used already");
        used.add(streamToken);
        return aProtoConfig();
      },
      lost: () => [],
      advice: () => [],
      heartbeat: () => undefined,
      epoch: 1,
      tool: () => ({ outputJson: '{"ok":true}', isError: false }),
    },
    stop: () => {
      server?.forceShutdown();
      server = undefined;
    },
    start: async () => {
      const next = serve();
      port = await new Promise<number>((resolve, reject) =>
        next.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound))),
      );
      server = next;
    },
    [Symbol.asyncDispose]: async () => control.stop(),
  };
  await control.start();
  return control;
}
