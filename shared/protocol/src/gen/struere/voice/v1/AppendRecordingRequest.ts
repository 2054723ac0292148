// @ts-nocheck
// Original file: proto/struere/voice/v1/call_control.proto

import type { Long } from '@grpc/proto-loader';

export interface AppendRecordingRequest {
  'callId'?: (string);
  'epoch'?: (number);
  /**
   * From 0. Part n begins n times ten seconds after started_at; parts that never came are silence.
   */
  'part'?: (number);
  /**
   * When the recording of this epoch began: milliseconds since 1970 on the node's clock.
   */
  'startedAt'?: (number | string | Long);
  /**
   * mu-law at 8 kHz, two channels interleaved: the caller, the agent as it was heard. At most ten seconds, 160,000 bytes.
   */
  'audio'?: (Buffer | Uint8Array | string);
}

export interface AppendRecordingRequest__Output {
  'callId': (string);
  'epoch': (number);
  /**
   * From 0. Part n begins n times ten seconds after started_at; parts that never came are silence.
   */
  'part': (number);
  /**
   * When the recording of this epoch began: milliseconds since 1970 on the node's clock.
   */
  'startedAt': (number);
  /**
   * mu-law at 8 kHz, two channels interleaved: the caller, the agent as it was heard. At most ten seconds, 160,000 bytes.
   */
  'audio': (Buffer);
}
