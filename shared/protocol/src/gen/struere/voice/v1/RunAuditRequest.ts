// @ts-nocheck
// Original file: proto/struere/voice/v1/auditing.proto


export interface RunAuditRequest {
  'callId'?: (string);
  /**
   * Of the wake-up, for the log; what is read is decided by the record.
   */
  'epoch'?: (number);
  'delta'?: (number);
  /**
   * Names the worker in the log: 1 to 64 letters, digits, dots, dashes or underscores.
   */
  'workerId'?: (string);
}

export interface RunAuditRequest__Output {
  'callId': (string);
  /**
   * Of the wake-up, for the log; what is read is decided by the record.
   */
  'epoch': (number);
  'delta': (number);
  /**
   * Names the worker in the log: 1 to 64 letters, digits, dots, dashes or underscores.
   */
  'workerId': (string);
}
