// @ts-nocheck
// Original file: proto/struere/voice/v1/call_control.proto

export const CallOutcome = {
  CALL_OUTCOME_UNSPECIFIED: 'CALL_OUTCOME_UNSPECIFIED',
  /**
   * The conversation came to its end: somebody hung up in order.
   */
  CALL_OUTCOME_COMPLETED: 'CALL_OUTCOME_COMPLETED',
  /**
   * Ended on purpose before its end (abort, operator, limit).
   */
  CALL_OUTCOME_STOPPED: 'CALL_OUTCOME_STOPPED',
  /**
   * Something broke.
   */
  CALL_OUTCOME_FAILED: 'CALL_OUTCOME_FAILED',
} as const;

export type CallOutcome =
  | 'CALL_OUTCOME_UNSPECIFIED'
  | 0
  /**
   * The conversation came to its end: somebody hung up in order.
   */
  | 'CALL_OUTCOME_COMPLETED'
  | 1
  /**
   * Ended on purpose before its end (abort, operator, limit).
   */
  | 'CALL_OUTCOME_STOPPED'
  | 2
  /**
   * Something broke.
   */
  | 'CALL_OUTCOME_FAILED'
  | 3

export type CallOutcome__Output = typeof CallOutcome[keyof typeof CallOutcome]
