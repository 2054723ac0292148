// @ts-nocheck
// Original file: proto/struere/voice/v1/call_config.proto


export interface CallLimits {
  'maxDurationMs'?: (number);
}

export interface CallLimits__Output {
  'maxDurationMs': (number);
}
