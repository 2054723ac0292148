// @ts-nocheck
// Original file: proto/struere/voice/v1/auditing.proto

import type { AuditOutcome as _struere_voice_v1_AuditOutcome, AuditOutcome__Output as _struere_voice_v1_AuditOutcome__Output } from '../../../struere/voice/v1/AuditOutcome.ts';

export interface RunAuditResponse {
  'outcome'?: (_struere_voice_v1_AuditOutcome);
  /**
   * Ask again after so long, with the same request; 0: there is nothing to ask again, acknowledge the wake-up. Milliseconds.
   */
  'retryAfterMs'?: (number);
  /**
   * Of the audit that ran: <call_id>.<epoch>.<first delta>-<last delta>.
   */
  'auditId'?: (string);
  /**
   * The auditor's thread.
   */
  'threadId'?: (string);
  /**
   * A snake_case word that says more about the outcome: too_early, busy, record_incomplete, model_unavailable, ...
   */
  'reason'?: (string);
  /**
   * How many injections the audit asked for that were let through.
   */
  'injections'?: (number);
}

export interface RunAuditResponse__Output {
  'outcome': (_struere_voice_v1_AuditOutcome__Output);
  /**
   * Ask again after so long, with the same request; 0: there is nothing to ask again, acknowledge the wake-up. Milliseconds.
   */
  'retryAfterMs': (number);
  /**
   * Of the audit that ran: <call_id>.<epoch>.<first delta>-<last delta>.
   */
  'auditId': (string);
  /**
   * The auditor's thread.
   */
  'threadId': (string);
  /**
   * A snake_case word that says more about the outcome: too_early, busy, record_incomplete, model_unavailable, ...
   */
  'reason': (string);
  /**
   * How many injections the audit asked for that were let through.
   */
  'injections': (number);
}
