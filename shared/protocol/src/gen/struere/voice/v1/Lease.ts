// @ts-nocheck
// Original file: proto/struere/voice/v1/call_control.proto

import type { Long } from '@grpc/proto-loader';

export interface Lease {
  'callId'?: (string);
  'epoch'?: (number);
  /**
   * Frames of caller audio since the claim: a lease whose audio stands still is a frozen call.
   */
  'framesIn'?: (number | string | Long);
}

export interface Lease__Output {
  'callId': (string);
  'epoch': (number);
  /**
   * Frames of caller audio since the claim: a lease whose audio stands still is a frozen call.
   */
  'framesIn': (number);
}
