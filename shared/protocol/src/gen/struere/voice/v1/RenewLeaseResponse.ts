// @ts-nocheck
// Original file: proto/struere/voice/v1/call_control.proto


export interface RenewLeaseResponse {
  /**
   * Calls that the node no longer holds.
   */
  'lostCallIds'?: (string)[];
}

export interface RenewLeaseResponse__Output {
  /**
   * Calls that the node no longer holds.
   */
  'lostCallIds': (string)[];
}
