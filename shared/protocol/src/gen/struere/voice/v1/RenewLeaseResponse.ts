// @ts-nocheck
// Original file: proto/struere/voice/v1/call_control.proto

import type { CallAdvice as _struere_voice_v1_CallAdvice, CallAdvice__Output as _struere_voice_v1_CallAdvice__Output } from '../../../struere/voice/v1/CallAdvice.ts';

export interface RenewLeaseResponse {
  /**
   * Calls that the node no longer holds.
   */
  'lostCallIds'?: (string)[];
  /**
   * What calls of this request have to do. Answered with every renewal until the call is over, so that none is lost: a node follows
   * each once, and ignores what it does not know.
   */
  'advice'?: (_struere_voice_v1_CallAdvice)[];
}

export interface RenewLeaseResponse__Output {
  /**
   * Calls that the node no longer holds.
   */
  'lostCallIds': (string)[];
  /**
   * What calls of this request have to do. Answered with every renewal until the call is over, so that none is lost: a node follows
   * each once, and ignores what it does not know.
   */
  'advice': (_struere_voice_v1_CallAdvice__Output)[];
}
