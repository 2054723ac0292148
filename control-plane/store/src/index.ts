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
  setCallSid,
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
export { type DatabaseOptions, type Db, faultOfDatabase, inTransaction, isFaultOfData, openDatabase, ping } from "./database.ts";
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
export { migrate } from "./migrate.ts";
export { newId } from "./new-id.ts";
export { listLiveNodes, pickNode, recordHeartbeat, registerNode } from "./nodes.ts";
export { type Page, PAGE_LIMIT, type PageRequest } from "./page.ts";
export {
  type DeadLetter,
  type EventToRecord,
  type MessageToRecord,
  type Recorded,
  recordMessages,
  type SetAsideReason,
  setAsideMessages,
  type TranscriptToRecord,
  type UsageToRecord,
  type Watermark,
} from "./recording.ts";
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
export type { Call, CallEventRow, CallUsage, Connection, Database, JsonObject, MediaNode, Thread, Utterance } from "./schema.ts";
export type { Scope } from "./scope.ts";
export { createKeyRing, type KeyRing, open, seal, type Sealed, type SecretPurpose } from "./secrets.ts";
export { getThread, listThreads } from "./threads.ts";
export { listMessages, listUsage, listUtterances, listWatermarks, type Positions } from "./transcript.ts";
