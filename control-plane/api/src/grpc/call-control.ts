/** CallControl: what media nodes ask about calls. Proof of a claim is the token; of everything after it, the epoch. */
import { LEASE_EXPIRES_MS, LEASE_RENEW_MS } from "@struere/domain";
import { Fault } from "@struere/kernel";
import type {
  AppendRecordingRequest__Output,
  AppendRecordingResponse,
  ClaimCallRequest__Output,
  ClaimCallResponse,
  EndCallRequest__Output,
  EndCallResponse,
  RenewLeaseRequest__Output,
  RenewLeaseResponse,
  RouteUtteranceRequest__Output,
  RouteUtteranceResponse,
  RunToolRequest__Output,
  RunToolResponse,
} from "@struere/protocol/grpc";
import { validUpgradeSignature } from "@struere/protocol/twilio";
import { appendRecordingPart, type Call, claimCall, endCall, findCall, openCredentials, renewLeases } from "@struere/store";
import type { ControlContext } from "../context.ts";
import { openStreamToken } from "../grants.ts";
import { endingOf } from "../outbound/take-answered-by.ts";
import type { CallRouter } from "../routing/route-call.ts";
import type { VoiceTools } from "../tools/voice-tools.ts";
import { callIdOf, epochOf, nodeIdOf, outcomeOf, reasonOf, sidOf, utterancesOf, wholeNumber } from "./fields.ts";

export interface CallControlOptions extends Pick<ControlContext, "db" | "clock" | "events" | "keyRing"> {
  /** Of the planes; stream tokens are signed with it. */
  readonly gatewaySecret: string;
  /** TWILIO_AUTH_TOKEN of an installation with one account. */
  readonly fallbackAuthToken: string | null;
  readonly voice: Pick<VoiceTools, "runTool">;
  readonly router: CallRouter;
}

/** Each throws a `Fault`, which becomes the status of the answer; proto/struere/voice/v1/call_control.proto says which. */
export interface CallControl {
  claimCall(request: ClaimCallRequest__Output): Promise<ClaimCallResponse>;
  renewLease(request: RenewLeaseRequest__Output): Promise<RenewLeaseResponse>;
  endCall(request: EndCallRequest__Output): Promise<EndCallResponse>;
  runTool(request: RunToolRequest__Output): Promise<RunToolResponse>;
  routeUtterance(request: RouteUtteranceRequest__Output): Promise<RouteUtteranceResponse>;
  appendRecording(request: AppendRecordingRequest__Output): Promise<AppendRecordingResponse>;
}

/** A node holds some hundreds of calls; more in one request is a fault of its own. */
const LEASES_MAX = 10_000;
/** Ten seconds of both sides. */
const RECORDING_PART_BYTES = 160_000;

