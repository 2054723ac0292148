// @ts-nocheck
// Original file: proto/struere/voice/v1/node_registry.proto


export interface HeartbeatResponse {
}

export interface HeartbeatResponse__Output {
}
