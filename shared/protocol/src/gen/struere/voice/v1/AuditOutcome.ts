// @ts-nocheck
// Original file: proto/struere/voice/v1/auditing.proto

export const AuditOutcome = {
  AUDIT_OUTCOME_UNSPECIFIED: 'AUDIT_OUTCOME_UNSPECIFIED',
  /**
   * The auditor has read, and done what it found right.
   */
  AUDIT_OUTCOME_DONE: 'AUDIT_OUTCOME_DONE',
  /**
   * There is nothing that it has not read, or the call has no auditor.
   */
  AUDIT_OUTCOME_NOTHING_NEW: 'AUDIT_OUTCOME_NOTHING_NEW',
  /**
   * Not now: the least gap between two audits is not over, another audit of the call runs, or the record of its end is not complete yet.
   */
  AUDIT_OUTCOME_LATER: 'AUDIT_OUTCOME_LATER',
  /**
   * The auditor could not be asked, or not to the end.
   */
  AUDIT_OUTCOME_FAILED: 'AUDIT_OUTCOME_FAILED',
} as const;

export type AuditOutcome =
  | 'AUDIT_OUTCOME_UNSPECIFIED'
  | 0
  /**
   * The auditor has read, and done what it found right.
   */
  | 'AUDIT_OUTCOME_DONE'
  | 1
  /**
   * There is nothing that it has not read, or the call has no auditor.
   */
  | 'AUDIT_OUTCOME_NOTHING_NEW'
  | 2
  /**
   * Not now: the least gap between two audits is not over, another audit of the call runs, or the record of its end is not complete yet.
   */
  | 'AUDIT_OUTCOME_LATER'
  | 3
  /**
   * The auditor could not be asked, or not to the end.
   */
  | 'AUDIT_OUTCOME_FAILED'
  | 4

export type AuditOutcome__Output = typeof AuditOutcome[keyof typeof AuditOutcome]
