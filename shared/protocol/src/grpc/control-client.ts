/** The control plane as media nodes and auditor workers see it: promises, a deadline on each call, faults when it does not answer. */
import { type CallOptions, type ClientUnaryCall, Client, credentials, type requestCallback } from "@grpc/grpc-js";
import type { Deserialize, Serialize } from "@grpc/proto-loader";
import { Fault } from "@struere/kernel";
import type { AppendRecordingRequest } from "../gen/struere/voice/v1/AppendRecordingRequest.ts";
import type { AppendRecordingResponse__Output } from "../gen/struere/voice/v1/AppendRecordingResponse.ts";
import type { ClaimCallRequest } from "../gen/struere/voice/v1/ClaimCallRequest.ts";
import type { ClaimCallResponse__Output } from "../gen/struere/voice/v1/ClaimCallResponse.ts";
import type { EndCallRequest } from "../gen/struere/voice/v1/EndCallRequest.ts";
import type { EndCallResponse__Output } from "../gen/struere/voice/v1/EndCallResponse.ts";
import type { HeartbeatRequest } from "../gen/struere/voice/v1/HeartbeatRequest.ts";
import type { HeartbeatResponse__Output } from "../gen/struere/voice/v1/HeartbeatResponse.ts";
import type { RegisterRequest } from "../gen/struere/voice/v1/RegisterRequest.ts";
import type { RegisterResponse__Output } from "../gen/struere/voice/v1/RegisterResponse.ts";
import type { RenewLeaseRequest } from "../gen/struere/voice/v1/RenewLeaseRequest.ts";
import type { RenewLeaseResponse__Output } from "../gen/struere/voice/v1/RenewLeaseResponse.ts";
import type { RouteUtteranceRequest } from "../gen/struere/voice/v1/RouteUtteranceRequest.ts";
import type { RouteUtteranceResponse__Output } from "../gen/struere/voice/v1/RouteUtteranceResponse.ts";
import type { RunToolRequest } from "../gen/struere/voice/v1/RunToolRequest.ts";
import type { RunToolResponse__Output } from "../gen/struere/voice/v1/RunToolResponse.ts";
import type { RunAuditRequest } from "../gen/struere/voice/v1/RunAuditRequest.ts";
import type { RunAuditResponse__Output } from "../gen/struere/voice/v1/RunAuditResponse.ts";
import type { SkipAuditRequest } from "../gen/struere/voice/v1/SkipAuditRequest.ts";
import type { SkipAuditResponse__Output } from "../gen/struere/voice/v1/SkipAuditResponse.ts";
import { authorization } from "./authorization.ts";
import { CLIENT_OPTIONS } from "./channel.ts";
import { statusToFault } from "./status.ts";
import { loadVoiceV1 } from "./voice-v1.ts";

/** Milliseconds that an answer may take, retries included. */
export const DEFAULT_DEADLINES_MS = {
  /** A node waits 5 s for it: a claim that is answered late is a call that is lost. */
  claimCall: 4_500,
  renewLease: 1_000,
  endCall: 2_000,
  /** Longer than any tool may take (15 s), so that the result is still heard. */
  runTool: 20_000,
  routeUtterance: 5_000,
  appendRecording: 5_000,
  register: 2_000,
  heartbeat: 1_000,
  /** Longer than an auditor may think (60 s), with its tools and their clean-up. */
  runAudit: 90_000,
  skipAudit: 2_000,
} as const;
export type ControlMethod = keyof typeof DEFAULT_DEADLINES_MS;

type Call<Request, Response> = (
  request: Request,
  /** `deadlineMs`: for this call, instead of its method's. */
  options?: { readonly signal?: AbortSignal; readonly deadlineMs?: number },
) => Promise<Response>;

/**
 * Every call rejects with a `Fault`: what the control plane said, `deadline_exceeded`, `unavailable`, or `aborted` when `signal` fired
 * or the client was closed.
 */
