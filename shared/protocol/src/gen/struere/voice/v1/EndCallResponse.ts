// @ts-nocheck
// Original file: proto/struere/voice/v1/call_control.proto


export interface EndCallResponse {
  /**
   * False when the call had already ended, for whatever reason.
   */
  'endedNow'?: (boolean);
}

export interface EndCallResponse__Output {
  /**
   * False when the call had already ended, for whatever reason.
   */
  'endedNow': (boolean);
}
