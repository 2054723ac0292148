/** A control plane on real parts: Postgres, HTTP, gRPC, and Twilio simulated at the wire. Only media nodes are played by the tests. */
import { randomBytes } from "node:crypto";
import { type Bus, memoryBus } from "@struere/bus";
import type { Clock, NodeId } from "@struere/kernel";
import { type ControlClient, createControlClient } from "@struere/protocol/grpc";
import { createMetrics, type Log, silentLog, systemClock } from "@struere/runtime";
import { mintSid, type SimulatedTwilio, signUpgrade, signWebhook, startSimulatedTwilio } from "@struere/simulators";
import {
  type Call,
  type Db,
  findCallBySid,
  findKeyHolder,
  newApiKey,
  newId,
  recordHeartbeat,
  registerNode,
  type Scope,
} from "@struere/store";
import { testDatabase } from "@struere/testkit";
import { createControlPlane, type ControlConfig, type ControlPlane } from "../src/index.ts";
import { type ApiClient, createApiClient } from "../src/client.ts";

export const NUMBER = "+15550100200";
export const CALLER = "+14155550111";
export const GATEWAY_SECRET = "a secret of the planes";

export interface EdgeOptions {
  /** Where the control plane finds its database, when not where the tests find it. */
  readonly databaseUrl?: (url: string) => Promise<string>;
  readonly config?: Partial<ControlConfig>;
  readonly clock?: Clock;
  readonly log?: Log;
}

export type FormFields = { readonly [name: string]: string };

export interface Edge extends AsyncDisposable {
  readonly db: Db;
  readonly bus: Bus;
  readonly twilio: SimulatedTwilio;
  readonly control: ControlPlane;
  readonly api: ApiClient;
  readonly apiKey: string;
  readonly scope: Scope;
  /** As a media node sees it. */
  readonly client: ControlClient;
  readonly config: ControlConfig;
  /** A node that stays alive without heartbeats. */
  aNode(capacity?: number): Promise<NodeId>;
  /** Agent `cafe`, credentials, NUMBER connected to it, one node. */
  ready(): Promise<void>;
  post(path: string, params: FormFields, how?: PostOptions): Promise<Posted>;
  /** What Twilio posts about an inbound call. */
  form(overrides?: FormFields): { readonly CallSid: string; readonly [name: string]: string };
  /** A call that was announced; its row. */
  ring(overrides?: FormFields): Promise<Call>;
  /** A valid claim of a call that rang, or of the one that this TwiML was for. */
  claimOf(call: Call, nodeId: NodeId, twiml?: string): ClaimFields;
  callOf(callSid: string): Promise<Call | undefined>;
}

export interface ClaimFields {
  readonly streamToken: string;
  readonly callSid: string;
  readonly accountSid: string;
  readonly streamSid: string;
  readonly nodeId: NodeId;
  readonly upgradeSignature: string;
  readonly upgradeUrl: string;
}

export interface PostOptions {
  /** Default: the account's. */
  readonly authToken?: string;
  /** `null`: none. Default: the right one. */
  readonly signature?: string | null;
  /** What is signed instead of what is sent. */
  readonly signed?: { readonly url?: string; readonly params?: FormFields };
}