export function callControl(options: CallControlOptions): CallControl {
  const { db, clock, events } = options;
  const now = () => new Date(clock.wall());
  return {
    async claimCall(request) {
      const nodeId = nodeIdOf(request.nodeId);
      const streamSid = sidOf("stream_sid", request.streamSid);
      const grant = openStreamToken(options.gatewaySecret, request.streamToken, clock.wall());
      const call = await findCall(db, grant.callId);
      if (!call) throw new Fault("unauthenticated", "the stream token is of a call that does not exist");
      await checkUpgrade(options, call, request);
      const claimed = await claimCall(db, {
        callId: grant.callId,
        epoch: grant.epoch,
        nodeId,
        streamSid,
        callSid: request.callSid,
        accountSid: request.accountSid,
        now: now(),
      });
      if (!claimed.ok) throw claimFault(claimed.problem);
      const config = claimed.value.config;
      if (!config) throw new Fault("failed_precondition", "the call was refused and has no configuration");
      events.callClaimed({ callId: grant.callId, epoch: grant.epoch, nodeId });
      return { config, epoch: grant.epoch, leaseRenewMs: LEASE_RENEW_MS, leaseExpiresMs: LEASE_EXPIRES_MS };
    },

    async renewLease(request) {
      const nodeId = nodeIdOf(request.nodeId);
      if (request.leases.length > LEASES_MAX) throw new Fault("invalid_argument", `at most ${LEASES_MAX} leases in one request`);
      const leases = request.leases.map(({ callId, epoch, framesIn }) => ({
        callId: callIdOf(callId),
        epoch: epochOf(epoch),
        framesIn: wholeNumber("frames_in", framesIn),
      }));
      const { lost, advice } = await renewLeases(db, { nodeId, leases, now: now() });
      return { lostCallIds: [...lost], advice: [...advice] };
    },

    async endCall(request) {
      const callId = callIdOf(request.callId);
      const epoch = epochOf(request.epoch);
      const { outcome, reason } = await endingOf(db, callId, { outcome: outcomeOf(request.outcome), reason: reasonOf(request.reason) });
      const durationMs = wholeNumber("duration_ms", request.durationMs);
      const lastSeq = wholeNumber("last_seq", request.lastSeq);
      const ended = await endCall(db, { callId, epoch, outcome, reason, durationMs, lastSeq, now: now() });
      if (!ended.ok) {
        if (ended.problem === "call_not_found") throw new Fault("not_found", "there is no such call");
        throw new Fault("failed_precondition", `epoch ${epoch} does not hold this call (${ended.problem})`);
      }
      if (ended.value.endedNow) events.callEnded({ callId, outcome, reason });
      return { endedNow: ended.value.endedNow };
    },

    async runTool(request) {
      const epoch = epochOf(request.epoch);
      const call = await findCall(db, callIdOf(request.callId));
      if (!call) throw new Fault("not_found", "there is no such call");
      if (call.status !== "active" || call.epoch !== epoch)
        throw new Fault("failed_precondition", `epoch ${epoch} does not hold this call`);
      const { toolCallId, agent, name, argumentsJson } = request;
      return await options.voice.runTool(call, { toolCallId, agent, name, argumentsJson });
    },

    async routeUtterance(request) {
      const epoch = epochOf(request.epoch);
      const utterances = utterancesOf(request.utterances);
      const call = await findCall(db, callIdOf(request.callId));
      if (!call) throw new Fault("not_found", "there is no such call");
      if (call.status !== "active" || call.epoch !== epoch)
        throw new Fault("failed_precondition", `epoch ${epoch} does not hold this call`);
      const { agent, by } = await options.router.routeCall(call, { utterances, currentAgent: request.currentAgent });
      return { ...(agent ? { agent } : {}), decidedBy: by ?? "" };
    },

    async appendRecording(request) {
      const epoch = epochOf(request.epoch);
      const part = wholeNumber("part", request.part);
      const audio = request.audio;
      if (audio.length === 0 || audio.length > RECORDING_PART_BYTES || audio.length % 2 !== 0) {
        throw new Fault("invalid_argument", `audio has ${audio.length} bytes; legal: 2 to ${RECORDING_PART_BYTES}, two for each sample`);
      }
      const call = await findCall(db, callIdOf(request.callId));
      if (!call) throw new Fault("not_found", "there is no such call");
      if (!call.config?.recording) throw new Fault("failed_precondition", "this call is not recorded");
      // What a node sends last comes when the call is over; the next node has another epoch.
      if (epoch > call.epoch) throw new Fault("failed_precondition", `epoch ${epoch} has never held this call`);
      const startedAt = new Date(wholeNumber("started_at", request.startedAt));
      await appendRecordingPart(db, call, { epoch, part, startedAt, audio, now: now() });
      return {};
    },
  };
}

/** The upgrade of the media socket was signed like any webhook; the auth token to check it with lies here, sealed, and goes to no node. */
async function checkUpgrade(options: CallControlOptions, call: Call, request: ClaimCallRequest__Output): Promise<void> {
  const scope = { organizationId: call.organization_id, environment: call.environment };
  const credentials = await openCredentials(options.db, options.keyRing, scope);
  const authToken = credentials?.accountSid === call.twilio_account_sid ? credentials.authToken : options.fallbackAuthToken;
  if (!authToken)
    throw new Fault(
      "permission_denied",
      `there is no auth token of account ${call.twilio_account_sid} to check the stream's signature with`,
    );
  if (!validUpgradeSignature({ authToken, signature: request.upgradeSignature, url: request.upgradeUrl })) {
    throw new Fault("permission_denied", "the media socket's signature is not the account's for the URL that the node is reached under");
  }
}

function claimFault(problem: string): Fault {
  switch (problem) {
    case "call_not_found":
      return new Fault("unauthenticated", "the stream token is of a call that does not exist");
    case "call_sid_differs":
    case "account_sid_differs":
      return new Fault("permission_denied", `the stream is not of the call that the token was made for (${problem})`);
    default:
      return new Fault("failed_precondition", `the call can not be claimed (${problem})`);
  }
}
