export {
  type AgentRemoval,
  type AgentRow,
  type AgentToSet,
  getAgent,
  getAgentById,
  getAgentsBySlug,
  listAgents,
  removeAgent,
  setAgent,
} from "./agents.ts";
export { type AuditEntry, listAudit, writeAudit } from "./audit-log.ts";
export {
  type CallEnd,
  type ClaimRequest,
  claimCall,
  endCall,
  failPendingCall,
  type LeaseToRenew,
  recordCarrierStatus,
  renewLeases,
  stopCall,
  sweepCalls,
} from "./call-lifecycle.ts";
export {
  type CallFilter,
  type CallListItem,
  type CallToCreate,
  countLiveCalls,
  createCall,
  createRefusedCall,
  findCall,
  findCallBySid,
  getCall,
  listCalls,
  newCallIds,
} from "./calls.ts";
export {
  type Binding,
  bindConnection,
  connectionState,
  disconnectConnection,
  findConnectionForWebhook,
  getConnection,
  getConnectionByNumber,
  listConnections,
  listOwnNumbers,
  removeConnection,
  targetOf,
} from "./connections.ts";
export {
  type CredentialsInfo,
  getCredentialsInfo,
  markCredentialsVerified,
  openCredentials,
  openCredentialsOfAccount,
  removeCredentials,
  resealCredentials,
  setCredentials,
  type TwilioCredentials,
} from "./credentials.ts";
export {
  type DatabaseOptions,
  type Db,
  faultOfDatabase,
  inTransaction,
  isFaultOfData,
  openDatabase,
  openScopedDatabase,
  ping,
  type ScopedDatabase,
  tryLock,
} from "./database.ts";
export { CLOSED_TABLES, SHARED_TABLES } from "./row-security.ts";
export {
  callsToBill,
  type CallToBill,
  type CallUsageKey,
  listSettledHolds,
  listUnbilledCallUsage,
  listUnbilledCarriers,
  listUnbilledTextUsage,
  markCallUsage,
  markCarrier,
  markTextUsage,
  retryBilling,
  type UnbilledCarrier,
  type UnbilledText,
} from "./billing.ts";
export {
  bookedUses,
  type BookedUse,
  type CarriedCall,
  findSessions,
  findUses,
  type KnownUse,
  listCarriedCalls,
} from "./booked-uses.ts";
export { agentsNaming, type DefinitionRow, type DefinitionSet, type DefinitionToSet } from "./definitions.ts";
export {
  type Entity,
  ENTITY_LIMIT,
  type EntityChange,
  type EntityPage,
  type EntityQuery,
  type EntitySearch,
  type EntityStore,
  entityStore,
  type EntityToCreate,
  type EntityToFind,
} from "./entities.ts";
export {
  listOvertakenEstimates,
  listUncheckedCalls,
  markEstimatesChecked,
  type OvertakenEstimate,
  type UncheckedCall,
  type UnfinishedEpoch,
  unfinishedEpochs,
} from "./estimates.ts";
export { type EntityTypeRemoval, getEntityType, listEntityTypes, removeEntityType, setEntityType } from "./entity-types.ts";
export {
  type ApiKeyInfo,
  bootstrap,
  createKey,
  createOrganization,
  findKeyHolder,
  type KeyHolder,
  listKeys,
  newApiKey,
  revokeKey,
} from "./keys.ts";
export { appendMessages, listThreadMessages, type MessageToAppend } from "./messages.ts";
export { type EntryNote, type EntryToPost, lockBooks, postEntries, postEntry, type PostedEntry } from "./ledger.ts";
export { expireHolds, renewHolds } from "./ledger-holds.ts";
export {
  getLedger,
  type LedgerState,
  listLedgers,
  listStatement,
  replayLedger,
  setCreditLimit,
  STATEMENT_PAGE_MAX,
  type StatementFilter,
  type StatementRow,
  verifyLedger,
} from "./ledger-reading.ts";
export { migrate } from "./migrate.ts";
export { newId } from "./new-id.ts";
export { getNode, isAdmitting, listLiveNodes, pickNode, recordHeartbeat, registerNode, suspectNode } from "./nodes.ts";
export { type Page, PAGE_LIMIT, type PageRequest } from "./page.ts";
export { findRateCard, keepRateCard, versionOfCard } from "./rate-cards.ts";
export { type RoundToTake, setRoundDue, takeRound } from "./rounds.ts";
export {
  type DeadLetter,
  type EventToRecord,
  type MessageToRecord,
  type Recorded,
  recordMessages,
  type SetAsideReason,
  setAsideMessages,
  storable,
  type TranscriptToRecord,
  type UsageToRecord,
  type Watermark,
} from "./recording.ts";
export { agentActor, getRole, listRoles, removeRole, type RoleRemoval, setRole } from "./roles.ts";
export {
  getRouter,
  getRouterById,
  listRouters,
  removeRouter,
  type RouterRemoval,
  type RouterRow,
  type RouterToSet,
  setRouter,
} from "./routers.ts";
export type {
  Audit,
  Call,
  CallAudit,
  CallEventRow,
  CallPlacement,
  CallUsage,
  Connection,
  Database,
  Injection,
  JsonObject,
  MediaNode,
  Message,
  PinnedAgent,
  TextUsageRow,
  StoredLine,
  Thread,
  ToolCallRecord,
  UseSource,
  Utterance,
} from "./schema.ts";
export type { Scope } from "./scope.ts";
export { createKeyRing, type KeyRing, open, seal, type Sealed, type SecretPurpose } from "./secrets.ts";
export { type ChainLink, threadChain } from "./thread-chain.ts";
export { openThread, type ThreadTarget, type ThreadToOpen } from "./thread-opening.ts";
export { ROUTING_RESET_MS, routeThread, type TransferProblem, TRANSFERS_MAX, transferThread } from "./thread-routing.ts";
export { endTurn, takeTurn, type Turn } from "./thread-turns.ts";
export { releaseAnswer, reserveAnswer } from "./text-credit.ts";
export { listTextUsage, recordTextUsage, type TextUsage } from "./thread-usage.ts";
export { readRoom, refusalFor, type Room } from "./spending.ts";
export {
  dropTransfer,
  listUnbilledTransfers,
  markTransfers,
  recordTransfer,
  recordTransferEnd,
  type UnbilledTransfer,
} from "./transfers.ts";
export { closeTextRequests, listUnansweredText, openTextRequest, type UnansweredText } from "./text-requests.ts";
export { getThread, listThreads } from "./threads.ts";
export { listMessages, listUsage, listUtterances, listWatermarks, type Positions } from "./transcript.ts";
export { getTools, removeTools, setTools, type ToolsRemoval, type ToolsRow } from "./tools-definitions.ts";
export { type CallTransferProblem, transferCallAgent } from "./call-agents.ts";
export { routeCall } from "./call-routing.ts";
export { getMcpCatalog, type McpCatalog, setMcpCatalog } from "./mcp-catalogs.ts";
export { getAgentVersion, getRouterVersion, getToolsAt } from "./pinned.ts";
export {
  beginToolRun,
  endToolRun,
  getToolRun,
  recordToolRun,
  runInToolTransaction,
  type SweptToolRun,
  sweepToolRuns,
  type ToolRunState,
  type ToolRunToBegin,
} from "./tool-runs.ts";
export { openToolSigningSecret } from "./tool-signing.ts";
export { getOrganizationName } from "./organizations.ts";
export {
  type InjectionToOpen,
  type InjectProblem,
  getInjection,
  listInjections,
  listUntakenInjections,
  openInjection,
  settleForsaken,
  settleInjection,
} from "./injections.ts";
export type { Unaudited } from "./recording-auditor.ts";
export { listTouchedEntities, listUnfilledFields } from "./unfilled-fields.ts";
export { type AuditReading, listForgottenByAuditors } from "./audit-reading.ts";
export { type AuditToOpen, openAuditThread } from "./audit-thread.ts";
export {
  type AuditBegin,
  type AuditEnd,
  type AuditEnded,
  type AuditLease,
  type AuditSkip,
  beginAudit,
  endAudit,
  listAudits,
  renewAudit,
  skipAudit,
} from "./audits.ts";
export {
  type AuditorTokens,
  type CallForStats,
  inSnapshot,
  listAuditorTokens,
  listCallsForStats,
  listInjectionsForStats,
  type StatsWindow,
} from "./call-stats.ts";
export { checkForms } from "./form-check.ts";
export { appendRecordingPart, deleteOldRecordings, getRecordingAudio, listRecordingParts, type RecordingPart } from "./recordings.ts";
export { admitCall, type CallToAdmit } from "./admission.ts";
export {
  answerPlacedCall,
  beginAsking,
  claimLeg,
  findPlacement,
  findPlacementByKey,
  notePlacementProblem,
  type PlacedCall,
  recordAnsweredBy,
  unknownSids,
  writePlacement,
} from "./placements.ts";
export { sweepNodes, sweepThreads } from "./sweeps.ts";
export {
  type AllowanceChange,
  type AllowanceState,
  type CallQuota,
  getAllowance,
  listAllowances,
  setAllowance,
} from "./allowances.ts";
export { type DiallingPolicy, getDiallingPolicy, setDiallingPolicy } from "./dialling-policy.ts";
export { type Advised, listWatchedScopes, type PriceOfCall, watchCredit } from "./credit-watch.ts";
export {
  CHARGE_CATEGORIES,
  type ChargeCategory,
  type ChargedFor,
  type ChargeFilter,
  type LedgerMonth,
  sumCharges,
  sumMonth,
} from "./billing-reading.ts";