export interface Posted {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

export const UPGRADE_URL = "ws://127.0.0.1:4100/media";
const LONG_ALIVE_MS = 3_600_000;

export async function startEdge(options: EdgeOptions = {}): Promise<Edge> {
  await using parts = new AsyncDisposableStack();
  const { db, url } = parts.use(await testDatabase());
  const twilio = parts.use(await startSimulatedTwilio({ numbers: [NUMBER] }));
  const clock = options.clock ?? systemClock();
  const bus = memoryBus({ clock });
  parts.defer(() => bus.close());
  const apiKey = newApiKey("development");
  const config: ControlConfig = {
    httpPort: 0,
    grpcPort: 0,
    host: "127.0.0.1",
    databaseUrl: (await options.databaseUrl?.(url)) ?? url,
    natsUrl: null,
    publicUrl: null,
    gatewayUrl: null,
    gatewaySecret: GATEWAY_SECRET,
    encryptionKey: randomBytes(32).toString("base64"),
    twilio: { apiBaseUrl: twilio.apiBaseUrl, fallbackAuthToken: null },
    bootstrapApiKey: apiKey,
    ...options.config,
  };
  const metrics = createMetrics("test_");
  const control = parts.use(await createControlPlane(config, { clock, bus, log: options.log ?? silentLog, metrics }));
  const client = createControlClient({ address: control.grpcAddress, secret: GATEWAY_SECRET });
  parts.defer(async () => client.close());
  const api = createApiClient({ url: control.httpUrl, apiKey });
  const holder = await findKeyHolder(db, apiKey, new Date());
  if (!holder) throw new Error("the bootstrap key does not work");
  const scope: Scope = { organizationId: holder.organizationId, environment: holder.environment };
  const publicUrl = config.publicUrl ?? control.httpUrl;

  const post: Edge["post"] = async (path, params, how = {}) => {
    const { authToken = twilio.authToken, signature, signed } = how;
    const right = signWebhook({ authToken, url: signed?.url ?? `${publicUrl}${path}`, params: signed?.params ?? params });
    const given = signature === undefined ? right : signature;
    const headers = { "content-type": "application/x-www-form-urlencoded", ...(given === null ? {} : { "x-twilio-signature": given }) };
    const response = await fetch(`${control.httpUrl}${path}`, { method: "POST", headers, body: new URLSearchParams(params).toString() });
    return { status: response.status, type: response.headers.get("content-type") ?? "", text: await response.text() };
  };
  const form: Edge["form"] = (overrides = {}) => ({
    AccountSid: twilio.accountSid,
    ApiVersion: "2010-04-01",
    CallSid: mintSid("CA"),
    CallStatus: "ringing",
    Direction: "inbound",
    From: CALLER,
    To: NUMBER,
    FromCity: "",
    ...overrides,
  });
  const aNode: Edge["aNode"] = async (capacity = 100) => {
    const nodeId = newId("node");
    const now = new Date(clock.wall());
    await registerNode(db, { nodeId, publicUrl: "", capacity, version: "test", now });
    await recordHeartbeat(db, {
      nodeId,
      calls: 0,
      capacity,
      draining: false,
      loopDelayP99Ms: 0,
      now: new Date(now.getTime() + LONG_ALIVE_MS),
    });
    return nodeId;
  };
  const tokens = new Map<string, string>();
  const owned = parts.move();
  return {
    db,
    bus,
    twilio,
    control,
    api,
    apiKey,
    scope,
    client,
    config,
    aNode,
    post,
    form,
    async ready() {
      await api.agents.set.mutate({ definition: { name: "Café", slug: "cafe", systemPrompt: "You answer.", tools: ["call.end"] } });
      await api.connections.credentials.set.mutate({ accountSid: twilio.accountSid, authToken: twilio.authToken });
      await api.connections.connect.mutate({ phoneNumber: NUMBER, agent: "cafe" });
      await aNode();
    },
    async ring(overrides) {
      const params = form(overrides);
      const { text } = await post("/twilio/voice", params);
      const call = await findCallBySid(db, params.CallSid);
      if (!call) throw new Error(`no call was made: ${text}`);
      tokens.set(call.id, tokenIn(text));
      return call;
    },
    claimOf(call, nodeId, twiml) {
      return {
        streamToken: twiml === undefined ? (tokens.get(call.id) ?? "") : tokenIn(twiml),
        callSid: call.twilio_call_sid ?? "",
        accountSid: call.twilio_account_sid,
        streamSid: mintSid("MZ"),
        nodeId,
        upgradeSignature: signUpgrade({ authToken: twilio.authToken, url: UPGRADE_URL }),
        upgradeUrl: UPGRADE_URL,
      };
    },
    callOf: (callSid) => findCallBySid(db, callSid),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Of the TwiML's `<Parameter>`; empty when there is none. */
export function tokenIn(twiml: string): string {
  return /<Parameter name="token" value="([^"]+)"/.exec(twiml)?.[1] ?? "";
}

/** The sentence that is spoken; `undefined` when nothing is. */
export function spoken(twiml: string): string | undefined {
  return /<Say>(.*?)<\/Say>/.exec(twiml)?.[1];
}

/** Everything that a promise is rejected with, or a failed expectation. */
export async function rejection(work: Promise<unknown>): Promise<Error> {
  try {
    await work;
  } catch (thrown) {
    if (thrown instanceof Error) return thrown;
  }
  throw new Error("it was expected to be refused, and was not");
}
