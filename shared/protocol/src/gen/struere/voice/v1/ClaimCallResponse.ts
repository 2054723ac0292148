// @ts-nocheck
// Original file: proto/struere/voice/v1/call_control.proto

import type { CallConfig as _struere_voice_v1_CallConfig, CallConfig__Output as _struere_voice_v1_CallConfig__Output } from '../../../struere/voice/v1/CallConfig.ts';

export interface ClaimCallResponse {
  'config'?: (_struere_voice_v1_CallConfig | null);
  /**
   * The epoch that this claim established.
   */
  'epoch'?: (number);
  /**
   * How often the lease must be renewed, and after how much silence the node has lost the call. Milliseconds.
   */
  'leaseRenewMs'?: (number);
  'leaseExpiresMs'?: (number);
}

export interface ClaimCallResponse__Output {
  'config': (_struere_voice_v1_CallConfig__Output | null);
  /**
   * The epoch that this claim established.
   */
  'epoch': (number);
  /**
   * How often the lease must be renewed, and after how much silence the node has lost the call. Milliseconds.
   */
  'leaseRenewMs': (number);
  'leaseExpiresMs': (number);
}
