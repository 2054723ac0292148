/**
 * The tables, in the words of SQL. Timestamps are `Date`, int8 is `number` (see database.ts), ids carry their brands, so that a raw
 * string does not reach a question.
 */
import type {
  Account,
  AuditorGroup,
  AdviceReason,
  CallAdvice,
  CallConfig,
  CallDirection,
  CallStatus,
  ConnectionStatus,
  EntryKind,
  FormerSettings,
  Permission,
  PricedLine,
  RateCard,
  ThreadStatus,
  VoicemailPolicy,
} from "@struere/domain";
import type {
  AgentId,
  ApiKeyId,
  CallId,
  ConnectionId,
  EntityId,
  Environment,
  Micros,
  NodeId,
  OrganizationId,
  RouterId,
  ThreadId,
} from "@struere/kernel";
import type { ColumnType, Generated, Selectable } from "kysely";

export type JsonObject = { readonly [field: string]: unknown };

/** Comes out as a value, goes in as JSON text: pg would take an array for a Postgres array. */
type Json<Value> = ColumnType<Value, string, string>;
type NullableJson<Value> = ColumnType<Value | null, string | null, string | null>;

export interface Database {
  organizations: OrganizationTable;
  api_keys: ApiKeyTable;
  agents: AgentTable;
  agent_versions: AgentVersionTable;
  agent_heads: AgentHeadTable;
  routers: RouterTable;
  router_versions: RouterVersionTable;
  twilio_credentials: TwilioCredentialsTable;
  voice_connections: VoiceConnectionTable;
  threads: ThreadTable;
  messages: MessageTable;
  text_usage: TextUsageTable;
  text_requests: TextRequestTable;
  nodes: NodeTable;
  calls: CallTable;
  call_events: CallEventTable;
  utterances: UtteranceTable;
  call_usage: CallUsageTable;
  call_recording_parts: CallRecordingPartTable;
  call_watermarks: CallWatermarkTable;
  dead_letters: DeadLetterTable;
  audit_log: AuditLogTable;
  definitions: DefinitionTable;
  definition_versions: DefinitionVersionTable;
  entities: EntityTable;
  tool_runs: ToolRunTable;
  tool_signing_secrets: ToolSigningSecretTable;
  mcp_catalogs: McpCatalogTable;
  call_audits: CallAuditTable;
  audits: AuditTable;
  injections: InjectionTable;
  rate_cards: RateCardTable;
  ledgers: LedgerTable;
  ledger_transactions: LedgerTransactionTable;
  ledger_postings: LedgerPostingTable;
  credit_holds: CreditHoldTable;
  dialling_policies: DiallingPolicyTable;
  call_placements: CallPlacementTable;
  call_transfers: CallTransferTable;
  allowances: AllowanceTable;
}

export interface OrganizationTable {
  id: OrganizationId;
  name: string;
  created_at: Date;
}

export interface ApiKeyTable {
  id: ApiKeyId;
  organization_id: OrganizationId;
  environment: Environment;
  name: string;
  prefix: string;
  hash: Buffer;
  permissions: Permission[];
  created_at: Date;
  expires_at: Date | null;
  revoked_at: Date | null;
  last_used_at: Date | null;
}

export interface AgentTable {
  id: AgentId;
  organization_id: OrganizationId;
  slug: string;
  name: string;
  description: string | null;
  created_at: Date;
  updated_at: Date;
  deleted_at: Date | null;
}

export interface AgentVersionTable {
  agent_id: AgentId;
  environment: Environment;
  version: number;
  definition: Json<JsonObject>;
  digest: string;
  created_at: Date;
}

export interface AgentHeadTable {
  agent_id: AgentId;
  environment: Environment;
  version: number;
  updated_at: Date;
}

export interface RouterTable {
  id: RouterId;
  organization_id: OrganizationId;
  environment: Environment;
  slug: string;
  name: string;
  version: number;
  created_at: Date;
  updated_at: Date;
  deleted_at: Date | null;
}

export interface RouterVersionTable {
  router_id: RouterId;
  version: number;
  definition: Json<JsonObject>;
  digest: string;
  created_at: Date;
}

export interface TwilioCredentialsTable {
  organization_id: OrganizationId;
  environment: Environment;
  account_sid: string;
  auth_token: Buffer;
  key_id: string;
  created_at: Date;
  updated_at: Date;
  verified_at: Date | null;
}

