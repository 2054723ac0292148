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
  /**
   * Slug of the agent that has the call and called the tool: it runs with that agent's rights. Empty: the agent that opened the call.
   */
  'agent'?: (string);
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
  /**
   * Slug of the agent that has the call and called the tool: it runs with that agent's rights. Empty: the agent that opened the call.
   */
  'agent': (string);
}