export interface ControlClient {
  readonly claimCall: Call<ClaimCallRequest, ClaimCallResponse__Output>;
  readonly renewLease: Call<RenewLeaseRequest, RenewLeaseResponse__Output>;
  readonly endCall: Call<EndCallRequest, EndCallResponse__Output>;
  readonly runTool: Call<RunToolRequest, RunToolResponse__Output>;
  readonly routeUtterance: Call<RouteUtteranceRequest, RouteUtteranceResponse__Output>;
  readonly appendRecording: Call<AppendRecordingRequest, AppendRecordingResponse__Output>;
  readonly register: Call<RegisterRequest, RegisterResponse__Output>;
  readonly heartbeat: Call<HeartbeatRequest, HeartbeatResponse__Output>;
  readonly runAudit: Call<RunAuditRequest, RunAuditResponse__Output>;
  readonly skipAudit: Call<SkipAuditRequest, SkipAuditResponse__Output>;
  /** Resolves once a connection stands; Fault unavailable, naming the address, when none does within `ms`. */
  waitForReady(ms: number): Promise<void>;
  /** Lets calls in flight finish; later ones are refused. */
  close(): void;
}

/** What is logged: failed calls, at debug. Any pino logger will do. */
export interface ControlLog {
  debug(fields: object, message: string): void;
}

/** `address`: `host:port`, asked of DNS anew when connections are lost, or a gRPC target with a scheme. */
export function createControlClient(options: {
  readonly address: string;
  readonly secret: string;
  readonly deadlineMs?: { readonly [Method in ControlMethod]?: number };
  readonly log?: ControlLog;
}): ControlClient {
  const { address, secret, log } = options;
  const deadlines = { ...DEFAULT_DEADLINES_MS, ...options.deadlineMs };
  const { callControl, nodeRegistry, auditing } = loadVoiceV1();
  const target = address.includes("://") || address.startsWith("unix:") ? address : `dns:///${address}`;
  const client = new Client(target, credentials.createInsecure(), CLIENT_OPTIONS);
  let closed = false;

  const method = <Request, Response>(name: ControlMethod, definition: Method<Request, Response>): Call<Request, Response> => {
    return async (request, { signal, deadlineMs } = {}) => {
      if (closed) throw new Fault("aborted", `${name}: the client of the control plane is closed`);
      const callOptions: CallOptions = { deadline: Date.now() + (deadlineMs ?? deadlines[name]) };
      try {
        return await promised<Response>(signal, (callback) =>
          client.makeUnaryRequest(
            definition.path,
            definition.requestSerialize,
            definition.responseDeserialize,
            request,
            authorization(secret),
            callOptions,
            callback,
          ),
        );
      } catch (error) {
        const fault = statusToFault(error);
        log?.debug({ method: name, code: fault.code }, "control plane refused or did not answer");
        throw fault;
      }
    };
  };

  return {
    claimCall: method("claimCall", callControl.ClaimCall),
    renewLease: method("renewLease", callControl.RenewLease),
    endCall: method("endCall", callControl.EndCall),
    runTool: method("runTool", callControl.RunTool),
    routeUtterance: method("routeUtterance", callControl.RouteUtterance),
    appendRecording: method("appendRecording", callControl.AppendRecording),
    register: method("register", nodeRegistry.Register),
    heartbeat: method("heartbeat", nodeRegistry.Heartbeat),
    runAudit: method("runAudit", auditing.RunAudit),
    skipAudit: method("skipAudit", auditing.SkipAudit),
    waitForReady: (ms) =>
      new Promise((resolve, reject) => {
        client.waitForReady(Date.now() + ms, (error) => {
          if (!error) return resolve();
          reject(
            new Fault("unavailable", `no control plane at ${address} within ${ms} ms: is it running, and is CONTROL_GRPC_URL right?`, {
              cause: error,
            }),
          );
        });
      }),
    close: () => {
      closed = true;
      client.close();
    },
  };
}

interface Method<Request, Response> {
  readonly path: string;
  readonly requestSerialize: Serialize<Request>;
  readonly responseDeserialize: Deserialize<Response>;
}

function promised<Response>(
  signal: AbortSignal | undefined,
  start: (callback: requestCallback<Response>) => ClientUnaryCall,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(new Fault("aborted", "called off before it was sent"));
    const call = start((error, response) => {
      signal?.removeEventListener("abort", cancel);
      if (error) reject(error);
      else if (response === undefined) reject(new Fault("internal", "the control plane answered nothing"));
      else resolve(response);
    });
    const cancel = () => call.cancel();
    signal?.addEventListener("abort", cancel, { once: true });
  });
}
