/** Conversations, and what was written in them. */
import type { ThreadStatus } from "@struere/domain";
import type { ApiKeyId, Environment, OrganizationId, ThreadId } from "@struere/kernel";
import type { ColumnType, Generated, Selectable } from "kysely";
import type { Json, JsonObject, NullableJson } from "./columns.ts";

export interface ThreadTable {
  id: ThreadId;
  organization_id: OrganizationId;
  environment: Environment;
  channel: string;
  channel_status: ThreadStatus;
  channel_params: Json<JsonObject>;
  parent_thread_id: ThreadId | null;
  metadata: Json<JsonObject>;
  entity_type: string | null;
  entity_id: string | null;
  /** The owner's own name for it, unique within organization and environment. */
  external_id: string | null;
  /** Who answers in it; `null` for a call's thread. */
  target_kind: "agent" | "router" | null;
  target_slug: string | null;
  /** The agent that has the conversation. */
  current_agent: string | null;
  /** What the router decided for the newest message. */
  routed_decision: string | null;
  transfer_count: Generated<number>;
  /** On a call: who handed over last. */
  transferred_from: ColumnType<string | null, never, string | null>;
  /** Of the newest message. */
  last_seq: Generated<number>;
  last_message_at: Date | null;
  /** Who has the turn, and until when. */
  turn_token: string | null;
  turn_expires_at: Date | null;
  created_at: Date;
  updated_at: Date;
}

/** A call as the model made it. */
export interface ToolCallRecord {
  readonly id: string;
  /** The owner's name of the tool. */
  readonly name: string;
  /** JSON, as far as the model wrote JSON. */
  readonly arguments: string;
}

export interface MessageTable {
  thread_id: ThreadId;
  organization_id: OrganizationId;
  environment: Environment;
  seq: number;
  role: "user" | "assistant" | "tool";
  content: string;
  /** Who spoke, for `assistant`. */
  agent_slug: string | null;
  agent_version: number | null;
  tool_calls: NullableJson<readonly ToolCallRecord[]>;
  /** The call that this answers, for `tool`. */
  tool_call_id: string | null;
  usage: NullableJson<JsonObject>;
  created_at: Date;
}

export interface TextUsageTable {
  response_id: string;
  organization_id: OrganizationId;
  environment: Environment;
  thread_id: ThreadId;
  purpose: "reply" | "route";
  agent_slug: string | null;
  model: string;
  input_tokens: number;
  cached_input_tokens: number;
  output_tokens: number;
  reasoning_tokens: number;
  cache_write_tokens: ColumnType<number, number | undefined, number>;
  /** What was asked, whose credit hold it is captured from. */
  request_id: ColumnType<string | null, string | null | undefined, never>;
  /** Who asked; `null`: a call, or an agent. */
  api_key_id: ColumnType<ApiKeyId | null, ApiKeyId | null | undefined, never>;
  /** We counted, since the vendor did not say. */
  estimated: ColumnType<boolean, boolean | undefined, boolean>;
  at: Date;
  rate_card_version: ColumnType<string | null, string | null | undefined, string | null>;
  billed_at: ColumnType<Date | null, never, Date | null>;
  billing_problem: ColumnType<string | null, never, string | null>;
}

/** Asked of a text model, and not answered yet. The answer's usage takes the row's place. */
export interface TextRequestTable {
  id: string;
  organization_id: OrganizationId;
  environment: Environment;
  thread_id: ThreadId;
  purpose: TextUsageTable["purpose"];
  model: string;
  input_chars: number;
  asked_at: Date;
}

export type Thread = Selectable<ThreadTable>;
export type Message = Selectable<MessageTable>;
export type TextUsageRow = Selectable<TextUsageTable>;
