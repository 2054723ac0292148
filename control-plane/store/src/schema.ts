/**
 * The tables, in the words of SQL, by subject in schema/. Timestamps are `Date`, int8 is `number` (see database.ts), ids carry their
 * brands, so that a raw string does not reach a question.
 */
import type { AuditTable, CallAuditTable, InjectionTable } from "./schema/auditor.ts";
import type {
  CallEventTable,
  CallRecordingPartTable,
  CallUsageTable,
  CallWatermarkTable,
  DeadLetterTable,
  UtteranceTable,
} from "./schema/call-record.ts";
import type { CallPlacementTable, CallTable, CallTransferTable, DiallingPolicyTable, NodeTable } from "./schema/calls.ts";
import type { TwilioCredentialsTable, VoiceConnectionTable } from "./schema/connections.ts";
import type {
  AgentHeadTable,
  AgentTable,
  AgentVersionTable,
  DefinitionTable,
  DefinitionVersionTable,
  RouterTable,
  RouterVersionTable,
} from "./schema/definitions.ts";
import type {
  AllowanceTable,
  CreditHoldTable,
  LedgerPostingTable,
  LedgerTable,
  LedgerTransactionTable,
  RateCardTable,
} from "./schema/ledger.ts";
import type { ApiKeyTable, AuditLogTable, OrganizationTable } from "./schema/organizations.ts";
import type { MessageTable, TextRequestTable, TextUsageTable, ThreadTable } from "./schema/threads.ts";
import type { EntityTable, McpCatalogTable, ToolRunTable, ToolSigningSecretTable } from "./schema/tools.ts";

export type { Audit, CallAudit, Injection } from "./schema/auditor.ts";
export type { CallEventRow, CallUsage, Utterance } from "./schema/call-record.ts";
export type { Call, CallPlacement, CallTable, CallTransfer, DiallingPolicyTable, MediaNode, PinnedAgent } from "./schema/calls.ts";
export type { JsonObject, TextRow } from "./schema/columns.ts";
export type { Connection, VoiceConnectionTable } from "./schema/connections.ts";
export type { DefinitionTable } from "./schema/definitions.ts";
export type { AllowanceTable, CreditHoldTable, LedgerTable, LedgerTransaction, StoredLine, UseSource } from "./schema/ledger.ts";
export type { Message, TextRequestTable, TextUsageRow, Thread, ToolCallRecord } from "./schema/threads.ts";

/** Repeated work, and when its next round is due. */
export interface RoundTable {
  kind: string;
  due_at: Date;
  token: string;
}

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
  rounds: RoundTable;
}
