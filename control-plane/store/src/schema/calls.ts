/** Calls, the nodes that have them, what outbound ones were asked for, and whom they were given to. */
import type { AdviceReason, AuditorGroup, CallAdvice, CallConfig, CallDirection, CallStatus, VoicemailPolicy } from "@struere/domain";
import type { AgentId, ApiKeyId, CallId, ConnectionId, Environment, NodeId, OrganizationId, RouterId, ThreadId } from "@struere/kernel";
import type { ColumnType, Generated, Selectable } from "kysely";
import type { Json, NullableJson } from "./columns.ts";

export interface NodeTable {
  id: NodeId;
  public_url: string;
  version: string;
  capacity: number;
  calls: number;
  draining: boolean;
  loop_delay_p99_ms: number;
  registered_at: Date;
  heartbeat_at: Date;
}

export interface PinnedAgent {
  readonly slug: string;
  readonly agentId: AgentId;
  readonly version: number;
}

export interface CallTable {
  id: CallId;
  organization_id: OrganizationId;
  environment: Environment;
  thread_id: ThreadId;
  connection_id: ConnectionId | null;
  direction: CallDirection;
  from_number: string;
  to_number: string;
  twilio_account_sid: string;
  twilio_call_sid: string | null;
  stream_sid: string | null;
  status: CallStatus;
  reason: string | null;
  agent_id: AgentId | null;
  agent_version: number | null;
  router_id: RouterId | null;
  router_version: number | null;
  config: NullableJson<CallConfig>;
  /** Sentences about how it was set up: a model that was replaced, or soon will be. */
  warnings: ColumnType<readonly string[], string | undefined, never>;
  /** The router's agents as they were when the call came; empty without a router. */
  pinned_agents: ColumnType<readonly PinnedAgent[], string | undefined, never>;
  /** 0: never claimed. The grant that is out is for `epoch + 1`. */
  epoch: Generated<number>;
  node_id: NodeId | null;
  grant_expires_at: Date | null;
  pending_deadline: Date | null;
  lease_expires_at: Date | null;
  frames_in: Generated<number>;
  audio_moved_at: Date | null;
  carrier_status: string | null;
  carrier_sequence: number | null;
  carrier_ended_at: Date | null;
  created_at: Date;
  answered_at: Date | null;
  ended_at: Date | null;
  duration_ms: number | null;
  last_seq: number | null;
  /** The prices by which it is billed. */
  rate_card_version: ColumnType<string | null, string | null | undefined, never>;
  /** As the carrier counts, once it has said so. */
  carrier_duration_s: ColumnType<number | null, never, number | null>;
  carrier_billed_at: ColumnType<Date | null, never, Date | null>;
  /** It was looked through for what its nodes could not report. */
  estimates_checked_at: ColumnType<Date | null, never, Date | null>;
  /** Why it can not be billed; whoever mends it clears this. */
  billing_problem: ColumnType<string | null, never, string | null>;
  /** Share of calls that were corrected when it came, and whether it is one of them; `null`: nobody audits it. */
  auditor_sample: number | null;
  auditor_group: AuditorGroup | null;
  /** When it was looked after its end whether the linked entity is filled. */
  form_checked_at: Date | null;
  /** `null`: not looked at yet, or no entity is linked. */
  form_complete: boolean | null;
  /** The key that it was placed with, or that an agent of a key's conversation used; null for calls that came in. */
  api_key_id: ColumnType<ApiKeyId | null, ApiKeyId | null | undefined, never>;
  /** What its node is told with every answer to the lease. */
  advice: ColumnType<CallAdvice["action"] | null, never, CallAdvice["action"] | null>;
  advice_reason: ColumnType<AdviceReason | null, never, AdviceReason | null>;
}

/** What is `null` is as by default. */
export interface DiallingPolicyTable {
  organization_id: OrganizationId;
  environment: Environment;
  countries: string[] | null;
  max_concurrent: number | null;
  calls_per_second: number | null;
  /** When the next outbound call may begin. */
  next_turn_at: Date;
  updated_at: Date;
}

/** The outbound half of a call: what it was asked for, and how far the asking at Twilio has come. */
export interface CallPlacementTable {
  call_id: CallId;
  organization_id: OrganizationId;
  environment: Environment;
  /** The asker's own name for this call: the same name, the same call. */
  idempotency_key: string | null;
  request_digest: string;
  ring_seconds: number;
  voicemail: Json<VoicemailPolicy>;
  /** Its turn. */
  dial_at: Date;
  /** When Twilio was asked first; `null`: never, so that no phone can ring for it. */
  asked_at: Date | null;
  attempts: Generated<number>;
  /** Twilio's word: human, machine_start … */
  answered_by: string | null;
  /** Why Twilio did not take it: a sentence. */
  problem: string | null;
  created_at: Date;
}

/** The leg to a person that a call was transferred to. */
export interface CallTransferTable {
  call_id: CallId;
  organization_id: OrganizationId;
  environment: Environment;
  to_number: string;
  asked_at: Date;
  leg_call_sid: string | null;
  /** `null`: Twilio has not said it yet. */
  leg_duration_s: number | null;
  billed_at: Date | null;
  billing_problem: string | null;
}

export type MediaNode = Selectable<NodeTable>;
export type Call = Selectable<CallTable>;
export type CallPlacement = Selectable<CallPlacementTable>;
export type CallTransfer = Selectable<CallTransferTable>;
