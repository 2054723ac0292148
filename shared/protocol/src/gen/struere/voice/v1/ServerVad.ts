// @ts-nocheck
// Original file: proto/struere/voice/v1/call_config.proto


export interface ServerVad {
  'threshold'?: (number | string);
  'silenceDurationMs'?: (number);
  'prefixPaddingMs'?: (number);
}

export interface ServerVad__Output {
  'threshold': (number);
  'silenceDurationMs': (number);
  'prefixPaddingMs': (number);
}
