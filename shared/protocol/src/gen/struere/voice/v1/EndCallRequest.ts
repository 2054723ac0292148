// @ts-nocheck
// Original file: proto/struere/voice/v1/call_control.proto

import type { CallOutcome as _struere_voice_v1_CallOutcome, CallOutcome__Output as _struere_voice_v1_CallOutcome__Output } from '../../../struere/voice/v1/CallOutcome.ts';
import type { Long } from '@grpc/proto-loader';

export interface EndCallRequest {
  'callId'?: (string);
  'epoch'?: (number);
  'nodeId'?: (string);
  'outcome'?: (_struere_voice_v1_CallOutcome);
  /**
   * A stable snake_case word: caller_hung_up, agent_hung_up, model_unavailable, model_lost, max_duration, no_media, ...
   */
  'reason'?: (string);
  /**
   * Milliseconds from the stream's start to its end.
   */
  'durationMs'?: (number | string | Long);
  /**
   * The last sequence number published for this epoch; 0 when nothing was published.
   */
  'lastSeq'?: (number | string | Long);
}

export interface EndCallRequest__Output {
  'callId': (string);
  'epoch': (number);
  'nodeId': (string);
  'outcome': (_struere_voice_v1_CallOutcome__Output);
  /**
   * A stable snake_case word: caller_hung_up, agent_hung_up, model_unavailable, model_lost, max_duration, no_media, ...
   */
  'reason': (string);
  /**
   * Milliseconds from the stream's start to its end.
   */
  'durationMs': (number);
  /**
   * The last sequence number published for this epoch; 0 when nothing was published.
   */
  'lastSeq': (number);
}
