// @ts-nocheck
// Original file: proto/struere/voice/v1/call_control.proto


export interface RunToolResponse {
  /**
   * JSON text for the model. An error is an output too: {"error": {"code", "message"}}.
   */
  'outputJson'?: (string);
  'isError'?: (boolean);
}

export interface RunToolResponse__Output {
  /**
   * JSON text for the model. An error is an output too: {"error": {"code", "message"}}.
   */
  'outputJson': (string);
  'isError': (boolean);
}