export interface VoiceConnectionTable {
  id: ConnectionId;
  organization_id: OrganizationId;
  environment: Environment;
  status: ConnectionStatus;
  label: string | null;
  twilio_account_sid: string;
  twilio_phone_number: string;
  phone_number_sid: string | null;
  agent_id: AgentId | null;
  router_id: RouterId | null;
  former_settings: NullableJson<FormerSettings>;
  created_at: Date;
  updated_at: Date;
  connected_at: Date | null;
  removed_at: Date | null;
}

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

export interface CallEventTable {
  call_id: CallId;
  epoch: number;
  seq: number;
  kind: "transcript" | "event" | "usage";
  name: string | null;
  offset_ms: number | null;
  at: Date;
  body: Json<JsonObject>;
}

export interface UtteranceTable {
  call_id: CallId;
  epoch: number;
  seq: number;
  delta: number;
  position: number;
  item_id: string;
  speaker: "caller" | "agent";
  agent_slug: string;
  text: string;
  generated_text: string | null;
  heard_ms: number | null;
  generated_ms: number | null;
  interrupted: boolean;
  transcription: "completed" | "failed" | "timed_out" | null;
  started_ms: number;
  ended_ms: number;
  at: Date;
}

export interface CallUsageTable {
  call_id: CallId;
  usage_id: string;
  epoch: number;
  seq: number;
  source: "response" | "transcription";
  model: string;
  estimated: boolean;
  input_text_tokens: number;
  input_audio_tokens: number;
  cached_text_tokens: number;
  cached_audio_tokens: number;
  output_text_tokens: number;
  output_audio_tokens: number;
  seconds: number | null;
  at: Date;
  billed_at: ColumnType<Date | null, never, Date | null>;
  billing_problem: ColumnType<string | null, never, string | null>;
}

export interface CallWatermarkTable {
  call_id: CallId;
  epoch: number;
  seq: number;
  updated_at: Date;
}

export interface DeadLetterTable {
  digest: string;
  subject: string;
  data: string;
  reason: string;
  at: Date;
}

export interface AuditLogTable {
  id: ColumnType<number, never, never>;
  organization_id: OrganizationId | null;
  environment: Environment | null;
  at: Date;
  actor: string;
  action: string;
  subject: string;
  detail: Json<JsonObject>;
}

/** Entity types, roles and tools: what belongs to one environment and has versions. */
export interface DefinitionTable {
  id: ColumnType<number, never, never>;
  organization_id: OrganizationId;
  environment: Environment;
  kind: "entity_type" | "role" | "tools";
  slug: string;
  name: string;
  version: number;
  created_at: Date;
  updated_at: Date;
  deleted_at: Date | null;
}

export interface DefinitionVersionTable {
  definition_id: number;
  version: number;
  definition: Json<JsonObject>;
  digest: string;
  created_at: Date;
}

export interface EntityTable {
  id: EntityId;
  organization_id: OrganizationId;
  environment: Environment;
  /** Slug of the entity type. */
  type: string;
  data: Json<JsonObject>;
  status: string;
  /** Goes up with every change: compare-and-set. */
  version: number;
  created_at: Date;
  updated_at: Date;
  deleted_at: Date | null;
}

export interface ToolRunTable {
  organization_id: OrganizationId;
  environment: Environment;
  idempotency_key: string;
  thread_id: ThreadId;
  call_id: CallId | null;
  agent_slug: string;
  name: string;
  arguments_digest: string;
  status: "running" | "done";
  outcome: NullableJson<JsonObject>;
  started_at: Date;
  /** Who still runs it afterwards is taken for dead. */
  deadline_at: Date;
  finished_at: Date | null;
}

export interface ToolSigningSecretTable {
  organization_id: OrganizationId;
  environment: Environment;
  secret: Buffer;
  key_id: string;
  created_at: Date;
}

export interface McpCatalogTable {
  organization_id: OrganizationId;
  environment: Environment;
  url: string;
  tools: Json<readonly JsonObject[]>;
  fetched_at: Date;
}

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

/** int8 comes as a number, or as a bigint when it is too large for one: `micros()` makes one of both. */
type Money = ColumnType<number | bigint, Micros, Micros>;

export interface RateCardTable {
  version: string;
  card: ColumnType<RateCard, string, never>;
  created_at: ColumnType<Date, Date, never>;
}

export interface LedgerTable {
  organization_id: OrganizationId;
  environment: Environment;
  currency: string;
  credit_limit_micros: ColumnType<number | bigint | null, Micros | null, Micros | null>;
  available_micros: ColumnType<number | bigint, never, Micros>;
  held_micros: ColumnType<number | bigint, never, Micros>;
  funding_micros: ColumnType<number | bigint, never, Micros>;
  models_micros: ColumnType<number | bigint, never, Micros>;
  telephony_micros: ColumnType<number | bigint, never, Micros>;
  unobserved_micros: ColumnType<number | bigint, never, Micros>;
  markup_micros: ColumnType<number | bigint, never, Micros>;
  recovery_micros: ColumnType<number | bigint, never, Micros>;
  created_at: Date;
}

