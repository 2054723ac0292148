// @ts-nocheck
// Original file: proto/struere/voice/v1/auditing.proto


export interface SkipAuditRequest {
  'callId'?: (string);
  'workerId'?: (string);
  /**
   * A stable snake_case word, as a rule: overloaded.
   */
  'reason'?: (string);
}

export interface SkipAuditRequest__Output {
  'callId': (string);
  'workerId': (string);
  /**
   * A stable snake_case word, as a rule: overloaded.
   */
  'reason': (string);
}
