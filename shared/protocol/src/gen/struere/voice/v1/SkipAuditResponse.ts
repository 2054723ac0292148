// @ts-nocheck
// Original file: proto/struere/voice/v1/auditing.proto

import type { AuditOutcome as _struere_voice_v1_AuditOutcome, AuditOutcome__Output as _struere_voice_v1_AuditOutcome__Output } from '../../../struere/voice/v1/AuditOutcome.ts';

export interface SkipAuditResponse {
  'outcome'?: (_struere_voice_v1_AuditOutcome);
  'retryAfterMs'?: (number);
}

export interface SkipAuditResponse__Output {
  'outcome': (_struere_voice_v1_AuditOutcome__Output);
  'retryAfterMs': (number);
}