/** What was used: a response or transcription of a call, a text response by its purpose, or the carrier. */
export type UseSource = "response" | "transcription" | TextUsageTable["purpose"] | "audit" | "telephony" | "transfer" | "media_stream";

export interface LedgerTransactionTable {
  id: ColumnType<number, never, never>;
  organization_id: ColumnType<OrganizationId, OrganizationId, never>;
  environment: ColumnType<Environment, Environment, never>;
  idempotency_key: ColumnType<string, string, never>;
  kind: ColumnType<EntryKind, EntryKind, never>;
  amount_micros: Money;
  /** Balances once it was posted. */
  available_after_micros: Money;
  held_after_micros: Money;
  hold_id: ColumnType<string | null, string | null, never>;
  call_id: ColumnType<CallId | null, CallId | null, never>;
  thread_id: ColumnType<ThreadId | null, ThreadId | null, never>;
  source: ColumnType<UseSource | null, UseSource | null, never>;
  model: ColumnType<string | null, string | null, never>;
  rate_card_version: ColumnType<string | null, string | null, never>;
  estimated: ColumnType<boolean, boolean, never>;
  lines: ColumnType<readonly StoredLine[], string, never>;
  /** Who made it: `key:…`, or a part of the system. */
  actor: ColumnType<string, string, never>;
  note: ColumnType<string | null, string | null, never>;
  /** The idempotency key of the charge that this one corrects. */
  corrects: ColumnType<string | null, string | null | undefined, never>;
  /** When what it is about happened; a late report is posted later. */
  occurred_at: ColumnType<Date, Date, never>;
  posted_at: ColumnType<Date, Date, never>;
}

/** As JSON: money is text in it, which stays exact. */
export type StoredLine = Omit<PricedLine, "cost"> & { readonly costMicros: string };

export interface LedgerPostingTable {
  transaction_id: ColumnType<number, number, never>;
  account: ColumnType<Account, Account, never>;
  amount_micros: Money;
}

export interface CreditHoldTable {
  id: string;
  organization_id: OrganizationId;
  environment: Environment;
  state: "open" | "released" | "expired";
  remaining_micros: Money;
  opened_at: Date;
  expires_at: Date;
  closed_at: Date | null;
}

export interface CallRecordingPartTable {
  call_id: CallId;
  epoch: number;
  part: number;
  organization_id: OrganizationId;
  environment: Environment;
  started_at: Date;
  audio: Buffer;
  created_at: Date;
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

export type CallTransfer = Selectable<CallTransferTable>;

export interface AllowanceTable {
  organization_id: OrganizationId;
  environment: Environment;
  /** Empty: the environment. Else a key's id. */
  subject: string;
  hour_cap_micros: MoneyOrNull;
  day_cap_micros: MoneyOrNull;
  month_cap_micros: MoneyOrNull;
  max_concurrent: number | null;
  calls_per_second: number | null;
  calls_per_number: number | null;
  next_turn_at: ColumnType<Date, Date | undefined, Date>;
  hour_starts_at: Date;
  hour_spent_micros: ColumnType<number | bigint, Micros | undefined, Micros>;
  day_starts_at: Date;
  day_spent_micros: ColumnType<number | bigint, Micros | undefined, Micros>;
  month_starts_at: Date;
  month_spent_micros: ColumnType<number | bigint, Micros | undefined, Micros>;
}

/** A row as JSON has it: every value is text, since numbers would lose digits. */
export type TextRow<Row> = { readonly [Column in keyof Row]: string | null };

type MoneyOrNull = ColumnType<number | bigint | null, Micros | null, Micros | null>;

export type Call = Selectable<CallTable>;
export type Connection = Selectable<VoiceConnectionTable>;
export type Thread = Selectable<ThreadTable>;
export type Message = Selectable<MessageTable>;
export type TextUsageRow = Selectable<TextUsageTable>;
export type MediaNode = Selectable<NodeTable>;
export type CallEventRow = Selectable<CallEventTable>;
export type Utterance = Selectable<UtteranceTable>;
export type CallUsage = Selectable<CallUsageTable>;
export type Audit = Selectable<AuditTable>;
export type CallAudit = Selectable<CallAuditTable>;
export type Injection = Selectable<InjectionTable>;
export type LedgerTransaction = Selectable<LedgerTransactionTable>;
export type CallPlacement = Selectable<CallPlacementTable>;
