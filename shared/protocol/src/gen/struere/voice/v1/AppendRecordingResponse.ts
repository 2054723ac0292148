// @ts-nocheck
// Original file: proto/struere/voice/v1/call_control.proto


export interface AppendRecordingResponse {
}

export interface AppendRecordingResponse__Output {
}
