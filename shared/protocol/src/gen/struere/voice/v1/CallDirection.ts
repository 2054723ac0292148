// @ts-nocheck
// Original file: proto/struere/voice/v1/call_config.proto

export const CallDirection = {
  CALL_DIRECTION_UNSPECIFIED: 'CALL_DIRECTION_UNSPECIFIED',
  CALL_DIRECTION_INBOUND: 'CALL_DIRECTION_INBOUND',
  CALL_DIRECTION_OUTBOUND: 'CALL_DIRECTION_OUTBOUND',
} as const;

export type CallDirection =
  | 'CALL_DIRECTION_UNSPECIFIED'
  | 0
  | 'CALL_DIRECTION_INBOUND'
  | 1
  | 'CALL_DIRECTION_OUTBOUND'
  | 2

export type CallDirection__Output = typeof CallDirection[keyof typeof CallDirection]
