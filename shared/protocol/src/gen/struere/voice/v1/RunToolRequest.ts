// @ts-nocheck
// Original file: proto/struere/voice/v1/call_control.proto


export interface RunToolRequest {
  'callId'?: (string);
  'epoch'?: (number);
  'toolCallId'?: (string);
  'name'?: (string);
  /**
   * The model's arguments as it wrote them: JSON text, not trusted.
   */
  'argumentsJson'?: (string);
}

export interface RunToolRequest__Output {
  'callId': (string);
  'epoch': (number);
  'toolCallId': (string);
  'name': (string);
  /**
   * The model's arguments as it wrote them: JSON text, not trusted.
   */
  'argumentsJson': (string);
}
