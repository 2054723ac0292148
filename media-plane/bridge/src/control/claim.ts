/** ClaimCall: is this socket the call that it says it is, and who answers it? */
import type { CallConfig } from "@struere/call";
import { Fault, type FaultCode, type NodeId } from "@struere/kernel";
import type { ControlClient } from "@struere/protocol/grpc";
import type { Start } from "../telephony/threshold.ts";
import { CLOSE } from "../wire/index.ts";
import { toCallConfig } from "./call-config.ts";

export interface ClaimOptions {
  readonly control: Pick<ControlClient, "claimCall">;
  readonly nodeId: NodeId;
  readonly start: Start;
  /** X-Twilio-Signature of the upgrade, and the public URL that it signs. */
  readonly signature: string;
  readonly upgradeUrl: string;
}

export interface Claimed {
  readonly config: CallConfig;
  /** How often the control plane wants to hear that the call is held (`lease_renew_ms` of ClaimCall); 0 when it does not say. */
  readonly leaseRenewMs: number;
}

/** @throws Fault as the control plane said it, or that it did not answer within the client's deadline */
export async function claimCall({ control, nodeId, start, signature, upgradeUrl }: ClaimOptions): Promise<Claimed> {
  const { token: streamToken, callSid, accountSid, streamSid } = start;
  const answer = await control.claimCall({ streamToken, callSid, accountSid, streamSid, nodeId, upgradeSignature: signature, upgradeUrl });
  if (answer.config === null) throw new Fault("internal", "the control plane claimed a call and sent no configuration");
  return { config: toCallConfig(answer.config, answer.epoch), leaseRenewMs: answer.leaseRenewMs };
}

/** The close code for a claim that failed: the stranger's fault, ours for now, or ours (https://www.iana.org/assignments/websocket). */
export function closeCodeOf(code: FaultCode): number {
  switch (code) {
    case "unauthenticated":
    case "permission_denied":
    case "failed_precondition":
    case "not_found":
    case "already_exists":
      return CLOSE.policyViolation;
    case "unavailable":
    case "deadline_exceeded":
    case "resource_exhausted":
    case "aborted":
      return TRY_AGAIN_LATER;
    default:
      return CLOSE.internalError;
  }
}

const TRY_AGAIN_LATER = 1013;
