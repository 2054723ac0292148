/** What auditors have read, and what they and people have the agent say. */
import type { CallId, Environment, OrganizationId, ThreadId } from "@struere/kernel";
import type { ColumnType, Generated, Selectable } from "kysely";
import type { JsonObject } from "./columns.ts";

/** How far the auditor has read a call, and who audits it now. */
export interface CallAuditTable {
  call_id: CallId;
  organization_id: OrganizationId;
  environment: Environment;
  /** The auditor's own; `null` before the first audit. */
  thread_id: ThreadId | null;
  audited_epoch: Generated<number>;
  audited_delta: Generated<number>;
  audit_id: string | null;
  lease_token: string | null;
  lease_expires_at: Date | null;
  last_ended_at: Date | null;
  /** What the auditor wanted to know again. */
  notes: Generated<string>;
}

export interface AuditTable {
  /** Names what it reads: `<callId>.<epoch>.<first>-<last>`. */
  id: string;
  organization_id: OrganizationId;
  environment: Environment;
  call_id: CallId;
  thread_id: ThreadId | null;
  agent_slug: string;
  agent_version: number | null;
  /** It reads what lies behind this. */
  from_epoch: number;
  from_delta: number;
  to_epoch: number;
  to_delta: number;
  status: "running" | "done" | "failed" | "skipped";
  /** Why it failed or was skipped. */
  reason: string | null;
  attempts: Generated<number>;
  /** The call was over: nothing could be injected. */
  after_call: boolean;
  /** When its newest utterance was published. */
  spoken_at: Date;
  started_at: Date;
  ended_at: Date | null;
  /** By model: `model`, `inputTokens`, `cachedInputTokens`, `outputTokens`, … */
  usage: ColumnType<readonly JsonObject[], string | undefined, string>;
  /** By tool call: `name`, `status`, `result`, … */
  tool_calls: ColumnType<readonly JsonObject[], string | undefined, string>;
}

export interface InjectionTable {
  id: string;
  organization_id: OrganizationId;
  environment: Environment;
  call_id: CallId;
  /** The one that the call was held under: another node leaves it alone. */
  epoch: number;
  audit_id: string | null;
  source: "auditor" | "person" | "service";
  /** Slug of the agent, or id of the key. */
  author: string;
  action: "correction" | "complete" | "abort";
  message: string;
  field: string | null;
  value: string | null;
  /** `position` of the last utterance that its author had read, in this epoch; `null`: of nobody who reads along. */
  based_on: number | null;
  created_at: Date;
  expires_at: Date;
  /** The node has it. */
  taken_at: Date | null;
  /** The receipt; `null`: on its way. */
  outcome: "spoken" | "superseded" | "expired" | "refused" | null;
  reason: string | null;
  heard_ms: number | null;
  receipt_at: Date | null;
  /** On the call's own clock, as the offsets of utterances of the same epoch; `null`: the receipt is not the node's. */
  receipt_offset_ms: number | null;
}

export type CallAudit = Selectable<CallAuditTable>;
export type Audit = Selectable<AuditTable>;
export type Injection = Selectable<InjectionTable>;
