// @ts-nocheck
// Original file: proto/struere/voice/v1/call_control.proto

export const RouteMode = {
  ROUTE_MODE_UNSPECIFIED: 'ROUTE_MODE_UNSPECIFIED',
  /**
   * The reply waits for the answer.
   */
  ROUTE_MODE_FIRST: 'ROUTE_MODE_FIRST',
  /**
   * The conversation goes on meanwhile.
   */
  ROUTE_MODE_BACKGROUND: 'ROUTE_MODE_BACKGROUND',
} as const;

export type RouteMode =
  | 'ROUTE_MODE_UNSPECIFIED'
  | 0
  /**
   * The reply waits for the answer.
   */
  | 'ROUTE_MODE_FIRST'
  | 1
  /**
   * The conversation goes on meanwhile.
   */
  | 'ROUTE_MODE_BACKGROUND'
  | 2

export type RouteMode__Output = typeof RouteMode[keyof typeof RouteMode]
