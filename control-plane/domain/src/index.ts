export { mayCall, mayGrant, Permission, type RequiredPermission } from "./access.ts";
export { ANSWER_TOKENS_MAX, type AnswerToPrice, mostOfAnswer } from "./answer-price.ts";
export { API_KEY_BYTES, formatApiKey, type ParsedApiKey, parseApiKey } from "./api-key.ts";
export {
  BUILTIN_TOOL_NAMES,
  type BuiltinTool,
  builtinTool,
  findBuiltinTool,
  type OfferedWhere,
  offeredBuiltin,
  type ToolDefinition,
  type ToolParameters,
  type ToolProperty,
} from "./builtin-tools.ts";
export { ARGUMENTS_MAX_BYTES, parseArguments, readToolArguments, type ToolArguments } from "./tool-arguments.ts";
export { cutBytes, OUTPUT_MAX_BYTES, toolError, type ToolErrorCode, toolOutput, TRUNCATED } from "./tool-output.ts";
export { areDigits, numbersInInstructions, type TransferRefusal, transferRefusal } from "./tool-phone.ts";
export {
  type AgentVersion,
  answeringAgent,
  type AuditorPlan,
  auditorSampleOf,
  type CallConfig,
  type CallFacts,
  NOT_AVAILABLE,
  type Opening,
  resolveCallConfig,
  type ResolvedCall,
  type ResolveProblem,
  type ResolveQuestion,
  type ResolveReason,
  type RouterVersion,
  type VoiceSettings,
} from "./call-config.ts";
export {
  CARRIER_END_GRACE_MS,
  type CallDirection,
  type CallOutcome,
  type CallRecord,
  CallStatus,
  carrierAdvances,
  type Claim,
  type ClaimProblem,
  claimCall,
  endBeforeAnswer,
  endCall,
  type EndProblem,
  FORGOTTEN_MS,
  GRANT_TTL_MS,
  HEARTBEAT_MS,
  isCarrierEnd,
  isOver,
  LEASE_EXPIRES_MS,
  LEASE_RENEW_MS,
  LIVE_STATUSES,
  MAX_CALL_MS,
  NODE_EXPIRES_MS,
  NODE_FORGOTTEN_MS,
  NODE_SUSPECT_MS,
  PENDING_DEADLINE_MS,
  RINGING_DEADLINE_MS,
  SIGN_OF_LIFE_MS,
  type ThreadStatus,
} from "./call-record.ts";
export {
  changeConnection,
  chooseTarget,
  type ConnectionChange,
  type ConnectionState,
  ConnectionStatus,
  type FormerSettings,
  type Target,
  type TargetProblem,
} from "./connection.ts";
export { maskPhoneNumber, parsePhoneNumber, type PhoneNumber } from "./phone-number.ts";
export { CLOCK_SKEW_SECONDS, isExpired, parseStreamToken, signedTextOf, type StreamGrant, type StreamToken } from "./stream-token.ts";
export {
  type FilledTemplate,
  fillTemplate,
  parseTemplate,
  renderTemplate,
  type Template,
  type TemplateCall,
  type TemplateFilling,
  type TemplateProblem,
  TEMPLATE_RESULT_MAX,
  valueAt,
} from "./template.ts";
export { accessTo, type EntityAccess, type EntityState, isWithin, roleProblems } from "./access-rules.ts";
export { isMasked, type Mask, maskData, maskedInChange, maskedInNew, masksOf, REDACTED } from "./entity-mask.ts";
export {
  dataPath,
  type EntityField,
  type EntityProperty,
  type EntitySchema,
  type EntityType,
  entityTypeProblems,
  fieldOf,
  readEntityType,
  RecordField,
} from "./entity-type.ts";
export {
  type ComparedAs,
  comparedAs,
  type Condition,
  conditionOn,
  noSuchField,
  type Operator,
  parseFilters,
  type Scalar,
} from "./filter.ts";
export {
  changeProblems,
  dataBytes,
  dataProblems,
  type DataReference,
  type EntityData,
  isDateTime,
  isStorable,
  MAX_DATA_BYTES,
  mergeData,
  referencesIn,
} from "./json-schema.ts";
export { EntityAction, type EntityActor, type FieldMask, mayAct, type Policy, readRole, type Role, type ScopeRule } from "./policy.ts";
export {
  checkInjection,
  INJECTION_CHARS_MAX,
  INJECTION_FIELD_MAX,
  INJECTION_TTL_MS,
  INJECTION_VALUE_MAX,
  InjectionAction,
  INJECTIONS_PER_AUDIT,
  INJECTIONS_PER_CALL,
  INJECTIONS_PER_MINUTE,
  type InjectionWords,
  isDictated,
  LEFT_OUT,
  RECEIPT_GIVEN_UP_MS,
  withoutOrders,
} from "./injection.ts";
export {
  type Account,
  ACCOUNTS,
  type Books,
  booksProblems,
  type CostAccount,
  type CreditHold,
  type Entry,
  type EntryKind,
  HOLD_EXPIRES_MS,
  type LedgerProblem,
  type LedgerReason,
  NEW_BALANCES,
  post,
  type Posted,
  type PostedBefore,
  type Posting,
  renewHold,
  type Transaction,
} from "./ledger.ts";
export {
  type CarrierUse,
  type LineItem,
  type ModelRates,
  type PricedLine,
  type PricedUse,
  type PriceProblem,
  priceMediaStream,
  priceTelephony,
  priceTokens,
  type RateCard,
  roundHalfUp,
  type TelephonyRate,
  telephonyRate,
  type TokenRates,
  type TokensUsed,
  unpriced,
} from "./rate-card.ts";
export {
  AuditorGroup,
  type AuditorTrial,
  auditorTrial,
  isWithheld,
  receiptForAuditor,
  WITHHELD,
} from "./auditor-sample.ts";
export { AUDIT_RULES, AUDIT_RULES_OVER, auditReport, type AuditReport, type HeardWords, isAfter, NOTES_CHARS_MAX } from "./audit-input.ts";
export {
  AUDIT_ATTEMPTS_MAX,
  AUDIT_GIVEN_UP_MS,
  AUDIT_LEASE_MS,
  AUDIT_RENEW_MS,
  type AuditDecision,
  type AuditFacts,
  auditIdOf,
  decideAudit,
  type ReadTo,
  maySkipAudit,
  retryAuditAfter,
} from "./auditing.ts";
export { type CallerVerdict, callerVerdict } from "./caller-verdict.ts";
export {
  type AuditorUse,
  type CallFigures,
  type CallStats,
  callStats,
  type Comparison,
  GROUP_CALLS_MIN,
  type GroupStats,
  type InjectionFigures,
  type RouterStats,
  StatsGroup,
} from "./call-stats.ts";
export { type Difference, differenceOf, type Proportion, proportion, type Quantiles, quantilesOf } from "./proportion.ts";
export { countries, countryOf } from "./calling-codes.ts";
export { type DiallingRefusal, diallingRefusal, type DiallingRules, refusalSentence } from "./dialling-policy.ts";
export { chooseNode, type NodeLoad, UNSEEN_CALLS } from "./node-choice.ts";
export { admitCall, type AdmissionQuestion, type AdmittedCall, type CallLimits, defaultLimits, type Pace } from "./admission.ts";
export {
  afterDetection,
  type AnsweredBy,
  answeredByOf,
  chooseCallerId,
  chooseCallTarget,
  contextProblems,
  type ContextParam,
  type OwnNumber,
  PLACING_DEADLINE_MS,
  QUEUE_DEADLINE_MS,
  RESERVED_PARAMS,
  RING_SLACK_MS,
  type TargetSlug,
  type VoicemailPolicy,
} from "./outbound-call.ts";
export { contextNote, type GivenContext, outboundParams, reservedIn } from "./call-context.ts";
export {
  type Allowance,
  CAP_WINDOWS,
  type CapRoom,
  type CapWindow,
  isCapped,
  NO_CAPS,
  type SpendCaps,
  type Spent,
  spentIn,
  tightestCap,
  windowEnd,
  windowStart,
} from "./allowance.ts";
export {
  type AdviceReason,
  type CallAdvice,
  callAdvice,
  type CallPrice,
  callPrice,
  type CallReserve,
  callReserve,
  transferReserve,
  MEDIA_CONTRACT,
  overdraftBound,
  type PricedCall,
  refill,
  WATCH_CREDIT_MS,
} from "./call-credit.ts";
export { NOTHING_REPLAYED, replay, type Replay, type WrittenTransaction } from "./ledger-replay.ts";
export {
  type CallQuestion,
  callRefusal,
  type CallRefusal,
  type CallRefusalReason,
  type Counted,
  spendRefusal,
  type SpendRefusal,
} from "./call-refusal.ts";
export { type CarrierTimes, isTurnedAwayAsBusy, unreportedSeconds } from "./carrier-time.ts";
export { startOfNextMonth } from "./utc.ts";
export {
  type EarlierAnswers,
  estimateAnswer,
  estimateResponse,
  inFlight,
  type RecordedSign,
  RESPONSE_SIGNS,
  unseenUtteranceMs,
} from "./estimate.ts";
export { type Actual, type Booked, correction } from "./reconcile.ts";
