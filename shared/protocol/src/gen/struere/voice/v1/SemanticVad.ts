// @ts-nocheck
// Original file: proto/struere/voice/v1/call_config.proto


export interface SemanticVad {
  /**
   * low, medium, high or auto.
   */
  'eagerness'?: (string);
}

export interface SemanticVad__Output {
  /**
   * low, medium, high or auto.
   */
  'eagerness': (string);
}
