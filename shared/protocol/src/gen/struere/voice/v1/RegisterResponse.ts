// @ts-nocheck
// Original file: proto/struere/voice/v1/node_registry.proto


export interface RegisterResponse {
  'heartbeatMs'?: (number);
}

export interface RegisterResponse__Output {
  'heartbeatMs': (number);
}
