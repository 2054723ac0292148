/** A control plane that says yes to everything, over real gRPC, in the process that conducts the bench. */
import { randomBytes } from "node:crypto";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { ID_RANDOM_BYTES, type IdPrefix, mintId } from "@struere/kernel";
import { type CallConfig, loadVoiceV1, unary } from "@struere/protocol/grpc";

const SECRET = "secret-of-a-bench";
/** As the real one says (control-plane/domain/src/call-record.ts). */
const LEASE_RENEW_MS = 2_000;
const LEASE_EXPIRES_MS = 8_000;
const HEARTBEAT_MS = 2_000;

export interface FakeControl extends AsyncDisposable {
  readonly address: string;
  readonly secret: string;
  /** Claims and lease renewals answered so far. */
  readonly counts: { claims: number; renewals: number; endings: number };
}

export async function startFakeControl(): Promise<FakeControl> {
  const { callControl, nodeRegistry } = loadVoiceV1();
  const counts = { claims: 0, renewals: 0, endings: 0 };
  const answered = <Response>(answer: () => Response) => unary({ secret: SECRET, answer: async () => answer() });
  const server = new Server();
  server.addService(callControl, {
    ClaimCall: answered(() => {
      counts.claims++;
      return { config: callConfig(), epoch: 1, leaseRenewMs: LEASE_RENEW_MS, leaseExpiresMs: LEASE_EXPIRES_MS };
    }),
    RenewLease: answered(() => {
      counts.renewals++;
      return { lostCallIds: [] };
    }),
    EndCall: answered(() => {
      counts.endings++;
      return { endedNow: true };
    }),
    RunTool: answered(() => ({ outputJson: "{}", isError: false })),
  });
  server.addService(nodeRegistry, {
    Register: answered(() => ({ heartbeatMs: HEARTBEAT_MS })),
    Heartbeat: answered(() => ({})),
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return {
    address: `127.0.0.1:${port}`,
    secret: SECRET,
    counts,
    [Symbol.asyncDispose]: async () => server.forceShutdown(),
  };
}

const mint = <P extends IdPrefix>(prefix: P) => mintId(prefix, randomBytes(ID_RANDOM_BYTES));

function callConfig(): CallConfig {
  return {
    callId: mint("call"),
    organizationId: mint("org"),
    environment: "development",
    threadId: mint("thread"),
    direction: "CALL_DIRECTION_INBOUND",
    from: "+14155550100",
    to: "+14155550199",
    agent: { slug: "front-desk", name: "Front desk", version: 1, instructions: "You answer the phone.", tools: [] },
    voice: {
      model: "gpt-realtime-2.1-mini",
      voice: "alloy",
      semanticVad: { eagerness: "medium" },
      turnDetection: "semanticVad",
      transcriptionModel: "gpt-transcribe",
    },
    limits: { maxDurationMs: 3_600_000 },
    history: [],
  };
}
